"""What a measurement gives a criterion to be compared with: a value, and the bound that hurts.

Pure. Which method bounds which measurement is decided here and in no case; a bootstrap draws from
a generator whose seed is fixed, so that judging again gives the same bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.requirement import AcceptanceCriterion, Relation, SmallSlices
from vericase.statistics import (
    bootstrap_lower,
    bootstrap_upper,
    coverage_lower,
    coverage_upper,
    effective_lower,
    effective_upper,
    paired_lower,
    paired_upper,
    proportion_lower,
    proportion_upper,
    t_lower,
    t_upper,
)

__all__ = ["DESIGN_EFFECTS", "MIN_CLUSTERS", "Figures", "dependence_bounds", "figures"]

#: A bootstrap over fewer independent units is not trusted (Cameron, Gelbach and Miller 2008).
MIN_CLUSTERS = 20
#: What bounds are shown for where nobody can know whether trials are independent.
DESIGN_EFFECTS = (1.5, 2.0)

_SEED = 20_170_000
_POOLED = "all small slices together"

_Bound = Callable[[int, int, float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is compared with the threshold.

    Attributes:
        observed: The measured value, exact where it is counted; None when there is none.
        bound: The one-sided bound that hurts; None when none was asked for, or there is none.
        method: How the bound was found.
        shortage: Why nothing is concluded, whatever the numbers; empty if something is.
        doubt: Why the value alone shows nothing although no bound speaks against it.
    """

    observed: Fraction | float | None = None
    bound: float | None = None
    method: str = ""
    shortage: str = ""
    doubt: str = ""


def figures(
    criterion: AcceptanceCriterion,
    measurement: Measurement,
    threshold: float,
    reference: Sample | None = None,
) -> Figures:
    """What *measurement* gives *criterion* to be compared with *threshold*.

    Args:
        criterion: It fits the measurement.
        measurement: What was measured.
        threshold: For the data in question.
        reference: The same of the last release, for a paired criterion, on the same records.
    """
    match measurement:
        case Proportion():
            return _counted(criterion, measurement, _exact(criterion), "exact")
        case Coverage(calibration=calibration):
            bound = _covering(criterion, calibration)
            return _counted(criterion, measurement.counts, bound, "beta-binomial")
        case Slices():
            return _sliced(criterion, measurement, threshold)
        case Scalar():
            return Figures(observed=measurement.value)
        case Sample() if criterion.paired and reference is not None:
            return _compared(criterion, measurement, reference, threshold)
    return _sampled(criterion, measurement, threshold)


def dependence_bounds(
    criterion: AcceptanceCriterion, measurement: Measurement
) -> tuple[tuple[float, float], ...]:
    """Design effects with the bound that the counts would have under each; empty without counts.

    A proportion does not say which of its trials belong together, so nothing can show that they
    are independent.
    """
    match measurement:
        case Proportion():
            counts = [measurement]
        case Slices():
            counts = [part for _, part in _parts(criterion, measurement)]
        case _:
            return ()
    counts = [part for part in counts if part.trials]
    if criterion.confidence is None or not counts:
        return ()
    wants_more, confidence = criterion.relation.wants_more, criterion.confidence
    bound_of = effective_lower if wants_more else effective_upper
    worst = min if wants_more else max
    return tuple(
        (
            effect,
            worst(
                bound_of(p.successes, p.trials, confidence, design_effect=effect) for p in counts
            ),
        )
        for effect in DESIGN_EFFECTS
    )


def _exact(criterion: AcceptanceCriterion) -> _Bound:
    return proportion_lower if criterion.relation.wants_more else proportion_upper


def _covering(criterion: AcceptanceCriterion, calibration: int) -> _Bound:
    bound_of = coverage_lower if criterion.relation.wants_more else coverage_upper
    return lambda covered, trials, confidence: bound_of(covered, trials, calibration, confidence)


def _counted(
    criterion: AcceptanceCriterion, counts: Proportion, bound_of: _Bound, method: str
) -> Figures:
    rate, trials = counts.rate, counts.trials
    if rate is None:
        return Figures(shortage=_shortage(criterion, trials) or "no trials")
    shortage = _shortage(criterion, trials)
    if shortage or criterion.confidence is None:
        return Figures(observed=rate, shortage=shortage)
    bound = bound_of(counts.successes, trials, criterion.confidence)
    return Figures(observed=rate, bound=bound, method=method)


def _sliced(criterion: AcceptanceCriterion, slices: Slices, threshold: float) -> Figures:
    """The worst value and the worst bound of any slice: all meet it if and only if these do."""
    parts = _parts(criterion, slices)
    each = [(name, _counted(criterion, part, _exact(criterion), "")) for name, part in parts]
    short = [f"slice {name!r}: {found.shortage}" for name, found in each if found.shortage]
    if short:
        return Figures(shortage="; ".join(short))

    def distance(value: Fraction | float) -> Fraction:
        gap = Fraction(value) - Fraction(repr(threshold))
        if criterion.relation is Relation.EQUAL:
            return abs(gap)
        return -gap if criterion.relation.wants_more else gap

    bounds = [found.bound for _, found in each if found.bound is not None]
    return Figures(
        observed=max((found.observed or 0 for _, found in each), key=distance),
        bound=max(bounds, key=distance) if bounds else None,
        method=f"exact, the worst of {len(parts)} slices" if bounds else "",
    )


def _parts(criterion: AcceptanceCriterion, slices: Slices) -> list[tuple[str, Proportion]]:
    """The slices that are judged: small ones by themselves, or together as one.

    Pairs, so that a slice that is called as their pool is does not lose its place to it.
    """
    parts = list(slices.parts.items())
    if criterion.small_slices is not SmallSlices.POOL:
        return parts
    fewest = criterion.min_trials or 1
    pooled = [part for _, part in parts if part.trials < fewest]
    parts = [(name, part) for name, part in parts if part.trials >= fewest]
    if pooled:
        successes, trials = (sum(p.successes for p in pooled), sum(p.trials for p in pooled))
        parts.append((_POOLED, Proportion(successes, trials)))
    return parts


def _sampled(criterion: AcceptanceCriterion, sample: Sample, threshold: float) -> Figures:
    mean, clusters = sample.mean, sample.units_of_resampling
    units = len(set(clusters))
    shortage = "no values" if mean is None else _shortage(criterion, units)
    if mean is None or shortage or criterion.confidence is None:
        return Figures(observed=mean, shortage=shortage)
    confidence, wants_more = criterion.confidence, criterion.relation.wants_more
    means = [sum(group) / len(group) for group in _groups(sample.values, clusters)]
    beyond = sum(each > threshold if wants_more else each < threshold for each in means)
    if beyond < (needed := _units_of_a_sign_test(confidence)):
        doubt = f"only {beyond} units lie beyond the threshold: no bound is trusted under {needed}"
        return Figures(observed=mean, doubt=doubt)
    if set(sample.values) <= {0.0, 1.0}:
        return _yes_and_no(criterion, sample, mean)
    return _bounded_mean(criterion, sample, mean)


def _yes_and_no(criterion: AcceptanceCriterion, sample: Sample, mean: float) -> Figures:
    """Values of 0 and 1 are counts: no bound is kinder than that of independent trials."""
    confidence = criterion.confidence or 0.0
    hits, trials = int(sum(sample.values)), len(sample.values)
    exact = _exact(criterion)(hits, trials, confidence)
    groups = _groups(sample.values, sample.units_of_resampling)
    if len(groups) == trials:
        return Figures(observed=Fraction(hits, trials), bound=exact, method="exact")
    if len(groups) < MIN_CLUSTERS or hits in {0, trials}:
        # A unit counts as one trial, and as a success only if nothing in it speaks against it.
        side = min if criterion.relation.wants_more else max
        whole = sum(int(side(group)) for group in groups)
        bound = _exact(criterion)(whole, len(groups), confidence)
        return Figures(observed=mean, bound=bound, method=f"exact over {len(groups)} units")
    worse = min if criterion.relation.wants_more else max
    bound = worse(_resampled(criterion, sample), exact)
    return Figures(observed=mean, bound=bound, method=f"bootstrap over {len(groups)} units")


def _bounded_mean(criterion: AcceptanceCriterion, sample: Sample, mean: float) -> Figures:
    confidence, wants_more = criterion.confidence or 0.0, criterion.relation.wants_more
    clusters = sample.units_of_resampling
    means = [sum(group) / len(group) for group in _groups(sample.values, clusters)]
    if len(means) >= MIN_CLUSTERS:
        bound = _resampled(criterion, sample)
        return Figures(observed=mean, bound=bound, method=f"bootstrap over {len(means)} units")
    if len(set(means)) == 1:
        return Figures(observed=mean, doubt=f"{len(means)} units do not show how units vary")
    student = t_lower if wants_more else t_upper
    bound = student(sample.values, clusters, confidence)
    return Figures(observed=mean, bound=bound, method=f"Student's t over {len(means)} units")


def _resampled(criterion: AcceptanceCriterion, sample: Sample) -> float:
    resample = bootstrap_lower if criterion.relation.wants_more else bootstrap_upper
    clusters, confidence = sample.units_of_resampling, criterion.confidence or 0.0
    return resample(sample.values, clusters, confidence, seed=_SEED)


def _compared(
    criterion: AcceptanceCriterion, sample: Sample, reference: Sample, threshold: float
) -> Figures:
    """The difference to the last release, record by record."""
    before = dict(zip(reference.clusters or (), reference.values, strict=True))
    names = sample.clusters or ()
    pairs = [(v, before[name]) for name, v in zip(names, sample.values, strict=True)]
    if not {value for pair in pairs for value in pair} <= {0.0, 1.0}:
        gains = Sample(tuple(new - old for new, old in pairs), sample.unit, sample.clusters)
        return _sampled(criterion, gains, threshold)
    gained, lost, trials = pairs.count((1.0, 0.0)), pairs.count((0.0, 1.0)), len(pairs)
    shortage = _shortage(criterion, trials) if pairs else "no values"
    observed = Fraction(gained - lost, trials) if pairs else None
    if observed is None or shortage or criterion.confidence is None:
        return Figures(observed=observed, shortage=shortage)
    bound_of = paired_lower if criterion.relation.wants_more else paired_upper
    bound = bound_of(gained, lost, trials, criterion.confidence)
    return Figures(observed=observed, bound=bound, method=f"paired score over {trials} records")


def _shortage(criterion: AcceptanceCriterion, trials: int) -> str:
    needed = criterion.min_trials
    return f"{trials} of at least {needed} trials" if needed and trials < needed else ""


def _groups(values: Sequence[float], clusters: Sequence[str]) -> list[list[float]]:
    pairs = sorted(zip(clusters, values, strict=True))
    return [[v for _, v in group] for _, group in groupby(pairs, key=lambda pair: pair[0])]


def _units_of_a_sign_test(confidence: float) -> int:
    """So many units have to lie on one side before a sign test could tell."""
    miss, units = 1 - Fraction(repr(confidence)), 1
    while Fraction(1, 2**units) > miss:
        units += 1
    return units
