"""Conformal thresholds against a quantile by hand, two libraries and the law of their coverage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from crepes import WrapClassifier
from scipy.stats import betabinom

from nnassure.conformal import class_thresholds, conformal_threshold, lac_scores, prediction_sets

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

ALPHAS = (0.02, 0.05, 0.1, 0.25)


class _AsGiven:
    """A classifier whose inputs are its probabilities."""

    classes_ = np.array([0, 1])

    def predict_proba(self, inputs: DoubleArray) -> DoubleArray:
        return inputs


def drawn(records: int, seed: int) -> tuple[DoubleArray, IntArray]:
    """Probabilities of two classes, and the class of each record."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(records) < 0.3).astype(np.int64)
    second = 1 / (1 + np.exp(-(4 * labels - 2 + 2 * generator.normal(size=records))))
    return np.stack([1 - second, second], axis=1), labels


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("records", [60, 61, 99, 100, 997])
def test_a_threshold_is_the_order_statistic_of_the_theory(alpha: float, records: int) -> None:
    """The k-th smallest score, k = ceil((n + 1) (1 - alpha))."""
    scores = np.random.default_rng(records).random(records)
    rank = math.ceil((records + 1) * (1 - alpha) - 1e-9)
    assert conformal_threshold(scores, alpha) == np.sort(scores)[rank - 1]


@pytest.mark.parametrize("by_class", [True, False])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_sets_are_those_of_crepes(alpha: float, *, by_class: bool) -> None:
    """By its own calibration of a classifier, class by class and all together."""
    probabilities, labels = drawn(801, seed=1)
    asked, _ = drawn(500, seed=2)
    wrapped = WrapClassifier(_AsGiven())
    wrapped.calibrate(probabilities, labels, class_cond=by_class)
    # Its own sets keep a p-value of exactly alpha too, which the coverage does not need.
    wanted = wrapped.predict_p(asked, smoothing=False) > alpha
    scores = lac_scores(probabilities)
    thresholds = class_thresholds(scores, labels, alpha, by_class=by_class)
    found = prediction_sets(lac_scores(asked), thresholds)
    np.testing.assert_array_equal(found, wanted)


def test_groups_are_calibrated_by_themselves() -> None:
    """As crepes does with Mondrian categories, for each class."""
    probabilities, labels = drawn(2001, seed=3)
    asked, _ = drawn(500, seed=4)
    groups, others = np.arange(2001) % 2, np.arange(500) % 2
    probabilities[groups == 1] = (probabilities[groups == 1] + 0.5) / 2
    asked[others == 1] = (asked[others == 1] + 0.5) / 2
    found = prediction_sets(
        lac_scores(asked),
        class_thresholds(lac_scores(probabilities), labels, 0.1, groups=groups),
        groups=others,
    )
    for group in (0, 1):
        wrapped = WrapClassifier(_AsGiven())
        wrapped.calibrate(probabilities[groups == group], labels[groups == group], class_cond=True)
        wanted = wrapped.predict_p(asked[others == group], smoothing=False) > 0.1
        np.testing.assert_array_equal(found[others == group], wanted)


def test_coverage_follows_the_beta_binomial_law() -> None:
    """Of many calibrations, the counts of covered records are spread as the theory says."""
    calibration, tested, alpha, trials = 99, 50, 0.1, 4000
    generator = np.random.default_rng(5)
    scores = generator.random((trials, calibration + tested))
    counts = np.array(
        [
            (row[calibration:] <= conformal_threshold(row[:calibration], alpha)).sum()
            for row in scores
        ]
    )
    rank = math.ceil((calibration + 1) * (1 - alpha) - 1e-9)
    law = betabinom(tested, rank, calibration + 1 - rank)
    for count in (40, 43, 45, 47):
        share, wanted = (counts <= count).mean(), law.cdf(count)
        assert abs(share - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / trials)
