"""Exact bounds and a seeded bootstrap; the only door to scipy, imported when first needed."""

from collections.abc import Sequence
from itertools import groupby
from math import fsum
from typing import Literal

__all__ = ["bootstrap_lower", "bootstrap_upper", "proportion_lower", "proportion_upper"]

RESAMPLES = 9_999


def proportion_lower(successes: int, trials: int, confidence: float) -> float:
    """The exact one-sided lower bound of a proportion (Clopper and Pearson 1934).

    Args:
        successes: Count in [0, trials].
        trials: Count of independent trials, at least 1.
        confidence: One-sided, in (0, 1).

    Returns:
        The largest rate p for which so many successes or more have at most the
        chance 1 - confidence; 0 when there are no successes.
    """
    from scipy.stats import binomtest  # noqa: PLC0415  a second of import, paid only for bounds

    result = binomtest(successes, trials, alternative="greater")
    return float(result.proportion_ci(confidence_level=confidence, method="exact").low)


def proportion_upper(successes: int, trials: int, confidence: float) -> float:
    """The exact one-sided upper bound of a proportion; 1 when all trials succeed."""
    from scipy.stats import binomtest  # noqa: PLC0415  a second of import, paid only for bounds

    result = binomtest(successes, trials, alternative="less")
    return float(result.proportion_ci(confidence_level=confidence, method="exact").high)


def bootstrap_lower(
    values: Sequence[float], clusters: Sequence[str], confidence: float, *, seed: int
) -> float:
    """The one-sided lower percentile bound of the mean when whole clusters are resampled."""
    return _bootstrap(values, clusters, confidence, alternative="greater", seed=seed)


def bootstrap_upper(
    values: Sequence[float], clusters: Sequence[str], confidence: float, *, seed: int
) -> float:
    """The one-sided upper percentile bound of the mean when whole clusters are resampled."""
    return _bootstrap(values, clusters, confidence, alternative="less", seed=seed)


def _bootstrap(
    values: Sequence[float],
    clusters: Sequence[str],
    confidence: float,
    *,
    alternative: Literal["greater", "less"],
    seed: int,
) -> float:
    # Efron and Tibshirani 1993, section 13.3, with the cluster as the unit that is drawn.
    import numpy as np  # noqa: PLC0415  see above
    from scipy.stats import bootstrap  # noqa: PLC0415  see above

    # Sorted, so that the order in which a case met its records cannot move the bound.
    pairs = sorted(zip(clusters, values, strict=True))
    groups = [[v for _, v in group] for _, group in groupby(pairs, key=lambda pair: pair[0])]
    totals = np.array([fsum(group) for group in groups])
    sizes = np.array([len(group) for group in groups])
    interval = bootstrap(
        (totals, sizes),
        lambda total, size, axis: total.sum(axis=axis) / size.sum(axis=axis),
        paired=True,
        vectorized=True,
        confidence_level=confidence,
        alternative=alternative,
        method="percentile",
        n_resamples=RESAMPLES,
        batch=max(1, 2_000_000 // len(groups)),
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low if alternative == "greater" else interval.high)
