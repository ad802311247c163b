"""Which method bounds which measurement, and when none is trusted."""

from itertools import pairwise

import pytest

from tests.support.tracing import a_criterion
from vericase.bounds import DESIGN_EFFECTS, MIN_CLUSTERS, Figures, dependence_bounds, figures
from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.requirement import Relation, SmallSlices
from vericase.statistics import effective_lower, proportion_lower, proportion_upper

SURE = a_criterion(0.5, confidence=0.95)
SURE_AT_MOST = a_criterion(0.5, confidence=0.95, relation=Relation.AT_MOST)


def a_sample(*groups: tuple[float, ...]) -> Sample:
    """A sample with a cluster for each group."""
    values = [value for group in groups for value in group]
    clusters = [f"p{i:03d}" for i, group in enumerate(groups) for _ in group]
    return Sample(tuple(values), "1", tuple(clusters))


def test_yes_and_no_without_clusters_are_counts() -> None:
    """Zeros and ones are no spread to resample: 25 of 25 has the bound of 25 of 25."""
    found = figures(SURE, Sample((1.0,) * 25), 0.5)
    assert found == Figures(observed=1, bound=proportion_lower(25, 25, 0.95), method="exact")
    each_its_own = Sample((0.0, *[1.0] * 7), "1", tuple("abcdefgh"))
    assert figures(SURE, each_its_own, 0.5).bound == proportion_lower(7, 8, 0.95)


def test_few_patients_with_yes_and_no_count_as_patients() -> None:
    """A patient is one trial, and a success only if every value of the patient is."""
    sample = a_sample(*[(1.0,) * 10] * 7, (1.0, 0.0))
    low = figures(SURE, sample, 0.5)
    assert (low.bound, low.method) == (proportion_lower(7, 8, 0.95), "exact over 8 units")
    assert low.observed == pytest.approx(71 / 72)
    high = figures(SURE_AT_MOST, a_sample(*[(0.0,) * 10] * 7, (1.0, 0.0)), 0.5)
    assert high.bound == proportion_upper(1, 8, 0.95)


def test_many_patients_without_a_miss_count_as_patients_too() -> None:
    """Without a single miss nothing tells how alike the values of one patient are."""
    sample = a_sample(*[(1.0,) * 10] * 30)
    assert figures(SURE, sample, 0.5).bound == proportion_lower(30, 30, 0.95)


def test_many_patients_are_never_surer_than_independent_trials() -> None:
    """One miss among 300 values of 30 patients: resampling alone would be too sure."""
    sample = a_sample((0.0, *[1.0] * 9), *[(1.0,) * 10] * 29)
    found = figures(SURE, sample, 0.5)
    assert found.bound == proportion_lower(299, 300, 0.95)
    assert found.method == "bootstrap over 30 units"
    misses = [(0.0, *[1.0] * 9) for _ in range(15)]
    alike = figures(SURE, a_sample(*misses, *[(1.0,) * 10] * 15), 0.5)
    assert alike.bound is not None
    assert alike.bound <= proportion_lower(285, 300, 0.95)


def test_few_units_are_bounded_by_student() -> None:
    """Under twenty units the t law is asked, not a bootstrap."""
    sample = a_sample(*[(i / 10 + 1,) for i in range(MIN_CLUSTERS - 1)])
    assert figures(SURE, sample, 0.5).method == "Student's t over 19 units"
    more = a_sample(*[(i / 10 + 1,) for i in range(MIN_CLUSTERS)])
    assert figures(SURE, more, 0.5).method == "bootstrap over 20 units"


def test_few_units_that_do_not_vary_are_not_trusted() -> None:
    """The t law would give a bound without any width."""
    found = figures(SURE, a_sample((2.0,), (2.0, 2.0), (2.0,), (2.0,), (2.0,)), 0.5)
    assert (found.bound, found.doubt) == (None, "5 units do not show how units vary")


@pytest.mark.parametrize(
    ("confidence", "units"), [(0.5, 1), (0.75, 2), (0.9, 4), (0.95, 5), (0.99, 7), (0.999, 10)]
)
def test_a_mean_needs_as_many_units_beyond_as_a_sign_test(confidence: float, units: int) -> None:
    """Three gains among five hundred ties are no proof: 1 in 8 would be three gains by chance."""
    criterion = a_criterion(0.0, relation=Relation.ABOVE, confidence=confidence)
    for gains, trusted in ((units - 1, False), (units, True)):
        for gain in (1.0, 2.0):
            values = [gain] * gains + [0.0] * 500
            found = figures(criterion, Sample(tuple(values)), 0.0)
            assert (found.bound is not None) is trusted
        if not trusted:
            assert found.doubt == (
                f"only {gains} units lie beyond the threshold: no bound is trusted under {units}"
            )


def test_a_difference_to_the_last_release_is_taken_record_by_record() -> None:
    """What is no yes or no is subtracted, and bounded as other values are."""
    records = tuple(f"r{i:02d}" for i in range(30))
    reference = Sample(tuple(float(i) for i in range(30)), "1", records)
    turned = Sample(tuple(float(i) + 1 + i % 3 for i in range(30))[::-1], "1", records[::-1])
    paired = a_criterion(-0.5, confidence=0.95, paired=True)
    found = figures(paired, turned, -0.5, reference)
    assert found.observed == pytest.approx(2.0)
    assert found.bound is not None
    assert 1.0 < found.bound < 2.0


@pytest.mark.parametrize("relation", [Relation.AT_LEAST, Relation.AT_MOST])
def test_dependence_moves_a_bound_to_the_side_that_hurts(relation: Relation) -> None:
    """The larger the design effect, the wider; the value stays."""
    criterion = a_criterion(0.5, relation=relation, confidence=0.95)
    bounds = [figures(criterion, Proportion(90, 100), 0.5).bound or 0.0]
    found = dependence_bounds(criterion, Proportion(90, 100))
    assert tuple(effect for effect, _ in found) == DESIGN_EFFECTS
    bounds += [bound for _, bound in found]
    falls = relation is Relation.AT_LEAST
    assert all((a > b) is falls for a, b in pairwise(bounds))


def test_dependence_is_shown_for_the_worst_slice() -> None:
    """Of slices that are judged, the one whose bound is worst; empty ones have none."""
    slices = Slices({"a": Proportion(90, 100), "b": Proportion(9, 10), "c": Proportion(0, 0)})
    found = dict(dependence_bounds(SURE, slices))
    assert found[2.0] == effective_lower(9, 10, 0.95, design_effect=2.0)
    pooled = a_criterion(0.5, confidence=0.95, min_trials=20, small_slices=SmallSlices.POOL)
    assert dict(dependence_bounds(pooled, slices)) == found


@pytest.mark.parametrize(
    "measurement",
    [Scalar(1.0), Sample((1.0, 2.0)), Coverage(9, 10, 9), Proportion(0, 0)],
)
def test_dependence_is_shown_for_counts_alone(measurement: Measurement) -> None:
    """Samples name their clusters, and other measurements have no trials to depend."""
    assert dependence_bounds(SURE, measurement) == ()
    assert dependence_bounds(a_criterion(0.5), Proportion(9, 10)) == ()


def test_slices_that_are_large_enough_are_not_pooled() -> None:
    """Where none is small, the rule for small ones changes nothing."""
    slices = Slices({"a": Proportion(90, 100), "b": Proportion(95, 100)})
    pooled = a_criterion(0.5, confidence=0.95, min_trials=20, small_slices=SmallSlices.POOL)
    assert figures(pooled, slices, 0.5) == figures(
        a_criterion(0.5, confidence=0.95, min_trials=20), slices, 0.5
    )


def test_a_slice_that_is_called_as_the_pool_keeps_its_place() -> None:
    """The pool of small slices hides no slice, whatever that is called."""
    poor = Proportion(0, 100)
    slices = Slices({"all small slices together": poor, "a": Proportion(30, 30)})
    pooled = a_criterion(0.9, confidence=0.95, min_trials=40, small_slices=SmallSlices.POOL)
    assert figures(pooled, slices, 0.9).shortage.endswith("30 of at least 40 trials")
    more = Slices({**slices.parts, "b": Proportion(30, 30)})
    assert (figures(pooled, more, 0.9).observed, figures(pooled, more, 0.9).bound) == (0, 0.0)
    assert dependence_bounds(pooled, more) == tuple((effect, 0.0) for effect in DESIGN_EFFECTS)


def test_many_units_of_yes_and_no_that_few_carry_are_not_trusted() -> None:
    """Of thirty patients, four are better than the threshold: no bound is drawn from them."""
    sample = a_sample(*[(1.0, 1.0)] * 4, *[(1.0, 0.0)] * 26)
    found = figures(a_criterion(0.5, confidence=0.95), sample, 0.5)
    assert found.bound is None
    assert found.doubt.startswith("only 4 units lie beyond the threshold")


@pytest.mark.parametrize(
    ("values", "told"), [((), "no values"), ((1.0, 0.0), "2 of at least 3 trials")]
)
def test_pairs_are_trials(values: tuple[float, ...], told: str) -> None:
    """A comparison of no records, or of too few, concludes nothing."""
    sample = Sample(values, "1", tuple(f"r{i}" for i in range(len(values))))
    paired = a_criterion(-0.5, confidence=0.95, paired=True, min_trials=3 if values else None)
    assert figures(paired, sample, -0.5, sample).shortage == told


def test_pairs_without_a_confidence_are_compared_as_they_are() -> None:
    """A criterion made in code may ask for the difference alone."""
    sample = Sample((1.0, 0.0), "1", ("a", "b"))
    assert figures(a_criterion(-0.5, paired=True), sample, -0.5, sample) == Figures(observed=0)
