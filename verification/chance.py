"""What coverage chance alone would give: the law of sets calibrated part by part, simulated."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import betabinom

from afib.dataset.splits import PARTS
from nnassure.conformal import conformal_threshold
from vericase.statistics.proportions import proportion_lower

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.heldout.derived import Judgement
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["chance_of_one", "chance_table", "covered_by_chance"]

_RHYTHMS = (("AFib", True), ("normal", False))


def covered_by_chance(
    folds: IntArray, parts: IntArray, alpha: float, *, runs: int, seed: int
) -> IntArray:
    """How many of some exchangeable recordings are covered, shape (runs,).

    Their scores are uniform: whatever the law of scores without ties, coverage hangs on their order
    alone. Each part of a fold is calibrated on the other parts of that fold, as the device's
    sets are on record.

    Args:
        folds: Shape (recordings,).
        parts: Shape (recordings,).
        alpha: Of the sets, in (0, 1).
        runs: How often all scores are drawn.
        seed: Of the draws.

    Raises:
        FitError: If a part of a fold leaves too few others to calibrate on.
    """
    generator = np.random.default_rng(seed)
    covered = np.zeros(runs, np.int64)
    for run in range(runs):
        for fold in np.unique(folds).tolist():
            own = parts[folds == fold]
            scores = generator.random(len(own))
            for part in range(PARTS):
                limit = _limit(scores[own != part], alpha)
                covered[run] += int((scores[own == part] <= limit).sum())
    return covered


def chance_table(
    judged: Judgement, alpha: float, asked: Mapping[str, Any]
) -> list[tuple[str, ...]]:
    """For each rhythm, how often exact lower bounds of such coverage reach 1 - alpha - slack.

    Args:
        judged: Recordings as they are.
        alpha: Of the sets.
        asked: ``slack``, ``confidence`` of the bounds, ``runs`` and ``seed``.
    """
    runs, level = int(asked["runs"]), 1 - alpha - float(asked["slack"])
    table: list[tuple[str, ...]] = [
        ("rhythm", "accepted", "covered, 1 %", "covered, mean", f"bound from {level:g}")
    ]
    for name, is_afib in _RHYTHMS:
        own = judged.rows.where(judged.accepted & (judged.is_afib == is_afib))
        total = len(own)
        covered = covered_by_chance(own.folds, own.parts, alpha, runs=runs, seed=asked["seed"])
        counts, times = np.unique(covered, return_counts=True)
        shown = [
            proportion_lower(count, total, asked["confidence"]) >= level
            for count in counts.tolist()
        ]
        table.append(
            (
                name,
                f"{total}",
                f"{np.quantile(covered, 0.01):.0f}",
                f"{covered.mean():.1f}",
                f"{int(times[shown].sum())} of {runs} runs",
            )
        )
    return table


def chance_of_one(
    calibrated: Mapping[str, int],
    judged: Mapping[str, int],
    alpha: float,
    *,
    floors: Sequence[float],
    confidence: float,
) -> list[tuple[str, ...]]:
    """For each rhythm, how often the exact lower bound of one calibration's coverage is at a floor.

    What one calibration covers of recordings that are exchangeable with its own is beta-binomial
    (Vovk 2012, Conditional validity of inductive conformal predictors).

    Args:
        calibrated: How many recordings of each rhythm it was made of.
        judged: How many of each judge it.
        alpha: Of the sets.
        floors: For the bounds.
        confidence: Of the bounds.
    """
    table: list[tuple[str, ...]] = [
        ("rhythm", "calibrated on", "judged by", "floor", "failures allowed", "chance to reach it")
    ]
    for name, total in judged.items():
        size = calibrated[name]
        # With fewer than that, a rhythm stands in every set.
        rank = math.ceil(round((size + 1) * (1 - alpha), 9))
        failures = np.arange(total + 1)
        bounds = [proportion_lower(total - lost, total, confidence) for lost in failures.tolist()]
        for floor in floors:
            allowed = int((np.array(bounds) >= floor).sum()) - 1
            reached = (
                float(betabinom.cdf(allowed, total, size + 1 - rank, rank))
                if rank <= size
                else float(allowed >= 0)
            )
            told = f"{allowed}" if allowed >= 0 else "none is enough"
            table.append((name, f"{size}", f"{total}", f"{floor:g}", told, f"{reached:.3f}"))
    return table


def _limit(scores: DoubleArray, alpha: float) -> float:
    """The score up to which a rhythm stands in a set, by the calibration of the device."""
    return float(np.partition(scores, _rank(len(scores), alpha))[_rank(len(scores), alpha)])


@lru_cache
def _rank(count: int, alpha: float) -> int:
    """Which of so many scores is the threshold, from 0: a matter of their order alone."""
    return round(conformal_threshold(np.arange(count, dtype=np.float64), alpha))
