"""The search for a disturbed recording that the device decides the other way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.decision import AFIB_RHYTHM
from afib.records import Recording
from nnassure.attacks import parameter_attack, portfolio
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from afib.classifier import Classifier
    from afib.decision import Screener
    from afib.proof.path import Place, Way
    from nnassure.arrays import FloatArray
    from nnassure.attacks import Budget, Margin
    from nnassure.perturbation import LinearSet

__all__ = ["Counterexample", "Searched", "search"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counterexample:
    """A signal of the set that the device was seen to decide the other way.

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
    """

    found: Counterexample | None
    least_margin: float


def search(  # noqa: PLR0913  a search is told by its set, its way and its budget
    screener: Screener,
    recording: Recording,
    way: Way,
    noise: LinearSet,
    *,
    at: Place,
    budget: Budget,
    seed: int,
) -> Searched:
    """The worst that is found about *recording*, replayed through the device.

    What the search finds is brought to whole steps of the recorder's converter, where they are
    known, and decided by the device as any recording; only if it says the other rhythm is it a
    counterexample.

    Args:
        screener: The device.
        recording: As stored; the device gives it a rhythm.
        way: From where the disturbance enters to the network.
        noise: The set.
        at: Where the disturbance enters.
        budget: Of the attacks; of a set with parameters its steps and restarts count.
        seed: Of all attacks.
    """
    is_afib = _is_afib(screener.classifier, way.network_mv)
    margin = way.margin_function(screener.classifier, is_afib=is_afib)
    step_mv = recording.step_mv if at == "recorder" else None
    point, least, method = _met(margin, way.start_mv, noise, step_mv, budget=budget, seed=seed)
    if least > 0:
        return Searched(found=None, least_margin=least)
    point = _in_steps(way.start_mv, point, noise, step_mv)
    turned = _turned(screener, recording, point, at, is_afib=is_afib)
    found = Counterexample(signal_mv=point, margin=least, method=method) if turned else None
    return Searched(found=found, least_margin=least)


def _met(  # noqa: PLR0913  as above
    margin: Margin,
    start_mv: FloatArray,
    noise: LinearSet,
    step_mv: float | None,
    *,
    budget: Budget,
    seed: int,
) -> tuple[FloatArray, float, str]:
    """The worst signal that an attack met, its margin, and which attack it was."""
    inputs = torch.from_numpy(start_mv.astype(np.float32))[None]
    if noise.parameters == 0:
        met = portfolio(margin, inputs, Ball(radius_mv=noise.radius_mv), budget=budget, seed=seed)
        return met.inputs[0], float(met.margins[0]), str(met.method[0])
    if step_mv is not None:
        # What is left of the box when the converter has rounded.
        noise = replace(noise, radius_mv=max(0.0, noise.radius_mv - step_mv / 2))
    moved = parameter_attack(
        margin, inputs, [noise], steps=budget.steps, restarts=max(budget.restarts, 1), seed=seed
    )
    return moved.inputs[0], float(moved.margins[0]), str(moved.method[0])


def _is_afib(classifier: Classifier, network_mv: FloatArray) -> bool:
    return bool(classifier.calls_afib(classifier.logits([network_mv]))[0])


def _in_steps(
    start_mv: FloatArray, point_mv: FloatArray, noise: LinearSet, step_mv: float | None
) -> FloatArray:
    """*point_mv* in whole steps from the recording, where the converter's step is known.

    In a box the steps are rounded towards the recording, so that the result stays in it. A set
    with parameters was searched with half a step less than its box.
    """
    if step_mv is None:
        return point_mv
    steps = np.round((point_mv.astype(np.float64) - start_mv) / step_mv)
    if noise.parameters == 0:
        most = np.floor(noise.radius_mv / step_mv * (1 + 1e-12))
        steps = np.clip(steps, -most, most)
    return np.asarray(start_mv + steps * step_mv, dtype=np.float32)


def _turned(
    screener: Screener, recording: Recording, point_mv: FloatArray, at: Place, *, is_afib: bool
) -> bool:
    if at == "network":
        return _is_afib(screener.classifier, point_mv) != is_afib
    disturbed = Recording.of(
        name=recording.name,
        signal_mv=point_mv,
        rate_hz=recording.rate_hz,
        origin=recording.origin,
    )
    decided = screener.decide(disturbed).rhythm
    return decided is not None and (decided == AFIB_RHYTHM) != is_afib
