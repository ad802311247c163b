"""Laws of shown numbers: a text says of the threshold what the value does."""

import re
from fractions import Fraction

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.strategies import proportions, samples, scalars, texts
from vericase.measurement import Proportion, Sample, Scalar
from vericase.report.numbers import measurement_text, number_text
from vericase.report.text import readable

any_float = st.floats(allow_nan=False, allow_infinity=False)
near = st.floats(min_value=-1e-3, max_value=1e-3)


def order(value: Fraction | float, against: Fraction | float) -> int:
    """-1, 0 or 1."""
    return (value > against) - (value < against)


@given(any_float, any_float)
@example(1.2345e-06, 1.234e-06)
@example(0.94999999, 0.95)
@example(5e-324, 0.0)
def test_a_number_never_crosses_its_threshold(value: float, against: float) -> None:
    """Read back, the text compares with the threshold as the value does."""
    assert order(float(number_text(value, against)), against) == order(value, against)


@given(st.one_of(st.floats(0, 1), near), near)
def test_a_number_near_its_threshold_does_not_cross_it(threshold: float, step: float) -> None:
    """Also where rounding is most tempting: close to the threshold."""
    value = threshold + step
    assert order(float(number_text(value, threshold)), threshold) == order(value, threshold)


@given(any_float)
def test_a_number_that_is_not_zero_never_looks_like_zero(value: float) -> None:
    """However small a value is, something of it is shown."""
    assume(value != 0)
    assert float(number_text(value)) != 0


@given(any_float)
def test_a_number_is_shown_to_about_four_digits(value: float) -> None:
    """Without a threshold the text is near the value: within half of the last digit shown."""
    assert abs(float(number_text(value)) - value) <= max(0.00005, abs(value) * 0.006)


@given(proportions(min_trials=1, max_trials=10**6), st.integers(0, 10_000))
@example(Proportion(949_999, 1_000_000), 9500)
def test_a_rate_never_crosses_its_threshold(measured: Proportion, threshold: int) -> None:
    """The shown rate compares with the written decimal as the exact rate does."""
    text = measurement_text(measured, threshold / 10_000)
    assert measured.rate is not None
    shown = Fraction(text.split(" ", 1)[0])
    limit = Fraction(threshold, 10_000)
    assert order(shown, limit) == order(measured.rate, limit)


@given(proportions(max_trials=10**9))
def test_a_rate_always_has_its_counts(measured: Proportion) -> None:
    """The counts stand beside the rate, whatever it is."""
    assert measurement_text(measured).endswith(f" ({measured.successes} of {measured.trials})")


@given(scalars, any_float)
def test_a_scalar_never_crosses_its_threshold(measured: Scalar, against: float) -> None:
    """The shown value, without its unit, compares with the threshold as the value does."""
    shown = float(measurement_text(measured, against).split(" ", 1)[0])
    assert order(shown, against) == order(measured.value, against)


@given(samples(), any_float)
def test_a_mean_never_crosses_its_threshold(measured: Sample, against: float) -> None:
    """The shown mean compares with the threshold as the mean does, and the size is there."""
    text = measurement_text(measured, against)
    assert f"(mean of {len(measured.values)}" in text
    if measured.mean is not None:
        assert order(float(text.split(" ", 1)[0]), against) == order(measured.mean, against)


@given(st.text(st.characters()), texts)
def test_shown_text_can_be_encoded_and_does_not_act(text: str, plain: str) -> None:
    """Any text becomes one that UTF-8 holds and in which no control character is left."""
    shown = readable(text)
    shown.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert readable(shown) == shown
    assert readable(plain) == plain or re.search("[^ -~]", plain)
