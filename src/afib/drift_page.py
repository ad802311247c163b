"""The page of `afib monitor`: every alarm with what it states, and its course."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from afib.dataset.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from afib.monitor import Drift
    from afib.settings import MonitorSettings
    from nnassure.arrays import DoubleArray

__all__ = ["page_of", "write_page"]


def write_page(page: str, path: Path) -> None:
    """*path* holds *page*, at once and completely."""
    with replacing(path) as file:
        file.write(page.encode())


def page_of(found: Drift, title: str) -> str:
    """A self-contained page about *found*."""
    told = ", ".join(f"{number} {word}" for word, number in found.counts.items())
    asked, stated = found.settings, _stated(found.settings)
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{'no alarm' if at is None else f'ALARM at line {at}'}"
        f"</td><td>{escape(stated[name])}</td></tr>"
        for name, at in found.alarms.items()
    )
    raised = any(at is not None for at in found.alarms.values())
    if raised:
        kind, headline = "alarm", "The recordings are no longer like those of calibration"
    elif found.tells:
        kind, headline = "calm", "No sign that the recordings have changed"
    else:
        kind, headline = (
            "mute",
            f"Too few recordings to tell: fewer than {asked.fewest} were looked at",
        )
    charts = "".join(
        (
            _chart("How strange each recording is", found.scores, found.threshold, log=False),
            _chart("Bets begun with each recording", found.sums, asked.false_alarm_after, log=True),
            _chart("One bet on all recordings", found.martingale, 1 / asked.chance, log=True),
            _chart("Cumulative sum, in spreads", found.cusum, found.cusum_limit, log=False),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Drift: {escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1 class="{kind}">{headline}</h1>'
        f"<p>{escape(title)}: {told}; {len(found.scores)} looked at. A "
        "recording that can hold no rhythm counts as stranger than any other.</p>"
        "<table><thead><tr><th>alarm</th><th>so far</th><th>false alarms</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><p>{_soon(found)}</p>{charts}"
        "<p>No label was used: this tells that recordings changed, never that decisions became "
        "wrong, and decisions may become wrong without it. Not for diagnostic use.</p>"
        "</main></body></html>\n"
    )


def _stated(settings: MonitorSettings) -> dict[str, str]:
    """What each alarm says of its false alarms."""
    after = settings.false_alarm_after
    return {
        "bets begun with each recording": f"after {after} recordings in the mean, at least",
        "one bet on all recordings": f"ever, with a chance of at most {settings.chance:.0%}",
        "cumulative sum": f"within {after} recordings with a chance of one half "
        f"({settings.runs} simulated runs of the calibration recordings themselves; sooner as "
        "they are few)",
    }


def _soon(found: Drift) -> str:
    """How soon a shift of a stated size is noticed."""
    begun = (
        "Were every score to rise by one spread of the calibration scores, so simulated streams "
        "of them say, the first alarm would come "
    )
    if found.delay is None:
        return f"{begun}after more than 1000 recordings in most streams."
    return f"{begun}after {found.delay} recordings in the median. Smaller shifts take longer."


_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}"
    "main{max-width:60rem;margin:auto;padding:1rem}h1{font-size:1.4rem;padding:.5rem .75rem}"
    ".alarm{background:#b3261e;color:#fff}.calm{background:#1e6b3a;color:#fff}.mute{background:#5f5f5f;color:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;"
    "border-bottom:1px solid #8888}svg{width:100%;height:auto}figure{margin:1.5rem 0}"
    ".ink{fill:currentColor}.curve{fill:none;stroke:currentColor;stroke-width:1.2}"
    ".limit{stroke:#b3261e;stroke-width:1.5;stroke-dasharray:6 4}"
)
_WIDTH, _HEIGHT, _MOST_POINTS = 900, 220, 2000


def _chart(title: str, values: DoubleArray, limit: float, *, log: bool) -> str:
    """A line over the recordings with its limit dashed; long logs are thinned to their largest."""
    if not len(values):
        return ""
    shown = _thinned(values)
    if log:
        shown, limit = np.log10(np.maximum(shown, 1e-3)), float(np.log10(limit))
    low, high = min(float(shown.min()), limit), max(float(np.quantile(shown, 0.995)), limit)
    span = (high - low) or 1.0
    points = " ".join(
        f"{40 + (_WIDTH - 50) * k / max(1, len(shown) - 1):.1f},"
        f"{_HEIGHT - 25 - (_HEIGHT - 45) * min(1.0, (value - low) / span):.1f}"
        for k, value in enumerate(shown.tolist())
    )
    y = _HEIGHT - 25 - (_HEIGHT - 45) * (limit - low) / span
    unit = ", powers of ten" if log else ""
    return (
        f"<figure><figcaption>{escape(title)}{unit}; dashed: the limit</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<line class="limit" x1="40" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<polyline class="curve" points="{points}"/>'
        f'<text class="ink" x="4" y="18" font-size="12">{high:.3g}</text>'
        f'<text class="ink" x="4" y="{_HEIGHT - 25}" font-size="12">{low:.3g}</text>'
        f'<text class="ink" x="{_WIDTH - 10}" y="{_HEIGHT - 6}" font-size="12" '
        f'text-anchor="end">recording {len(values)}</text></svg></figure>'
    )


def _thinned(values: DoubleArray) -> DoubleArray:
    if len(values) <= _MOST_POINTS:
        return values
    return np.array([part.max() for part in np.array_split(values, _MOST_POINTS)])
