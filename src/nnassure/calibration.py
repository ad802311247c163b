"""Whether probabilities are what they say: reliability, its error, and the Brier score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, DoubleArray, IntArray

__all__ = ["Reliability", "brier_scores", "calibration_error", "reliability", "resampled_errors"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """Records in bins of like probability.

    Attributes:
        counts: Records in each bin, shape (bins,).
        predicted: Their mean probability, shape (bins,).
        observed: The share of them with the event, shape (bins,).
    """

    counts: IntArray
    predicted: DoubleArray
    observed: DoubleArray


def brier_scores(probabilities: DoubleArray, events: BoolArray) -> DoubleArray:
    """The squared distance of each probability from what happened (Brier 1950), shape (records,).

    Raises:
        ShapeError: If the arrays do not match, or a probability is outside [0, 1].
        NotFiniteError: If a probability is NaN or infinite.
    """
    _require(probabilities, events)
    return np.asarray((probabilities - events) ** 2, np.float64)


def reliability(probabilities: DoubleArray, events: BoolArray, *, bins: int) -> Reliability:
    """Records in *bins* of equal size, by rising probability.

    Sizes differ by one at most; records of the same probability may fall into two bins, in the
    order in which they are given.

    Args:
        probabilities: Of the event, shape (records,).
        events: Whether it happened, shape (records,).
        bins: At least 1, and no more than there are records.

    Raises:
        ShapeError: If the arrays do not match, a probability is outside [0, 1], or there are fewer
            records than bins.
        NotFiniteError: If a probability is NaN or infinite.
    """
    _require(probabilities, events)
    if not 1 <= bins <= len(probabilities):
        raise ShapeError(f"bins: expected 1 to {len(probabilities)}, got {bins}")
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, bins)
    return Reliability(
        counts=np.array([len(part) for part in parts], dtype=np.int64),
        predicted=np.array([probabilities[part].mean() for part in parts], dtype=np.float64),
        observed=np.array([events[part].mean() for part in parts], dtype=np.float64),
    )


def calibration_error(found: Reliability) -> float:
    """The expected calibration error: the mean distance of predicted and observed over records.

    (Naeini 2015, doi:10.1609/aaai.v29i1.9602; with bins of equal size, Nguyen and O'Connor 2015,
    arXiv:1508.05154.) It is above 0 by chance even where the probabilities are right.
    """
    apart = np.abs(found.predicted - found.observed)
    return float((apart * found.counts).sum() / found.counts.sum())


def resampled_errors(
    probabilities: DoubleArray, events: BoolArray, *, bins: int, resamples: int, seed: int
) -> DoubleArray:
    """The calibration error of so many bootstrap samples of the records, shape (resamples,).

    Raises:
        ShapeError: If the arrays do not match, a probability is outside [0, 1], or there are fewer
            records than bins.
        NotFiniteError: If a probability is NaN or infinite.
    """
    _require(probabilities, events)
    generator = np.random.default_rng(seed)
    errors = []
    for _ in range(resamples):
        drawn = generator.integers(len(events), size=len(events))
        errors.append(
            calibration_error(reliability(probabilities[drawn], events[drawn], bins=bins))
        )
    return np.array(errors, dtype=np.float64)


def _require(probabilities: DoubleArray, events: BoolArray) -> None:
    require_shape("probabilities", probabilities, "records")
    require_shape("events", events, "records")
    require_same_length(probabilities=probabilities, events=events)
    require_finite("probabilities", probabilities)
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ShapeError("probabilities: expected numbers in [0, 1], got others")
