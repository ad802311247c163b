"""What a picture of a decision says, read from its SVG alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afib.explained import Explained
    from nnassure.arrays import DoubleArray

__all__ = ["is_true", "says_all"]

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_PAPER = {"#f6d9d9", "#e9a8a8"}
_INK, _PALE, _AFIB, _NORMAL = "#1a1a1a", "#5c5c5c", "#d55e00", "#005fb9"
_PULSE, _MARK = 6, 3


def says_all(svg: str, line: Mapping[str, Any]) -> bool:
    """Whether *svg* states what `afib screen` printed in *line*, and its limits."""
    if not svg:
        return False
    texts = " ".join(_texts(_parsed(svg)))
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
    return all(each in texts for each in wanted)


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
    root = _parsed(svg)
    size = [float(each) for each in root.attrib["viewBox"].split()]
    if [root.attrib["width"], root.attrib["height"]] != [f"{side:g}mm" for side in size[2:]]:
        return False
    lines = list(_lines(root))
    pulses = [at for fill, colour, at in lines if colour == _INK and len(at) == _PULSE]
    grid = [at for _, colour, at in lines if colour in _PAPER]
    if not pulses or not grid:
        return False
    left = min(x for at in grid for x, _ in at)
    # The foot of a pulse is where a row has 0 mV.
    zeros = [at[0][1] for at in pulses]
    return (
        _true_paper(grid, pulses, asked)
        and _true_trace(lines, explained, left, zeros, asked)
        and _true_beats(root, lines, explained, left, zeros, asked)
        and _true_evidence(lines, explained, left, asked)
    )


def _true_paper(
    grid: list[DoubleArray], pulses: list[DoubleArray], asked: Mapping[str, Any]
) -> bool:
    """Lines a millimetre apart over all of a row, and pulses of 0.2 s and 1 mV."""
    tolerance = asked["tolerance_mm"]
    across = np.unique(np.round([at[0, 0] for at in grid if at[0, 0] == at[1, 0]], 2))
    row_mm = asked["row_s"] * asked["mm_in_s"]
    sized = [(at[3, 0] - at[2, 0], at[1, 1] - at[2, 1]) for at in pulses]
    wanted = (0.2 * asked["mm_in_s"], asked["mm_in_mv"])
    return (
        len(across) == row_mm + 1
        and bool(np.allclose(np.diff(across), 1, atol=tolerance))
        and bool(np.allclose(sized, wanted, atol=tolerance))
    )


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


def _true_beats(  # noqa: PLR0913, PLR0917  a row is told by its place
    root: ET.Element,
    lines: list[tuple[str, str, DoubleArray]],
    explained: Explained,
    left: float,
    zeros: list[float],
    asked: Mapping[str, Any],
) -> bool:
    """A mark at every R peak, and every RR interval among the texts."""
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
    texts = _texts(root)
    return all(f"{1000 * each:.0f}" in texts for each in np.diff(peaks).tolist())


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
            at_s = row * asked["row_s"] + (x - left) / asked["mm_in_s"]
            places = np.rint(at_s * explained.evidence_hz).astype(int)
            if places.max() > len(heights):
                return False
            # What ends within a sample of the network's rate may be drawn to its end.
            wanted = np.maximum(sign * heights[places.clip(max=len(heights) - 1)], 0) * sign
            if np.abs(middle - y - wanted).max() > asked["tolerance_mm"]:
                return False
    return True


def _parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  what our own command wrote


def _texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{_SVG}text")]


def _lines(root: ET.Element) -> Iterator[tuple[str, str, DoubleArray]]:
    """Fill, stroke and places of each line of each path."""
    for each in root.iter(f"{_SVG}path"):
        for line in each.attrib["d"].split("M")[1:]:
            numbers = [float(number) for number in _NUMBER.findall(line)]
            places = np.array(numbers).reshape(-1, 2)
            yield each.attrib["fill"], each.attrib.get("stroke", ""), places
