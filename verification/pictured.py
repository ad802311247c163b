"""What a picture of a decision says, read from its SVG alone."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from verification.drawn import SVG, lines_of, parsed, runs, texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET

    from afib.explained import Explained
    from nnassure.arrays import DoubleArray

__all__ = ["is_true", "says_all"]

_FINE, _COARSE = "#f6d9d9", "#e9a8a8"
_PAPER = {_FINE, _COARSE}
_INK, _PALE, _AFIB, _NORMAL = "#1a1a1a", "#5c5c5c", "#d55e00", "#005fb9"
_PULSE, _MARK = 6, 3
# Of a trace: no evidence, and the most of either side; between them it is mixed.
_GREY = np.array([70, 70, 70])
_FULL = {1: np.array([213, 94, 0]), -1: np.array([0, 95, 185])}
# Half a step of colour, and what whole numbers of it leave.
_SHADE, _LEAST_WIDTH_MM = 0.08, 0.2
# Above the paper of a row, where intervals stand; and how near a course has to come to its end.
_OVER_MM, _SAMPLES = 6.0, 2


def says_all(svg: str, line: Mapping[str, Any]) -> bool:
    """Whether *svg* states what `afib screen` printed in *line*, and its limits."""
    if not svg:
        return False
    told = " ".join(texts(parsed(svg)))
    wanted = [
        line["record"],
        f"decided {line['rhythm']}" if line["rhythm"] else f"abstained: {line['reason']}",
        line["model_digest"][:16],
        "Evidence by Grad-CAM",
        "Not for diagnostic use",
        "25 mm/s and 10 mm/mV",
    ]
    if not line["rhythm"]:
        wanted.append("of an answer that was not taken")
    if line["probability_afib"] is not None:
        wanted.append(f"P(AFib) {line['probability_afib']:.3f}")
    if line["prediction_set"]:
        wanted.append(f"at alpha {line['alpha']:g}: {' or '.join(line['prediction_set'])}")
    if line["ood_score"] is not None:
        above = f"abstains above {line['ood_threshold']:.2f}"
        wanted.append(f"strangeness {line['ood_score']:.2f}, {above}")
    return all(each in told for each in wanted)


def is_true(svg: str, explained: Explained, asked: Mapping[str, Any]) -> bool:
    """Whether paper, trace, beats and evidence of *svg* are those of *explained*, in millimetres.

    Args:
        svg: The picture.
        explained: What it has to show.
        asked: ``mm_in_s``, ``mm_in_mv``, ``reach_mv`` (where the trace is cut), ``row_s``,
            ``lane_mm`` (height of the largest evidence) and ``tolerance_mm``.
    """
    if not svg:
        return False
    root = parsed(svg)
    size = [float(each) for each in root.attrib["viewBox"].split()]
    if [root.attrib["width"], root.attrib["height"]] != [f"{side:g}mm" for side in size[2:]]:
        return False
    lines = list(lines_of(root))
    pulses = [at for fill, colour, at in lines if colour == _INK and len(at) == _PULSE]
    grid = [at for _, colour, at in lines if colour in _PAPER]
    if not pulses or not grid:
        return False
    left = min(x for at in grid for x, _ in at)
    # The foot of a pulse is where a row has 0 mV.
    zeros = [at[0][1] for at in pulses]
    return (
        _true_paper(lines, pulses, asked)
        and _true_trace(lines, explained, left, zeros, asked)
        and _true_colours(root, explained, left, zeros, asked)
        and _true_beats(root, lines, explained, left, zeros, asked)
        and _true_evidence(lines, explained, left, asked)
        and _true_words(root, lines, left, zeros, asked)
    )


def _true_paper(
    lines: list[tuple[str, str, DoubleArray]], pulses: list[DoubleArray], asked: Mapping[str, Any]
) -> bool:
    """Lines a millimetre apart over all of each row, bold ones five, and pulses of 0.2 s, 1 mV."""
    tolerance = asked["tolerance_mm"]
    row_mm = asked["row_s"] * asked["mm_in_s"]
    for colour, apart in ((_FINE, 1), (_COARSE, 5)):
        own = [at for _, each, at in lines if each == colour]
        across = np.unique([round(at[0, 0], 2) for at in own if at[0, 0] == at[1, 0]])
        down = np.unique([round(at[0, 1], 2) for at in own if at[0, 1] == at[1, 1]])
        if len(across) != row_mm // apart + 1 or len(down) < 2 * len(pulses):
            return False
        steps = np.diff(down)
        # Between two rows there is no paper.
        within = steps[np.argsort(steps)[: len(steps) - (len(pulses) - 1)]]
        if not np.allclose([*np.diff(across), *within], apart, atol=tolerance):
            return False
    sized = [(at[3, 0] - at[2, 0], at[1, 1] - at[2, 1]) for at in pulses]
    wanted = (0.2 * asked["mm_in_s"], asked["mm_in_mv"])
    return bool(np.allclose(sized, wanted, atol=tolerance))


def _true_trace(
    lines: list[tuple[str, str, DoubleArray]],
    explained: Explained,
    left: float,
    zeros: list[float],
    asked: Mapping[str, Any],
) -> bool:
    """Every sample stands where its time and its voltage are."""
    recording = explained.recording
    centred = recording.signal_mv.astype(np.float64)
    centred -= np.median(centred)
    drawn = [at for fill, colour, at in lines if fill == "none" and colour not in _PAPER]
    trace = np.concatenate([at for at in drawn if len(at) != _PULSE or at[0, 0] >= left])
    # What is pale is a line of the lane, with two ends and no height.
    rows = np.abs(trace[:, 1][:, None] - np.array(zeros)).argmin(axis=1)
    seen = np.zeros(len(centred), np.bool_)
    lanes = {
        (x, y)
        for fill, colour, at in lines
        if fill == "none" and colour == _PALE
        for x, y in at.tolist()
    }
    for (x, y), row in zip(trace.tolist(), rows.tolist(), strict=True):
        if (x, y) in lanes:
            continue
        at_s = row * asked["row_s"] + (x - left) / asked["mm_in_s"]
        sample = round(at_s * recording.rate_hz)
        if not 0 <= sample < len(centred):
            return False
        shown_mv = float(np.clip(centred[sample], -asked["reach_mv"], asked["reach_mv"]))
        wanted_mm = shown_mv * asked["mm_in_mv"]
        if abs(zeros[row] - y - wanted_mm) > asked["tolerance_mm"]:
            return False
        seen[sample] = True
    return bool(seen.all())


def _true_colours(
    root: ET.Element,
    explained: Explained,
    left: float,
    zeros: list[float],
    asked: Mapping[str, Any],
) -> bool:
    """The trace is wide enough to see, and as orange or blue as the evidence there is strong."""
    weights = explained.evidence.weights
    heights = weights / max(float(np.abs(weights).max()), 1e-300)
    own_s = np.arange(len(heights)) / explained.evidence_hz
    for each in root.iter(f"{SVG}path"):
        colour = each.attrib.get("stroke", "")
        if each.attrib["fill"] != "none" or colour in {*_PAPER, _INK, _PALE}:
            continue
        if float(each.attrib["stroke-width"]) < _LEAST_WIDTH_MM:
            return False
        mixed = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
        for at in runs(each):
            # The last place of a run is where the next one begins.
            kept = at[:-1] if len(at) > 1 else at
            rows = np.abs(kept[:, 1][:, None] - np.array(zeros)).argmin(axis=1)
            at_s = rows * asked["row_s"] + (kept[:, 0] - left) / asked["mm_in_s"]
            wanted = np.interp(at_s, own_s, heights)
            side = 1 if wanted.mean() > 0 else -1
            way = _FULL[side] - _GREY
            share = float((mixed - _GREY) @ way / (way @ way))
            if np.abs(side * wanted - share).max() > _SHADE:
                return False
    return True


def _true_words(
    root: ET.Element,
    lines: list[tuple[str, str, DoubleArray]],
    left: float,
    zeros: list[float],
    asked: Mapping[str, Any],
) -> bool:
    """Left of each row its time, and above and below the line of its lane what that side says."""
    beside = [
        (each.text or "", float(each.attrib["y"]))
        for each in root.iter(f"{SVG}text")
        if float(each.attrib["x"]) < left
    ]
    middles = sorted(float(at[0, 1]) for _, colour, at in lines if colour == _PALE)
    if len(middles) != len(zeros):
        return False
    for row, (zero, middle) in enumerate(zip(sorted(zeros), middles, strict=True)):
        until = zeros[row + 1] if row + 1 < len(zeros) else middle + asked["row_s"]
        own = {text: y for text, y in beside if zero < y < until}
        time = f"{row * asked['row_s']:g} s"
        if not (own.keys() >= {time, "AFib", "normal"}):
            return False
        if not (own["AFib"] < middle < own["normal"] and own[time] < middle):
            return False
    return True


def _true_beats(  # noqa: PLR0913, PLR0917  a row is told by its place
    root: ET.Element,
    lines: list[tuple[str, str, DoubleArray]],
    explained: Explained,
    left: float,
    zeros: list[float],
    asked: Mapping[str, Any],
) -> bool:
    """A mark at every R peak, and over the middle between two the RR interval."""
    marks = [at for fill, _, at in lines if fill == _INK and len(at) == _MARK]
    tops = [float(at[:, 1].max()) for at in marks]
    rows = [int(np.argmax(np.array(zeros) > top)) for top in tops]
    found = sorted(
        row * asked["row_s"] + (float(at[:, 0].mean()) - left) / asked["mm_in_s"]
        for at, row in zip(marks, rows, strict=True)
    )
    peaks = explained.peaks_s
    if len(found) != len(peaks) or not np.allclose(found, peaks, atol=0.002):
        return False
    # Between two marks of a row or the next, over all of them.
    told = [
        (each.text, float(each.attrib["x"]), float(each.attrib["y"]))
        for each in root.iter(f"{SVG}text")
    ]
    for before, after in pairwise(peaks.tolist()):
        row, since = divmod((before + after) / 2, asked["row_s"])
        x = left + since * asked["mm_in_s"]
        text, zero = f"{1000 * (after - before):.0f}", zeros[int(row)]
        above = zero - _reach_mm(lines, zero)
        if not any(
            word == text and abs(at - x) <= asked["tolerance_mm"] and above - _OVER_MM <= y <= above
            for word, at, y in told
        ):
            return False
    return True


def _true_evidence(
    lines: list[tuple[str, str, DoubleArray]],
    explained: Explained,
    left: float,
    asked: Mapping[str, Any],
) -> bool:
    """Above the line of each lane what argues for AFib, below what argues for normal rhythm."""
    weights = explained.evidence.weights
    heights = weights / max(float(np.abs(weights).max()), 1e-300) * asked["lane_mm"]
    middles = sorted(float(at[0, 1]) for _, colour, at in lines if colour == _PALE)
    for colour, sign in ((_AFIB, 1.0), (_NORMAL, -1.0)):
        areas = sorted(
            (at for fill, _, at in lines if fill == colour), key=lambda at: float(at[0, 1])
        )
        if len(areas) != len(middles):
            return False
        for row, (area, middle) in enumerate(zip(areas, middles, strict=True)):
            # The first and the last place close the area.
            x, y = area[1:-1, 0], area[1:-1, 1]
            ends_s = min(
                len(heights) / explained.evidence_hz - row * asked["row_s"], asked["row_s"]
            )
            if abs((x[-1] - left) / asked["mm_in_s"] - ends_s) > _SAMPLES / explained.evidence_hz:
                return False
            at_s = row * asked["row_s"] + (x - left) / asked["mm_in_s"]
            places = np.rint(at_s * explained.evidence_hz).astype(int)
            if places.max() > len(heights):
                return False
            # What ends within a sample of the network's rate may be drawn to its end.
            wanted = np.maximum(sign * heights[places.clip(max=len(heights) - 1)], 0) * sign
            if np.abs(middle - y - wanted).max() > asked["tolerance_mm"]:
                return False
    return True


def _reach_mm(lines: list[tuple[str, str, DoubleArray]], zero: float) -> float:
    """How far the paper of a row reaches above its 0 mV, by the lines that run up and down."""
    tops = {
        float(at[:, 1].min())
        for _, colour, at in lines
        if colour in _PAPER and at[0, 0] == at[1, 0] and at[:, 1].min() <= zero
    }
    return zero - max(tops, default=zero)
