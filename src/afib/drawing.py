"""A drawing in millimetres that is written as SVG or as PNG.

Lines, areas and text alone, so that both say the same; SVG is written by hand, because its
millimetres have to be true and its parts plain, PNG through matplotlib, which brings its own font.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Drawing"]

_DPI = 150
_MM_IN_INCH = 25.4
_POINTS_IN_MM = 72 / _MM_IN_INCH
_GAP = (math.nan, math.nan)
#: Where a line of text stands against its place, by the name that SVG has for it.
_ALIGNED = {"start": "left", "middle": "center", "end": "right"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    points: tuple[tuple[tuple[float, float], ...], ...]
    stroke: str | None
    width_mm: float
    fill: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    x: float
    y: float
    text: str
    size_mm: float
    anchor: str
    bold: bool
    colour: str


@dataclass(slots=True, kw_only=True)
class Drawing:
    """Something drawn on white paper.

    Attributes:
        width_mm: Of the paper; places are in mm from its upper left corner.
        height_mm: Of the paper.
        title: What it is.
        words: What it says, for whoever cannot see it.
    """

    width_mm: float
    height_mm: float
    title: str
    words: str
    _parts: list[_Path | _Text] = field(default_factory=list)

    def lines(
        self, points: Sequence[Sequence[tuple[float, float]]], *, colour: str, width_mm: float
    ) -> None:
        """Lines through places, all of one look."""
        kept = tuple(tuple(line) for line in points)
        self._parts.append(_Path(points=kept, stroke=colour, width_mm=width_mm, fill=None))

    def area(self, points: Sequence[tuple[float, float]], *, colour: str) -> None:
        """An area with an edge through places."""
        self._parts.append(_Path(points=(tuple(points),), stroke=None, width_mm=0, fill=colour))

    def text(  # noqa: PLR0913  as many as text has looks
        self,
        x: float,
        y: float,
        text: str,
        *,
        size_mm: float,
        anchor: str = "start",
        bold: bool = False,
        colour: str = "#1a1a1a",
    ) -> None:
        """*text* on a line that starts, has its middle or ends at *x*, with its foot at *y*."""
        self._parts.append(
            _Text(
                x=x,
                y=y,
                text=_shown(text),
                size_mm=size_mm,
                anchor=anchor,
                bold=bold,
                colour=colour,
            )
        )

    def svg(self) -> bytes:
        """The drawing as SVG, its user unit a millimetre."""
        width, height = f"{self.width_mm:g}", f"{self.height_mm:g}"
        # Quotes stay as they are: a report takes no numbered characters.
        title, words = (escape(_shown(each), quote=False) for each in (self.title, self.words))
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width} {height}" role="img" font-family="sans-serif">'
            f"<title>{title}</title><desc>{words}</desc>"
            f'<rect x="0" y="0" width="{width}" height="{height}" fill="#ffffff"/>'
        )
        return "\n".join([head, *(_markup(part) for part in self._parts), "</svg>\n"]).encode()

    def png(self) -> bytes:
        """The drawing as PNG, 150 dots an inch."""
        # Imported here: screening draws nothing, and should not wait for it.
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
        from matplotlib.patches import Polygon  # noqa: PLC0415

        figure = Figure(
            figsize=(self.width_mm / _MM_IN_INCH, self.height_mm / _MM_IN_INCH), dpi=_DPI
        )
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, self.width_mm)
        axes.set_ylim(self.height_mm, 0)
        axes.axis("off")
        for part in self._parts:
            if isinstance(part, _Text):
                axes.text(
                    part.x,
                    part.y,
                    part.text,
                    fontsize=part.size_mm * _POINTS_IN_MM,
                    ha=_ALIGNED[part.anchor],
                    va="baseline",
                    color=part.colour,
                    fontweight="bold" if part.bold else "normal",
                    parse_math=False,
                )
                continue
            if part.fill is not None:
                axes.add_artist(Polygon(part.points[0], color=part.fill, linewidth=0))
                continue
            # All lines of a part as one, with a gap after each: hundreds would take a second.
            places = [place for line in part.points for place in (*line, _GAP)]
            width = part.width_mm * _POINTS_IN_MM
            axes.plot(*zip(*places, strict=True), color=part.stroke, linewidth=width)
        out = io.BytesIO()
        metadata = {"Title": _shown(self.title), "Software": None}
        with warnings.catch_warnings():
            # A letter that the font lacks is a box, and nothing to tell about our code.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            figure.savefig(out, format="png", metadata=metadata, pil_kwargs={"compress_level": 2})
        return out.getvalue()


def _shown(text: str) -> str:
    """*text* on one line, of what can be written."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _markup(part: _Path | _Text) -> str:
    if isinstance(part, _Text):
        weight = ' font-weight="bold"' if part.bold else ""
        anchor = "" if part.anchor == "start" else f' text-anchor="{part.anchor}"'
        return (
            f'<text x="{part.x:.2f}" y="{part.y:.2f}" font-size="{part.size_mm:g}"'
            f'{anchor}{weight} fill="{part.colour}">{escape(part.text, quote=False)}</text>'
        )
    told = " ".join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in line) for line in part.points)
    if part.fill is not None:
        return f'<path d="{told}Z" fill="{part.fill}"/>'
    return f'<path d="{told}" fill="none" stroke="{part.stroke}" stroke-width="{part.width_mm:g}"/>'
