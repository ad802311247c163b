"""Exact bounds of a rate, and the chance of reaching them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "chance_of_at_least",
    "effective_lower",
    "effective_upper",
    "fewest_successes",
    "near_ties",
    "proportion_lower",
    "proportion_upper",
]


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
    return _quantile(successes, trials - successes + 1, 1 - confidence) if successes else 0.0


def proportion_upper(successes: int, trials: int, confidence: float) -> float:
    """The exact one-sided upper bound of a proportion; 1 when all trials succeed."""
    return _quantile(successes + 1, trials - successes, confidence) if successes < trials else 1.0


def effective_lower(
    successes: int, trials: int, confidence: float, *, design_effect: float
) -> float:
    """The exact lower bound as if there were *design_effect* times fewer trials.

    What dependence between trials costs, if their variance is so many times that of independent
    ones (Kish 1965; with the exact bound, Korn and Graubard 1998).

    Args:
        successes: Count in [0, trials].
        trials: Count, at least 1.
        confidence: One-sided, in (0, 1).
        design_effect: At least 1.
    """
    hits, misses = successes / design_effect, (trials - successes) / design_effect
    return _quantile(hits, misses + 1, 1 - confidence) if successes else 0.0


def effective_upper(
    successes: int, trials: int, confidence: float, *, design_effect: float
) -> float:
    """The exact upper bound as if there were *design_effect* times fewer trials."""
    return 1.0 - effective_lower(
        trials - successes, trials, confidence, design_effect=design_effect
    )


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


def _quantile(a: float, b: float, chance: float) -> float:
    """Of the beta law, in which the tails of the binomial law are written."""
    from scipy.special import betaincinv  # noqa: PLC0415  half a second, paid only for bounds

    return float(betaincinv(a, b, chance))
