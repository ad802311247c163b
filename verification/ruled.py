"""The review page held against a signal of known distances and heights.

By the dots of its canvas, as a screenshot shows them, and by what its caliper tells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from verification.review_page import csv_of
from verification.windowed import box_of, dots_of, send, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from playwright.sync_api import Locator, Page

__all__ = ["Measured", "measured_on", "ruler"]

_DOTS_IN_MM = 96 / 25.4
_PULSE_MM = 8.0
_DARK, _APART = 150, 40
_CLOSER = 7
#: Of the signal that rulers are held against: steps of 1 mV, so far apart and so wide.
RATE_HZ, PEAK_S, FIRST_S, WIDE_S, DURATION_S = 300.0, 0.8, 0.4, 13 / 300, 30.0


def ruler() -> bytes:
    """A signal of known distances and heights as a CSV file: steps of 1 mV, flat on top."""
    at = np.arange(round(DURATION_S * RATE_HZ)) - round(FIRST_S * RATE_HZ)
    wide = round(WIDE_S * RATE_HZ)
    is_high = (at + wide // 2) % round(PEAK_S * RATE_HZ) < wide
    return csv_of(is_high.astype(np.float64), RATE_HZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How far the page is from a signal that is known.

    Attributes:
        caliper_error_s: Of the time between two peaks, as the caliper tells it.
        caliper_error_mv: Of the height of a peak, likewise.
        drawn_error_mm: Of distances and heights as drawn, at every speed and gain, the pulse too.
    """

    caliper_error_s: float
    caliper_error_mv: float
    drawn_error_mm: float


def measured_on(
    tab: Page, apart: int, *, speeds: Sequence[float] = (25,), gains: Sequence[float] = (10,)
) -> Measured:
    """How far *tab* is from the signal of :func:`ruler`.

    Args:
        tab: The page.
        apart: How many of its distances the caliper spans.
        speeds: In mm/s, each drawn at the last gain.
        gains: In mm/mV, each drawn at the first speed.
    """
    send(tab, {"ruler.csv": ruler()})
    canvas = tab.locator("#strip")
    settled(tab, "ruler")
    tab.locator("#opacity").fill("0")
    looks = [(speeds[0], gain) for gain in gains] + [(speed, gains[-1]) for speed in speeds]
    errors_mm = [_drawn_error_mm(tab, canvas, *look) for look in looks]
    tab.locator("#speed").select_option(f"{speeds[0]:g}")
    tab.locator("#gain").select_option("10")
    settled(tab, "ruler")
    # So close that a dot of the screen is less than a sample.
    first, box = _peaks(dots_of(canvas))[0], box_of(canvas)
    for _ in range(_CLOSER):
        tab.mouse.move(box["x"] + first, box["y"] + 50)
        tab.mouse.wheel(0, -100)
    settled(tab, "ruler")
    tab.locator("#caliper").check()
    close = _peaks(dots_of(canvas))
    if len(close) <= apart:
        raise ValueError(f"strip: expected more than {apart} steps in view, got {len(close)}")
    time_s, height_mv = _caliper(tab, canvas, close, apart)
    return Measured(
        caliper_error_s=abs(time_s - apart * PEAK_S),
        caliper_error_mv=abs(height_mv - 1.0),
        drawn_error_mm=max(errors_mm),
    )


def _drawn_error_mm(tab: Page, canvas: Locator, speed: float, gain: float) -> float:
    """Of distances and heights as drawn, those of the pulse too."""
    tab.locator("#speed").select_option(f"{speed:g}")
    tab.locator("#gain").select_option(f"{gain:g}")
    settled(tab, "ruler")
    dots = dots_of(canvas)
    peaks = _peaks(dots)
    distances_mm = np.diff(peaks[:-1]) / _DOTS_IN_MM
    foot = _line(dots, (peaks[0] + peaks[1]) / 2)
    columns = (4 * _DOTS_IN_MM, peaks[0])
    heights_mm = [(foot - _line(dots, column)) / _DOTS_IN_MM for column in columns]
    of_time = [abs(float(each) - PEAK_S * speed) for each in distances_mm]
    return max(*of_time, *(abs(height - gain) for height in heights_mm))


def _ink(dots: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the trace is: darker than paper in every colour, below the marks of the beats."""
    dark = dots.max(axis=2) < _DARK
    dark[:20] = False
    dark[round(60 * _DOTS_IN_MM) :] = False
    return np.asarray(dark, dtype=np.bool_)


def _peaks(dots: NDArray[np.float64]) -> list[float]:
    """The columns of peaks that rise well above the middle, in dots."""
    ink = _ink(dots)[:, round(_PULSE_MM * _DOTS_IN_MM) + 2 : -2]
    high = ink[: round(28 * _DOTS_IN_MM)].any(axis=0)
    columns = np.flatnonzero(high)
    # The two sides of a step belong together.
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > _APART) + 1)
    first = round(_PULSE_MM * _DOTS_IN_MM) + 2
    return [first + float(group[0] + group[-1]) / 2 for group in groups]


def _line(dots: NDArray[np.float64], column: float) -> float:
    """The middle of the uppermost line of ink in a column, in dots from the top."""
    rows = np.flatnonzero(_ink(dots)[:, round(column)])
    first = rows[: int(np.argmax(np.r_[np.diff(rows) > 1, True])) + 1]
    weights = 255 - dots[first, round(column)].max(axis=1)
    return float((weights * (first + 0.5)).sum() / weights.sum())


def _caliper(tab: Page, canvas: Locator, peaks: list[float], apart: int) -> tuple[float, float]:
    """Seconds and mV that the caliper tells over so many distances, from foot to top."""
    dots, box = dots_of(canvas), box_of(canvas)
    ends = [peaks[0], peaks[apart]]
    foot, top = _line(dots, (peaks[0] + peaks[1]) / 2), _line(dots, ends[1])
    tab.mouse.move(box["x"] + ends[0] + 0.5, box["y"] + foot)
    tab.mouse.down()
    tab.mouse.move(box["x"] + ends[1] + 0.5, box["y"] + top, steps=5)
    tab.mouse.up()
    told = tab.locator("#measured").inner_text()
    found = re.search(r"Δt ([\d.]+) ms .* pointer ([+-][\d.]+) mV", told)
    if found is None:
        return float("nan"), float("nan")
    return float(found[1]) / 1000, float(found[2])
