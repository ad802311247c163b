"""The search for a disturbed recording that the device decides the other way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.decision import AFIB_RHYTHM
from afib.errors import RecordError
from afib.records import Recording
from nnassure.attacks import parameter_attack, portfolio
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from collections.abc import Callable

    from afib.classifier import Classifier
    from afib.decision import Screener
    from afib.proof.path import Place, Way
    from nnassure.arrays import FloatArray
    from nnassure.attacks import Budget, Margin
    from nnassure.perturbation import LinearSet

__all__ = ["Counterexample", "Searched", "search"]

# By how much of a step float32 millivolts may miss a whole one.
_WHOLE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counterexample:
    """A signal of the set that the device was seen to decide the other way.

    What the device is, with a gate or without, the search was told.

    Attributes:
        signal_mv: Where the disturbance enters, shape (samples,), float32; in whole steps of the
            converter where the recording states them.
        margin: What the search measured there, not above 0.
        method: The attack that found it.
    """

    signal_mv: FloatArray
    margin: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Searched:
    """What a search came to.

    Attributes:
        found: A counterexample that was replayed; None if there is none.
        least_margin: The least margin that was met, replayed or not.
        abstains: Whether the device was seen to abstain where the network says the other rhythm.
    """

    found: Counterexample | None
    least_margin: float
    abstains: bool = False


def search(  # noqa: PLR0913  a search is told by its set, its way and its budget
    screener: Screener,
    recording: Recording,
    way: Way,
    noise: LinearSet,
    *,
    at: Place,
    budget: Budget,
    seed: int,
    out_of_time: Callable[[], bool] | None = None,
) -> Searched:
    """The worst that is found about *recording*, replayed through the device.

    What the search finds is brought to whole steps of the recorder's converter and into its range,
    where they are known, and decided by the device as any recording; only if it says the other
    rhythm is it a counterexample.

    Args:
        screener: The device.
        recording: As stored; the device gives it a rhythm.
        way: From where the disturbance enters to the network.
        noise: The set.
        at: Where the disturbance enters.
        budget: Of the attacks; of a set with parameters its steps and restarts count.
        seed: Of all attacks.
        out_of_time: Asked between the runs of an attack, none of which is begun once it says so.
    """
    is_afib = _is_afib(screener.classifier, way.network_mv)
    margin = way.margin_function(screener.classifier, is_afib=is_afib)
    step_mv = recording.step_mv if at == "recorder" else None
    point, least, method = _met(
        margin, way.start_mv, noise, step_mv, budget=budget, seed=seed, out_of_time=out_of_time
    )
    if least > 0:
        return Searched(found=None, least_margin=least)
    if at == "network":
        turned = _is_afib(screener.classifier, point) != is_afib
        found = Counterexample(signal_mv=point, margin=least, method=method) if turned else None
        return Searched(found=found, least_margin=least)
    disturbed = _recorded(recording, point, noise)
    decided = None if disturbed is None else screener.decide(disturbed)
    if disturbed is None or decided is None or decided.abstained:
        return Searched(found=None, least_margin=least, abstains=decided is not None)
    turned = (decided.rhythm == AFIB_RHYTHM) != is_afib
    found = Counterexample(signal_mv=disturbed.signal_mv, margin=least, method=method)
    return Searched(found=found if turned else None, least_margin=least)


def _met(  # noqa: PLR0913  as above
    margin: Margin,
    start_mv: FloatArray,
    noise: LinearSet,
    step_mv: float | None,
    *,
    budget: Budget,
    seed: int,
    out_of_time: Callable[[], bool] | None,
) -> tuple[FloatArray, float, str]:
    """The worst signal that an attack met, its margin, and which attack it was."""
    inputs = torch.from_numpy(start_mv.astype(np.float32))[None]
    if noise.parameters == 0:
        met = portfolio(
            margin,
            inputs,
            Ball(radius_mv=noise.radius_mv),
            budget=budget,
            seed=seed,
            out_of_time=out_of_time,
        )
        return met.inputs[0], float(met.margins[0]), str(met.method[0])
    if step_mv is not None:
        # What is left of the box when the converter has rounded.
        noise = replace(noise, radius_mv=max(0.0, noise.radius_mv - step_mv / 2))
    moved = parameter_attack(
        margin,
        inputs,
        [noise],
        steps=budget.steps,
        restarts=max(budget.restarts, 1),
        seed=seed,
        out_of_time=out_of_time,
    )
    return moved.inputs[0], float(moved.margins[0]), str(moved.method[0])


def _is_afib(classifier: Classifier, network_mv: FloatArray) -> bool:
    return bool(classifier.calls_afib(classifier.logits([network_mv]))[0])


def _recorded(recording: Recording, point_mv: FloatArray, noise: LinearSet) -> Recording | None:
    """*point_mv* as the recorder would have stored it; None if it could not have."""
    try:
        return Recording.of(
            name=recording.name,
            signal_mv=_in_steps(recording, point_mv, noise),
            rate_hz=recording.rate_hz,
            origin=recording.origin,
            step_mv=recording.step_mv,
            range_mv=recording.range_mv,
        )
    except RecordError:
        return None


def _in_steps(recording: Recording, point_mv: FloatArray, noise: LinearSet) -> FloatArray:
    """*point_mv* in whole steps from the recording, where the converter's step is known.

    In a box the steps are rounded towards the recording, so that the result stays in it, and cut
    to the converter's range. A set with parameters was searched with half a step less than its
    box; what is out of the range there is left to be refused.

    Raises:
        RecordError: If a sample is beyond the converter's range.
    """
    start_mv, step_mv = recording.signal_mv, recording.step_mv
    if step_mv is None:
        return point_mv
    steps = np.round((point_mv.astype(np.float64) - start_mv) / step_mv)
    lowest, highest = _room(recording, step_mv)
    if noise.parameters == 0:
        most = np.floor(noise.radius_mv / step_mv * (1 + 1e-12))
        steps = np.clip(np.clip(steps, -most, most), np.minimum(lowest, 0), np.maximum(highest, 0))
    elif bool(((steps < lowest) | (steps > highest)).any()):
        raise RecordError(recording.name, f"{recording.origin}: expected samples in range")
    # From whole steps, as a file would be read, where the recording is in whole steps itself.
    stored = start_mv.astype(np.float64) / step_mv
    whole = np.round(stored)
    if bool((np.abs(stored - whole) < _WHOLE).all()):
        return np.asarray((whole + steps) * step_mv, dtype=np.float32)
    return np.asarray(start_mv + steps * step_mv, dtype=np.float32)


def _room(recording: Recording, step_mv: float) -> tuple[FloatArray, FloatArray]:
    """How many steps each sample may fall and rise within the converter's range."""
    bottom, top = recording.range_mv or (-np.inf, np.inf)
    start_mv = recording.signal_mv.astype(np.float64)
    lowest = np.ceil((bottom - start_mv) / step_mv - _WHOLE)
    highest = np.floor((top - start_mv) / step_mv + _WHOLE)
    return lowest.astype(np.float32), highest.astype(np.float32)
