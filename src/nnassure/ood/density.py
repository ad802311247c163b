"""How thinly records like this one are spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from nnassure.errors import FitError
from nnassure.ood.interface import require_fit, require_records

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Density"]

_LEAST_RECORDS = 10
# Of the variance of a standardised feature: no component is thinner in any direction.
_THINNEST = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Density:
    """Minus the logarithm of the density of a Gaussian mixture, on features at unit spread.

    A constant of all records is left out.

    Attributes:
        middle: Medians of the features, shape (features,).
        spread: Their interquartile ranges over 1.349, which is 1 for a standard Gaussian; 1 for a
            feature that half of the records share; shape (features,).
        weights: Logarithms of the shares of the components, shape (components,).
        means: Shape (components, features).
        precisions: Roots of the precisions, shape (components, features, features).
    """

    name: ClassVar[str] = "density"
    middle: DoubleArray
    spread: DoubleArray
    weights: DoubleArray
    means: DoubleArray
    precisions: DoubleArray

    @classmethod
    def fit(
        cls,
        features: DoubleArray,
        logits: DoubleArray,
        labels: IntArray,
        *,
        components: int = 4,
        seed: int = 17,
    ) -> Density:
        """The detector of these records.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature or logit is NaN or infinite.
            FitError: If there are fewer records than components, or a class has fewer than 10.
        """
        require_fit(features, logits, labels, least=_LEAST_RECORDS)
        if not 1 <= components <= len(features):
            raise FitError(f"components: expected 1 to {len(features)}, got {components}")
        low, middle, high = np.quantile(features, [0.25, 0.5, 0.75], axis=0)
        spread = np.where(high > low, (high - low) / 1.349, 1.0)
        mixture = GaussianMixture(components, reg_covar=_THINNEST, random_state=seed)
        mixture.fit((features - middle) / spread)
        return cls(
            middle=middle,
            spread=spread,
            weights=np.log(mixture.weights_),
            means=np.asarray(mixture.means_, np.float64),
            precisions=np.asarray(mixture.precisions_cholesky_, np.float64),
        )

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=len(self.middle))
        standard = (features - self.middle) / self.spread
        logs = []
        for weight, mean, root in zip(self.weights, self.means, self.precisions, strict=True):
            squared = (((standard - mean) @ root) ** 2).sum(axis=1)
            logs.append(weight + np.log(np.diag(root)).sum() - squared / 2)
        return np.asarray(-logsumexp(np.stack(logs), axis=0))
