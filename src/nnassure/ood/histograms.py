"""Histograms of principal components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.decomposition import PCA

from nnassure.ood.interface import require_fit, require_records

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Histograms"]

# Components that hold a smaller share of the variance are left out.
_LEAST_SHARE = 0.001
_LEAST_RECORDS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histograms:
    """HBOS (Goldstein and Dengel 2012, KI poster 59) on principal components of the features.

    The sum over components of minus the logarithm of the height of the bin that a record falls
    into, the tallest being 1. Outside all bins, and in an empty one, the height is what half a
    record in the narrowest bin would be.

    Attributes:
        mean: Of the features, shape (features,).
        components: Directions, shape (components, features).
        edges: Of the bins, shape (components, bins + 1), rising.
        heights: Shape (components, bins), in (0, 1].
        floor: What stands for no record, shape (components,).
    """

    name: ClassVar[str] = "histograms"
    mean: DoubleArray
    components: DoubleArray
    edges: DoubleArray
    heights: DoubleArray
    floor: DoubleArray

    @classmethod
    def fit(cls, features: DoubleArray, logits: DoubleArray, labels: IntArray) -> Histograms:
        """The detector of these records, with as many bins as the root of their number.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature or logit is NaN or infinite.
            FitError: If a class has fewer than 10 records.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        analysis = PCA(svd_solver="full").fit(features)
        kept = analysis.components_[analysis.explained_variance_ratio_ >= _LEAST_SHARE]
        along = (features - analysis.mean_) @ kept.T
        bins = round(len(features) ** 0.5)
        counts, edges = [], []
        for values in along.T:
            count, edge = np.histogram(values, bins=bins)
            counts.append(count)
            edges.append(edge)
        heights = np.array(counts, dtype=np.float64).reshape(len(kept), bins)
        tallest = heights.max(axis=1, initial=1.0)
        floor = 0.5 / tallest
        heights /= tallest[:, None]
        return cls(
            mean=np.asarray(analysis.mean_, np.float64),
            components=np.asarray(kept, np.float64),
            edges=np.array(edges, dtype=np.float64).reshape(len(kept), bins + 1),
            heights=np.maximum(heights, floor[:, None]),
            floor=floor,
        )

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=len(self.mean))
        along = (features - self.mean) @ self.components.T
        total = np.zeros(len(features))
        for place, values in enumerate(along.T):
            edges, heights = self.edges[place], self.heights[place]
            at = np.searchsorted(edges, values, side="right") - 1
            # The last bin holds its upper edge.
            at = np.where(values == edges[-1], len(heights) - 1, at)
            inside = (at >= 0) & (at < len(heights))
            height = np.where(inside, heights[at.clip(0, len(heights) - 1)], self.floor[place])
            total -= np.log(height)
        return total
