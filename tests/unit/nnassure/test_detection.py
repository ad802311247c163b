"""What a detector did with each record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnassure.detection import (
    cheapest_threshold,
    correct,
    detected,
    false_negatives,
    false_positives,
    placements,
    roc_curve,
    true_negatives,
    true_positives,
)
from nnassure.errors import NotFiniteError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.arrays import BoolArray, FloatArray

_CALLED = np.array([True, True, False, False])
_PRESENT = np.array([True, False, True, False])


def _scores(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float32)


def test_a_score_at_the_threshold_is_no_detection() -> None:
    """Only scores above the threshold are called."""
    assert detected(_scores(0.9, 1.0, 1.1), 1.0).tolist() == [False, False, True]


def test_a_score_that_is_no_number_is_no_quiet_negative() -> None:
    """NaN, which compares as false, is refused and not counted as a cleared record."""
    with pytest.raises(NotFiniteError, match=r"^scores: expected finite values, got 1 of 2"):
        detected(_scores(0.0, np.nan), 0.5)
    with pytest.raises(NotFiniteError, match=r"^threshold: expected finite values"):
        detected(_scores(0.0), np.nan)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (true_positives, [True, False, False, False]),
        (false_positives, [False, True, False, False]),
        (false_negatives, [False, False, True, False]),
        (true_negatives, [False, False, False, True]),
        (correct, [True, False, False, True]),
    ],
)
def test_each_record_has_its_outcome(
    outcome: Callable[[BoolArray, BoolArray], BoolArray], expected: list[bool]
) -> None:
    """The four outcomes part the records, and the first and last of them are correct."""
    assert outcome(_CALLED, _PRESENT).tolist() == expected


@pytest.mark.parametrize(
    "outcome", [true_positives, false_positives, false_negatives, true_negatives, correct]
)
def test_outcomes_of_other_records_are_refused(
    outcome: Callable[[BoolArray, BoolArray], BoolArray],
) -> None:
    """Calls and truths that do not line up raise, also where numpy would stretch one of them."""
    message = "present: expected one value for each of the 4 of called, got 1"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        outcome(_CALLED, np.array([True]))


def test_placements_count_ties_by_half() -> None:
    """A score above one of two others and level with the second stands at three quarters."""
    scores, present = _scores(2.0, 1.0, 2.0, 0.5), np.array([True, False, False, True])
    assert placements(scores, present).tolist() == [0.75, 0.0]


def test_the_roc_curve_goes_from_nothing_called_to_all() -> None:
    """Each distinct score adds one point, tied records together."""
    curve = roc_curve(_scores(3, 2, 2, 1), np.array([True, True, False, False]))
    assert curve.thresholds.tolist() == [np.inf, 3, 2, 1]
    assert curve.sensitivity.tolist() == [0, 0.5, 1, 1]
    assert curve.false_alarm_rate.tolist() == [0, 0, 0.5, 1]


@pytest.mark.parametrize("present", [[True, True], [False, False]])
def test_a_single_group_has_no_curve(present: list[bool]) -> None:
    """Without one of the two groups there is nothing to compare, and the message counts."""
    message = (
        f"present: expected records with and without the condition, got {sum(present)} of 2 with it"
    )
    for method in (roc_curve, placements):
        with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
            method(_scores(0, 1), np.array(present))


@pytest.mark.parametrize(
    ("scores", "present", "miss_cost", "expected"),
    [
        # Separable: the middle of the gap between the groups.
        ((0.0, 1.0, 3.0, 4.0), "..++", 1.0, 2.0),
        # One error either way, at 1|2 and at 3|7: the wider gap wins.
        ((1.0, 2.0, 3.0, 7.0), ".+.+", 1.0, 5.0),
        # The same with gaps of one width: the lower one, which misses less.
        ((1.0, 2.0, 3.0, 4.0), ".+.+", 1.0, 1.5),
        # A miss that weighs three alarms pulls the threshold below it, however narrow the gap.
        ((1.0, 2.0, 3.0, 7.0), ".+.+", 3.0, 1.5),
        # Nothing tells the groups apart: calling all costs 1, calling none 2.
        ((5.0, 5.0, 5.0), "++.", 1.0, 4.0),
        # And the other way round: at the highest score, so that nothing is called.
        ((5.0, 5.0, 5.0), "+..", 1.0, 5.0),
        # A detector that points the wrong way is not turned round.
        ((0.0, 1.0), "+.", 1.0, -1.0),
    ],
)
def test_the_cheapest_threshold_stands_back_from_the_records(
    scores: tuple[float, ...], present: str, miss_cost: float, expected: float
) -> None:
    """Of the cheapest thresholds, the middle of the widest gap is taken."""
    truth = np.array([mark == "+" for mark in present])
    assert cheapest_threshold(_scores(*scores), truth, miss_cost=miss_cost) == expected


def test_neighbouring_numbers_can_be_told_apart() -> None:
    """Where no number fits between two scores, the upper one is still called."""
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2.0))
    scores, present = np.array([low, high]), np.array([False, True])
    threshold = cheapest_threshold(scores, present, miss_cost=1.0)
    assert detected(scores, threshold).tolist() == [False, True]


@pytest.mark.parametrize("miss_cost", [np.nan, np.inf])
def test_a_cost_has_to_be_a_number(miss_cost: float) -> None:
    """A cost that is no number is refused by name."""
    with pytest.raises(NotFiniteError, match=r"^miss_cost: expected finite values"):
        cheapest_threshold(_scores(0, 1), np.array([True, False]), miss_cost=miss_cost)
