"""Laws of the bound of a conformal coverage, whatever the calibration."""

from fractions import Fraction
from math import comb

from hypothesis import example, given, settings
from hypothesis import strategies as st

from vericase.statistics import (
    LARGEST_CALIBRATION,
    chance_of_covering,
    coverage_lower,
    coverage_upper,
    proportion_lower,
    proportion_upper,
)

confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])
counts = st.integers(1, 200).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m)))


def exact_chance(covered: int, trials: int, calibration: int, coverage: Fraction) -> Fraction:
    """The law in fractions, by rising factorials."""
    inside = (calibration + 1) * coverage
    outside = calibration + 1 - inside

    def rising(start: Fraction, steps: int) -> Fraction:
        product = Fraction(1)
        for step in range(steps):
            product *= start + step
        return product

    ways = (
        comb(trials, k) * rising(inside, k) * rising(outside, trials - k)
        for k in range(covered, trials + 1)
    )
    return sum(ways, Fraction()) / rising(Fraction(calibration + 1), trials)


@settings(deadline=None, max_examples=50)
@given(counts, st.integers(LARGEST_CALIBRATION + 1, 2**53), confidences)
@example((19, 200), 2**53, 0.95)
@example((1, 20), 10**9, 0.95)
def test_a_huge_calibration_is_never_kinder_than_its_limit(
    counted: tuple[int, int], calibration: int, confidence: float
) -> None:
    """However many scores, the bounds lie outside those of Clopper and Pearson, and near."""
    covered, trials = counted
    lower = coverage_lower(covered, trials, calibration, confidence)
    upper = coverage_upper(covered, trials, calibration, confidence)
    limits = [bound(covered, trials, confidence) for bound in (proportion_lower, proportion_upper)]
    assert lower <= limits[0] <= covered / trials <= limits[1] <= upper + 1e-15
    assert abs(lower - limits[0]) < 1e-5
    assert abs(upper - limits[1]) < 1e-5


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 30).flatmap(lambda m: st.tuples(st.integers(1, m), st.just(m))),
    st.sampled_from([1, 9, 10**3, 10**5, LARGEST_CALIBRATION]),
    confidences,
)
@example((1, 30), LARGEST_CALIBRATION, 0.95)
def test_the_bound_solves_the_law_in_fractions(
    counted: tuple[int, int], calibration: int, confidence: float
) -> None:
    """Up to the largest calibration, no digit that matters is lost."""
    covered, trials = counted
    bound = coverage_lower(covered, trials, calibration, confidence)
    chance = exact_chance(covered, trials, calibration, Fraction(bound))
    assert abs(float(chance) / (1 - confidence) - 1) < 1e-5


@settings(deadline=None, max_examples=20)
@given(st.integers(LARGEST_CALIBRATION, 2**53), st.sampled_from([0.05, 0.5, 0.9]))
def test_scores_beyond_the_largest_calibration_count_as_so_many(
    calibration: int, coverage: float
) -> None:
    """What a plan reckons with does not lose its digits either."""
    at_most = chance_of_covering([19], [200], LARGEST_CALIBRATION, coverage)
    assert chance_of_covering([19], [200], calibration, coverage) == at_most
