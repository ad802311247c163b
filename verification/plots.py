"""Figures of uncertainty as plain SVG: scores, coverage, reliability, risk against coverage."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from vericase.statistics.proportions import proportion_lower, proportion_upper
from verification.charts import axes, line, svg, text, x_of, y_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnassure.arrays import BoolArray, DoubleArray
    from nnassure.calibration import Reliability

__all__ = ["coverage_bands", "reliability_diagram", "risk_coverage", "score_shares", "table_figure"]

_DASHES = ("none", "8 4", "2 4", "8 4 2 4", "12 3 2 3 2 3")
# How wide a letter of a table may be, and what keeps two of its columns apart.
_LETTER, _GAP = 8, 14


def score_shares(margins: Mapping[str, DoubleArray]) -> str:
    """By group, the share of recordings with a score up to each place; the threshold is at 0."""
    low, high = -2.0, 6.0
    across = [((at - low) / (high - low), f"{at:g}") for at in (-2, 0, 2, 4, 6)]
    parts, words = [*axes(across, diagonal=False)], []
    places = np.linspace(low, high, 81)
    for place, (name, values) in enumerate(margins.items()):
        shares = [float((values <= at).mean()) for at in places]
        points = [((at - low) / (high - low), s) for at, s in zip(places, shares, strict=True)]
        parts += _curve(points, place, name)
        accepted = int((values <= 0).sum())
        words.append(f"{name}: {accepted} of {len(values)} at or below the threshold.")
    zero = -low / (high - low)
    parts += [
        line((zero, 0), (zero, 1), kind="axis", dashes="4 4"),
        text(x_of(0.5), y_of(0) + 38, "score above the threshold", size=13),
        text(x_of(0.5), 22, "share of recordings up to that score", size=13),
    ]
    return svg(390, 390, "How strange recordings are", " ".join(words), parts)


def coverage_bands(rows: Sequence[tuple[str, int, int, float]]) -> str:
    """Coverage of each row with its exact two-sided 95 % band, and the level that is stated.

    Args:
        rows: Name, covered, recordings, stated level.
    """
    low = 0.8
    across = [((at - low) / (1 - low), f"{at:g}") for at in (0.8, 0.85, 0.9, 0.95, 1.0)]
    height = 60 + 40 * len(rows)
    parts, words = [], []
    for at, name in across:
        x = 150 + 220 * at
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="40" x2="{x:.1f}" y2="{height - 20}"/>')
        parts.append(text(x, height - 4, name, size=12))
    for place, (name, covered, total, level) in enumerate(rows):
        y = 60 + 40 * place
        ends = (proportion_lower(covered, total, 0.975), proportion_upper(covered, total, 0.975))
        start, end, dot, mark = (
            150 + 220 * max(0.0, (at - low) / (1 - low)) for at in (*ends, covered / total, level)
        )
        band = f'x1="{start:.1f}" y1="{y}" x2="{end:.1f}" y2="{y}"'
        level_at = f'x1="{mark:.1f}" y1="{y - 12}" x2="{mark:.1f}" y2="{y + 12}"'
        parts += [
            text(140, y + 4, name, size=12, anchor="end"),
            f'<line class="mark" stroke-width="2" {band}/>',
            f'<circle class="dot" cx="{dot:.1f}" cy="{y}" r="4"/>',
            f'<line class="axis" {level_at} stroke-dasharray="4 2"/>',
            text(150, y + 20, f"{covered} of {total}, stated {level:g}", size=11, anchor="start"),
        ]
        words.append(
            f"{name}: {covered} of {total} covered, exact 95 % band {ends[0]:.4f} to "
            f"{ends[1]:.4f}, stated {level:g}."
        )
    limit = "Over many recordings like those of calibration, never for one patient."
    parts.append(text(240, 24, "coverage, exact band; dashed: stated", size=13))
    parts.append(text(195, height + 14, limit, size=11))
    words.append(limit)
    return svg(390, height + 22, "Coverage of prediction sets", " ".join(words), parts)


def reliability_diagram(found: Reliability, error: float) -> str:
    """The frequency of AFib against its stated probability, a dot for each bin."""
    parts = [*axes()]
    words = []
    for count, predicted, observed in zip(
        found.counts, found.predicted, found.observed, strict=True
    ):
        parts.append(
            f'<circle class="dot" cx="{x_of(predicted):.1f}" cy="{y_of(observed):.1f}" r="4"/>'
        )
        words.append(f"{count} recordings at {predicted:.4f}: {observed:.4f}.")
    parts += [
        text(x_of(0.5), y_of(0) + 38, "stated probability of AFib", size=13),
        text(x_of(0.5), 22, "frequency of AFib; each dot as many recordings", size=13),
        text(x_of(0.68), y_of(0.1), f"mean distance {error:.4f}", size=13),
    ]
    return svg(390, 390, "Reliability of probabilities", " ".join(words), parts)


def risk_coverage(doubts: DoubleArray, right: BoolArray) -> tuple[str, float]:
    """The share of wrong decisions among the least doubtful, against how many are decided.

    Args:
        doubts: How doubtful each decision is, shape (recordings,).
        right: Whether it is right, shape (recordings,).

    Returns:
        The figure, and the area under the curve.
    """
    order = np.argsort(doubts, kind="stable")
    wrong = np.cumsum(~right[order])
    decided = np.arange(1, len(order) + 1)
    risks = wrong / decided
    area = float(risks.mean())
    most = max(0.05, float(np.ceil(risks[-1] * 20) / 20))
    step = max(1, len(order) // 100)
    points = [
        (decided[k] / len(order), min(1.0, float(risks[k]) / most))
        for k in range(step - 1, len(order), step)
    ]
    parts = [
        *axes(diagonal=False),
        *_curve(points, 0, None),
        text(x_of(0.5), y_of(0) + 38, "share of recordings decided, least doubtful first", size=13),
        text(x_of(0.5), 22, f"share of wrong decisions, 1 stands for {most:g}", size=13),
        text(x_of(0.4), y_of(0.9), f"area {area:.5f}", size=13),
    ]
    words = (
        f"Of all {len(order)} recordings {int(wrong[-1])} are decided wrongly; "
        f"the area under the curve is {area:.5f}."
    )
    return svg(390, 390, "Risk against coverage", words, parts), area


def table_figure(
    title: str, rows: Sequence[Sequence[str]], widths: Sequence[int] = (262, 80, 55, 62, 75)
) -> str:
    """A table as a figure: the first row is its head; its columns are at least so wide."""
    most = max(len(row) for row in rows)
    if most > len(widths):
        # They would be drawn beyond the picture.
        raise ValueError(f"{title}: expected at most {len(widths)} cells, got {most}")
    columns = zip_longest(*rows, fillvalue="")
    needed = [_LETTER * max(len(cell) for cell in column) + _GAP for column in columns]
    widths = [*map(max, widths, needed)]
    edges = [20, *(20 + sum(widths[: k + 1]) for k in range(len(widths)))]
    parts, words = [], []
    for place, row in enumerate(rows):
        y = 30 + 24 * place
        for cell, edge in zip(row, edges, strict=False):
            parts.append(text(edge, y, cell, size=14 if place == 0 else 13, anchor="start"))
        words.append(", ".join(cell for cell in row if cell) + ".")
    return svg(sum(widths) + 14, 30 + 24 * len(rows), title, " ".join(words), parts)


def _curve(points: Sequence[tuple[float, float]], place: int, name: str | None) -> list[str]:
    dashes = _DASHES[place % len(_DASHES)]
    told = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
    parts = [
        f'<polyline class="mark" stroke-width="2" stroke-dasharray="{dashes}" points="{told}"/>'
    ]
    if name is not None:
        y = y_of(0.5 - 0.08 * place)
        ends = f'x1="{x_of(0.5):.0f}" y1="{y - 4:.0f}" x2="{x_of(0.62):.0f}" y2="{y - 4:.0f}"'
        parts += [
            f'<line class="mark" stroke-width="2" {ends} stroke-dasharray="{dashes}"/>',
            text(x_of(0.65), y, name, size=13, anchor="start"),
        ]
    return parts
