"""The one place where a number becomes a verdict."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.support.tracing import a_criterion
from vericase.bounds import MIN_CLUSTERS
from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.requirement import Relation, SmallSlices
from vericase.verdict import Judgement, Verdict, judge, judge_dependent, worst


def test_verdicts_have_one_order() -> None:
    """The order is PASS < NOT_RUN < INCONCLUSIVE < FAIL < ERROR, and nothing else."""
    assert [verdict.name for verdict in sorted(Verdict)] == [
        "PASS",
        "NOT_RUN",
        "INCONCLUSIVE",
        "FAIL",
        "ERROR",
    ]
    assert all(better < poorer for better, poorer in pairwise(Verdict))


def test_silence_is_not_success() -> None:
    """The worst of no verdict is NOT_RUN."""
    assert worst([]) is Verdict.NOT_RUN


def test_one_failure_decides() -> None:
    """The worst verdict wins, wherever it stands."""
    assert worst([Verdict.PASS, Verdict.FAIL, Verdict.NOT_RUN]) is Verdict.FAIL


@pytest.mark.parametrize(
    ("relation", "value", "verdict"),
    [
        (Relation.AT_LEAST, 1.0, Verdict.PASS),
        (Relation.AT_LEAST, 0.999, Verdict.FAIL),
        (Relation.AT_MOST, 1.0, Verdict.PASS),
        (Relation.AT_MOST, 1.001, Verdict.FAIL),
        (Relation.ABOVE, 1.0, Verdict.FAIL),
        (Relation.ABOVE, 1.001, Verdict.PASS),
        (Relation.BELOW, 1.0, Verdict.FAIL),
        (Relation.BELOW, 0.999, Verdict.PASS),
        (Relation.EQUAL, 1.0, Verdict.PASS),
        (Relation.EQUAL, 1.001, Verdict.FAIL),
    ],
)
def test_each_relation_is_what_it_says_at_the_threshold(
    relation: Relation, value: float, verdict: Verdict
) -> None:
    """At the threshold itself the sign decides."""
    assert judge(a_criterion(1.0, relation=relation), Scalar(value)).verdict is verdict


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.95, 0.999, 1e-7, 12345.678])
@pytest.mark.parametrize("relation", [Relation.AT_LEAST, Relation.AT_MOST, Relation.EQUAL])
def test_a_value_equal_to_its_threshold_meets_it(threshold: float, relation: Relation) -> None:
    """A measured 0.1 is neither above nor below 0.1, though no float is exactly 0.1."""
    for measured in (Scalar(threshold), Sample((threshold,) * 3)):
        assert judge(a_criterion(threshold, relation=relation), measured).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("value", "threshold", "verdict"),
    [
        (0.1 + 0.2, 0.3, Verdict.FAIL),  # 0.30000000000000004 is above 0.3
        (0.3 - 0.1, 0.2, Verdict.PASS),  # 0.19999999999999998 is below 0.2
        (0.949999988079071, 0.95, Verdict.PASS),  # 0.95 in single precision
    ],
)
def test_rounding_of_the_measured_value_is_not_undone(
    value: float, threshold: float, verdict: Verdict
) -> None:
    """A float is compared as it was given; nobody rounds it towards the threshold."""
    assert (
        judge(a_criterion(threshold, relation=Relation.AT_MOST), Scalar(value)).verdict is verdict
    )


@pytest.mark.parametrize(
    ("successes", "trials", "threshold"),
    [(19, 20, 0.95), (3, 10, 0.3), (7, 10, 0.7), (1, 1000, 0.001), (999, 1000, 0.999), (0, 5, 0.0)],
)
def test_counts_meet_the_decimal_that_was_written(
    successes: int, trials: int, threshold: float
) -> None:
    """19 of 20 meets 0.95 from both sides: counts are compared as fractions."""
    measured = Proportion(successes, trials)
    for relation in (Relation.AT_LEAST, Relation.AT_MOST, Relation.EQUAL):
        assert judge(a_criterion(threshold, relation=relation), measured).verdict is Verdict.PASS
    for relation in (Relation.ABOVE, Relation.BELOW):
        assert judge(a_criterion(threshold, relation=relation), measured).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("successes", "verdict", "reason"),
    [
        (20, Verdict.INCONCLUSIVE, "the observed value meets it, its bound does not"),
        (18, Verdict.INCONCLUSIVE, "the observed value meets it, its bound does not"),
        (17, Verdict.FAIL, "missed"),
    ],
)
def test_with_a_confidence_the_bound_is_judged(
    successes: int, verdict: Verdict, reason: str
) -> None:
    """Twenty trials cannot show 0.9 at 95 %, even if all succeed: 0.05 ** (1 / 20) is 0.861."""
    judgement = judge(a_criterion(0.9, confidence=0.95), Proportion(successes, 20))
    assert (judgement.verdict, judgement.reason) == (verdict, reason)


def test_enough_trials_show_it() -> None:
    """29 of 29 is the smallest run without a miss that shows 0.9 at 95 %: 0.9 ** 29 = 0.0471."""
    criterion = a_criterion(0.9, confidence=0.95)
    assert judge(criterion, Proportion(29, 29)).verdict is Verdict.PASS
    assert judge(criterion, Proportion(28, 28)).verdict is Verdict.INCONCLUSIVE


def test_the_bound_is_on_the_side_that_hurts() -> None:
    """A lower limit is held against the lower bound, an upper limit against the upper one."""
    measured = Proportion(50, 100)
    low = judge(a_criterion(0.5, confidence=0.95), measured)
    high = judge(a_criterion(0.5, confidence=0.95, relation=Relation.AT_MOST), measured)
    assert low.bound is not None
    assert high.bound is not None
    assert low.bound < 0.5 < high.bound
    assert low.verdict is high.verdict is Verdict.INCONCLUSIVE


def test_the_bound_of_a_sample_is_on_the_side_that_hurts() -> None:
    """The mean of a sample is held against the side on which it could fall short."""
    sample = Sample(tuple(float(i) for i in range(30)))  # its mean is 14.5
    low = judge(a_criterion(14.5, confidence=0.95), sample)
    high = judge(a_criterion(14.5, confidence=0.95, relation=Relation.AT_MOST), sample)
    assert low.bound is not None
    assert high.bound is not None
    assert low.bound < 14.5 < high.bound
    assert low.verdict is high.verdict is Verdict.INCONCLUSIVE


def test_too_few_trials_pass_nothing() -> None:
    """A perfect rate on too few trials is INCONCLUSIVE, and so is a bad one."""
    criterion = a_criterion(0.9, min_trials=30)
    for successes in (29, 0):
        judgement = judge(criterion, Proportion(successes, 29))
        assert judgement.verdict is Verdict.INCONCLUSIVE
        assert judgement.reason == "29 of at least 30 trials"
        assert judgement.observed == successes / 29
    assert judge(criterion, Proportion(30, 30)).verdict is Verdict.PASS


@pytest.mark.parametrize("threshold", [0.0, 0.9])
@pytest.mark.parametrize("relation", Relation)
def test_nothing_tried_passes_nothing(relation: Relation, threshold: float) -> None:
    """No trials and no values are INCONCLUSIVE, whatever was asked."""
    criterion = a_criterion(threshold, relation=relation)
    assert judge(criterion, Proportion(0, 0)) == Judgement(
        verdict=Verdict.INCONCLUSIVE, reason="no trials", threshold=threshold
    )
    assert judge(criterion, Sample(())) == Judgement(
        verdict=Verdict.INCONCLUSIVE, reason="no values", threshold=threshold
    )


@pytest.mark.parametrize(
    ("unit", "measured", "reason"),
    [
        ("mV", Proportion(1, 1), "expected a value in 'mV', got one in '1'"),
        ("mV", Scalar(1.0), "expected a value in 'mV', got one in '1'"),
        ("1", Scalar(1.0, "mV"), "expected a value in '1', got one in 'mV'"),
        ("s", Sample((1.0,), "ms"), "expected a value in 's', got one in 'ms'"),
    ],
)
def test_another_unit_is_an_error(unit: str, measured: Measurement, reason: str) -> None:
    """A value in another unit is never compared, however good the number looks."""
    judgement = judge(a_criterion(0.0, unit=unit), measured)
    assert judgement == Judgement(verdict=Verdict.ERROR, reason=reason, threshold=0.0)


def test_a_single_value_cannot_stand_for_a_bound() -> None:
    """A Scalar under a confidence or a number of trials is an ERROR, not a PASS."""
    bounded = judge(a_criterion(0.9, confidence=0.95), Scalar(1.0))
    counted = judge(a_criterion(0.9, min_trials=10), Scalar(1.0))
    assert bounded.verdict is counted.verdict is Verdict.ERROR
    assert bounded.reason == (
        "a Scalar has no bound: measure a Proportion or a Sample, or state no confidence"
    )
    assert counted.reason == (
        "a Scalar has no trials: measure a Proportion or a Sample, or state no min_trials"
    )


def test_equality_has_no_bound() -> None:
    """A criterion made in code with == and a confidence is an ERROR."""
    judgement = judge(a_criterion(1.0, relation=Relation.EQUAL, confidence=0.9), Proportion(1, 1))
    assert judgement.verdict is Verdict.ERROR
    assert judgement.reason == "equality has no one-sided bound: state no confidence"


def test_no_threshold_for_these_data_is_not_run() -> None:
    """A source without a threshold shows nothing, and the reason names it."""
    judgement = judge(a_criterion(thresholds={"clinic": 0.9}), Proportion(1, 1), scope="ward")
    assert judgement == Judgement(
        verdict=Verdict.NOT_RUN, reason="no threshold is stated for data from 'ward'"
    )


def test_each_source_has_its_own_threshold() -> None:
    """The same measurement can meet the threshold of one source and miss that of another."""
    criterion = a_criterion(thresholds={"clinic": 0.9, "ward": 0.99})
    measured = Proportion(95, 100)
    assert judge(criterion, measured, scope="clinic").verdict is Verdict.PASS
    assert judge(criterion, measured, scope="ward").verdict is Verdict.FAIL


def test_trials_of_a_sample_are_its_independent_units() -> None:
    """A number of trials is met by patients, not by their many segments."""
    sample = Sample((1.0,) * 400, "1", tuple(f"p{i % 25}" for i in range(400)))
    assert judge(a_criterion(0.9, min_trials=26), sample).reason == "25 of at least 26 trials"
    assert judge(a_criterion(0.9, min_trials=25), sample).verdict is Verdict.PASS


def test_values_that_do_not_vary_show_nothing_at_their_own_value() -> None:
    """No number of equal values shows that the mean is not on the other side of them."""
    for relation in (Relation.AT_LEAST, Relation.AT_MOST):
        criterion = a_criterion(2.0, relation=relation, confidence=0.95)
        judgement = judge(criterion, Sample((2.0,) * MIN_CLUSTERS))
        assert (judgement.verdict, judgement.bound) == (Verdict.INCONCLUSIVE, None)
        assert judgement.reason == (
            "only 0 units lie beyond the threshold: no bound is trusted under 5"
        )


@pytest.mark.parametrize("threshold", [15, -5, 1.5])
def test_a_rate_has_no_threshold_outside_zero_and_one(threshold: float) -> None:
    """A per cent that was meant as a rate makes no criterion that everything meets."""
    rates: tuple[Measurement, ...]
    rates = (Proportion(20, 20), Coverage(20, 20, 9), Slices({"all": Proportion(20, 20)}))
    for relation in (Relation.AT_LEAST, Relation.AT_MOST):
        criterion = a_criterion(threshold, relation=relation, confidence=0.95)
        for rate in rates:
            judgement = judge(criterion, rate)
            assert judgement.verdict is Verdict.ERROR
            assert judgement.reason == f"expected a threshold in [0, 1] for a rate, got {threshold}"


def test_a_kind_bound_does_not_pass_a_missed_value() -> None:
    """With a confidence under one half the bound lies above the rate; the rate decides then."""
    criterion = a_criterion(0.9, confidence=0.05)
    assert judge(criterion, Proportion(17, 20)).verdict is Verdict.FAIL


def test_the_bound_of_a_sample_does_not_depend_on_its_order() -> None:
    """The order in which a case met its records cannot move the bound."""
    values = tuple(float(i % 7) for i in range(60))
    clusters = tuple(f"p{i % 30:02d}" for i in range(60))
    turned = Sample(values[::-1], "1", clusters[::-1])
    criterion = a_criterion(0.9, confidence=0.9)
    assert judge(criterion, Sample(values, "1", clusters)) == judge(criterion, turned)


def test_judging_again_gives_the_same_judgement() -> None:
    """A bootstrap draws from a generator whose seed is fixed, whatever was drawn before."""
    sample = Sample(tuple(float(i * i % 11) for i in range(40)))
    criterion = a_criterion(4.0, confidence=0.9)
    assert judge(criterion, sample) == judge(criterion, sample)


def test_a_judgement_carries_the_numbers_it_rests_on() -> None:
    """Observed value, bound and threshold are kept for whoever reads the verdict."""
    judgement = judge(a_criterion(0.5, confidence=0.95), Proportion(100, 100))
    # 100 of 100, one-sided 95 %: p ** 100 = 0.05
    assert judgement.bound == pytest.approx(0.05 ** (1 / 100), abs=1e-12)
    assert (judgement.observed, judgement.threshold, judgement.reason) == (1.0, 0.5, "shown")


def _pair(*values: float, unit: str = "1") -> Sample:
    """A value for each of the records r0, r1, ..."""
    return Sample(values, unit, tuple(f"r{i}" for i in range(len(values))))


PAIRED = a_criterion(-0.1, paired=True, confidence=0.9)


def test_a_paired_criterion_without_a_last_release_is_not_run() -> None:
    """The first release has nothing to be no worse than."""
    told = "no last release to compare with: name its evidence with --vericase-reference="
    assert judge(PAIRED, _pair(1.0, 1.0)) == Judgement(
        verdict=Verdict.NOT_RUN, reason=told, threshold=-0.1
    )


@pytest.mark.parametrize(
    ("measured", "reference", "reason"),
    [
        (
            Proportion(1, 1),
            None,
            "a paired criterion needs a Sample with each record once as its cluster",
        ),
        (
            Sample((1.0,)),
            None,
            "a paired criterion needs a Sample with each record once as its cluster",
        ),
        (
            Sample((1.0, 1.0), "1", ("a", "a")),
            None,
            "a paired criterion needs a Sample with each record once as its cluster",
        ),
        (
            _pair(1.0),
            Proportion(1, 1),
            (
                "a paired criterion needs a Sample of the last release with each record once "
                "as its cluster"
            ),
        ),
        (
            _pair(1.0),
            _pair(1.0, unit="mV"),
            "expected a value of the last release in '1', got one in 'mV'",
        ),
        (
            _pair(1.0, 1.0),
            Sample((1.0, 1.0, 1.0), "1", ("r1", "r2", "r3")),
            "expected the records of the last release, got 1 others, and 2 are missing",
        ),
    ],
)
def test_what_cannot_be_paired_is_an_error(
    measured: Measurement, reference: Measurement | None, reason: str
) -> None:
    """Two sets of records side by side are no comparison."""
    judgement = judge(PAIRED, measured, reference=reference)
    assert (judgement.verdict, judgement.reason) == (Verdict.ERROR, reason)


@pytest.mark.parametrize(
    ("lost", "verdict"), [(0, Verdict.PASS), (4, Verdict.INCONCLUSIVE), (12, Verdict.FAIL)]
)
def test_a_release_may_be_worse_by_the_margin_and_no_more(lost: int, verdict: Verdict) -> None:
    """Of 60 records that were right, so many are wrong now; up to a tenth is accepted."""
    reference = _pair(*[1.0] * 60)
    measured = _pair(*[0.0] * lost, *[1.0] * (60 - lost))
    judgement = judge(PAIRED, measured, reference=reference)
    assert judgement.verdict is verdict
    assert judgement.observed == pytest.approx(-lost / 60)
    assert judgement.method == "paired score over 60 records"


def test_a_reference_means_nothing_to_other_criteria() -> None:
    """Only a criterion with a margin is held against the last release."""
    criterion, measured = a_criterion(0.9), Proportion(19, 20)
    assert judge(criterion, measured, reference=Proportion(0, 20)) == judge(criterion, measured)


def test_the_worst_slice_decides() -> None:
    """A good average hides no slice; the judgement carries the worst value and bound."""
    criterion = a_criterion(0.8, confidence=0.95)
    good = {"short": Proportion(59, 60), "usual": Proportion(590, 600)}
    assert judge(criterion, Slices(good)).verdict is Verdict.PASS
    poor = judge(criterion, Slices({**good, "long": Proportion(40, 60)}))
    assert (poor.verdict, poor.observed) == (Verdict.FAIL, 40 / 60)
    assert poor.bound == judge(criterion, Proportion(40, 60)).bound
    assert poor.method == "exact, the worst of 3 slices"


@pytest.mark.parametrize("relation", Relation)
def test_slices_are_judged_as_each_of_them(relation: Relation) -> None:
    """The verdict over slices is the worst of the verdicts of the slices alone."""
    parts = {"a": Proportion(30, 60), "b": Proportion(33, 60), "c": Proportion(27, 60)}
    for threshold in (0.4, 0.45, 0.5, 0.55, 0.6):
        criterion = a_criterion(threshold, relation=relation)
        alone = worst(judge(criterion, part).verdict for part in parts.values())
        assert judge(criterion, Slices(parts)).verdict is alone


def test_a_small_slice_blocks_or_joins_the_other_small_ones() -> None:
    """No rule lets it go: it is too small for a verdict, or judged together with its like."""
    slices = Slices(
        {"big": Proportion(99, 100), "one": Proportion(15, 16), "two": Proportion(15, 16)}
    )
    blocked = judge(a_criterion(0.9, min_trials=30), slices)
    assert blocked.verdict is Verdict.INCONCLUSIVE
    assert blocked.reason == (
        "slice 'one': 16 of at least 30 trials; slice 'two': 16 of at least 30 trials"
    )
    pooled = a_criterion(0.9, min_trials=30, small_slices=SmallSlices.POOL)
    judgement = judge(pooled, slices)
    assert (judgement.verdict, judgement.observed) == (Verdict.PASS, 30 / 32)
    still = judge(replace(pooled, min_trials=40), slices)
    assert still.verdict is Verdict.INCONCLUSIVE
    assert still.reason == "slice 'all small slices together': 32 of at least 40 trials"


def test_every_slice_that_is_named_has_to_be_measured() -> None:
    """One that is missing shows nothing of itself; one that nobody named is judged as well."""
    named = a_criterion(0.9, slices=("men", "women"))
    men, women, others = (Proportion(n, 100) for n in (95, 96, 50))
    assert judge(named, Slices({"men": men, "women": women})).verdict is Verdict.PASS
    missing = judge(named, Slices({"men": men}))
    assert missing.verdict is Verdict.NOT_RUN
    assert missing.reason == "expected every slice to be measured, got none of 'women'"
    more = judge(named, Slices({"men": men, "women": women, "others": others}))
    assert more.verdict is Verdict.FAIL
    whole = judge(named, men)
    assert whole.verdict is Verdict.NOT_RUN
    assert whole.reason == "expected every slice to be measured, got none of 'men', 'women'"


def test_what_dependence_would_leave_is_judged_as_everything_is() -> None:
    """59 of 59 shows 0.95; of half the trials the value still meets it, and the bound does not."""
    criterion = a_criterion(0.95, confidence=0.95)
    found = judge_dependent(criterion, Proportion(59, 59))
    assert [effect for effect, _ in found] == [1.5, 2.0]
    for effect, judgement in found:
        # All of n: p ** (n / effect) = 0.05
        assert judgement.bound == pytest.approx(0.05 ** (effect / 59), abs=1e-9)
        assert (judgement.observed, judgement.threshold) == (1.0, 0.95)
        assert judgement.verdict is Verdict.INCONCLUSIVE
    slices = Slices({"a": Proportion(59, 59), "b": Proportion(590, 600)})
    worst_of_both = [each.observed for _, each in judge_dependent(criterion, slices)]
    assert worst_of_both == [590 / 600] * 2
    kinder = judge_dependent(a_criterion(0.85, confidence=0.95), Proportion(59, 59))
    assert [judgement.verdict for _, judgement in kinder] == [Verdict.PASS] * 2


def test_dependence_is_told_for_the_data_in_question_alone() -> None:
    """Without a threshold for them, with one that no rate has, or without a bound, nothing is."""
    by_source = a_criterion(thresholds={"clinic": 0.9, "ward": 15.0}, confidence=0.95)
    measured = Proportion(95, 100)
    assert judge_dependent(by_source, measured, scope="street") == ()
    assert judge_dependent(by_source, measured, scope="ward") == ()
    assert judge_dependent(a_criterion(0.9), measured) == ()
    clinic = judge_dependent(by_source, measured, scope="clinic")
    assert [judgement.threshold for _, judgement in clinic] == [0.9, 0.9]


def test_a_coverage_is_surer_the_larger_the_calibration() -> None:
    """The bound holds over calibrations too, so a small one has a price."""
    criterion = a_criterion(0.9, confidence=0.95)
    bounds = [
        judge(criterion, Coverage(285, 300, calibration)).bound for calibration in (50, 500, 10**7)
    ]
    exact = judge(criterion, Proportion(285, 300))
    assert bounds == sorted(bounds, key=float)  # type: ignore[arg-type]  # none is None
    assert exact.bound is not None
    assert bounds[-1] == pytest.approx(exact.bound, abs=1e-4)
    assert judge(criterion, Coverage(285, 300, 50)).method == "beta-binomial"
    assert judge(a_criterion(0.95), Coverage(285, 300, 50)).verdict is Verdict.PASS


def test_a_coverage_of_too_many_records_has_no_bound() -> None:
    """Its tail is a sum over the records; without a confidence none is asked for."""
    huge = Coverage(2**53, 2**53, 100)
    found = judge(a_criterion(0.9, confidence=0.95), huge)
    assert found.verdict is Verdict.ERROR
    assert found.reason == "a Coverage of over 1000000 records has no bound: measure fewer"
    assert judge(a_criterion(0.9), huge).verdict is Verdict.PASS
