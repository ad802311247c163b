"""What an SVG holds: its texts, and the lines of its paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnassure.arrays import DoubleArray

__all__ = ["SVG", "lines_of", "parsed", "runs", "texts"]

#: Before the name of each element.
SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def parsed(svg: str) -> ET.Element:
    """The root of a drawing that our own command wrote."""
    return ET.fromstring(svg)  # noqa: S314  what our own command wrote


def texts(root: ET.Element) -> list[str]:
    """All texts, in their order."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def lines_of(root: ET.Element) -> Iterator[tuple[str, str, DoubleArray]]:
    """Fill, stroke and places of each line of each path."""
    for each in root.iter(f"{SVG}path"):
        for places in runs(each):
            yield each.attrib["fill"], each.attrib.get("stroke", ""), places


def runs(path: ET.Element) -> Iterator[DoubleArray]:
    """Places of each line of a path, shape (places, 2)."""
    for line in path.attrib["d"].split("M")[1:]:
        numbers = [float(number) for number in _NUMBER.findall(line)]
        yield np.array(numbers).reshape(-1, 2)
