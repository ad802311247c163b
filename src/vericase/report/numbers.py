"""Numbers as text that says the same as the numbers do.

A rate never crosses its threshold by rounding: as many digits are shown as it takes for the
text to compare with the threshold as the value does.
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from vericase.measurement import Coverage, Measurement, Proportion, Sample, Scalar, Slices
from vericase.requirement import AcceptanceCriterion, SmallSlices
from vericase.verdict import Judgement

__all__ = ["criterion_text", "judgement_text", "measurement_text", "number_text"]

_DIGITS = 4
_MOST_DIGITS = 17


def number_text(value: float, against: float | None = None) -> str:
    """*value* with four digits after the point, or as many as the comparison needs."""
    for digits in range(_DIGITS, _MOST_DIGITS):
        text = f"{value:.{digits}f}"
        if float(text) == 0 != value:
            return _small_text(value, against)
        if against is None or _order(float(text), against) == _order(value, against):
            return _trimmed(text)
    return repr(value)


def measurement_text(measurement: Measurement, against: float | None = None) -> str:
    """The measured value with its counts and unit."""
    match measurement:
        case Proportion(successes, trials):
            rate = measurement.rate
            shown = "no rate" if rate is None else _rate_text(rate, against)
            return f"{shown} ({successes} of {trials})"
        case Coverage(calibration=calibration):
            counted = measurement_text(measurement.counts, against)
            return f"{counted}, calibrated on {calibration}"
        case Slices(parts):
            return "; ".join(
                f"{name} {measurement_text(part, against)}" for name, part in parts.items()
            )
        case Scalar(value, unit):
            return number_text(value, against) + _unit(unit)
        case Sample(values, unit, clusters):
            mean = measurement.mean
            shown = "no mean" if mean is None else number_text(mean, against) + _unit(unit)
            groups = f" in {len(set(clusters))} clusters" if clusters else ""
            return f"{shown} (mean of {len(values)}{groups})"


def criterion_text(criterion: AcceptanceCriterion, scope: str | None) -> str:
    """What the criterion asks for, on data from *scope*."""
    threshold = criterion.threshold_for(scope)
    wanted = "no threshold for these data" if threshold is None else _plain(threshold)
    text = f"{criterion.relation.value} {wanted}{_unit(criterion.unit)}"
    if criterion.paired:
        text += " from the last release, record by record"
    if criterion.confidence is not None:
        percent = Decimal(repr(criterion.confidence)) * 100
        text += f", one-sided {_trimmed(f'{percent:f}')} % bound"
    if criterion.min_trials is not None:
        text += f", at least {criterion.min_trials} trials"
    if criterion.small_slices is SmallSlices.POOL:
        text += " in a slice, smaller ones pooled"
    if criterion.slices:
        text += f", in each of {len(criterion.slices)} slices ({', '.join(criterion.slices)})"
    return text


def judgement_text(
    criterion: AcceptanceCriterion, measurement: Measurement, judgement: Judgement
) -> str:
    """Measured, bound and wanted in one sentence."""
    text = measurement_text(measurement, judgement.threshold)
    if judgement.bound is not None:
        side = "lower" if criterion.relation.wants_more else "upper"
        text += f", {side} bound {number_text(judgement.bound, judgement.threshold)}"
    if judgement.threshold is not None:
        text += f"; wanted {criterion.relation.value} {_plain(judgement.threshold)}"
    return f"{text}: {judgement.reason}"


def _small_text(value: float, against: float | None) -> str:
    for digits in range(3, _MOST_DIGITS):
        text = f"{value:.{digits}g}"
        if against is None or _order(float(text), against) == _order(value, against):
            return text
    return repr(value)


def _rate_text(rate: Fraction, against: float | None) -> str:
    for digits in range(_DIGITS, _MOST_DIGITS):
        text = f"{float(rate):.{digits}f}"
        if against is None:
            return text
        limit = _written(against)
        shown = Fraction(int(text.replace(".", "")), 10**digits)
        if (shown > limit) == (rate > limit) and (shown < limit) == (rate < limit):
            return text
    return f"{rate.numerator}/{rate.denominator}"


@lru_cache
def _written(threshold: float) -> Fraction:
    return Fraction(repr(threshold))


def _order(value: float, against: float) -> int:
    return (value > against) - (value < against)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: float) -> str:
    return _trimmed(f"{Decimal(repr(value)):f}")


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
