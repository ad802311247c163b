"""The one place where a number becomes a verdict.

Pure: no files, clock, randomness or environment. The bootstrap of a sample draws from a
generator whose seed is fixed here, so that judging again gives the same bound.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache

from vericase.measurement import Measurement, Proportion, Sample, Scalar
from vericase.requirement import AcceptanceCriterion, Relation
from vericase.statistics import (
    bootstrap_lower,
    bootstrap_upper,
    proportion_lower,
    proportion_upper,
)

__all__ = ["JUDGING_RULES", "MIN_CLUSTERS", "Judgement", "Verdict", "judge", "worst"]

#: Raised by one whenever the same measurement could be judged otherwise than before.
JUDGING_RULES = 1

#: A bootstrap over fewer independent units is not trusted (Cameron, Gelbach and Miller 2008).
MIN_CLUSTERS = 20

_SEED = 20_170_000


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
    """

    verdict: Verdict
    reason: str
    observed: float | None = None
    bound: float | None = None
    threshold: float | None = None


def judge(
    criterion: AcceptanceCriterion, measurement: Measurement, *, scope: str | None = None
) -> Judgement:
    """What *measurement* shows of *criterion* on data from *scope*.

    With a confidence the exact one-sided bound is judged: PASS when the bound meets the
    threshold, INCONCLUSIVE when only the observed value does, FAIL when neither does.
    """
    threshold = criterion.threshold_for(scope)
    if threshold is None:
        return _judgement(Verdict.NOT_RUN, f"no threshold is stated for data from {scope!r}")
    problem = _misfit(criterion, measurement, scope)
    if problem is not None:
        return _judgement(Verdict.ERROR, problem, threshold=threshold)
    match measurement:
        case Proportion():
            return _judge_proportion(criterion, measurement, threshold)
        case Scalar():
            return _compare(criterion, measurement.value, None, threshold)
        case Sample():
            return _judge_sample(criterion, measurement, threshold)


def _misfit(
    criterion: AcceptanceCriterion, measurement: Measurement, scope: str | None
) -> str | None:
    unit = "1" if isinstance(measurement, Proportion) else measurement.unit
    threshold = criterion.threshold_for(scope)
    if isinstance(measurement, Proportion) and threshold is not None and not 0 <= threshold <= 1:
        return f"expected a threshold in [0, 1] for a rate, got {threshold:g}"
    if unit != criterion.unit:
        return f"expected a value in {criterion.unit!r}, got one in {unit!r}"
    if isinstance(measurement, Scalar) and criterion.confidence is not None:
        return "a Scalar has no bound: measure a Proportion or a Sample, or state no confidence"
    if isinstance(measurement, Scalar) and criterion.min_trials is not None:
        return "a Scalar has no trials: measure a Proportion or a Sample, or state no min_trials"
    if criterion.confidence is not None and criterion.relation is Relation.EQUAL:
        return "equality has no one-sided bound: state no confidence"
    return None


def _judge_proportion(
    criterion: AcceptanceCriterion, measurement: Proportion, threshold: float
) -> Judgement:
    rate, trials = measurement.rate, measurement.trials
    shortage = _shortage(criterion, trials)
    if rate is None or shortage is not None:
        observed = None if rate is None else float(rate)
        reason = shortage or "no trials"
        return _judgement(Verdict.INCONCLUSIVE, reason, observed=observed, threshold=threshold)
    if criterion.confidence is None:
        return _compare(criterion, rate, None, threshold)
    bound_of = proportion_lower if criterion.relation.wants_more else proportion_upper
    bound = bound_of(measurement.successes, trials, criterion.confidence)
    return _compare(criterion, rate, bound, threshold)


def _judge_sample(
    criterion: AcceptanceCriterion, measurement: Sample, threshold: float
) -> Judgement:
    mean, clusters = measurement.mean, measurement.units_of_resampling
    units = len(set(clusters))
    shortage = _shortage(criterion, units)
    if mean is None or shortage is not None:
        reason = shortage or "no values"
        return _judgement(Verdict.INCONCLUSIVE, reason, observed=mean, threshold=threshold)
    if criterion.confidence is None:
        return _compare(criterion, mean, None, threshold)
    if units < MIN_CLUSTERS:
        reason = f"a bootstrap needs at least {MIN_CLUSTERS} independent units, got {units}"
        return _judgement(Verdict.INCONCLUSIVE, reason, observed=mean, threshold=threshold)
    bound_of = bootstrap_lower if criterion.relation.wants_more else bootstrap_upper
    bound = bound_of(measurement.values, clusters, criterion.confidence, seed=_SEED)
    return _compare(criterion, mean, bound, threshold)


def _shortage(criterion: AcceptanceCriterion, trials: int) -> str | None:
    needed = criterion.min_trials
    return f"{trials} of at least {needed} trials" if needed and trials < needed else None


def _compare(
    criterion: AcceptanceCriterion,
    observed: Fraction | float,
    bound: float | None,
    threshold: float,
) -> Judgement:
    observed_meets = _holds(criterion.relation, observed, threshold)
    # Both have to meet it: a low confidence would put the bound on the kinder side of the value.
    meets = bound is None or _holds(criterion.relation, bound, threshold)
    if meets and observed_meets:
        verdict, reason = Verdict.PASS, "shown"
    elif observed_meets:
        verdict, reason = Verdict.INCONCLUSIVE, "the observed value meets it, its bound does not"
    else:
        verdict, reason = Verdict.FAIL, "missed"
    return _judgement(verdict, reason, observed=float(observed), bound=bound, threshold=threshold)


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
        case Relation.EQUAL:
            return value == limit


@lru_cache
def _written(threshold: float) -> Fraction:
    return Fraction(repr(threshold))


def _judgement(
    verdict: Verdict,
    reason: str,
    *,
    observed: float | None = None,
    bound: float | None = None,
    threshold: float | None = None,
) -> Judgement:
    return Judgement(
        verdict=verdict, reason=reason, observed=observed, bound=bound, threshold=threshold
    )
