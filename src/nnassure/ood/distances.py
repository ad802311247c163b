"""Distances in the space of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.covariance import LedoitWolf

from nnassure.arrays import require_finite
from nnassure.errors import FitError, ShapeError
from nnassure.ood.interface import require_fit, require_records

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Mahalanobis", "Neighbours", "VirtualLogit"]

_LEAST_RECORDS = 10
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mahalanobis:
    """The squared Mahalanobis distance to the nearest class mean (Lee 2018, arXiv:1807.03888).

    The classes share one covariance, shrunk as Ledoit and Wolf 2004 do
    (doi:10.1016/S0047-259X(03)00096-4).

    Attributes:
        means: Of each class, shape (classes, features).
        precision: The inverse of the covariance, shape (features, features).
    """

    name: ClassVar[str] = "Mahalanobis"
    means: DoubleArray
    precision: DoubleArray

    @classmethod
    def fit(cls, features: DoubleArray, logits: DoubleArray, labels: IntArray) -> Mahalanobis:
        """The detector of these records.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature or logit is NaN or infinite.
            FitError: If a class has fewer than 10 records.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        means = np.stack([features[labels == k].mean(axis=0) for k in range(logits.shape[1])])
        shrunk = LedoitWolf(assume_centered=True).fit(features - means[labels])
        return cls(means=means, precision=np.asarray(shrunk.precision_, np.float64))

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=self.means.shape[1])
        apart = features[:, None] - self.means
        squared = np.einsum("rkf,fg,rkg->rk", apart, self.precision, apart, optimize=True)
        return np.asarray(squared.min(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """The distance to the k-th nearest record, features at unit length (Sun 2022, 2204.06507).

    Attributes:
        known: Features at unit length, shape (records, features).
        rank: k, shape ().
    """

    name: ClassVar[str] = "nearest neighbours"
    known: DoubleArray
    rank: DoubleArray

    @classmethod
    def fit(
        cls, features: DoubleArray, logits: DoubleArray, labels: IntArray, *, rank: int = 10
    ) -> Neighbours:
        """The detector of these records.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature or logit is NaN or infinite.
            FitError: If there are fewer records than *rank*, or it is below 1, or a class has
                fewer than 10 records.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        if not 1 <= rank <= len(features):
            raise FitError(f"rank: expected a number from 1 to {len(features)}, got {rank}")
        return cls(known=_unit(features), rank=np.asarray(float(rank)))

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=self.known.shape[1])
        rank, unit = int(self.rank), _unit(features)
        found = [np.empty(0)]
        for start in range(0, len(unit), _AT_ONCE):
            apart = cdist(unit[start : start + _AT_ONCE], self.known)
            found.append(np.partition(apart, rank - 1, axis=1)[:, rank - 1])
        return np.concatenate(found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VirtualLogit:
    """ViM (Wang 2022, arXiv:2203.10807): what lies off the principal space, against the logits.

    Attributes:
        origin: Where the space starts, shape (features,).
        rest: Directions off the principal space, shape (directions, features), orthonormal.
        scale: What brings the residual to the size of a logit, shape ().
    """

    name: ClassVar[str] = "virtual logit"
    origin: DoubleArray
    rest: DoubleArray
    scale: DoubleArray

    @classmethod
    def fit(
        cls,
        features: DoubleArray,
        logits: DoubleArray,
        labels: IntArray,
        *,
        origin: DoubleArray,
        kept: int,
    ) -> VirtualLogit:
        """The detector of these records.

        Args:
            features: Of the layer before the last, shape (records, features).
            logits: Shape (records, classes).
            labels: Classes, shape (records,).
            origin: Where all logits are equal: minus the pseudoinverse of the last layer's
                weights times its biases, shape (features,).
            kept: Dimensions of the principal space, below the number of features.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature or logit is NaN or infinite.
            FitError: If *kept* leaves no direction, nothing lies off the space, or a class has
                fewer than 10 records.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        width = features.shape[1]
        if not 0 < kept < width:
            raise FitError(f"kept: expected a number from 1 to {width - 1}, got {kept}")
        if origin.shape != (width,):
            raise ShapeError(f"origin: expected shape {(width,)}, got {origin.shape}")
        require_finite("origin", origin)
        centred = features - origin
        _, directions = np.linalg.eigh(centred.T @ centred / len(features))
        rest = directions[:, : width - kept].T
        residual = np.linalg.norm(centred @ rest.T, axis=1).mean()
        if not residual > 0:
            raise FitError("features: expected some variance off the principal space, got none")
        scale = logits.max(axis=1).mean() / residual
        return cls(origin=np.asarray(origin, np.float64), rest=rest, scale=np.asarray(scale))

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=len(self.origin))
        residual = np.linalg.norm((features - self.origin) @ self.rest.T, axis=1)
        return np.asarray(self.scale * residual - logsumexp(logits, axis=1))


def _unit(features: DoubleArray) -> DoubleArray:
    sizes = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(sizes, 1e-12))
