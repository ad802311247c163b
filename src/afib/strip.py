"""A recording on ECG paper, coloured by what argues for AFib and what for normal rhythm.

25 mm/s and 10 mm/mV, ten seconds a row, the pulse of 1 mV before each; under each row the course of
the evidence, above its line for AFib and below for normal rhythm, so that nothing hangs on colour.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.drawing import Drawing
from afib.errors import RecordError

if TYPE_CHECKING:
    from afib.explained import Explained
    from afib.records import Recording
    from nnassure.arrays import DoubleArray

__all__ = ["LABELS", "LONGEST_S", "require_short", "strip"]

#: Longer recordings would make a picture that nobody prints.
LONGEST_S = 300.0

_MM_IN_S, _MM_IN_MV, _ROW_S = 25.0, 10.0, 10.0
_LEFT_MM, _RIGHT_MM, _HEAD_MM, _FOOT_MM = 16.0, 6.0, 27.0, 14.0
_LANE_MM, _GAP_MM = 12.0, 7.0
_LEAST_MV, _MOST_MV = 1.5, 3.0
_SHADES = 8
_GREY, _AFIB, _NORMAL = (70, 70, 70), (213, 94, 0), (0, 95, 185)
_FINE, _COARSE, _INK, _PALE = "#f6d9d9", "#e9a8a8", "#1a1a1a", "#5c5c5c"
#: What a label of the challenge means.
LABELS = {"A": "AFib", "N": "normal", "O": "other rhythm", "~": "too noisy"}
_METHODS = {"grad-cam": "Grad-CAM", "grad-cam++": "Grad-CAM++"}
_FEWEST_RR = 2
# Of a number of samples that ought to be whole.
_ROUNDED = 1e-6


def strip(explained: Explained) -> Drawing:
    """The recording of *explained* with its decision and evidence.

    Raises:
        RecordError: If the recording is longer than :data:`LONGEST_S`.
    """
    recording = explained.recording
    require_short(recording)
    centred = recording.signal_mv.astype(np.float64)
    centred -= np.median(centred)
    largest = float(np.abs(centred).max())
    reach_mv = min(max(_LEAST_MV, math.ceil(2 * largest) / 2), _MOST_MV)
    height = 2 * reach_mv * _MM_IN_MV
    # By the last sample: a rate that is rounded would else begin a row without any.
    last_s = (len(centred) - 1) / recording.rate_hz
    rows = max(1, math.ceil(last_s / _ROW_S - _ROUNDED))
    step = height + _LANE_MM + _GAP_MM
    head, foot = _head(explained), _foot(explained, reach_mv if largest > reach_mv else None)
    drawing = Drawing(
        width_mm=_LEFT_MM + _ROW_S * _MM_IN_S + _RIGHT_MM,
        height_mm=_HEAD_MM + rows * step + _FOOT_MM,
        title=f"{recording.name} on ECG paper",
        words=". ".join([*head, *foot]),
    )
    drawing.text(_LEFT_MM, 8, head[0], size_mm=4.4, bold=True)
    for line, told in enumerate(head[1:]):
        drawing.text(_LEFT_MM, 13.5 + 5 * line, told, size_mm=3.3)
    heights = _heights(explained)
    sheet = _Sheet(
        drawing=drawing,
        explained=explained,
        signal_mv=centred.clip(-reach_mv, reach_mv),
        heights=heights,
        shades=_shades(explained, heights, len(centred)),
    )
    for row in range(rows):
        top = _HEAD_MM + row * step
        sheet.paper(top, height)
        sheet.pulse(row, top + height / 2)
        sheet.trace(row, top + height / 2)
        sheet.beats(row, top)
        sheet.lane(row, top + height + _LANE_MM / 2)
    for line, told in enumerate(foot):
        at = _HEAD_MM + rows * step + 4 + 4.5 * line
        drawing.text(_LEFT_MM, at, told, size_mm=2.9, colour=_PALE)
    return drawing


def require_short(recording: Recording) -> None:
    """Hold a recording to a length that a picture can show.

    Raises:
        RecordError: If it is longer than :data:`LONGEST_S`.
    """
    if recording.duration_s > LONGEST_S:
        raise RecordError(
            recording.name,
            f"{recording.origin}: expected at most {LONGEST_S:g} s for one picture, "
            f"got {recording.duration_s:.3f} s",
        )


def _head(explained: Explained) -> list[str]:
    decision, recording = explained.decision, explained.recording
    said = f"decided {decision.rhythm}" if decision.rhythm else f"abstained: {decision.reason}"
    label = recording.label
    truth = "" if label is None else f" · labelled {LABELS.get(label, label)}"
    numbers = []
    if decision.probability_afib is not None:
        numbers.append(f"P(AFib) {decision.probability_afib:.3f}")
    if decision.prediction_set is not None and decision.alpha is not None:
        kept = " or ".join(decision.prediction_set) or "neither"
        numbers.append(f"not ruled out at alpha {decision.alpha:g}: {kept}")
    if decision.ood_score is not None and decision.ood_threshold is not None:
        numbers.append(
            f"strangeness {decision.ood_score:.2f}, abstains above {decision.ood_threshold:.2f}"
        )
    rr_s = np.diff(explained.peaks_s)
    if len(rr_s) >= _FEWEST_RR:
        numbers.append(f"RR {1000 * np.median(rr_s):.0f} ms in the median, {len(rr_s) + 1} beats")
    size = float(np.abs(explained.evidence.weights).max(initial=0.0))
    method = _METHODS.get(explained.method, explained.method)
    # What the network made of it is shown all the same, and that nothing came of it.
    method += "" if decision.rhythm else ", of an answer that was not taken"
    course = (
        f"Evidence by {method}: orange, above the line, for AFib; blue, below it, for normal "
        f"rhythm; at most {size:.3g}"
    )
    empty = f"Evidence by {method} is empty: no sample argues for either rhythm"
    return [
        f"{recording.name} · {said}{truth}",
        " · ".join(numbers) or "no numbers: the signal was not classified",
        empty if explained.evidence.empty else course,
    ]


def _foot(explained: Explained, cut_mv: float | None) -> list[str]:
    cut = "" if cut_mv is None else f"; cut at {cut_mv:g} mV"
    scale = (
        "25 mm/s and 10 mm/mV at full size; offset removed; marks are R peaks, numbers RR "
        f"intervals in ms{cut}"
    )
    limit = (
        "It shows what the network weighed, not whether it is right; a set holds for many "
        "recordings, never for one patient. Not for diagnostic use. Model "
        f"{explained.decision.model_digest[:16]}"
    )
    return [scale, limit]


def _heights(explained: Explained) -> DoubleArray:
    """The evidence as shares of its largest size, shape (samples at the network's rate,)."""
    weights = explained.evidence.weights
    largest = float(np.abs(weights).max(initial=0.0))
    return weights / largest if largest > 0 else weights


def _shades(explained: Explained, heights: DoubleArray, samples: int) -> DoubleArray:
    """The shade of each sample of the recorder, from -8 for normal to 8 for AFib."""
    at_s = np.arange(samples) / explained.recording.rate_hz
    own_s = np.arange(len(heights)) / explained.evidence_hz
    return np.rint(_SHADES * np.interp(at_s, own_s, heights))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sheet:
    drawing: Drawing
    explained: Explained
    signal_mv: DoubleArray
    heights: DoubleArray
    shades: DoubleArray

    def paper(self, top: float, height: float) -> None:
        right = _LEFT_MM + _ROW_S * _MM_IN_S
        for every, colour, width in ((1, _FINE, 0.1), (5, _COARSE, 0.2)):
            across = [
                ((_LEFT_MM + mm, top), (_LEFT_MM + mm, top + height))
                for mm in range(0, int(right - _LEFT_MM) + 1, every)
            ]
            down = [
                ((_LEFT_MM, top + mm), (right, top + mm)) for mm in range(0, int(height) + 1, every)
            ]
            self.drawing.lines([*across, *down], colour=colour, width_mm=width)

    def pulse(self, row: int, zero: float) -> None:
        x, up = 6.0, zero - _MM_IN_MV
        points = [(x - 2, zero), (x, zero), (x, up), (x + 5, up), (x + 5, zero), (x + 7, zero)]
        self.drawing.lines([points], colour=_INK, width_mm=0.25)
        for below, told, colour in ((4, "1 mV", _INK), (8, f"{row * _ROW_S:g} s", _PALE)):
            self.drawing.text(
                x + 2.5, zero + below, told, size_mm=2.6, anchor="middle", colour=colour
            )

    def trace(self, row: int, zero: float) -> None:
        """The signal of a row, in as many lines as it has shades."""
        rate_hz = self.explained.recording.rate_hz
        start = math.ceil(row * _ROW_S * rate_hz - _ROUNDED)
        end = min(math.floor((row + 1) * _ROW_S * rate_hz + _ROUNDED) + 1, len(self.signal_mv))
        x = _LEFT_MM + (np.arange(start, end) / rate_hz - row * _ROW_S) * _MM_IN_S
        y = zero - self.signal_mv[start:end] * _MM_IN_MV
        places, shades = list(zip(x.tolist(), y.tolist(), strict=True)), self.shades[start:end]
        by_shade: dict[int, list[list[tuple[float, float]]]] = {}
        changes = (np.flatnonzero(np.diff(shades)) + 1).tolist()
        for first, last in itertools.pairwise([0, *changes, end - start]):
            # One sample further, so that the line does not break.
            by_shade.setdefault(int(shades[first]), []).append(places[first : last + 1])
        for shade, runs in sorted(by_shade.items(), key=lambda item: (abs(item[0]), item[0])):
            width = 0.3 + 0.3 * abs(shade) / _SHADES
            self.drawing.lines(runs, colour=_colour(shade), width_mm=width)

    def beats(self, row: int, top: float) -> None:
        """A mark over each R peak, and over the middle between two their distance."""
        peaks_s = self.explained.peaks_s.tolist()
        for at_s in peaks_s:
            if (x := self._across(row, at_s)) is not None:
                mark = [(x - 0.9, top - 2.4), (x + 0.9, top - 2.4), (x, top - 0.7)]
                self.drawing.area(mark, colour=_INK)
        for before_s, at_s in itertools.pairwise(peaks_s):
            if (x := self._across(row, (before_s + at_s) / 2)) is not None:
                told = f"{1000 * (at_s - before_s):.0f}"
                self.drawing.text(x, top - 3, told, size_mm=2.4, anchor="middle")

    def _across(self, row: int, at_s: float) -> float | None:
        """Where a moment stands in a row; None in another row."""
        since_s = at_s - row * _ROW_S
        return _LEFT_MM + since_s * _MM_IN_S if 0 <= since_s < _ROW_S else None

    def lane(self, row: int, zero: float) -> None:
        """The course of the evidence: areas above and below a line."""
        rate_hz = self.explained.evidence_hz
        start = min(round(row * _ROW_S * rate_hz), len(self.heights) - 1)
        own = self.heights[start : start + round(_ROW_S * rate_hz) + 1]
        x = _LEFT_MM + np.arange(len(own)) / rate_hz * _MM_IN_S
        ends = (float(x[0]), float(x[-1]))
        for sign, shade in ((1, _SHADES), (-1, -_SHADES)):
            y = zero - sign * np.maximum(sign * own, 0) * (_LANE_MM / 2 - 1)
            course = zip(x.tolist(), y.tolist(), strict=True)
            self.drawing.area([(ends[0], zero), *course, (ends[1], zero)], colour=_colour(shade))
        self.drawing.lines([[(each, zero) for each in ends]], colour=_PALE, width_mm=0.15)
        for at, told in ((zero - 2, "AFib"), (zero + 3.6, "normal")):
            self.drawing.text(_LEFT_MM - 1, at, told, size_mm=2.6, anchor="end", colour=_PALE)


def _colour(shade: int) -> str:
    to, share = (_AFIB if shade > 0 else _NORMAL), abs(shade) / _SHADES
    mixed = (round(grey + share * (full - grey)) for grey, full in zip(_GREY, to, strict=True))
    return "#" + "".join(f"{each:02x}" for each in mixed)
