"""Figures as plain SVG: a confusion matrix and a receiver operating characteristic.

Colours come from the classes of the report's style sheet, so the figures follow its themes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nnassure.detection import placements, roc_curve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnassure.arrays import BoolArray, FloatArray

__all__ = [
    "axes",
    "certified_curve",
    "confusion_matrix",
    "line",
    "roc",
    "svg",
    "text",
    "x_of",
    "y_of",
]


def confusion_matrix(called: BoolArray, is_afib: BoolArray) -> str:
    """Counts and shares of truth against call; shares are of the row."""
    parts, words = [], []
    for row, (truth, present) in enumerate((("AFib", is_afib), ("normal", ~is_afib))):
        total = int(present.sum())
        for column, (call, chosen) in enumerate((("AFib", called), ("normal", ~called))):
            count = int((present & chosen).sum())
            share = f"{count / total:.1%}" if total else "no recordings"
            words.append(f"Of {total} {truth}, {count} were called {call}: {share}.")
            x, y = 120 + 130 * column, 50 + 90 * row
            shade = "good" if row == column else "bad"
            parts += [
                f'<rect class="{shade}" x="{x}" y="{y}" width="126" height="86" rx="4"/>',
                text(x + 63, y + 42, str(count), size=22),
                text(x + 63, y + 64, f"{share} of {truth}", size=12),
            ]
            if row == 0:
                parts.append(text(x + 63, 38, f"called {call}", size=13))
        parts.append(text(58, 98 + 90 * row, f"{truth} ({total})", size=13))
    return svg(390, 240, "Confusion matrix", " ".join(words), parts)


def roc(scores: FloatArray, is_afib: BoolArray, threshold: float) -> str:
    """Sensitivity against false alarm rate over all thresholds, the one in use marked."""
    curve = roc_curve(scores, is_afib)
    area = float(placements(scores, is_afib).mean())
    points = " ".join(
        f"{x_of(false):.1f},{y_of(true):.1f}"
        for false, true in zip(curve.false_alarm_rate, curve.sensitivity, strict=True)
    )
    called = scores > threshold
    alarms, found = float(called[~is_afib].mean()), float(called[is_afib].mean())
    counts = f"{int(is_afib.sum())} AFib, {int((~is_afib).sum())} normal"
    words = (
        f"Sensitivity against false alarm rate over all thresholds; {counts}. "
        f"The area under the curve is {area:.4f}. At the decision threshold in use the "
        f"sensitivity is {found:.4f} and the false alarm rate {alarms:.4f}."
    )
    parts = [
        *axes(),
        f'<polyline class="mark" stroke-width="2" points="{points}"/>',
        f'<circle class="dot" cx="{x_of(alarms):.1f}" cy="{y_of(found):.1f}" r="5"/>',
        text(x_of(0.5), y_of(0) + 38, "false alarm rate", size=13),
        text(x_of(0.68), y_of(0.28), f"area {area:.4f}", size=13),
        text(x_of(0.68), y_of(0.19), "dot: decision threshold in use", size=13),
        text(x_of(0.68), y_of(0.1), "dashed: what chance gives", size=13),
        text(x_of(0.5), 22, f"sensitivity; {counts}", size=13),
    ]
    return svg(390, 390, "Receiver operating characteristic", words, parts)


def certified_curve(
    radii_mv: Sequence[float], shares: Mapping[str, Sequence[float]], asked: str
) -> str:
    """Shares of recordings against the radius, one line each by what it says; the first is solid.

    Args:
        radii_mv: Rising, from 0.
        shares: By name, a share in [0, 1] at each radius; lines are told apart by their dashes.
        asked: Where, and how many recordings, in a few words.
    """
    most = radii_mv[-1]
    across = [(radius / most, f"{1000 * radius:g}") for radius in radii_mv]
    parts, words = [*axes(across, diagonal=False)], []
    for place, (name, values) in enumerate(shares.items()):
        points = " ".join(
            f"{x_of(radius / most):.1f},{y_of(share):.1f}"
            for radius, share in zip(radii_mv, values, strict=True)
        )
        dashes = _DASHES[place % len(_DASHES)]
        parts.append(
            f'<polyline class="mark" stroke-width="2" stroke-dasharray="{dashes}" '
            f'points="{points}"/>'
        )
        y = y_of(0.44 - 0.08 * place)
        parts.append(
            f'<line class="mark" stroke-width="2" x1="{x_of(0.04):.0f}" y1="{y - 4:.0f}" '
            f'x2="{x_of(0.16):.0f}" y2="{y - 4:.0f}" stroke-dasharray="{dashes}"/>'
        )
        parts.append(text(x_of(0.19), y, name, size=13, anchor="start"))
        told = ", ".join(
            f"{share:.3f} at {1000 * radius:g} uV"
            for radius, share in zip(radii_mv, values, strict=True)
        )
        words.append(f"{name}: {told}.")
    parts += [
        text(x_of(0.5), y_of(0) + 38, "radius in uV", size=13),
        text(x_of(0.5), 22, "share of recordings", size=13),
        text(x_of(0.5), y_of(0.04), asked, size=11),
    ]
    return svg(390, 390, f"Certified share against radius, {asked}", " ".join(words), parts)


_DASHES = ("none", "8 4", "2 4", "8 4 2 4")
_AT = (0, 0.25, 0.5, 0.75, 1)
_SHARES = tuple((at, f"{at:g}") for at in _AT)


def axes(across: Sequence[tuple[float, str]] = _SHARES, *, diagonal: bool = True) -> list[str]:
    """The grid with its numbers, those *across* as they are given, and the diagonal."""
    places = sorted({0.0, 1.0, *(at for at, _ in across)})
    return [
        *(line((at, 0), (at, 1)) for at in places),
        *(line((0, at), (1, at)) for at in _AT),
        *(text(x_of(at), y_of(0) + 18, name, size=12) for at, name in across),
        *(text(x_of(0) - 20, y_of(s) + 4, f"{s:g}", size=12) for s in _AT),
        *([line((0, 0), (1, 1), kind="axis", dashes="4 4")] if diagonal else []),
    ]


def x_of(share: float) -> float:
    """Where a share of the width of a square figure lies."""
    return 50 + 320 * share


def y_of(share: float) -> float:
    """Where a share of its height lies."""
    return 345 - 310 * share


def line(
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    kind: str = "grid",
    dashes: str = "none",
) -> str:
    """A line between two places of a square figure, in shares of it."""
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line class="{kind}" x1="{x_of(x1)}" y1="{y_of(y1)}" x2="{x_of(x2)}" y2="{y_of(y2)}" '
        f'stroke-dasharray="{dashes}"/>'
    )


def text(x: float, y: float, words: str, *, size: int, anchor: str = "middle") -> str:
    """*words* at a place in units of the figure."""
    return (
        f'<text class="ink" x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}">'
        f"{escape(words, quote=False)}</text>"
    )


def svg(width: int, height: int, title: str, words: str, parts: list[str]) -> str:
    """The figure of *parts*; *words* say what it shows to those who cannot see it."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title, quote=False)}</title>\n"
        f"<desc>{escape(words, quote=False)}</desc>\n{body}\n</svg>\n"
    )
