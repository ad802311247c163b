"""What a binary detector did with each record.

Every function returns one value a record.
A rate is the share of True among the records that it is about: sensitivity is the share of
``true_positives(called, present)[present]``, specificity that of
``true_negatives(called, present)[~present]``.
The ROC curve is the one exception; it is there to be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import (
    BoolArray,
    FloatArray,
    require_finite,
    require_same_length,
    require_shape,
)
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "RocCurve",
    "cheapest_threshold",
    "correct",
    "detected",
    "false_negatives",
    "false_positives",
    "placements",
    "roc_curve",
    "true_negatives",
    "true_positives",
]


def detected(scores: FloatArray, threshold: float) -> BoolArray:
    """Which records the detector calls: those with a score above *threshold*.

    Args:
        scores: Detector scores, shape (records,); higher speaks for the condition.
        threshold: A score equal to it is not a detection.

    Raises:
        ShapeError: If *scores* is not one-dimensional.
        NotFiniteError: If a score, or the threshold, is NaN or infinite.
    """
    require_shape("scores", scores, "records")
    require_finite("scores", scores)
    require_finite("threshold", np.array([threshold]))
    return np.asarray(scores > threshold, dtype=np.bool_)


def true_positives(called: BoolArray, present: BoolArray) -> BoolArray:
    """Records with the condition that are called.

    Raises:
        ShapeError: If the two do not hold one value for each of the same records.
    """
    _require_outcomes(called, present)
    return called & present


def false_negatives(called: BoolArray, present: BoolArray) -> BoolArray:
    """Records with the condition that are missed.

    Raises:
        ShapeError: If the two do not hold one value for each of the same records.
    """
    _require_outcomes(called, present)
    return ~called & present


def false_positives(called: BoolArray, present: BoolArray) -> BoolArray:
    """Records without the condition that are called all the same.

    Raises:
        ShapeError: If the two do not hold one value for each of the same records.
    """
    _require_outcomes(called, present)
    return called & ~present


def true_negatives(called: BoolArray, present: BoolArray) -> BoolArray:
    """Records without the condition that are not called.

    Raises:
        ShapeError: If the two do not hold one value for each of the same records.
    """
    _require_outcomes(called, present)
    return ~called & ~present


def correct(called: BoolArray, present: BoolArray) -> BoolArray:
    """Records on which the detector is right; their share is the accuracy.

    Raises:
        ShapeError: If the two do not hold one value for each of the same records.
    """
    _require_outcomes(called, present)
    return np.equal(called, present)


def placements(scores: FloatArray, present: BoolArray) -> FloatArray:
    """Where each record with the condition stands among those without it.

    Args:
        scores: Detector scores, shape (records,); higher speaks for the condition.
        present: Whether a record has the condition, shape (records,).

    Returns:
        For each record with the condition, in their order, the share of the others that score
        lower, ties counting half, in [0, 1]. The mean is the area under the ROC curve
        (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747).

    Raises:
        ShapeError: If the arrays do not match, or one of the two groups is empty.
        NotFiniteError: If a score is NaN or infinite.
    """
    _require_scored(scores, present)
    others = np.sort(scores[~present])
    lower = np.searchsorted(others, scores[present], side="left")
    not_higher = np.searchsorted(others, scores[present], side="right")
    return ((lower + not_higher) / (2 * len(others))).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class RocCurve:
    """The trade between the two rates of a detector, one point a threshold.

    Attributes:
        thresholds: Falling from infinity, shape (points,); a record is called above or at it.
        sensitivity: Share of the records with the condition that are called, rising from 0 to 1.
        false_alarm_rate: Share of the records without it that are called, rising from 0 to 1.
    """

    thresholds: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    false_alarm_rate: NDArray[np.float64]


def roc_curve(scores: FloatArray, present: BoolArray) -> RocCurve:
    """The ROC curve through every distinct score, nothing left out.

    Args:
        scores: Detector scores, shape (records,); higher speaks for the condition.
        present: Whether a record has the condition, shape (records,).

    Raises:
        ShapeError: If the arrays do not match, or one of the two groups is empty.
        NotFiniteError: If a score is NaN or infinite.
    """
    _require_scored(scores, present)
    distinct, group = np.unique(scores, return_inverse=True)
    with_it = np.bincount(group[present], minlength=len(distinct))
    without_it = np.bincount(group[~present], minlength=len(distinct))
    return RocCurve(
        thresholds=np.concatenate([[np.inf], distinct[::-1].astype(np.float64)]),
        sensitivity=np.concatenate([[0.0], np.cumsum(with_it[::-1]) / with_it.sum()]),
        false_alarm_rate=np.concatenate([[0.0], np.cumsum(without_it[::-1]) / without_it.sum()]),
    )


def cheapest_threshold(scores: FloatArray, present: BoolArray, *, miss_cost: float) -> float:
    """The threshold that costs least on these records, as far from them as it can be.

    A missed record costs *miss_cost*, a false alarm costs 1.
    Every threshold between the same two neighbouring scores costs the same,
    so the middle of the widest cheapest gap is taken; of gaps of one width, the lowest,
    because that misses fewest.
    Only if no gap between scores is cheapest does the threshold lie outside them, one unit away
    (below them if that is as cheap as above).

    Args:
        scores: Detector scores, shape (records,); higher speaks for the condition.
        present: Whether a record has the condition, shape (records,).
        miss_cost: Cost of a missed record in false alarms, finite and above 0.

    Returns:
        A float32 number, to be used as ``detected(scores, threshold)``.

    Raises:
        ShapeError: If the arrays do not match, or one of the two groups is empty.
        NotFiniteError: If a score, or *miss_cost*, is NaN or infinite.
    """
    _require_scored(scores, present)
    require_finite("miss_cost", np.array([miss_cost]))
    levels, group = np.unique(scores.astype(np.float32), return_inverse=True)
    missed = np.cumsum(np.bincount(group[present], minlength=len(levels)))
    cleared = np.cumsum(np.bincount(group[~present], minlength=len(levels)))
    alarms = cleared[-1] - cleared
    # Entry i is the cost of a threshold between level i and the next; the last one calls nothing.
    costs = miss_cost * missed + alarms
    calls_all = float(cleared[-1])
    cheapest = min(float(costs.min()), calls_all)
    gaps = np.flatnonzero(costs[:-1] == cheapest)
    if len(gaps) > 0:
        widths = levels[gaps + 1].astype(np.float64) - levels[gaps]
        gap = gaps[int(np.argmax(widths))]
        return _between(levels[gap], levels[gap + 1])
    return float(levels[0]) - 1.0 if calls_all == cheapest else float(levels[-1])


def _between(low: np.float32, high: np.float32) -> float:
    middle = np.float32((float(low) + float(high)) / 2)
    # Between neighbouring float32 numbers the middle rounds to one of them; *high* must stay above.
    return float(middle) if middle < high else float(low)


def _require_outcomes(called: BoolArray, present: BoolArray) -> None:
    require_shape("called", called, "records")
    require_shape("present", present, "records")
    require_same_length(called=called, present=present)


def _require_scored(scores: FloatArray, present: BoolArray) -> None:
    require_shape("scores", scores, "records")
    require_shape("present", present, "records")
    require_same_length(scores=scores, present=present)
    require_finite("scores", scores)
    if present.all() or not present.any():
        raise ShapeError(
            f"present: expected records with and without the condition, "
            f"got {int(present.sum())} of {len(present)} with it"
        )
