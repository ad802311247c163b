"""Laws of judging: better is never worse, and silence is never success."""

from dataclasses import replace

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.support.strategies import finite, measurements, proportions, samples, scalars, thresholds
from tests.support.tracing import a_criterion
from vericase.bounds import MIN_CLUSTERS
from vericase.measurement import Measurement, Proportion, Sample, Scalar
from vericase.requirement import AcceptanceCriterion, Relation
from vericase.verdict import Verdict, judge, worst

searched = settings(deadline=None)
ordered_relations = st.sampled_from([r for r in Relation if r is not Relation.EQUAL])
confidences = st.one_of(st.none(), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
verdicts = st.lists(st.sampled_from(Verdict))


@st.composite
def criteria(draw: st.DrawFn) -> AcceptanceCriterion:
    """Criteria on rates, with every side, confidence and number of trials."""
    return a_criterion(
        draw(thresholds),
        relation=draw(ordered_relations),
        confidence=draw(confidences),
        min_trials=draw(st.one_of(st.none(), st.integers(1, 50))),
    )


def better(relation: Relation, step: float) -> float:
    """A step in the direction that *relation* wants."""
    return step if relation.wants_more else -step


@searched
@given(criteria(), proportions(min_trials=1, max_trials=60), st.data())
def test_more_successes_are_never_worse(
    criterion: AcceptanceCriterion, measured: Proportion, data: st.DataObject
) -> None:
    """Of the same trials, a count nearer to what is wanted never gets a worse verdict."""
    other = Proportion(data.draw(st.integers(0, measured.trials)), measured.trials)
    low, high = sorted((measured, other), key=lambda p: p.successes)
    good, bad = (high, low) if criterion.relation.wants_more else (low, high)
    assert judge(criterion, good).verdict <= judge(criterion, bad).verdict


@searched
@given(finite, thresholds, ordered_relations, st.floats(0, 1e6))
def test_a_better_value_is_never_worse(
    value: float, threshold: float, relation: Relation, step: float
) -> None:
    """A value further in the direction that is wanted never gets a worse verdict."""
    criterion = a_criterion(threshold, relation=relation)
    improved = Scalar(value + better(relation, step))
    assert judge(criterion, improved).verdict <= judge(criterion, Scalar(value)).verdict


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(-50, 50), min_size=MIN_CLUSTERS, max_size=30),
    st.integers(-50, 50),
    ordered_relations,
    st.sampled_from([0.9, 0.95]),
    st.data(),
)
def test_better_values_are_never_worse(
    values: list[int], threshold: int, relation: Relation, confidence: float, data: st.DataObject
) -> None:
    """Where every value of a sample moves the right way, the verdict does not get worse."""
    steps = data.draw(st.lists(st.integers(0, 20), min_size=len(values), max_size=len(values)))
    criterion = a_criterion(float(threshold), relation=relation, confidence=confidence)
    improved = [v + better(relation, s) for v, s in zip(values, steps, strict=True)]
    before = judge(criterion, Sample(tuple(map(float, values))))
    after = judge(criterion, Sample(tuple(improved)))
    assert after.verdict <= before.verdict


@searched
@given(criteria(), proportions(max_trials=60), st.floats(0, 1))
def test_a_stricter_threshold_is_never_easier(
    criterion: AcceptanceCriterion, measured: Proportion, step: float
) -> None:
    """Asking for more never turns a verdict for the better."""
    threshold = criterion.threshold_for(None)
    assert threshold is not None
    assume(0 <= threshold <= 1)  # no rate has another
    stricter = replace(criterion, thresholds={"*": threshold + better(criterion.relation, step)})
    assert judge(stricter, measured).verdict >= judge(criterion, measured).verdict


@searched
@given(criteria(), proportions(max_trials=60), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_asking_for_confidence_is_never_easier(
    criterion: AcceptanceCriterion, measured: Proportion, confidence: float
) -> None:
    """Whoever wants to be sure, or wants trials, never accepts what would else be refused."""
    plain = replace(criterion, confidence=None, min_trials=None)
    surer = replace(plain, confidence=confidence)
    assume(measured.trials)
    assert judge(surer, measured).verdict >= judge(plain, measured).verdict
    if judge(criterion, measured).verdict is Verdict.PASS:
        assert judge(plain, measured).verdict is Verdict.PASS


@searched
@given(criteria(), proportions(max_trials=60))
@example(a_criterion(0.0), Proportion(0, 0))
def test_a_pass_rests_on_trials(criterion: AcceptanceCriterion, measured: Proportion) -> None:
    """Nothing passes without a trial, nor with fewer than were asked for."""
    if judge(criterion, measured).verdict is Verdict.PASS:
        assert measured.trials >= max(1, criterion.min_trials or 1)


@searched
@given(thresholds, st.sampled_from(Relation), measurements)
def test_judging_is_a_function(threshold: float, relation: Relation, measured: Measurement) -> None:
    """The same measurement under the same criterion has one judgement."""
    criterion = a_criterion(threshold, relation=relation)
    assert judge(criterion, measured) == judge(criterion, measured)


@searched
@given(thresholds, ordered_relations, st.one_of(scalars, samples(), proportions()))
def test_another_unit_never_passes(
    threshold: float, relation: Relation, measured: Measurement
) -> None:
    """No number is good enough in another unit."""
    criterion = a_criterion(threshold, relation=relation, unit="furlong")
    assert judge(criterion, measured).verdict is Verdict.ERROR


@searched
@given(st.integers(0, 10_000), st.integers(1, 10_000), st.integers(0, 4))
def test_a_rate_is_compared_as_a_fraction(successes: int, trials: int, digits: int) -> None:
    """Against a decimal, k of n passes exactly where k * 10**d >= threshold * 10**d * n."""
    assume(successes <= trials)
    scale = 10**digits
    numerator = successes * scale // trials  # the decimal just below the rate
    assume(numerator < scale)  # above 1 no threshold makes sense for a rate
    at_or_below = a_criterion(float(f"{numerator}e-{digits}"))
    above = a_criterion(float(f"{numerator + 1}e-{digits}"))
    measured = Proportion(successes, trials)
    assert judge(at_or_below, measured).verdict is Verdict.PASS
    assert judge(above, measured).verdict is Verdict.FAIL


@given(verdicts, verdicts, verdicts)
def test_the_worst_does_not_depend_on_grouping_or_order(
    a: list[Verdict], b: list[Verdict], c: list[Verdict]
) -> None:
    """The worst is associative, commutative and idempotent, over any that are not empty."""
    assume(a and b and c)
    assert worst([worst([worst(a), worst(b)]), worst(c)]) is worst([*a, *b, *c])
    assert worst([worst(a), worst([worst(b), worst(c)])]) is worst([*a, *b, *c])
    assert worst([*a, *b]) is worst([*b, *a])
    assert worst([*a, *a]) is worst(a)


@given(verdicts)
def test_nothing_is_as_good_as_not_run_at_best(found: list[Verdict]) -> None:
    """No verdicts are NOT_RUN, and adding a verdict never makes the worst better."""
    assert worst([]) is Verdict.NOT_RUN
    for verdict in Verdict:
        assert worst([*found, verdict]) >= (worst(found) if found else verdict)
