"""Families of strange recordings: where they hurt, where they are refused least, and all counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.corruption import ACQUISITIONS, FAMILIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.heldout.derived import Judgement
    from nnassure.arrays import BoolArray

__all__ = ["family_table", "refused_least", "severities_that"]


def severities_that(
    judged: Judgement, families: Sequence[str], *, hurt: bool, floor: float, lost: float = 0.0
) -> list[Judgement]:
    """Families and severities at which a disturbance hurts, or leaves accuracy as it was.

    Args:
        judged: All rows.
        families: To look at.
        hurt: Whether those are wanted at which fewer than *floor* of the network's decisions are
            right; otherwise those that lose at most *lost* against the recordings that they were
            made of.
        floor: Of accuracy.
        lost: Of accuracy.
    """
    found = []
    for name in families:
        for severity in FAMILIES[name].severities:
            rows = judged.family(name, severity)
            right = _right(rows)
            if hurt:
                found += [rows] if right < floor else []
            elif right >= floor and right >= _right(_bases(judged, rows)) - lost:
                found.append(rows)
    return found


def refused_least(judged: Sequence[Judgement]) -> BoolArray:
    """Which recordings the device abstains on, of the rows of which it refuses the least share.

    The same recordings may stand behind several rows, so that a rate of all together would count
    them more than once.

    Returns:
        Shape (recordings,); of no rows none.
    """
    refused = [~rows.accepted for rows in judged]
    return min(refused, key=lambda each: float(each.mean()), default=np.zeros(0, np.bool_))


def _right(rows: Judgement) -> float:
    """The share of decisions of the network that are right; of what is not usable none is."""
    return float((rows.rows.usable & (rows.called_afib == rows.is_afib)).mean())


def _bases(judged: Judgement, rows: Judgement) -> Judgement:
    names = set(rows.rows.names.tolist())
    chosen = (judged.rows.families == "") & np.isin(judged.rows.names, list(names))
    return judged.where(np.asarray(chosen))


def family_table(judged: Judgement, families: Sequence[str]) -> list[tuple[str, ...]]:
    """One line for each family or way, and severity: usable, decided rightly, abstained on."""
    table: list[tuple[str, ...]] = [
        ("family", "severity", "unit", "recordings", "usable", "decided rightly", "refused")
    ]
    for name in families:
        otherwise = ACQUISITIONS.get(name)
        unit = otherwise.unit if otherwise else FAMILIES[name].unit
        for severity in otherwise.sizes if otherwise else FAMILIES[name].severities:
            rows = judged.family(name, severity)
            right = rows.rows.usable & (rows.called_afib == rows.is_afib)
            counts = (len(rows.rows), rows.rows.usable.sum(), right.sum(), (~rows.accepted).sum())
            table.append((name, f"{severity:g}", unit, *(f"{n}" for n in counts)))
    return table
