"""Exact bounds, resampling and power; the only door to scipy, imported when first needed."""

from vericase.statistics.conformal import (
    LARGEST_CALIBRATION,
    MOST_COVERAGE_TRIALS,
    chance_of_covering,
    coverage_lower,
    coverage_upper,
    fewest_covered,
)
from vericase.statistics.paired import paired_lower, paired_upper
from vericase.statistics.proportions import (
    chance_of_at_least,
    effective_lower,
    effective_upper,
    fewest_successes,
    near_ties,
    proportion_lower,
    proportion_upper,
)
from vericase.statistics.samples import bootstrap_lower, bootstrap_upper, t_lower, t_upper

__all__ = [
    "LARGEST_CALIBRATION",
    "MOST_COVERAGE_TRIALS",
    "bootstrap_lower",
    "bootstrap_upper",
    "chance_of_at_least",
    "chance_of_covering",
    "coverage_lower",
    "coverage_upper",
    "effective_lower",
    "effective_upper",
    "fewest_covered",
    "fewest_successes",
    "near_ties",
    "paired_lower",
    "paired_upper",
    "proportion_lower",
    "proportion_upper",
    "t_lower",
    "t_upper",
]
