"""Bounds of the difference between two rates that were observed on the same trials.

The score interval of Tango (1998, Statistics in Medicine 17:891-908): it stays wide when the two
disagree seldom or never, where resampling would give no width at all.
"""

from math import sqrt

__all__ = ["paired_lower", "paired_upper"]

_NARROW = 1e-12


def paired_lower(gained: int, lost: int, trials: int, confidence: float) -> float:
    """The one-sided lower bound of the gain in rate, for a matched pair of yes and no a trial.

    Args:
        gained: Trials on which only the new one succeeds.
        lost: Trials on which only the old one does.
        trials: All trials, at least 1; where both agree, they count here alone.
        confidence: One-sided, in [0.5, 1).

    Returns:
        The smallest difference, in [-1, 1], that the score test does not reject.
    """
    from scipy.stats import norm  # noqa: PLC0415  a second of import, paid only for bounds

    limit = float(norm.ppf(confidence))
    low, high = -1.0, (gained - lost) / trials
    # The score falls as the difference grows, and is 0 at the observed one.
    while high - low > _NARROW:
        middle = (low + high) / 2
        if _score(middle, gained, lost, trials) > limit:
            low = middle
        else:
            high = middle
    return low


def paired_upper(gained: int, lost: int, trials: int, confidence: float) -> float:
    """The one-sided upper bound of the gain in rate."""
    return -paired_lower(lost, gained, trials, confidence)


def _score(difference: float, gained: int, lost: int, trials: int) -> float:
    """How many standard errors the observed gain lies above *difference*."""
    # The chance of a loss, most likely under that difference (Tango 1998, equation 4).
    square = 2 * trials
    linear = (2 * trials - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1 - difference)
    loss = (sqrt(max(linear * linear - 4 * square * constant, 0.0)) - linear) / (2 * square)
    variance = trials * (2 * loss + difference * (1 - difference))
    above = gained - lost - trials * difference
    return above / sqrt(variance) if variance > 0 else 0.0 if above == 0 else above * float("inf")
