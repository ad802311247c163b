"""The coverage of split-conformal prediction sets, by its exact law.

With a threshold from n calibration scores, the number of m exchangeable new scores that it covers
is beta-binomial (Vovk 2012, Conditional validity of inductive conformal predictors; Angelopoulos
and Bates 2023, section 3.2): the calibration is a sample too, and its chance is in the bound.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vericase.statistics.proportions import proportion_lower

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LARGEST_CALIBRATION",
    "MOST_COVERAGE_TRIALS",
    "chance_of_covering",
    "coverage_lower",
    "coverage_upper",
    "fewest_covered",
]

#: Beyond it the law in floats loses the digits in which it differs from its limit.
LARGEST_CALIBRATION = 10**7
#: The tail is a sum over so many new records, which have to be held at once.
MOST_COVERAGE_TRIALS = 10**6


def coverage_lower(covered: int, trials: int, calibration: int, confidence: float) -> float:
    """The one-sided lower bound of the coverage over calibrations and new records.

    Args:
        covered: Count in [0, trials].
        trials: Count of new records, at least 1, at most `MOST_COVERAGE_TRIALS`.
        calibration: How many scores the threshold was taken from, at least 1.
        confidence: One-sided, in (0, 1).

    Returns:
        The largest coverage under which so many or more are covered with at most the chance
        1 - confidence; 0 when none is. It nears the bound of Clopper and Pearson as the
        calibration grows; beyond `LARGEST_CALIBRATION` it is the worse of that one and the bound
        at that calibration, between which the exact one lies.
    """
    if covered == 0:
        return 0.0
    from scipy.optimize import brentq  # noqa: PLC0415  a second of import, paid only for bounds

    def excess(coverage: float) -> float:
        found = chance_of_covering([covered], [trials], calibration, coverage)
        return float(found[0]) - (1 - confidence)

    tiny = 1e-12
    found = float(brentq(excess, tiny, 1 - tiny, xtol=1e-14, rtol=1e-14))
    if calibration <= LARGEST_CALIBRATION:
        return found
    return min(found, proportion_lower(covered, trials, confidence))


def coverage_upper(covered: int, trials: int, calibration: int, confidence: float) -> float:
    """The one-sided upper bound of the coverage over calibrations and new records."""
    return 1.0 - coverage_lower(trials - covered, trials, calibration, confidence)


def chance_of_covering(
    covered: Sequence[int], trials: Sequence[int], calibration: int, coverage: float
) -> "NDArray[np.float64]":
    """The exact chance that so many or more are covered, for each pair.

    Args:
        covered: Counts.
        trials: Counts of new records.
        calibration: How many scores the threshold was taken from; more than
            `LARGEST_CALIBRATION` count as so many.
        coverage: Over calibrations and new records, in (0, 1).
    """
    import numpy as np  # noqa: PLC0415  see above
    from scipy.stats import betabinom  # noqa: PLC0415  see above

    scores = min(calibration, LARGEST_CALIBRATION)
    inside = (scores + 1) * coverage
    outside = scores + 1 - inside
    at_least = np.asarray(covered) - 1
    found = betabinom.sf(at_least, np.asarray(trials), inside, outside)
    return np.asarray(found, dtype=np.float64)


def fewest_covered(
    trials: Sequence[int], threshold: float, confidence: float, calibration: int
) -> list[int]:
    """The fewest covered records whose lower bound reaches *threshold*, for each count of them.

    One more than the records where no count is enough.
    """
    import numpy as np  # noqa: PLC0415  see above

    found = []
    for count in trials:
        covered = np.arange(count + 1)
        tails = chance_of_covering(covered.tolist(), [count], calibration, threshold)
        enough = np.flatnonzero(tails <= 1 - confidence)
        found.append(int(enough[0]) if len(enough) else count + 1)
    return found
