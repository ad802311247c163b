"""What tells records apart from examples of strange ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.linear_model import LogisticRegression

from nnassure.arrays import require_finite, require_shape
from nnassure.errors import FitError, ShapeError
from nnassure.ood.interface import require_fit, require_records

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Exposed"]

_LEAST_RECORDS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposed:
    """The log odds of a record being one of the strange ones that the detector was shown.

    A logistic regression on features at unit spread, both sides weighing alike, in the spirit of
    outlier exposure (Hendrycks 2019, arXiv:1812.04606). It knows what it was shown, and little of
    anything else: it stands beside a detector that was shown nothing.

    Attributes:
        middle: Means of the features, shape (features,).
        spread: Their standard deviations; 1 for a feature that does not vary; shape (features,).
        weights: Shape (features,).
        offset: Shape ().
    """

    name: ClassVar[str] = "exposed"
    middle: DoubleArray
    spread: DoubleArray
    weights: DoubleArray
    offset: DoubleArray

    @classmethod
    def fit(
        cls,
        features: DoubleArray,
        logits: DoubleArray,
        labels: IntArray,
        *,
        strange: DoubleArray,
        strength: float = 0.1,
    ) -> Exposed:
        """The detector of these records.

        Args:
            features: Of records that the network was made for, shape (records, features).
            logits: Shape (records, classes).
            labels: Classes, shape (records,).
            strange: Features of others, shape (others, features).
            strength: The inverse of the penalty on the squared weights, above 0.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature or logit is NaN or infinite.
            FitError: If a class, or the others, have fewer than 10 records, or *strength* is no
                number above 0.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        require_shape("strange", strange, "others, features")
        require_finite("strange", strange)
        if strange.shape[1] != features.shape[1]:
            raise ShapeError(
                f"strange: expected {features.shape[1]} features, got {strange.shape[1]}"
            )
        if len(strange) < _LEAST_RECORDS:
            raise FitError(
                f"strange: expected at least {_LEAST_RECORDS} records, got {len(strange)}"
            )
        if not 0 < strength < np.inf:
            raise FitError(f"strength: expected a number above 0, got {strength}")
        middle, spread = features.mean(axis=0), features.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        shown = (np.concatenate([features, strange]) - middle) / spread
        is_strange = np.arange(len(shown)) >= len(features)
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=5000, tol=1e-8)
        model.fit(shown, is_strange)
        return cls(
            middle=middle,
            spread=spread,
            weights=np.asarray(model.coef_[0], np.float64),
            offset=np.asarray(model.intercept_[0], np.float64),
        )

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=len(self.middle))
        return np.asarray((features - self.middle) / self.spread @ self.weights + self.offset)
