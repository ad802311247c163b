"""Recordings as comma-separated text: two shapes, and nothing guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records.csv_text import read_csv
from tests.support.recordings import MemoryShelf

if TYPE_CHECKING:
    from afib.records import Recording


def _read(text: str) -> Recording:
    return read_csv(MemoryShelf({"a.csv": text.encode()}), "a.csv")


def _problems(text: str) -> tuple[str, ...]:
    with pytest.raises(RecordError) as caught:
        _read(text)
    return caught.value.problems


def test_a_time_column_gives_the_rate() -> None:
    """The rate is the inverse of the mean step of time."""
    recording = _read("time_s,mv\n0.000,0.1\n0.004,-0.2\n0.008,3e-1\n")
    assert recording.rate_hz == pytest.approx(250.0)
    np.testing.assert_array_equal(recording.signal_mv, np.array([0.1, -0.2, 0.3], np.float32))


def test_a_comment_gives_the_rate() -> None:
    """One column needs the rate in a comment before it; other comments say nothing."""
    recording = _read("# watch, left wrist\n# rate_hz: 512.5\n\nmv\r\n0.5\n+.25\n-1.\n")
    assert recording.rate_hz == 512.5
    assert recording.signal_mv.tolist() == [0.5, 0.25, -1.0]
    assert (recording.name, recording.origin) == ("a", "a.csv")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("0,5", "'0,5'"),
        ("nan", "'nan'"),
        ("inf", "'inf'"),
        ("1_000", "'1_000'"),
        ("0x1F", "'0x1F'"),
        ("1e", "'1e'"),
        ("=1+1", "'=1+1'"),
        ("'0.5'", "\"'0.5'\""),
        ("٣", "'٣'"),
    ],
)
def test_what_is_no_plain_decimal_is_refused(cell: str, shown: str) -> None:
    """Decimal commas, words, formulas and other digits are named with their line."""
    assert _problems(f"# rate_hz: 300\nmv\n0.1\n{cell}\n") == (
        f"a.csv:4: expected 1 decimal number, got {shown}",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a.csv:1: expected the header 'time_s,mv' or 'mv', got ''"),
        ("0.1\n0.2\n", "a.csv:1: expected the header 'time_s,mv' or 'mv', got '0.1'"),
        ("time,mv\n0,1\n", "a.csv:1: expected the header 'time_s,mv' or 'mv', got 'time,mv'"),
        ("mv\n0.1\n0.2\n", "a.csv: expected one comment '# rate_hz: 300', got 0"),
        (
            "# rate_hz: 300\n# rate_hz: 250\nmv\n0.1\n",
            "a.csv: expected one comment '# rate_hz: 300', got 2",
        ),
        (
            "# rate_hz: 300\ntime_s,mv\n0,1\n1,1\n",
            "a.csv: expected the rate once, got a time column and a comment",
        ),
        ("# rate_hz: 300\nmv\n", "a.csv: expected samples below the header, got none"),
        ("time_s,mv\n0,0.1\n", "a.csv: time_s: expected at least two rising times, got others"),
        (
            "time_s,mv\n0,0.1\n0.1,0.1\n0.1,0.1\n",
            "a.csv: time_s: expected at least two rising times, got others",
        ),
        (
            # Steps of 4, 4 and 5 ms differ from their mean of 4.33 ms by 15.4 %.
            "time_s,mv\n0,0\n0.004,0\n0.008,0\n0.013,0\n",
            "a.csv: time_s: expected steps within 1% of their mean, got 15.4%",
        ),
        ("time_s,mv\n0,0,1\n", "a.csv:2: expected 2 decimal numbers, got '0,0,1'"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, problem: str) -> None:
    """Header, rate and columns are stated once and fit together."""
    assert _problems(text) == (problem,)


def test_many_broken_lines_are_counted() -> None:
    """The first five are shown and the rest counted."""
    problems = _problems("# rate_hz: 300\nmv\n" + "x\n" * 12)
    assert len(problems) == 6
    assert problems[-1] == "a.csv: 7 more lines like these"


def test_text_in_another_encoding_is_refused() -> None:
    """Bytes that are no UTF-8 are not guessed."""
    with pytest.raises(RecordError) as caught:
        read_csv(MemoryShelf({"a.csv": b"mv\n\xff\n"}), "a.csv")
    assert str(caught.value) == "a.csv: expected UTF-8 text, got invalid start byte"
