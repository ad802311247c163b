"""Exact bounds and a seeded bootstrap; the only door to scipy, imported when first needed."""

from collections.abc import Sequence
from itertools import groupby
from math import fsum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "bootstrap_lower",
    "bootstrap_upper",
    "chance_of_at_least",
    "fewest_successes",
    "near_ties",
    "proportion_lower",
    "proportion_upper",
]

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


def fewest_successes(
    trials: Sequence[int], threshold: float, confidence: float
) -> "NDArray[np.int64]":
    """The fewest successes whose exact one-sided lower bound reaches *threshold*, for each count.

    The bound of k successes reaches a rate p exactly when k or more of them have at most the chance
    1 - confidence at p, so the count is a quantile of the binomial law.

    Args:
        trials: Counts of trials, at least 1 each.
        threshold: The rate to be shown, in [0, 1].
        confidence: One-sided, in (0, 1).

    Returns:
        Shape (len(trials),); one more than the trials where no count is enough.
    """
    import numpy as np  # noqa: PLC0415  see above
    from scipy.stats import binom  # noqa: PLC0415  see above

    counts = np.asarray(trials)
    return np.asarray(binom.isf(1 - confidence, counts, threshold)).astype(np.int64) + 1


def near_ties(
    successes: "NDArray[np.int64]", trials: Sequence[int], threshold: float, confidence: float
) -> list[int]:
    """Positions at which rounding decides whether the bound reaches the threshold."""
    import numpy as np  # noqa: PLC0415  see above

    chances = [chance_of_at_least(successes - step, trials, threshold) for step in (0, 1)]
    near = [np.isclose(chance, 1 - confidence, rtol=1e-6, atol=0) for chance in chances]
    return [int(at) for at in np.flatnonzero(near[0] | near[1])]


def chance_of_at_least(
    successes: "NDArray[np.int64]", trials: Sequence[int], rate: float
) -> "NDArray[np.float64]":
    """The exact chance of so many *successes* or more at a true *rate*, for each pair."""
    import numpy as np  # noqa: PLC0415  see above
    from scipy.stats import binom  # noqa: PLC0415  see above

    return np.asarray(binom.sf(successes - 1, np.asarray(trials), rate), dtype=np.float64)
