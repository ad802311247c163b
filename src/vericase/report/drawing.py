"""An attached SVG as markup that may stand inside a page, or nothing.

Only what draws is let through: a closed list of elements and attributes, numbers and words.
No style, script, link, entity or foreign content can reach the page.
"""

import math
import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

__all__ = ["Described", "described", "safe_drawing"]

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    {
        *("svg", "g", "title", "desc", "rect", "line", "path", "polyline", "polygon"),
        *("circle", "text", "tspan"),
    }
)
_ATTRIBUTES = frozenset(
    {
        *("viewBox", "width", "height", "role", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy"),
        *("r", "rx", "d", "points", "class", "transform", "dx", "dy", "text-anchor"),
        *("dominant-baseline", "font-family", "font-size", "font-weight", "stroke-width"),
        *("stroke-dasharray", "fill", "stroke", "fill-opacity"),
    }
)
_VALUE = re.compile(r"[-+.,()%#A-Za-z0-9\s]*")
_FORBIDDEN = ("<!", "<?", "&#")
_MAX_BYTES = 1 << 20
# Wider drawings, in their own units, cannot be read in one column of the page.
_ONE_COLUMN = 500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A drawing that is one image, with everything it says.

    Attributes:
        title: What it calls itself; empty if it does not.
        words: Its description, or else every text in it, in its order.
        wide: Whether it needs more than one column of the page.
    """

    title: str
    words: str
    wide: bool
    markup: str


def safe_drawing(content: bytes) -> str | None:
    """The drawing as markup, or None if it holds anything but a plain drawing."""
    if len(content) > _MAX_BYTES:
        return None
    try:
        # Decoded here, since the parser would follow another encoding past the marks.
        text = content.decode("utf-8")
        if any(mark in text for mark in _FORBIDDEN):
            return None
        root = ET.fromstring(text)  # noqa: S314  no declaration and no entity is left
    except (UnicodeDecodeError, ET.ParseError):
        return None
    if root.tag != f"{_SVG}svg" or not all(_harmless(element) for element in root.iter()):
        return None
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
    return ET.tostring(root, encoding="unicode")


def described(markup: str, words_id: str) -> Described:
    """The drawing *markup*, which is safe, as an image whose words have the id *words_id*."""
    root = ET.fromstring(markup)  # noqa: S314  what `safe_drawing` wrote
    root.set("role", "img")
    root.set("aria-describedby", words_id)
    wide = _width(root) > _ONE_COLUMN
    if wide:
        root.set("width", f"{_width(root):g}")
    texts = ["".join(element.itertext()).strip() for element in root.iter("text")]
    return Described(
        title=(root.findtext("title") or "").strip(),
        words=(root.findtext("desc") or "").strip() or ", ".join(filter(None, texts)),
        wide=wide,
        markup=ET.tostring(root, encoding="unicode"),
    )


def _width(root: "ET.Element[str]") -> float:
    """Of its view box; 0 if there is none that can be read."""
    try:
        _, _, width, _ = (float(each) for each in root.get("viewBox", "").split())
    except ValueError:
        return 0.0
    return width if math.isfinite(width) else 0.0


def _harmless(element: "ET.Element[str]") -> bool:
    if element.tag.removeprefix(_SVG) not in _ELEMENTS:
        return False
    return all(
        name in _ATTRIBUTES and _VALUE.fullmatch(value) and "url(" not in value.lower()
        for name, value in element.attrib.items()
    )
