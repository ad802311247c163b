"""Bounds of the mean of values that come in clusters: many by resampling, few by Student's t."""

from collections.abc import Sequence
from itertools import groupby
from math import fsum, sqrt
from typing import Literal

__all__ = ["bootstrap_lower", "bootstrap_upper", "t_lower", "t_upper"]

RESAMPLES = 9_999


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


def t_lower(values: Sequence[float], clusters: Sequence[str], confidence: float) -> float:
    """The one-sided lower bound of the mean by Student's t over whole clusters.

    The mean is a ratio of totals to sizes, whose variance is that of the clusters' residuals
    (Cochran 1977, section 6.4); with clusters of one size it is the t interval of their means.

    Args:
        values: At least 2 clusters of them.
        clusters: The cluster of every value.
        confidence: One-sided, in (0, 1).
    """
    mean, error = _ratio(values, clusters, confidence)
    return mean - error


def t_upper(values: Sequence[float], clusters: Sequence[str], confidence: float) -> float:
    """The one-sided upper bound of the mean by Student's t over whole clusters."""
    mean, error = _ratio(values, clusters, confidence)
    return mean + error


def _ratio(
    values: Sequence[float], clusters: Sequence[str], confidence: float
) -> tuple[float, float]:
    from scipy.stats import t  # noqa: PLC0415  a second of import, paid only for bounds

    totals, sizes = _totals(values, clusters)
    number, trials = len(sizes), sum(sizes)
    mean = fsum(totals) / trials
    residuals = [total - mean * size for total, size in zip(totals, sizes, strict=True)]
    spread = sqrt(number / (number - 1) * fsum(r * r for r in residuals)) / trials
    return mean, float(t.ppf(confidence, number - 1)) * spread


def _totals(values: Sequence[float], clusters: Sequence[str]) -> tuple[list[float], list[int]]:
    """Sum and size of every cluster."""
    # Sorted, so that the order in which a case met its records cannot move the bound.
    pairs = sorted(zip(clusters, values, strict=True))
    groups = [[v for _, v in group] for _, group in groupby(pairs, key=lambda pair: pair[0])]
    return [fsum(group) for group in groups], [len(group) for group in groups]


def _bootstrap(
    values: Sequence[float],
    clusters: Sequence[str],
    confidence: float,
    *,
    alternative: Literal["greater", "less"],
    seed: int,
) -> float:
    # Efron and Tibshirani 1993, section 13.3, with the cluster as the unit that is drawn.
    import numpy as np  # noqa: PLC0415  a second of import, paid only for bounds
    from scipy.stats import bootstrap  # noqa: PLC0415  see above

    totals, sizes = _totals(values, clusters)
    interval = bootstrap(
        (np.array(totals), np.array(sizes)),
        lambda total, size, axis: total.sum(axis=axis) / size.sum(axis=axis),
        paired=True,
        vectorized=True,
        confidence_level=confidence,
        alternative=alternative,
        method="percentile",
        n_resamples=RESAMPLES,
        batch=max(1, 2_000_000 // len(sizes)),
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low if alternative == "greater" else interval.high)
