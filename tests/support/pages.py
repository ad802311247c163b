"""An HTML page as a strict parser sees it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import html5lib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

__all__ = ["elements", "parsed", "skeleton", "text_of"]

_HTML = "{http://www.w3.org/1999/xhtml}"


def parsed(html: str) -> ET.Element[str]:
    """The tree of *html*; any error that HTML5 names is raised."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True)
    tree: ET.Element[str] = parser.parse(html)
    return tree


def elements(tree: ET.Element[str], tag: str = "") -> Iterator[ET.Element[str]]:
    """Every element, or those of one tag of HTML."""
    for element in tree.iter():
        if tag in {"", element.tag.removeprefix(_HTML)}:
            yield element


def skeleton(tree: ET.Element[str]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Every element with its attributes, in order, without any text; breaks in words left out."""
    return [
        (element.tag.removeprefix(_HTML), tuple(sorted(element.attrib.items())))
        for element in elements(tree)
        if element.tag != f"{_HTML}wbr"
    ]


def text_of(element: ET.Element[str]) -> str:
    """What is read of an element, with its white space drawn together."""
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip()
