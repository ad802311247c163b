"""A gate and prediction sets beside a tiny network, from numbers that are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from afib.quality import QUALITY_FEATURES
from afib.seen import Seen
from afib.settings import load_uncertainty
from afib.strangeness import Examples, Strangeness, fit_strangeness
from afib.uncertainty import Uncertainty
from tests.support.models import tiny_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from afib.checkpoint import Checkpoint

__all__ = ["NEVER", "drawn_seen", "tiny_device", "tiny_gate", "tiny_uncertainty"]

#: No score is above it.
NEVER = 1e300


def drawn_seen(count: int, channels: int, *, seed: int, off: float = 0.0) -> Seen:
    """Recordings whose quality is *off* by so much in one number."""
    generator = np.random.default_rng(seed)
    quality = generator.normal(size=(count, len(QUALITY_FEATURES)))
    quality[:, 3] += off
    return Seen(
        quality=quality,
        pooled=generator.normal(size=(count, channels)),
        logits=generator.normal(size=(count, 2)),
    )


def tiny_gate(channels: int) -> Strangeness:
    """A gate beside a network with so many channels."""
    shown = Examples(
        known=drawn_seen(120, channels, seed=1),
        is_afib=np.arange(120) % 3 == 0,
        others=drawn_seen(20, channels, seed=2),
        unreadable=drawn_seen(20, channels, seed=3, off=4.0),
        harmless=drawn_seen(20, channels, seed=4),
        harmed=drawn_seen(20, channels, seed=5, off=-4.0),
    )
    settings = replace(load_uncertainty().detector, density_components=1)
    return fit_strangeness(
        shown,
        validation=drawn_seen(60, channels, seed=6),
        is_afib=np.arange(60) % 3 == 0,
        settings=settings,
    )


def tiny_uncertainty(
    checkpoint: Checkpoint,
    *,
    ood_threshold: float = NEVER,
    thresholds: tuple[float, float] = (1.0, 1.0),
) -> Uncertainty:
    """What stands beside *checkpoint*: by default a gate that accepts all, and sets of both."""
    gate = tiny_gate(checkpoint.settings.network.channels[-1])
    return Uncertainty(
        network_sha256=checkpoint.digest,
        strangeness=replace(gate, threshold=ood_threshold),
        thresholds=np.array(thresholds),
        ordinary_scores=np.sort(gate.scores(drawn_seen(100, gate_width(gate), seed=7))),
        settings=load_uncertainty(),
        provenance={"manifest_sha256": "0" * 64, "calibration": {"afib": 60, "normal": 372}},
    )


def gate_width(gate: Strangeness) -> int:
    """How many channels the network beside *gate* has."""
    return len(gate.unreadable.middle) - len(QUALITY_FEATURES)


def tiny_device(folder: Path, *, threshold: float = 0.25) -> Path:
    """A model of a size that tests can afford in *folder*, with its gate and without a release."""
    checkpoint = tiny_checkpoint(threshold=threshold)
    checkpoint.save(folder)
    tiny_uncertainty(checkpoint).save(folder)
    return folder
