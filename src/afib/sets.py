"""Which rhythms cannot be ruled out: prediction sets of class-conditional split conformal.

(Vovk 2012, arXiv:1209.2673; the score is that of Sadinle 2019, arXiv:1609.00451.)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from afib.errors import TrainingError
from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.conformal import class_thresholds, prediction_sets
from nnassure.errors import AssuranceError, FitError

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, DoubleArray, FloatArray

__all__ = ["fit_sets", "rhythm_scores", "sets_of"]


def rhythm_scores(logits: FloatArray | DoubleArray, temperature: float) -> DoubleArray:
    """How little each rhythm fits: one minus its probability (LAC; Sadinle 2019).

    Args:
        logits: Of recordings, shape (recordings,); higher speaks for AFib.
        temperature: Of the model.

    Returns:
        Of normal rhythm and AFib, shape (recordings, 2).

    Raises:
        ShapeError: If *logits* is not one-dimensional.
        NotFiniteError: If a logit is not finite.
        FitError: If *temperature* is no number above 0.
    """
    require_shape("logits", logits, "recordings")
    require_finite("logits", logits)
    if not 0 < temperature < math.inf:
        raise FitError(f"temperature: expected a number above 0, got {temperature}")
    scaled = logits.astype(np.float64) / temperature
    # Each side by itself: one minus a probability near 1 would lose what tells them apart.
    return np.stack([expit(scaled), expit(-scaled)], axis=1)


def fit_sets(
    logits: FloatArray | DoubleArray, is_afib: BoolArray, *, temperature: float, alpha: float
) -> DoubleArray:
    """The thresholds of prediction sets, one for each rhythm, from calibration recordings.

    Args:
        logits: Of recordings that the gate accepted and nothing was fitted on, shape
            (recordings,).
        is_afib: By label, shape (recordings,).
        temperature: Of the model, fitted on other recordings.
        alpha: The share of recordings of each rhythm that may lose it.

    Returns:
        Of normal rhythm and AFib, shape (2,).

    Raises:
        TrainingError: If a rhythm has too few recordings for *alpha*.
        ShapeError: If the arrays do not match.
        NotFiniteError: If a logit is not finite.
        FitError: If *temperature* is no number above 0.
    """
    require_same_length(logits=logits, is_afib=is_afib)
    scores = rhythm_scores(logits, temperature)
    try:
        found = class_thresholds(scores, is_afib.astype(np.int64), alpha)
    except AssuranceError as error:
        raise TrainingError(f"calibration (class 0 normal, class 1 AFib): {error}") from error
    return np.asarray(found[0], np.float64)


def sets_of(
    logits: FloatArray | DoubleArray, *, temperature: float, thresholds: DoubleArray
) -> BoolArray:
    """Which rhythms cannot be ruled out, of recordings that the gate accepted.

    Returns:
        Normal rhythm and AFib, shape (recordings, 2).

    Raises:
        ShapeError: If an array has another shape.
        NotFiniteError: If a number is not finite.
    """
    return prediction_sets(rhythm_scores(logits, temperature), thresholds[None, :])
