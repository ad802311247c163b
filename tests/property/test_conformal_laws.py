"""Laws of prediction sets: order, ties, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnassure.conformal import (
    class_thresholds,
    conformal_threshold,
    covered,
    lac_scores,
    least_records,
    prediction_sets,
)
from nnassure.errors import FitError, NotFiniteError, ShapeError

_SCORES = arrays(np.float64, st.integers(60, 120), elements=st.integers(0, 20).map(float))


@given(scores=_SCORES, alphas=st.tuples(st.floats(0.02, 0.9), st.floats(0.02, 0.9)))
def test_a_smaller_alpha_never_rules_out_more(
    scores: np.ndarray, alphas: tuple[float, float]
) -> None:
    """And at least 1 - alpha of the calibration records keep their own class, ties included."""
    low, high = sorted(alphas)
    assert conformal_threshold(scores, low) >= conformal_threshold(scores, high)
    for alpha in (low, high):
        assert (scores <= conformal_threshold(scores, alpha)).mean() >= 1 - alpha


@given(alpha=st.floats(0.005, 0.99))
def test_too_few_records_are_refused(alpha: float) -> None:
    """One fewer than are needed; with as many as are needed, the largest of them is the limit."""
    least = least_records(alpha)
    scores = np.arange(float(least))
    if least:
        assert conformal_threshold(scores, alpha) == scores[-1]
        assert 1 / (least + 1) <= alpha
    if least > 1:
        with pytest.raises(FitError, match="at least"):
            conformal_threshold(scores[1:], alpha)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, 1.5, np.nan])
def test_an_alpha_that_is_none_is_refused(alpha: float) -> None:
    """It is a share of records that may lose their class."""
    with pytest.raises(FitError, match="alpha"):
        conformal_threshold(np.arange(100.0), alpha)


def test_a_class_without_records_is_refused() -> None:
    """Also one that is missing in one group alone; the message names both."""
    scores, labels = np.random.default_rng(0).random((100, 2)), np.zeros(100, dtype=np.int64)
    with pytest.raises(FitError, match="class 1 of group 0: scores: expected at least 9"):
        class_thresholds(scores, labels, 0.1)
    labels[:50] = 1
    groups = (np.arange(100) >= 50).astype(np.int64)
    with pytest.raises(FitError, match="class 0 of group 0"):
        class_thresholds(scores, labels, 0.1, groups=groups)
    assert class_thresholds(scores, labels, 0.1).shape == (1, 2)
    assert np.ptp(class_thresholds(scores, labels, 0.1, by_class=False)) == 0


def test_what_is_no_number_gives_no_set() -> None:
    """Neither in calibration nor in use; nor probabilities that are none."""
    scores, labels = np.random.default_rng(0).random((100, 2)), np.arange(100) % 2
    thresholds = class_thresholds(scores, labels, 0.1)
    scores[3, int(labels[3])] = np.nan
    with pytest.raises(NotFiniteError):
        class_thresholds(scores, labels, 0.1)
    with pytest.raises(NotFiniteError):
        prediction_sets(scores, thresholds)
    with pytest.raises(NotFiniteError):
        prediction_sets(scores[:2], thresholds * np.nan)
    for wrong in ([[0.5, 0.6]], [[-0.1, 1.1]]):
        with pytest.raises(ShapeError, match="add up to 1"):
            lac_scores(np.array(wrong))


def test_arrays_that_do_not_match_are_refused() -> None:
    """Classes, groups and records."""
    scores, labels = np.random.default_rng(0).random((100, 2)), np.arange(100) % 2
    thresholds = class_thresholds(scores, labels, 0.1)
    with pytest.raises(ShapeError, match="expected 3 classes"):
        prediction_sets(np.zeros((2, 3)), thresholds)
    with pytest.raises(ShapeError, match="groups: expected 0 to 0"):
        prediction_sets(scores[:1], thresholds, groups=np.array([1]))
    with pytest.raises(ShapeError, match="labels"):
        class_thresholds(scores, labels + 1, 0.1)
    with pytest.raises(ShapeError, match="one value for each"):
        covered(scores > 0.5, labels[:3])


def test_covered_is_the_true_class_in_the_set() -> None:
    """Sets of none, one and both."""
    sets = np.array([[False, False], [True, False], [True, False], [True, True]])
    assert covered(sets, np.array([0, 0, 1, 1])).tolist() == [False, True, False, True]
