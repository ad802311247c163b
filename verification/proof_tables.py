"""Tables of proofs: rates beside those of constant classifiers, and radii by recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vericase.statistics.paired import paired_lower, paired_upper
from vericase.statistics.proportions import proportion_lower
from verification.plots import table_figure
from verification.uncertain import csv_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.proof.pooled import PooledProofs
    from nnassure.arrays import BoolArray

__all__ = ["at_radii", "curves", "prices", "radii_mv", "radii_rows", "rates", "shown"]

_CONFIDENCE = 0.95
_HEAD = ("judged", "rhythm", "recordings", "rate", "95 % bound")


def rates(judged: Mapping[str, tuple[BoolArray, BoolArray]]) -> list[tuple[str, ...]]:
    """Counts and rates of recordings so judged with exact one-sided bounds, head first.

    Classifiers that always say the same stand below: proven everywhere, and of no use.

    Args:
        judged: By name, for the recordings with AFib and for the normal ones, which are decided
            rightly and proven; as many under each name.
    """
    afib, normal = (len(each) for each in next(iter(judged.values())))
    constant = {
        "always AFib": (np.ones(afib, np.bool_), np.zeros(normal, np.bool_)),
        "always normal": (np.zeros(afib, np.bool_), np.ones(normal, np.bool_)),
    }
    rows = [
        (name, rhythm, *_rate(proven))
        for name, pair in {**judged, **constant}.items()
        for rhythm, proven in zip(("AFib", "normal"), pair, strict=True)
    ]
    return [_HEAD, *rows]


def prices(lost: Mapping[str, Sequence[float]]) -> list[tuple[str, ...]]:
    """Counts, difference and two-sided interval of what one training gets right alone, head first.

    Args:
        lost: By rhythm, for each recording 1 where the standard training alone is right, -1 where
            the certified one alone is, else 0.
    """
    head = ("rhythm", "recordings", "standard alone", "certified alone", "lost", "95 % interval")
    rows: list[tuple[str, ...]] = [head]
    tail = (1 + _CONFIDENCE) / 2
    for rhythm, values in lost.items():
        more, fewer, total = values.count(1.0), values.count(-1.0), len(values)
        ends = [bound(more, fewer, total, tail) for bound in (paired_lower, paired_upper)]
        told = f"{ends[0]:.4f} to {ends[1]:.4f}"
        rows.append(
            (rhythm, f"{total}", f"{more}", f"{fewer}", f"{(more - fewer) / total:.4f}", told)
        )
    return rows


def at_radii(found: Mapping[float, PooledProofs]) -> dict[str, tuple[BoolArray, BoolArray]]:
    """What :func:`rates` is given for proofs at each radius."""
    return {
        f"within {1000 * size:g} uV": (
            proofs.certified(is_afib=True),
            proofs.certified(is_afib=False),
        )
        for size, proofs in found.items()
    }


def curves(found: Mapping[float, PooledProofs]) -> dict[str, list[float]]:
    """By name, the share decided rightly at radius 0, then at each radius that and proven.

    Beside it the share that attacks left standing, of each rhythm.
    """
    shares: dict[str, list[float]] = {}
    for rhythm, is_afib in (("AFib", True), ("normal", False)):
        clean = float(next(iter(found.values())).right(is_afib=is_afib).mean())
        proven = [float(each.certified(is_afib=is_afib).mean()) for each in found.values()]
        standing = [float(each.withstood(is_afib=is_afib).mean()) for each in found.values()]
        shares |= {
            f"{rhythm} proven": [clean, *proven],
            f"{rhythm} not attacked": [clean, *standing],
        }
    return shares


def radii_mv(found: Mapping[float, PooledProofs], *, is_afib: bool) -> list[float]:
    """By recording, the largest radius at which it is decided rightly and proven, else 0."""
    sizes = np.array([0.0, *found])
    proven = np.array([each.certified(is_afib=is_afib) for each in found.values()])
    return [float(sizes[np.append(True, column)].max()) for column in proven.T]


def radii_rows(found: Mapping[float, PooledProofs]) -> list[tuple[str, ...]]:
    """Head, and a row a recording: its radius, and what came out at each one that was tried."""
    rows: list[tuple[str, ...]] = [
        ("record", "label", "proven within", *(f"{1000 * size:g} uV" for size in found))
    ]
    most = max(found)
    for is_afib in (True, False):
        answers = zip(*(each.where(is_afib=is_afib) for each in found.values()), strict=True)
        for radius, known in zip(radii_mv(found, is_afib=is_afib), answers, strict=True):
            outcomes = [each.outcome if each.right else f"{each.outcome} (wrong)" for each in known]
            told = f"{1000 * radius:g} uV" + (" or more" if radius == most else "")
            rows.append((known[0].name, "A" if is_afib else "N", told, *outcomes))
    return rows


def shown(
    name: str, title: str, rows: Sequence[tuple[str, ...]], widths: Sequence[int]
) -> dict[str, str]:
    """*rows* as attachments called *name*: a table for programs, and a figure of it."""
    return {f"{name}.csv": csv_of(rows), f"{name}.svg": table_figure(title, rows, widths)}


def _rate(proven: BoolArray) -> tuple[str, str, str]:
    count, total = int(proven.sum()), len(proven)
    lower = proportion_lower(count, total, _CONFIDENCE)
    return f"{count} of {total}", f"{count / total:.3f}", f"at least {lower:.3f}"
