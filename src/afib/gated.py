"""What a gate and prediction sets change of what is proven about a network's decision."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from afib.checkpoint import UNCERTAINTY, Checkpoint
from afib.classifier import Classifier
from afib.decision import Screener, load_screener
from afib.proof import as_json
from afib.proof.known import abstained
from afib.proof.scale import filter_gain, qrs_height_mv

if TYPE_CHECKING:
    from pathlib import Path

    from afib.proof.many import Challenge
    from afib.records import Recording

__all__ = ["device_of", "refusal", "with_gate"]


def device_of(folder: Path) -> Screener:
    """The device with the model in *folder*, or its network alone where nothing stands beside it.

    Raises:
        ModelError: If the model, or what stands beside it, is damaged.
    """
    if any((folder / name).exists() for name in UNCERTAINTY):
        return load_screener(folder)
    return Screener(Classifier(Checkpoint.load(folder)))


def refusal(device: Screener, recording: Recording, challenge: Challenge) -> dict[str, Any] | None:
    """What `afib certify` prints of a recording that the device abstains on; None if it decides.

    Nothing is proven of a rhythm that the device does not say.
    """
    begun = time.process_time()
    if not device.decide(recording).abstained:
        return None
    known = as_json(abstained(recording, begun), radius_mv=challenge.size, at=challenge.at)
    return known | {
        "disturbance": challenge.kind,
        "qrs_height_mv": qrs_height_mv(recording),
        "radius_of_qrs": None,
        "filter_gain": filter_gain(recording, device.classifier.settings),
    }


def with_gate(device: Screener, document: dict[str, Any]) -> dict[str, Any]:
    """*document* with what the gate leaves open: no bound is known of scores and sets.

    That the network's rhythm is certified stands. Whether a disturbance could make the device
    abstain is not known, where nothing but flatness and saturation rules it out.
    """
    if device.limits is None or document["may_abstain"] is not False:
        return document
    return document | {"may_abstain": "unknown", "certified_decision": False}
