"""Whether what comes in is still what a device was calibrated on: two alarms on one score a record.

A conformal p-value says how a record's score ranks among those before it, calibration included; of
exchangeable records the p-values are independent and uniform, whatever the scores are (Vovk 2005).
A test martingale bets against that. Its wealth exceeds c with a chance of at most 1/c, ever; the
sum of Shiryaev and Roberts of the same bets passes c after c records in the mean, at least
(Vovk 2021, arXiv:2102.10439). CUSUM (Page 1954) adds up how far scores lie above their usual mean,
and is quicker at a shift of the mean.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import require_finite, require_shape
from nnassure.errors import FitError

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray

__all__ = [
    "LEAST_RECORDS",
    "Wealth",
    "conformal_p_values",
    "cusum",
    "cusum_limit",
    "first_alarm",
    "wealth",
]

#: So few calibration records tell nothing of what comes in.
LEAST_RECORDS = 20
# Each expert bets that p-values have the density 1 + slope * (p - 1/2); Vovk's simple jumper.
_SLOPES = np.array([-1.0, 0.0, 1.0])
_JUMP = 0.01
# Whoever has won so much stops betting: the alarm is long since raised, and numbers stay finite.
_ENOUGH = 1e100
# One record that is very strange is no drift.
_MOST_SPREADS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wealth:
    """What the bets come to after each record.

    Attributes:
        martingale: Of a bet that began with the first record, shape (records,).
        sums: Shiryaev-Roberts: of bets that begin with each record, added up, shape (records,).
    """

    martingale: DoubleArray
    sums: DoubleArray


def conformal_p_values(usual: DoubleArray, scores: DoubleArray, *, seed: int) -> DoubleArray:
    """The share of records up to each one that are at least as strange, ties broken at random.

    Args:
        usual: Scores of calibration records, shape (calibration records,).
        scores: Of what came in, in its order, shape (records,).
        seed: Of the ties.

    Returns:
        In (0, 1], shape (records,).

    Raises:
        ShapeError: If an array is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If there are fewer than 20 calibration records.
    """
    _require(usual, scores)
    generator = np.random.default_rng(seed)
    seen = np.sort(usual).tolist()
    p_values = np.empty(len(scores))
    for place, score in enumerate(scores.tolist()):
        low, high = bisect_left(seen, score), bisect_right(seen, score)
        greater, equal = len(seen) - high, high - low + 1
        p_values[place] = (greater + generator.uniform() * equal) / (len(seen) + 1)
        seen.insert(high, score)
    return p_values


def wealth(p_values: DoubleArray) -> Wealth:
    """What betting against uniform *p_values*, shape (records,), comes to; at 1e100 it is over.

    Raises:
        ShapeError: If they are not one-dimensional.
        NotFiniteError: If one is NaN or infinite.
        FitError: If one is outside [0, 1].
    """
    require_shape("p_values", p_values, "records")
    require_finite("p_values", p_values)
    if not ((p_values >= 0) & (p_values <= 1)).all():
        raise FitError("p_values: expected numbers in [0, 1], got others")
    held = np.full(len(_SLOPES), 1 / len(_SLOPES))
    begun = np.zeros(len(_SLOPES))
    martingale, sums = np.empty(len(p_values)), np.empty(len(p_values))
    for place, p in enumerate(p_values.tolist()):
        bets = 1 + _SLOPES * (p - 0.5)
        if held.sum() < _ENOUGH:
            held = _jumped(held) * bets
        # One more bet begins with this record, its stake shared among the experts.
        if begun.sum() < _ENOUGH:
            begun = (_jumped(begun) + 1 / len(_SLOPES)) * bets
        martingale[place], sums[place] = held.sum(), begun.sum()
    return Wealth(martingale=martingale, sums=sums)


def cusum(usual: DoubleArray, scores: DoubleArray, *, slack: float) -> DoubleArray:
    """How far *scores* have lately added up above the usual mean, in usual spreads.

    A record adds three spreads at most.

    Args:
        usual: Scores of calibration records, shape (calibration records,).
        scores: Of what came in, in its order, shape (records,).
        slack: What a record may lie above the mean without adding up, in spreads, from 0.

    Returns:
        From 0, shape (records,).

    Raises:
        ShapeError: If an array is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If there are fewer than 20 calibration records, they are all alike, or *slack* is
            below 0.
    """
    _require(usual, scores)
    spread = float(usual.std())
    if not (spread > 0 and slack >= 0):
        raise FitError(
            f"usual, slack: expected scores that differ and a slack from 0, got {spread}, {slack}"
        )
    steps = np.minimum((scores - usual.mean()) / spread, _MOST_SPREADS) - slack
    sums, total = np.empty(len(scores)), 0.0
    for place, step in enumerate(steps.tolist()):
        total = max(0.0, total + step)
        sums[place] = total
    return sums


def cusum_limit(usual: DoubleArray, *, slack: float, records: int, runs: int, seed: int) -> float:
    """The limit that so many *records* like the usual ones pass with a chance of one half.

    By simulation: records are drawn from the usual ones, with replacement. Half of such runs raise
    no alarm at all, so the median time to a false one is *records*.

    Raises:
        ShapeError: If *usual* is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If there are fewer than 20 of them, they are all alike, or a number is below 1.
    """
    if not (records >= 1 and runs >= 1):
        raise FitError(f"records, runs: expected integers from 1, got {records}, {runs}")
    generator = np.random.default_rng(seed)
    most = [
        float(cusum(usual, generator.choice(usual, size=records), slack=slack).max())
        for _ in range(runs)
    ]
    return float(np.median(most))


def first_alarm(values: DoubleArray, limit: float) -> int | None:
    """How many records it took until one of *values* passed *limit*; None if none did."""
    passed = np.flatnonzero(values > limit)
    return int(passed[0]) + 1 if len(passed) else None


def _jumped(held: DoubleArray) -> DoubleArray:
    return np.asarray((1 - _JUMP) * held + _JUMP * held.mean(), np.float64)


def _require(usual: DoubleArray, scores: DoubleArray) -> None:
    require_shape("usual", usual, "calibration records")
    require_shape("scores", scores, "records")
    require_finite("usual", usual)
    require_finite("scores", scores)
    if len(usual) < LEAST_RECORDS:
        raise FitError(
            f"usual: expected at least {LEAST_RECORDS} calibration records, got {len(usual)}"
        )
