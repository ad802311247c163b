"""Robustness: what a disturbance within its range does to decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import strategies

from nnassure.attacks import pgd
from nnassure.perturbation import Ball
from vericase import Proportion, Scalar
from verification.search import Search, search

if TYPE_CHECKING:
    from afib.classifier import Classifier
    from nnassure.arrays import BoolArray, FloatArray
    from verification.judged import Judged

Measure = Callable[..., None]
Conditions = Mapping[str, Any]

_AT_ONCE = 64


@pytest.mark.verifies("ROB-001")
def test_decisions_survive_an_attack(
    measure: Measure, conditions: Conditions, rhythms: Judged, classifier: Classifier
) -> None:
    """Of held-out recordings of each rhythm, those right wherever the attack looked.

    The ball lies at the network's input, behind the filter.
    """
    survived = _survived(rhythms, classifier, conditions)
    measure("attacked_sensitivity", Proportion.of(survived[rhythms.is_afib]))
    measure("attacked_specificity", Proportion.of(survived[~rhythms.is_afib]))


@pytest.mark.verifies("ROB-002")
def test_decisions_do_not_hang_on_the_start(
    measure: Measure, conditions: Conditions, rhythms: Judged, classifier: Classifier
) -> None:
    """Counterexamples found to: shifted in a circle, the decision stays."""
    shares = strategies.floats(0, 1, exclude_max=True)
    _measure(measure, search(rhythms, classifier, conditions, _shifted, shares))


@pytest.mark.verifies("ROB-003")
def test_decisions_do_not_hang_on_the_gain(
    measure: Measure, conditions: Conditions, rhythms: Judged, classifier: Classifier
) -> None:
    """Counterexamples found to: amplified within the range, the decision stays."""
    gains = strategies.floats(conditions["least_gain"], conditions["most_gain"])
    _measure(measure, search(rhythms, classifier, conditions, np.multiply, gains))


@pytest.mark.verifies("ROB-004")
def test_decisions_do_not_hang_on_polarity(
    measure: Measure, conditions: Conditions, rhythms: Judged, classifier: Classifier
) -> None:
    """Counterexamples found to: inverted, the decision stays."""
    _measure(measure, search(rhythms, classifier, conditions, np.multiply, strategies.just(-1.0)))


@pytest.mark.verifies("ROB-005")
def test_decisions_do_not_hang_on_the_clock(
    measure: Measure, conditions: Conditions, rhythms: Judged, classifier: Classifier
) -> None:
    """Counterexamples found to: sampled by a clock that is off, the decision stays."""
    errors = strategies.floats(-conditions["clock_error"], conditions["clock_error"])
    _measure(measure, search(rhythms, classifier, conditions, _resampled, errors))


def _measure(measure: Measure, found: Search) -> None:
    measure("counterexamples", Scalar(found.counterexamples), {"smallest.json": found.smallest})
    measure("examples_tried", Scalar(found.tried))
    measure("recordings_tried", Scalar(found.recordings))
    measure("firm_share", Proportion.of(found.firm))


def _survived(judged: Judged, classifier: Classifier, conditions: Conditions) -> BoolArray:
    """Which recordings no point that the attack met turns wrong; those wrong at first are out."""
    survived = np.zeros(len(judged.recordings), dtype=np.bool_)
    lengths = np.array([len(signal) for signal in judged.recordings.signals])
    for length in np.unique(lengths).tolist():
        positions = np.flatnonzero(lengths == length)
        for part in np.array_split(positions, -(-len(positions) // _AT_ONCE)):
            signals = np.stack([judged.recordings.signals[position] for position in part])
            result = pgd(
                classifier.margin_function(length, torch.from_numpy(judged.is_afib[part])),
                torch.from_numpy(signals),
                Ball(radius_mv=conditions["radius_mv"]),
                steps=conditions["steps"],
                restarts=conditions["restarts"],
                seed=conditions["seed"],
            )
            survived[part] = ~result.found
    return survived


def _shifted(signal_mv: FloatArray, share: float) -> FloatArray:
    return np.roll(signal_mv, int(share * len(signal_mv)))


def _resampled(signal_mv: FloatArray, error: float) -> FloatArray:
    """The signal as a clock that is *error* too fast would have sampled it."""
    samples = round(len(signal_mv) * (1 + error))
    moments = np.linspace(0, len(signal_mv) - 1, samples)
    return np.interp(moments, np.arange(len(signal_mv)), signal_mv).astype(np.float32)
