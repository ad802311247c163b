"""What margins are, and which bounds on them are none."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nnassure.errors import BoundError, NotFiniteError, ShapeError
from nnassure.margins import MarginBounds, logit_margins

_NAN, _INF = float("nan"), float("inf")


def _bounds(lower: list[float], clean: list[float], upper: list[float]) -> MarginBounds:
    return MarginBounds(lower=np.array(lower), clean=np.array(clean), upper=np.array(upper))


def test_a_margin_is_positive_where_the_decision_is_right() -> None:
    """The logit is the second output less the first, taken on the side that the record is on."""
    logits = np.array([[1.0, 4.0], [1.0, 4.0], [2.0, 1.0], [2.0, 1.0]], dtype=np.float32)
    flags = np.array([True, False, True, False])
    margins = logit_margins(logits, is_positive=flags, threshold=0.5)
    # Logits 3 and -1, less 0.5, signed.
    assert margins.tolist() == [2.5, -2.5, -1.5, 1.5]
    assert margins.dtype == np.float64


def test_a_lower_bound_of_zero_is_no_proof() -> None:
    """On the threshold no decision is right, so only what lies above zero is certified."""
    bounds = _bounds([-_INF, -0.5, 0.0, 1e-300], [1.0] * 4, [_INF, 1.0, 2.0, 3.0])
    assert bounds.certified.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("lower", "clean", "upper", "got"),
    [
        (0.5, 0.0, 1.0, "0.5, 0.0 and 1.0"),
        (-1.0, 2.0, 1.0, "-1.0, 2.0 and 1.0"),
        (_NAN, 0.0, 1.0, "nan, 0.0 and 1.0"),
        (-1.0, 0.0, _NAN, "-1.0, 0.0 and nan"),
        (_INF, 0.0, _INF, "inf, 0.0 and inf"),
    ],
)
def test_bounds_hold_the_undisturbed_margin(
    lower: float, clean: float, upper: float, got: str
) -> None:
    """The undisturbed signal is one of the set, so bounds that exclude it, or NaN, are none."""
    message = f"bounds: expected lower <= clean <= upper, got {got} for record 1"
    with pytest.raises(BoundError, match=f"^{re.escape(message)}$"):
        _bounds([0.0, lower], [0.0, clean], [0.0, upper])


def test_bounds_are_of_the_same_records() -> None:
    """Lengths and axes agree, and every margin is a number."""
    with pytest.raises(ShapeError, match=r"^lower: expected one value for each of the 2 of clean"):
        _bounds([0.0], [0.0, 0.0], [0.0, 0.0])
    with pytest.raises(ShapeError, match=r"^clean: expected shape \(records,\), got \(1, 1\)"):
        MarginBounds(lower=np.zeros(1), clean=np.zeros((1, 1)), upper=np.zeros(1))
    with pytest.raises(NotFiniteError, match=r"^clean: expected finite values, got 1 of 1"):
        _bounds([-_INF], [_NAN], [_INF])


def test_margins_need_two_logits_and_a_flag_for_each_record() -> None:
    """Other shapes, and logits or thresholds that are no numbers, raise."""
    flags = np.array([True])
    with pytest.raises(ShapeError, match=r"^logits: expected 2 classes, got 3$"):
        logit_margins(np.zeros((1, 3)), is_positive=flags, threshold=0.0)
    with pytest.raises(ShapeError, match=r"^is_positive: expected one value for each of the 2"):
        logit_margins(np.zeros((2, 2)), is_positive=flags, threshold=0.0)
    with pytest.raises(NotFiniteError, match=r"^logits: expected finite values, got 1 of 2"):
        logit_margins(np.array([[_NAN, 0.0]]), is_positive=flags, threshold=0.0)
    with pytest.raises(NotFiniteError, match=r"^threshold: expected finite values"):
        logit_margins(np.zeros((1, 2)), is_positive=flags, threshold=_NAN)
