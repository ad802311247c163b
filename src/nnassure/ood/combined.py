"""Several scores as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import logsumexp

from nnassure.arrays import require_finite, require_shape
from nnassure.errors import FitError, ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray

__all__ = ["Combined"]

_LEAST_RECORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combined:
    """Several scores added up, each counted in spreads above the middle of its own records.

    The sum is that of exponentials, and its logarithm the score: at least the largest of them, so
    that what is very strange to one is strange, and larger where several find a record a little
    strange. The spread is from the median to the upper end that a share of the records exceeds,
    so that scores of other shapes speak in one unit.

    Attributes:
        middle: Medians of the scores, shape (scores,).
        spread: From the median to the 0.95 quantile, shape (scores,), above 0.
    """

    name: ClassVar[str] = "combined"
    middle: DoubleArray
    spread: DoubleArray

    @classmethod
    def fit(cls, scores: DoubleArray) -> Combined:
        """The combination for records that the network was made for.

        Args:
            scores: Of other detectors, shape (records, scores).

        Raises:
            ShapeError: If it has other axes.
            NotFiniteError: If a score is NaN or infinite.
            FitError: If there are fewer than 20 records, or a score is the same for half of them.
        """
        require_shape("scores", scores, "records, scores")
        require_finite("scores", scores)
        if len(scores) < _LEAST_RECORDS:
            raise FitError(f"scores: expected at least {_LEAST_RECORDS} records, got {len(scores)}")
        middle, high = np.quantile(scores, [0.5, 0.95], axis=0)
        if not (high > middle).all():
            at = np.flatnonzero(high <= middle).tolist()
            raise FitError(f"scores: expected scores that differ, got the same of most at {at}")
        return cls(middle=middle, spread=high - middle)

    def of(self, scores: DoubleArray) -> DoubleArray:
        """The combined score of each record.

        Args:
            scores: Shape (records, scores).

        Raises:
            ShapeError: If it has other axes, or more or fewer scores.
            NotFiniteError: If a score is NaN or infinite.
        """
        require_shape("scores", scores, "records, scores")
        require_finite("scores", scores)
        if scores.shape[1] != len(self.middle):
            raise ShapeError(f"scores: expected {len(self.middle)} a record, got {scores.shape[1]}")
        return np.asarray(logsumexp((scores - self.middle) / self.spread, axis=1), np.float64)
