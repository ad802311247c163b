"""Strangeness from the logits alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import logsumexp

from nnassure.errors import FitError
from nnassure.ood.interface import require_records

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray

__all__ = ["Energy", "MaxSoftmax"]


def _one() -> DoubleArray:
    return np.asarray(1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaxSoftmax:
    """Minus the logarithm of the largest softmax probability (Hendrycks 2017, arXiv:1610.02136).

    The order is that of one minus the probability, without the ties where that rounds to 1.
    With the logits of inputs that :func:`nnassure.ood.nearer_to_a_class` moved, and a high
    temperature, it is ODIN (Liang 2018, arXiv:1706.02690).

    Attributes:
        temperature: Divides the logits, shape (), above 0.

    Raises:
        FitError: If the temperature is no finite number above 0.
    """

    name: ClassVar[str] = "max softmax"
    temperature: DoubleArray = field(default_factory=_one)

    def __post_init__(self) -> None:
        _require_temperature(self.temperature)

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=None)
        scaled = logits / self.temperature
        return np.asarray(logsumexp(scaled - scaled.max(axis=1, keepdims=True), axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Energy:
    """The free energy of the logits, -T log sum exp(logit / T) (Liu 2020, arXiv:2010.03759).

    Attributes:
        temperature: T, shape (), above 0.

    Raises:
        FitError: If the temperature is no finite number above 0.
    """

    name: ClassVar[str] = "energy"
    temperature: DoubleArray = field(default_factory=_one)

    def __post_init__(self) -> None:
        _require_temperature(self.temperature)

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """See :class:`nnassure.ood.Detector`."""
        require_records(features, logits, width=None)
        return np.asarray(-self.temperature * logsumexp(logits / self.temperature, axis=1))


def _require_temperature(temperature: DoubleArray) -> None:
    if not (np.isfinite(temperature) and temperature > 0):
        raise FitError(f"temperature: expected a finite number above 0, got {temperature}")
