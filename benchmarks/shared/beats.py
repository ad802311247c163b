"""Found beats held against the true ones, and the table cells that both tables of beats show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, FloatArray

__all__ = ["matched", "share"]


def matched(times_s: FloatArray, others_s: FloatArray, within_s: float) -> BoolArray:
    """Which times have another within reach, shape (times,)."""
    if not len(others_s):
        return np.zeros(len(times_s), dtype=np.bool_)
    nearest = np.abs(times_s[:, None] - others_s[None]).min(axis=1, initial=np.inf)
    return np.asarray(nearest <= within_s)


def share(mask: BoolArray) -> str:
    """The share of a mask that is true, with its counts."""
    return f"{mask.mean():.4f} ({mask.sum()} of {mask.size})"
