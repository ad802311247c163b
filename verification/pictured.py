"""What a picture of a decision says, read from its SVG alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["is_true_size", "says_all"]

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def says_all(svg: str, line: Mapping[str, Any]) -> bool:
    """Whether *svg* states what `afib screen` printed in *line*, and its limits."""
    if not svg:
        return False
    texts = " ".join(element.text or "" for element in _parsed(svg).iter(f"{_SVG}text"))
    wanted = [
        line["record"],
        f"decided {line['rhythm']}" if line["rhythm"] else f"abstained: {line['reason']}",
        line["model_digest"][:16],
        "Evidence by Grad-CAM",
        "Not for diagnostic use",
        "25 mm/s and 10 mm/mV",
    ]
    if line["probability_afib"] is not None:
        wanted.append(f"P(AFib) {line['probability_afib']:.3f}")
    if line["prediction_set"]:
        wanted.append(f"at alpha {line['alpha']:g}: {' or '.join(line['prediction_set'])}")
    if line["ood_score"] is not None:
        wanted.append(f"strangeness {line['ood_score']:.2f}, abstains above")
    return all(each in texts for each in wanted)


def is_true_size(svg: str, asked: Mapping[str, Any]) -> bool:
    """Whether a user unit is a millimetre, and pulses and rows have the size of ECG paper.

    Args:
        svg: The picture.
        asked: ``pulse_mm`` (width and height), ``row_mm`` and ``tolerance_mm``.
    """
    if not svg:
        return False
    root = _parsed(svg)
    size = [float(each) for each in root.attrib["viewBox"].split()]
    if [root.attrib["width"], root.attrib["height"]] != [f"{side:g}mm" for side in size[2:]]:
        return False
    lines = [_points(each.attrib["d"]) for each in root.iter(f"{_SVG}path")]
    # A pulse goes up and down again at right angles, left of every row; paper is what is widest.
    pulses = [points for points in lines if len(points) == 6 and points[1][0] == points[2][0]]  # noqa: PLR2004
    widest = max(max(x for x, _ in points) - min(x for x, _ in points) for points in lines)
    measured = [
        (abs(points[3][0] - points[2][0]), abs(points[2][1] - points[1][1])) for points in pulses
    ]
    tolerance, wanted = asked["tolerance_mm"], asked["pulse_mm"]
    true_pulses = [
        abs(width - wanted[0]) <= tolerance and abs(height - wanted[1]) <= tolerance
        for width, height in measured
    ]
    return bool(measured) and all(true_pulses) and abs(widest - asked["row_mm"]) <= tolerance


def _parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  what our own command wrote


def _points(path: str) -> list[tuple[float, float]]:
    numbers = [float(each) for each in _NUMBER.findall(path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))
