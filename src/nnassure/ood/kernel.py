"""A detector that was shown strange records, with a bent border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.svm import SVC

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.errors import FitError, ShapeError
from nnassure.ood.interface import require_fit, require_records

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["ExposedKernel"]

_LEAST_RECORDS = 10
# A feature that lies farther out, in spreads, counts as this far: the border was learnt inside.
_FARTHEST = 8.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposedKernel:
    """The side of a support vector machine with a Gaussian kernel (Cortes and Vapnik 1995).

    Outlier exposure (Hendrycks 2019, arXiv:1812.04606) on features that are at hand: known and
    strange records weigh alike, however many there are of either.

    Attributes:
        middle: Means of the features, shape (features,).
        spread: Their standard deviations; 1 for a feature that does not vary; shape (features,).
        vectors: Support vectors at unit spread, shape (vectors, features).
        weights: Of the vectors, shape (vectors,).
        offset: Shape ().
        narrowness: The kernel is exp(-narrowness * squared distance), shape ().
    """

    name: ClassVar[str] = "exposed kernel"
    middle: DoubleArray
    spread: DoubleArray
    vectors: DoubleArray
    weights: DoubleArray
    offset: DoubleArray
    narrowness: DoubleArray

    @classmethod
    def fit(  # noqa: PLR0913  known and strange records, and how the border may bend
        cls,
        features: DoubleArray,
        logits: DoubleArray,
        labels: IntArray,
        *,
        strange: DoubleArray,
        weights: DoubleArray | None = None,
        cost: float = 2.0,
        narrowness: float = 0.015,
    ) -> ExposedKernel:
        """The detector of these records.

        Args:
            features: Of records that the network was made for, shape (records, features).
            logits: Shape (records, classes).
            labels: Classes, shape (records,).
            strange: Features of others, shape (others, features).
            weights: What each known record weighs among the known, above 0, shape (records,);
                None for all alike.
            cost: Of a record on the wrong side, above 0.
            narrowness: Of the kernel, above 0.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature, logit or weight is NaN or infinite.
            FitError: If a class, or the others, have fewer than 10 records, or a number is not
                above 0.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        known = np.ones(len(features)) if weights is None else weights
        _require(features, strange, known, cost, narrowness)
        middle, spread = features.mean(axis=0), features.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        shown = _standard(np.concatenate([features, strange]), middle, spread)
        is_strange = np.arange(len(shown)) >= len(features)
        alike = np.concatenate([known / known.sum(), np.full(len(strange), 1 / len(strange))])
        model = SVC(C=cost, gamma=narrowness, tol=1e-5)
        model.fit(shown, is_strange, sample_weight=alike * len(shown) / 2)
        return cls(
            middle=middle,
            spread=spread,
            # As they are kept, so that what was fitted and what is loaded say the same.
            vectors=model.support_vectors_.astype(np.float32).astype(np.float64),
            weights=np.asarray(model.dual_coef_[0], np.float64),
            offset=np.asarray(model.intercept_[0], np.float64),
            narrowness=np.asarray(narrowness, np.float64),
        )

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=len(self.middle))
        standard = _standard(features, self.middle, self.spread)
        scores = np.empty(len(standard))
        for place, record in enumerate(standard):
            # One record at a time: its score does not hang on those beside it, to the last bit.
            squared = ((self.vectors - record) ** 2).sum(axis=1)
            scores[place] = (self.weights * np.exp(-self.narrowness * squared)).sum()
        return np.asarray(scores + self.offset, np.float64)


def _standard(features: DoubleArray, middle: DoubleArray, spread: DoubleArray) -> DoubleArray:
    return np.asarray(np.clip((features - middle) / spread, -_FARTHEST, _FARTHEST), np.float64)


def _require(
    features: DoubleArray,
    strange: DoubleArray,
    known: DoubleArray,
    cost: float,
    narrowness: float,
) -> None:
    require_shape("strange", strange, "others, features")
    require_finite("strange", strange)
    require_shape("weights", known, "records")
    require_finite("weights", known)
    require_same_length(features=features, weights=known)
    if strange.shape[1] != features.shape[1]:
        raise ShapeError(f"strange: expected {features.shape[1]} features, got {strange.shape[1]}")
    if len(strange) < _LEAST_RECORDS:
        raise FitError(f"strange: expected at least {_LEAST_RECORDS} records, got {len(strange)}")
    if not (known > 0).all():
        raise FitError(f"weights: expected numbers above 0, got {known.min()}")
    for name, value in (("cost", cost), ("narrowness", narrowness)):
        if not 0 < value < np.inf:
            raise FitError(f"{name}: expected a number above 0, got {value}")
