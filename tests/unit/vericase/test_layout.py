"""JSON an entry a line, held against the standard library."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vericase.layout import laid_out

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_the_text_is_that_of_the_standard_library(value: object) -> None:
    """The same characters, for any value."""
    expected = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    assert laid_out(value) == expected


@pytest.mark.parametrize("value", [math.nan, {"a": [math.inf]}])
def test_a_number_that_is_not_finite_is_refused(value: object) -> None:
    """It has no JSON."""
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        laid_out(value)


def test_a_key_that_is_no_text_is_refused() -> None:
    """No key is turned into text in silence."""
    with pytest.raises(TypeError):
        laid_out({1: "one"})
