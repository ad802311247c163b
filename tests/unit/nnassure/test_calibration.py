"""Reliability of probabilities, worked by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from nnassure.calibration import (
    brier_scores,
    calibration_error,
    reliability,
    resampled_errors,
)
from nnassure.errors import NotFiniteError, ShapeError

GENERATOR = np.random.default_rng(0)
PROBABILITIES = GENERATOR.random(600)
EVENTS = GENERATOR.random(600) < PROBABILITIES**2


def test_bins_worked_by_hand() -> None:
    """Five records in two bins: three of low, two of high probability."""
    probabilities = np.array([0.9, 0.1, 0.2, 0.3, 0.7])
    found = reliability(probabilities, np.array([True, False, True, False, True]), bins=2)
    assert found.counts.tolist() == [3, 2]
    np.testing.assert_allclose(found.predicted, [0.2, 0.8])
    np.testing.assert_allclose(found.observed, [1 / 3, 1.0])
    assert calibration_error(found) == pytest.approx((3 * (1 / 3 - 0.2) + 2 * 0.2) / 5)


def test_bins_are_those_of_scikit_learn() -> None:
    """With quantiles as edges, where no two probabilities are the same."""
    observed, predicted = calibration_curve(EVENTS, PROBABILITIES, n_bins=15, strategy="quantile")
    found = reliability(PROBABILITIES, EVENTS, bins=15)
    np.testing.assert_allclose(found.predicted, predicted, atol=0.01)
    np.testing.assert_allclose(found.observed, observed, atol=0.05)
    assert found.counts.tolist() == [40] * 15
    mean = brier_scores(PROBABILITIES, EVENTS).mean()
    assert mean == pytest.approx(brier_score_loss(EVENTS, PROBABILITIES))


def test_wrong_probabilities_have_the_error_that_they_are_wrong_by() -> None:
    """Right ones have little; ones that are off by 0.2 have that."""
    generator = np.random.default_rng(1)
    right = generator.uniform(0.2, 0.8, size=20000)
    events = generator.random(20000) < right
    assert calibration_error(reliability(right, events, bins=15)) < 0.02
    shifted = calibration_error(reliability(right + 0.2, events, bins=15))
    assert shifted == pytest.approx(0.2, abs=0.02)


def test_resamples_are_seeded_and_lie_about_the_error() -> None:
    """The same seed gives the same errors, another one others."""
    errors = resampled_errors(PROBABILITIES, EVENTS, bins=15, resamples=50, seed=3)
    again = resampled_errors(PROBABILITIES, EVENTS, bins=15, resamples=50, seed=3)
    np.testing.assert_array_equal(errors, again)
    assert (errors != resampled_errors(PROBABILITIES, EVENTS, bins=15, resamples=50, seed=4)).any()
    error = calibration_error(reliability(PROBABILITIES, EVENTS, bins=15))
    assert errors.min() < error * 1.3
    assert errors.max() > error


@pytest.mark.parametrize("bins", [0, 3])
def test_what_is_no_probability_is_refused(bins: int) -> None:
    """Nor more bins than records."""
    with pytest.raises(ShapeError, match="bins"):
        reliability(np.array([0.1, 0.2]), np.array([True, False]), bins=bins)
    for wrong in (-0.1, 1.1):
        with pytest.raises(ShapeError, match=r"in \[0, 1\]"):
            brier_scores(np.array([wrong]), np.array([True]))
    with pytest.raises(NotFiniteError):
        brier_scores(np.array([np.nan]), np.array([True]))
    with pytest.raises(ShapeError, match="one value for each"):
        brier_scores(np.array([0.5]), np.array([True, False]))
