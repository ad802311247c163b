"""Values of explanations as tables of quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from verification.uncertain import csv_of

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray
    from verification.reasons import Reasons

__all__ = ["WIDTHS", "quantiles", "summary"]

#: Of the columns of such a table, in dots.
WIDTHS = (210, 60, 80, 55, 60, 55, 60)


def summary(reasons: Reasons, *names: str) -> str:
    """Quantiles of some values as CSV."""
    return csv_of(quantiles(reasons, *names))


def quantiles(reasons: Reasons, *names: str) -> list[tuple[str, ...]]:
    """Quantiles of some values, of all recordings and by what they are called."""
    table: list[tuple[str, ...]] = [
        ("value", "called", "recordings", "5 %", "median", "95 %", "above 0")
    ]
    groups: dict[str, BoolArray] = {
        "either": np.ones(len(reasons.names), np.bool_),
        "AFib": reasons.called_afib,
        "normal": ~reasons.called_afib,
    }
    for name in names:
        for group, chosen in groups.items():
            own = reasons.values[name][chosen]
            own = own[np.isfinite(own)]
            low, middle, high = np.quantile(own, [0.05, 0.5, 0.95])
            cells = (f"{low:.3f}", f"{middle:.3f}", f"{high:.3f}", f"{int((own > 0).sum())}")
            table.append((name, group, f"{len(own)}", *cells))
    return table
