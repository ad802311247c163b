"""Plans against figures that were published, and against sums of exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from tests.support.tracing import a_criterion
from vericase.measurement import Coverage
from vericase.planning import chance_again, plan_coverage, plan_criterion
from vericase.requirement import Relation
from vericase.verdict import Verdict, judge


def exact_tail(successes: int, trials: int, rate: Fraction) -> Fraction:
    """The chance of so many successes or more, term by term."""
    return sum(
        (
            comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
            for k in range(successes, trials + 1)
        ),
        start=Fraction(0),
    )


@pytest.mark.parametrize(
    ("threshold", "confidence", "fewest"), [(0.95, 0.95, 59), (0.99, 0.95, 299), (0.9, 0.95, 29)]
)
def test_trials_without_failure(threshold: float, confidence: float, fewest: int) -> None:
    """The smallest n with threshold**n <= 1 - confidence, as success-run tables give it."""
    criterion = a_criterion(confidence=confidence, min_trials=None)
    assert plan_criterion(criterion, threshold).fewest == fewest
    assert Fraction(str(threshold)) ** fewest <= 1 - Fraction(str(confidence))
    assert Fraction(str(threshold)) ** (fewest - 1) > 1 - Fraction(str(confidence))


@pytest.mark.parametrize("relation", [Relation.AT_LEAST, Relation.ABOVE])
@pytest.mark.parametrize("trials", [60, 100, 157])
def test_the_power_is_the_binomial_tail(relation: Relation, trials: int) -> None:
    """Summed in fractions from the fewest successes that reject the threshold."""
    criterion = a_criterion(relation=relation, confidence=0.95, min_trials=None)
    plan = plan_criterion(criterion, 0.9, assumed=0.97, trials=trials)
    wanted = next(
        k for k in range(trials + 1) if exact_tail(k, trials, Fraction(9, 10)) <= Fraction(5, 100)
    )
    assert plan.power == pytest.approx(float(exact_tail(wanted, trials, Fraction(97, 100))))


def test_the_mirror_image_needs_as_many() -> None:
    """A rate of failures at most 5 % is a rate of successes at least 95 %."""
    least = a_criterion(relation=Relation.AT_LEAST, confidence=0.95, min_trials=None)
    most = a_criterion(relation=Relation.AT_MOST, confidence=0.95, min_trials=None)
    one = plan_criterion(least, 0.95, assumed=0.99, trials=300)
    other = plan_criterion(most, 0.05, assumed=0.01, trials=300)
    assert (one.fewest, one.needed) == (other.fewest, other.needed)
    assert one.power == pytest.approx(other.power)


@pytest.mark.parametrize(("calibration", "trials"), [(50, 100), (400, 250)])
def test_the_power_of_a_coverage_is_its_law_summed(calibration: int, trials: int) -> None:
    """Judged at every count, and the chances of those that pass added up."""
    criterion = a_criterion(0.9, confidence=0.95, min_trials=None)
    rank = round(0.96 * (calibration + 1))  # an integer rank, so that orders can be counted
    passes = [
        covered
        for covered in range(trials + 1)
        if judge(criterion, Coverage(covered, trials, calibration)).verdict is Verdict.PASS
    ]
    orders = comb(trials + calibration, trials)
    expected = sum(
        Fraction(comb(k + rank - 1, k) * comb(trials - k + calibration - rank, trials - k), orders)
        for k in passes
    )
    plan = plan_coverage(
        criterion,
        0.9,
        calibration=calibration,
        assumed=rank / (calibration + 1),
        trials=trials,
    )
    assert plan.power == pytest.approx(float(expected), rel=1e-6)


def test_the_fewest_covered_records_of_a_plan() -> None:
    """One less, all covered, is not enough."""
    criterion = a_criterion(0.9, confidence=0.95, min_trials=None)
    fewest = plan_coverage(criterion, 0.9, calibration=500).fewest
    assert fewest is not None
    verdicts = [
        judge(criterion, Coverage(count, count, 500)).verdict for count in (fewest - 1, fewest)
    ]
    assert verdicts == [Verdict.INCONCLUSIVE, Verdict.PASS]
    assert plan_coverage(criterion, 0.9, calibration=500, trials=9, assumed=0.99).power == 0.0


@pytest.mark.parametrize("relation", [Relation.AT_LEAST, Relation.AT_MOST])
@pytest.mark.parametrize("successes", [150, 161, 178, 219])
def test_the_chance_of_passing_again_is_the_binomial_tail(
    relation: Relation, successes: int
) -> None:
    """At the observed rate, from the fewest that reach the threshold by count alone."""
    trials, more = 219, relation is Relation.AT_LEAST
    criterion = a_criterion(relation=relation, min_trials=None)
    threshold, counted = (0.8, successes) if more else (0.2, trials - successes)
    found = chance_again(criterion, threshold, successes=counted, trials=trials)
    # 176 of 219 are the fewest that are at least four in five.
    assert Fraction(176, 219) >= Fraction(4, 5) > Fraction(175, 219)
    assert found == pytest.approx(float(exact_tail(176, trials, Fraction(successes, trials))))
