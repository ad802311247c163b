"""The coverage of split-conformal prediction sets, by its exact law.

With a threshold from n calibration scores, the number of m exchangeable new scores that it covers
is beta-binomial (Vovk 2012, Conditional validity of inductive conformal predictors; Angelopoulos
and Bates 2023, section 3.2): the calibration is a sample too, and its chance is in the bound.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["chance_of_covering", "coverage_lower", "coverage_upper", "fewest_covered"]


def coverage_lower(covered: int, trials: int, calibration: int, confidence: float) -> float:
    """The one-sided lower bound of the coverage over calibrations and new records.

    Args:
        covered: Count in [0, trials].
        trials: Count of new records, at least 1.
        calibration: How many scores the threshold was taken from, at least 1.
        confidence: One-sided, in (0, 1).

    Returns:
        The largest coverage under which so many or more are covered with at most the chance
        1 - confidence; 0 when none is. It nears the bound of Clopper and Pearson as the
        calibration grows.
    """
    if covered == 0:
        return 0.0
    from scipy.optimize import brentq  # noqa: PLC0415  a second of import, paid only for bounds

    def excess(coverage: float) -> float:
        found = chance_of_covering([covered], [trials], calibration, coverage)
        return float(found[0]) - (1 - confidence)

    tiny = 1e-12
    return float(brentq(excess, tiny, 1 - tiny, xtol=1e-14, rtol=1e-14))


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
        calibration: How many scores the threshold was taken from.
        coverage: Over calibrations and new records, in (0, 1).
    """
    import numpy as np  # noqa: PLC0415  see above
    from scipy.stats import betabinom  # noqa: PLC0415  see above

    inside = (calibration + 1) * coverage
    outside = calibration + 1 - inside
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
