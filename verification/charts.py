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

__all__ = ["certified_curve", "confusion_matrix", "roc"]


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
                _text(x + 63, y + 42, str(count), size=22),
                _text(x + 63, y + 64, f"{share} of {truth}", size=12),
            ]
            if row == 0:
                parts.append(_text(x + 63, 38, f"called {call}", size=13))
        parts.append(_text(58, 98 + 90 * row, f"{truth} ({total})", size=13))
    return _svg(390, 240, "Confusion matrix", " ".join(words), parts)


def roc(scores: FloatArray, is_afib: BoolArray, threshold: float) -> str:
    """Sensitivity against false alarm rate over all thresholds, the one in use marked."""
    curve = roc_curve(scores, is_afib)
    area = float(placements(scores, is_afib).mean())
    points = " ".join(
        f"{_x(false):.1f},{_y(true):.1f}"
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
        *_axes(),
        f'<polyline class="mark" stroke-width="2" points="{points}"/>',
        f'<circle class="dot" cx="{_x(alarms):.1f}" cy="{_y(found):.1f}" r="5"/>',
        _text(_x(0.5), _y(0) + 38, "false alarm rate", size=13),
        _text(_x(0.68), _y(0.28), f"area {area:.4f}", size=13),
        _text(_x(0.68), _y(0.19), "dot: decision threshold in use", size=13),
        _text(_x(0.68), _y(0.1), "dashed: what chance gives", size=13),
        _text(_x(0.5), 22, f"sensitivity; {counts}", size=13),
    ]
    return _svg(390, 390, "Receiver operating characteristic", words, parts)


def certified_curve(radii_mv: Sequence[float], shares: Mapping[str, Sequence[float]]) -> str:
    """Shares of recordings against the radius, one line each by what it says; the first is solid.

    Args:
        radii_mv: Rising, the first above 0.
        shares: By name, a share in [0, 1] at each radius; lines are told apart by their dashes.
    """
    most = radii_mv[-1]
    across = [(radius / most, f"{1000 * radius:g}") for radius in radii_mv]
    parts, words = [*_axes(across, diagonal=False)], []
    for place, (name, values) in enumerate(shares.items()):
        points = " ".join(
            f"{_x(radius / most):.1f},{_y(share):.1f}"
            for radius, share in zip(radii_mv, values, strict=True)
        )
        dashes = _DASHES[place % len(_DASHES)]
        parts.append(
            f'<polyline class="mark" stroke-width="2" stroke-dasharray="{dashes}" '
            f'points="{points}"/>'
        )
        y = _y(0.44 - 0.08 * place)
        parts.append(
            f'<line class="mark" stroke-width="2" x1="{_x(0.04):.0f}" y1="{y - 4:.0f}" '
            f'x2="{_x(0.16):.0f}" y2="{y - 4:.0f}" stroke-dasharray="{dashes}"/>'
        )
        parts.append(_text(_x(0.19), y, name, size=13, anchor="start"))
        told = ", ".join(
            f"{share:.3f} at {1000 * radius:g} uV"
            for radius, share in zip(radii_mv, values, strict=True)
        )
        words.append(f"{name}: {told}.")
    parts += [
        _text(_x(0.5), _y(0) + 38, "radius in uV", size=13),
        _text(_x(0.5), 22, "share of recordings", size=13),
    ]
    return _svg(390, 390, "Certified share against radius", " ".join(words), parts)


_DASHES = ("none", "8 4", "2 4", "8 4 2 4")
_AT = (0, 0.25, 0.5, 0.75, 1)
_SHARES = tuple((at, f"{at:g}") for at in _AT)


def _axes(across: Sequence[tuple[float, str]] = _SHARES, *, diagonal: bool = True) -> list[str]:
    """The grid with its numbers, those *across* as they are given, and the diagonal."""
    places = sorted({0.0, 1.0, *(at for at, _ in across)})
    return [
        *(_line((at, 0), (at, 1)) for at in places),
        *(_line((0, at), (1, at)) for at in _AT),
        *(_text(_x(at), _y(0) + 18, name, size=12) for at, name in across),
        *(_text(_x(0) - 20, _y(s) + 4, f"{s:g}", size=12) for s in _AT),
        *([_line((0, 0), (1, 1), kind="axis", dashes="4 4")] if diagonal else []),
    ]


def _x(share: float) -> float:
    return 50 + 320 * share


def _y(share: float) -> float:
    return 345 - 310 * share


def _line(
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    kind: str = "grid",
    dashes: str = "none",
) -> str:
    (x1, y1), (x2, y2) = start, end
    return (
        f'<line class="{kind}" x1="{_x(x1)}" y1="{_y(y1)}" x2="{_x(x2)}" y2="{_y(y2)}" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _text(x: float, y: float, text: str, *, size: int, anchor: str = "middle") -> str:
    return (
        f'<text class="ink" x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _svg(width: int, height: int, title: str, words: str, parts: list[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>\n<desc>{escape(words)}</desc>\n{body}\n</svg>\n"
    )
