"""Laws of thresholds: they accept and detect the shares that were asked for, and no more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnassure.errors import FitError, NotFiniteError
from nnassure.ood import threshold_at_acceptance, threshold_at_detection, threshold_between

_SCORES = arrays(
    np.float64, st.integers(1, 40), elements=st.integers(-20, 20).map(float) | st.floats(-9, 9)
)
_SHARES = st.floats(0.01, 1.0)


@given(known=_SCORES, share=_SHARES)
def test_the_threshold_accepts_the_share_and_no_lower_one_does(
    known: np.ndarray, share: float
) -> None:
    """It is one of the scores; below it too few are accepted."""
    threshold = threshold_at_acceptance(known, share)
    wanted = math.ceil(share * len(known) - 1e-9)
    assert threshold in known
    assert (known <= threshold).sum() >= wanted
    assert (known < threshold).sum() < wanted


@given(strange=_SCORES, share=_SHARES)
def test_the_threshold_detects_the_share_and_no_higher_one_does(
    strange: np.ndarray, share: float
) -> None:
    """Just below a score, so that this one is detected."""
    threshold = threshold_at_detection(strange, share)
    wanted = math.ceil(share * len(strange) - 1e-9)
    assert (strange > threshold).sum() >= wanted
    assert (strange > np.nextafter(threshold, np.inf)).sum() < wanted


@given(known=_SCORES, strange=_SCORES)
@example(known=np.array([np.nextafter(9.0, 0.0)]), strange=np.array([9.0]))
def test_no_other_threshold_has_more_of_both(known: np.ndarray, strange: np.ndarray) -> None:
    """Tried at every score and below all of them."""

    def both(threshold: float) -> float:
        return float((known <= threshold).mean() + (strange > threshold).mean())

    levels = np.unique(np.concatenate([known, strange]))
    found = both(threshold_between(known, strange))
    assert found >= max(both(level) for level in levels) - 1e-12


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, math.nan])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """And no scores, and scores that are no numbers."""
    for threshold in (threshold_at_acceptance, threshold_at_detection):
        with pytest.raises(FitError, match="share"):
            threshold(np.zeros(3), share)
        with pytest.raises(FitError, match="at least one"):
            threshold(np.zeros(0), 0.5)
        with pytest.raises(NotFiniteError):
            threshold(np.array([np.nan]), 0.5)
    with pytest.raises(FitError, match="at least one"):
        threshold_between(np.zeros(0), np.zeros(1))
