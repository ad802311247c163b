"""What a gate and prediction sets change of what is proven about a network's decision."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.errors import RecordError
from afib.proof import as_json
from afib.proof.known import abstained
from afib.proof.many import noise_of
from afib.proof.scale import filter_gain, qrs_height_mv
from afib.records import Recording
from afib.rule import AFIB_RHYTHM, RHYTHMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afib.decision import Limits, Screener
    from afib.proof.abstention import Answer
    from afib.proof.many import Challenge
    from afib.settings import Settings
    from nnassure.arrays import DoubleArray
    from nnassure.perturbation import LinearSet

__all__ = ["refusal", "with_gate"]

# Disturbed recordings that the gate is shown, and what float32 may make of a sample, in mV.
_TRIED, _ROUNDED_MV, _HALF = 6, 1e-5, 0.5
# Of coarse steps: where they lie, and by how much of a step a radius may miss a whole one.
_PHASES, _WHOLE = 7, 1e-6
# By how much of a step float32 millivolts may miss a whole one.
_BESIDE = 0.01
# What the sum of threshold and margin may be off.
_ROUNDED = 1e-6


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
        "set_may_abstain": "unknown",
    }


def with_gate(
    device: Screener, document: dict[str, Any], recording: Recording, challenge: Challenge
) -> dict[str, Any]:
    """*document* with what the gate leaves open: its scores have no bound.

    There is none to be had: what they count, such as beats, levels and rests, jumps, and a box of
    some microvolts moves it far. So abstentions are looked for.

    That the network's rhythm is certified stands, and so does that the prediction set keeps it,
    where the proven margin is as far from the threshold as the set asks for. Whether a disturbance
    could make the device abstain is shown by one that does; without one it is not known, since
    nothing rules out that a disturbed recording is strange. A network alone decides nothing.
    """
    if device.limits is None:
        nothing = {"may_abstain": "unknown", "certified_decision": False}
        return document | nothing | {"set_may_abstain": "unknown"}
    document = document | {"set_may_abstain": _set_may_abstain(device.limits, document)}
    if document["may_abstain"] is True:
        return document
    settings = device.classifier.settings
    seen = any(
        device.decide(disturbed).abstained for disturbed in _some(recording, challenge, settings)
    )
    return document | {"may_abstain": True if seen else "unknown", "certified_decision": False}


def _set_may_abstain(limits: Limits, document: dict[str, Any]) -> Answer:
    """Whether a disturbance could empty the prediction set, or rule the rhythm out of it.

    A set keeps a rhythm from some logit on, so the least logit that is proven tells.
    """
    if document["outcome"] != "certified":
        return "unknown"
    sign = 1 if document["rhythm"] == AFIB_RHYTHM else -1
    least = limits.checkpoint.threshold + sign * document["certified_margin"] * (1 - _ROUNDED)
    kept = limits.sets(np.array([least]))[0, RHYTHMS.index(document["rhythm"])]
    return False if kept else "unknown"


def _some(recording: Recording, challenge: Challenge, settings: Settings) -> Iterator[Recording]:
    """A few recordings, in whole steps of the recorder, that a disturbance could have left.

    None where it enters behind the filter: what the gate would have seen is then not known.
    """
    if challenge.at == "network":
        return
    generator = np.random.default_rng(challenge.seed)
    step = recording.step_mv
    if challenge.kind == "wander-band":
        lowest_hz, highest_hz = challenge.band_hz
        some_hz = [lowest_hz, (lowest_hz + highest_hz) / 2, highest_hz]
        challenges = [replace(challenge, kind="wander", frequency_hz=each) for each in some_hz]
    else:
        challenges = [challenge] * _TRIED
    noises = [noise_of(each, recording, settings) for each in challenges]
    signals = [(_corner(recording, noise, generator), noise.parameters == 0) for noise in noises]
    signals += [(coarse_mv, True) for coarse_mv in _coarse(recording, noises[0])]
    for signal_mv, is_box in signals:
        whole_mv = signal_mv
        if step is not None:
            level_mv = _level(recording, step)
            whole_mv = level_mv + np.round((signal_mv - level_mv) / step) * step
        kept_mv = np.clip(whole_mv, *(recording.range_mv or (-np.inf, np.inf)))
        # In a box what is cut to the converter's range is nearer to the recording.
        if not is_box and not np.array_equal(kept_mv, whole_mv):
            continue
        try:
            yield Recording.of(
                name=recording.name,
                signal_mv=kept_mv,
                rate_hz=recording.rate_hz,
                origin=recording.origin,
                step_mv=step,
                range_mv=recording.range_mv,
            )
        except RecordError:
            # Beyond what a recorder gives, so not a recording that the device would be shown.
            continue


def _level(recording: Recording, step_mv: float) -> float:
    """By how much the levels of the converter lie beside whole steps from 0, as in EDF files."""
    exact = float(recording.signal_mv[0]) / step_mv
    beside = exact - round(exact)
    return beside * step_mv if abs(beside) > _BESIDE else 0.0


def _corner(recording: Recording, noise: LinearSet, generator: np.random.Generator) -> DoubleArray:
    """A corner of the set, drawn, less what rounding to whole steps takes."""
    inside = noise.radius_mv - ((recording.step_mv or 0.0) / 2 + _ROUNDED_MV)
    signs = generator.choice([-1.0, 1.0], noise.samples)
    # The box of a sine and a cosine holds waves of more than the amplitude at its corners.
    share = [math.sqrt(0.5) if name.endswith("sine") else 1.0 for name in noise.names]
    ends = np.where(generator.random(noise.parameters) < _HALF, noise.lower, noise.upper)
    moved = noise.point(
        recording.signal_mv, ends * np.array(share, np.float64), max(inside, 0.0) * signs
    )
    return np.asarray(moved, np.float64)


def _coarse(recording: Recording, noise: LinearSet) -> Iterator[DoubleArray]:
    """The recording in steps as coarse as the box allows: most of what a gate looks at is gone.

    Beats and rhythm stay as they are; how many levels there are and how long the signal rests on
    one does not.
    """
    step, signal_mv = recording.step_mv, recording.signal_mv.astype(np.float64)
    if step is None:
        width = 2 * (noise.radius_mv - _ROUNDED_MV)
    else:
        # Whole steps to either side, and the level itself.
        reach = math.floor(noise.radius_mv / step + _WHOLE)
        width = (2 * reach + 1) * step if reach > 0 else 0.0
    if width <= 0:
        return
    starts = [phase * width / _PHASES for phase in range(_PHASES)]
    if step is not None:
        level_mv = _level(recording, step)
        starts = sorted({level_mv + round(start / step) * step for start in starts})
    for start in starts:
        yield np.round((signal_mv - start) / width) * width + start
