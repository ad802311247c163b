"""Laws of the search for the largest size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from afib.proof.largest import bisected

sizes = st.floats(min_value=1e-6, max_value=10.0)
precisions = st.floats(min_value=1e-6, max_value=0.5)


@given(high=sizes, share=st.floats(0.0, 1.0), precision=precisions)
def test_the_largest_size_is_within_the_precision(
    high: float, share: float, precision: float
) -> None:
    """Where all sizes up to one hold, that one is at most the precision above what is told."""
    limit, low = share * high, high / 1024
    found = bisected(lambda size: size <= limit, low, high, precision)
    if found is None:
        assert limit < low
    else:
        assert found <= limit
        assert limit < found * (1 + precision) * (1 + 1e-9) or limit >= high


@given(
    high=sizes,
    answers=st.lists(st.booleans(), min_size=200, max_size=200),
    precision=precisions,
)
def test_only_a_size_that_holds_is_told(high: float, answers: list[bool], precision: float) -> None:
    """Whatever the answers are, also where a larger size holds and a smaller one does not."""
    told: dict[float, bool] = {}

    def holds(size: float) -> bool:
        told.setdefault(size, answers[len(told) % len(answers)])
        return told[size]

    found = bisected(holds, high / 1024, high, precision)
    held = [size for size, answer in told.items() if answer]
    assert found == (max(held) if held else None)
    assert all(high / 1024 <= size < high for size in told)


@given(high=sizes, smaller=st.floats(0, 1), larger=st.floats(0, 1), precision=precisions)
def test_a_larger_limit_gives_no_smaller_size(
    high: float, smaller: float, larger: float, precision: float
) -> None:
    """Up to the precision that both are told to."""

    def told(limit: float) -> float:
        return bisected(lambda size: size <= limit, high / 1024, high, precision) or 0.0

    first, second = (told(share * high) for share in sorted((smaller, larger)))
    assert first <= second * (1 + precision) * (1 + 1e-9)
