"""The one place where a number becomes a verdict. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache

from vericase.bounds import Figures, dependence_bounds, figures
from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.requirement import AcceptanceCriterion, Relation
from vericase.statistics import MOST_COVERAGE_TRIALS

__all__ = ["JUDGING_RULES", "Judgement", "Verdict", "judge", "judge_dependent", "worst"]

#: Raised by one whenever the same measurement could be judged otherwise than before.
JUDGING_RULES = 3


class Verdict(IntEnum):
    """What was shown; the larger, the worse."""

    PASS = 0
    NOT_RUN = 1
    INCONCLUSIVE = 2
    FAIL = 3
    ERROR = 4


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of *verdicts*; NOT_RUN when there are none, since silence is not success."""
    return max(verdicts, default=Verdict.NOT_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with the numbers it rests on.

    Attributes:
        observed: The measured value; None when there is none.
        bound: The one-sided bound that was judged; None when the value itself was.
        threshold: What it was compared with.
        reason: One sentence.
        method: How the bound was found; empty without one.
    """

    verdict: Verdict
    reason: str
    observed: float | None = None
    bound: float | None = None
    threshold: float | None = None
    method: str = ""


def judge(
    criterion: AcceptanceCriterion,
    measurement: Measurement,
    *,
    scope: str | None = None,
    reference: Measurement | None = None,
) -> Judgement:
    """What *measurement* shows of *criterion* on data from *scope*.

    With a confidence the one-sided bound is judged: PASS when the bound meets the threshold,
    INCONCLUSIVE when only the observed value does, FAIL when neither does.

    Args:
        criterion: What is wanted.
        measurement: What was measured.
        scope: Where the data come from, if anything says so.
        reference: What the last release measured; paired criteria alone ask for it.
    """
    threshold = criterion.threshold_for(scope)
    if threshold is None:
        return _judgement(Verdict.NOT_RUN, f"no threshold is stated for data from {scope!r}")
    problem = _unpaired(criterion, measurement, reference) or _misfit(
        criterion, measurement, threshold
    )
    if problem is not None:
        return _judgement(Verdict.ERROR, problem, threshold=threshold)
    if missing := _missing_slices(criterion, measurement):
        return _judgement(Verdict.NOT_RUN, missing, threshold=threshold)
    if criterion.paired and reference is None:
        told = "no last release to compare with: name its evidence with --vericase-reference="
        return _judgement(Verdict.NOT_RUN, told, threshold=threshold)
    before = reference if isinstance(reference, Sample) else None
    return _compare(criterion, figures(criterion, measurement, threshold, before), threshold)


def judge_dependent(
    criterion: AcceptanceCriterion, measurement: Measurement, *, scope: str | None = None
) -> tuple[tuple[float, Judgement], ...]:
    """What *measurement* would show if its trials were not independent, by design effect.

    Shown beside the verdict, and never instead of it; empty where no bound rests on counts.
    """
    threshold = criterion.threshold_for(scope)
    bounds = dependence_bounds(criterion, measurement)
    if threshold is None or not bounds or _misfit(criterion, measurement, threshold):
        return ()
    # The bound of independent trials is not asked for, and takes the most time.
    found = figures(replace(criterion, confidence=None), measurement, threshold)
    return tuple(
        (effect, _compare(criterion, replace(found, bound=bound), threshold))
        for effect, bound in bounds
    )


def _misfit(
    criterion: AcceptanceCriterion, measurement: Measurement, threshold: float
) -> str | None:
    counted = isinstance(measurement, Proportion | Coverage | Slices)
    unit = measurement.unit if isinstance(measurement, Scalar | Sample) else "1"
    if counted and not 0 <= threshold <= 1:
        return f"expected a threshold in [0, 1] for a rate, got {threshold:g}"
    if unit != criterion.unit:
        return f"expected a value in {criterion.unit!r}, got one in {unit!r}"
    if isinstance(measurement, Scalar) and criterion.min_trials is not None:
        return "a Scalar has no trials: measure a Proportion or a Sample, or state no min_trials"
    return None if criterion.confidence is None else _boundless(criterion, measurement)


def _boundless(criterion: AcceptanceCriterion, measurement: Measurement) -> str | None:
    """Why there can be no bound of it; None if there can."""
    if isinstance(measurement, Scalar):
        return "a Scalar has no bound: measure a Proportion or a Sample, or state no confidence"
    if isinstance(measurement, Coverage) and measurement.trials > MOST_COVERAGE_TRIALS:
        return f"a Coverage of over {MOST_COVERAGE_TRIALS} records has no bound: measure fewer"
    if criterion.relation is Relation.EQUAL:
        return "equality has no one-sided bound: state no confidence"
    return None


def _missing_slices(criterion: AcceptanceCriterion, measurement: Measurement) -> str:
    """Which slices were left out; empty if none."""
    parts = measurement.parts if isinstance(measurement, Slices) else {}
    missing = [repr(name) for name in criterion.slices if name not in parts]
    return f"expected every slice to be measured, got none of {', '.join(missing)}" * bool(missing)


def _unpaired(
    criterion: AcceptanceCriterion, measurement: Measurement, reference: Measurement | None
) -> str | None:
    """Why the two cannot be held side by side, record by record; None if they can, or need not."""
    if not criterion.paired:
        return None
    for whose, each in (("", measurement), (" of the last release", reference)):
        if each is None:
            continue
        if not isinstance(each, Sample) or len(set(each.clusters or ())) < len(each.values):
            return f"a paired criterion needs a Sample{whose} with each record once as its cluster"
        if each.unit != criterion.unit:
            return f"expected a value{whose} in {criterion.unit!r}, got one in {each.unit!r}"
    if isinstance(measurement, Sample) and isinstance(reference, Sample):
        here, there = set(measurement.clusters or ()), set(reference.clusters or ())
        if here != there:
            return (
                f"expected the records of the last release, got {len(here - there)} others, "
                f"and {len(there - here)} are missing"
            )
    return None


def _compare(criterion: AcceptanceCriterion, found: Figures, threshold: float) -> Judgement:
    observed, bound = found.observed, found.bound
    if observed is None or found.shortage:
        value = None if observed is None else float(observed)
        return _judgement(Verdict.INCONCLUSIVE, found.shortage, observed=value, threshold=threshold)
    observed_meets = _holds(criterion.relation, observed, threshold)
    # Both have to meet it: a low confidence would put the bound on the kinder side of the value.
    meets = bound is None or _holds(criterion.relation, bound, threshold)
    if not observed_meets:
        verdict, reason = Verdict.FAIL, "missed"
    elif found.doubt:
        verdict, reason = Verdict.INCONCLUSIVE, found.doubt
    elif not meets:
        verdict, reason = Verdict.INCONCLUSIVE, "the observed value meets it, its bound does not"
    else:
        verdict, reason = Verdict.PASS, "shown"
    return Judgement(
        verdict=verdict,
        reason=reason,
        observed=float(observed),
        bound=bound,
        threshold=threshold,
        method=found.method,
    )


def _holds(relation: Relation, value: Fraction | float, threshold: float) -> bool:
    # A rate is exact and meets the decimal that was written: 19 of 20 meets 0.95. A float
    # meets the float nearest to that decimal: a measured 0.1 is not above 0.1.
    limit = _written(threshold) if isinstance(value, Fraction) else threshold
    match relation:
        case Relation.AT_LEAST:
            return value >= limit
        case Relation.AT_MOST:
            return value <= limit
        case Relation.ABOVE:
            return value > limit
        case Relation.BELOW:
            return value < limit
    return value == limit


@lru_cache
def _written(threshold: float) -> Fraction:
    return Fraction(repr(threshold))


def _judgement(
    verdict: Verdict,
    reason: str,
    *,
    observed: float | None = None,
    threshold: float | None = None,
) -> Judgement:
    return Judgement(verdict=verdict, reason=reason, observed=observed, threshold=threshold)
