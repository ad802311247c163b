"""A recording as comma-separated text, in one of two shapes.

With a time column, whose spacing gives the rate::

    time_s,mv
    0.000,0.12
    0.004,0.15

or with one column, and the rate in a comment before it::

    # rate_hz: 300
    mv
    0.12
    0.15

Numbers are plain decimals with a point.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError
from afib.records.recording import Recording
from afib.records.shelf import Shelf, stem

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_csv"]

_MAX_BYTES = 64 * 2**20
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_RATE = re.compile(r"#\s*rate_hz:\s*(?P<rate>[0-9]{1,6}(\.[0-9]{1,12})?)")
_COLUMNS = {"time_s,mv": 2, "mv": 1}
_UNEVEN = 0.01
_SHOWN = 5


def read_csv(shelf: Shelf, name: str) -> Recording:
    """The recording in the file *name*.

    Raises:
        RecordError: If the text is not of one of the two shapes, or the signal is no ECG in mV.
    """
    place = shelf.place(name)
    try:
        text = shelf.read(name, _MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(
            stem(name), f"{place}: expected UTF-8 text, got {error.reason}"
        ) from error
    lines = text.splitlines()
    comments = _leading_comments(lines)
    header = lines[comments].strip() if comments < len(lines) else ""
    if header not in _COLUMNS:
        raise RecordError(
            stem(name),
            f"{place}:{comments + 1}: expected the header 'time_s,mv' or 'mv', got {header[:40]!r}",
        )
    values, problems = _values(lines, comments + 1, _COLUMNS[header], place)
    rate_hz = 0.0
    if not problems:
        rate_hz, problems = _rate(lines[:comments], values, place)
    if problems:
        raise RecordError(stem(name), *problems)
    return Recording.of(name=stem(name), signal_mv=values[:, -1], rate_hz=rate_hz, origin=place)


def _leading_comments(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            return number
    return len(lines)


def _values(
    lines: list[str], start: int, columns: int, place: str
) -> tuple[NDArray[np.float64], list[str]]:
    """The numbers below the header, shape (samples, columns), and what is wrong with them."""
    rows: list[list[str]] = []
    wrong: list[str] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == columns and all(map(_NUMBER.fullmatch, cells)):
            rows.append(cells)
        elif line.strip():
            asked = f"{columns} decimal number{'s' if columns > 1 else ''}"
            wrong.append(f"{place}:{number}: expected {asked}, got {line[:40]!r}")
    problems = wrong[:_SHOWN]
    if len(wrong) > _SHOWN:
        problems.append(f"{place}: {len(wrong) - _SHOWN} more lines like these")
    if not rows and not wrong:
        problems.append(f"{place}: expected samples below the header, got none")
    return np.array(rows, dtype=np.float64).reshape(len(rows), columns), problems


def _rate(comments: list[str], values: NDArray[np.float64], place: str) -> tuple[float, list[str]]:
    """Samples a second, and what is wrong with how the file states it."""
    stated = [found for line in comments if (found := _RATE.fullmatch(line.strip()))]
    if values.shape[1] == 1:
        if len(stated) == 1:
            return float(stated[0]["rate"]), []
        return 0.0, [f"{place}: expected one comment '# rate_hz: 300', got {len(stated)}"]
    if stated:
        return 0.0, [f"{place}: expected the rate once, got a time column and a comment"]
    times = values[:, 0]
    steps = np.diff(times)
    if len(steps) == 0 or not np.all(steps > 0):
        return 0.0, [f"{place}: time_s: expected at least two rising times, got others"]
    mean = (times[-1] - times[0]) / len(steps)
    worst = float(np.max(np.abs(steps / mean - 1)))
    if worst > _UNEVEN:
        return 0.0, [
            f"{place}: time_s: expected steps within {_UNEVEN:.0%} of their mean, got {worst:.1%}"
        ]
    return float(1 / mean), []
