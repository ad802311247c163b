"""Which part of a heartbeat a sample belongs to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afib.beat_parts import PARTS, beat_parts
from nnassure.errors import ShapeError

RATE_HZ = 100.0


def parts_of(*peaks_s: float, samples: int = 400) -> list[str]:
    """The part of each sample, by name; an empty name outside."""
    found = beat_parts(np.array(peaks_s), samples, RATE_HZ)
    return ["" if place < 0 else PARTS[place] for place in found.tolist()]


def test_a_beat_by_hand() -> None:
    """One second from peak to peak: QRS, ST-T, TP, P, and nothing before and after."""
    found = parts_of(1.0, 2.0)
    assert set(found[:100]) == {""}
    assert set(found[200:]) == {""}
    assert found[100:107] == ["QRS"] * 7
    assert found[107:141] == ["ST-T"] * 34
    assert found[141:176] == ["TP"] * 35
    assert found[176:194] == ["P"] * 18
    assert found[194:200] == ["QRS"] * 6


def test_a_fast_heart_has_less_of_everything_but_qrs() -> None:
    """At 300 ms the P wave comes before the T wave would end."""
    found = parts_of(1.0, 1.3)[100:130]
    assert found == ["QRS"] * 7 + ["P"] * 17 + ["QRS"] * 6


@given(
    st.lists(st.floats(0.2, 3.0), min_size=1, max_size=20),
    st.floats(0.0, 2.0),
    st.sampled_from([60.0, 300.0]),
)
def test_every_sample_between_beats_has_one_part(
    intervals_s: list[float], start_s: float, rate_hz: float
) -> None:
    """From the first to the last peak, and no other; each peak stands in a QRS complex."""
    peaks_s = start_s + np.cumsum([0.0, *intervals_s])
    samples = int(70 * rate_hz)
    found = beat_parts(peaks_s, samples, rate_hz)
    times_s = np.arange(samples) / rate_hz
    inside = (times_s >= peaks_s[0]) & (times_s < peaks_s[-1])
    np.testing.assert_array_equal(found >= 0, inside)
    at = np.ceil(peaks_s[:-1] * rate_hz).astype(int)
    assert (found[at] == PARTS.index("QRS")).all()


def test_too_few_beats_have_no_parts_and_peaks_have_to_rise() -> None:
    """One beat is no interval."""
    assert set(parts_of()) == set(parts_of(1.0)) == {""}
    with pytest.raises(ShapeError, match="expected rising times"):
        parts_of(1.0, 1.0)
