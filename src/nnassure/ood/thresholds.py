"""Where a device draws the line: a record with a score above the threshold is strange."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import require_finite, require_shape
from nnassure.errors import FitError

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray

__all__ = ["threshold_at_acceptance", "threshold_at_detection", "threshold_between"]


def threshold_at_acceptance(known: DoubleArray, acceptance: float) -> float:
    """The lowest score up to which at least a share of the *known* records lies.

    Args:
        known: Scores of records that the network was made for, shape (records,).
        acceptance: The share, above 0 and up to 1.

    Raises:
        ShapeError: If *known* is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If there is no score, or the share is out of range.
    """
    _require(known, acceptance)
    return float(np.sort(known)[math.ceil(acceptance * len(known) - 1e-9) - 1])


def threshold_at_detection(strange: DoubleArray, detection: float) -> float:
    """The highest threshold above which at least a share of the *strange* records lies.

    Args:
        strange: Scores of records that the network was not made for, shape (records,).
        detection: The share, above 0 and up to 1.

    Raises:
        ShapeError: If *strange* is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If there is no score, or the share is out of range.
    """
    _require(strange, detection)
    falling = np.sort(strange)[::-1]
    least = falling[math.ceil(detection * len(strange) - 1e-9) - 1]
    return float(np.nextafter(least, -np.inf))


def threshold_between(known: DoubleArray, strange: DoubleArray) -> float:
    """The threshold with the most of both, accepted and detected, as shares added up.

    It lies in the middle between the two neighbouring scores; of several such places the lowest.

    Args:
        known: Scores of records that the network was made for, shape (records,).
        strange: Scores of others, shape (records,).

    Raises:
        ShapeError: If one is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If one is empty.
    """
    _require(known, 1.0)
    _require(strange, 1.0)
    levels = np.unique(np.concatenate([known, strange]))
    accepted = np.searchsorted(np.sort(known), levels, side="right") / len(known)
    detected = 1 - np.searchsorted(np.sort(strange), levels, side="right") / len(strange)
    best = int(np.argmax(accepted + detected))
    if best + 1 == len(levels):
        return float(levels[best])
    middle = (levels[best] + levels[best + 1]) / 2
    # Between two neighbouring numbers there is no third, and the mean may be the upper one.
    return float(middle if middle < levels[best + 1] else levels[best])


def _require(scores: DoubleArray, share: float) -> None:
    require_shape("scores", scores, "records")
    require_finite("scores", scores)
    if len(scores) == 0:
        raise FitError("scores: expected at least one, got none")
    if not 0 < share <= 1:
        raise FitError(f"share: expected one above 0 and up to 1, got {share}")
