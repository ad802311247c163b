"""The disturbances that move no sample by more than a radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nnassure.errors import PerturbationError

__all__ = ["Ball"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """Every signal that differs from a given one by at most the radius in each sample.

    Attributes:
        radius_mv: Largest change of a sample, finite and above 0.

    Raises:
        PerturbationError: If the radius is no such number; a ball of radius 0 shows nothing.
    """

    radius_mv: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius_mv) and self.radius_mv > 0):
            raise PerturbationError(
                f"radius_mv: expected a finite number above 0, got {self.radius_mv}"
            )

    def bounds(self, centres: Tensor) -> tuple[Tensor, Tensor]:
        """The lowest and the highest value that each sample may take.

        Both are rounded towards the centre where the number format cannot hold them, so that no
        point between them is farther from it than the radius, distances taken in float64.

        Args:
            centres: Undisturbed signals in mV, shape (records, samples), floating point.
        """
        exact = centres.double()
        lower = (exact - self.radius_mv).to(centres.dtype)
        upper = (exact + self.radius_mv).to(centres.dtype)
        # Rounding misses by one neighbouring number at most.
        too_low = exact - lower.double() > self.radius_mv
        too_high = upper.double() - exact > self.radius_mv
        lower = torch.where(too_low, torch.nextafter(lower, centres), lower)
        upper = torch.where(too_high, torch.nextafter(upper, centres), upper)
        return lower, upper

    def project(self, points: Tensor, centres: Tensor) -> Tensor:
        """The signals of the balls around *centres* that are nearest to *points*.

        Args:
            points: Signals in mV, shape (records, samples).
            centres: Undisturbed signals in mV, the same shape.
        """
        lower, upper = self.bounds(centres)
        return torch.clamp(points, lower, upper)

    def draw(self, centres: Tensor, generator: torch.Generator) -> Tensor:
        """One signal a ball, every sample drawn uniformly from its interval.

        Args:
            centres: Undisturbed signals in mV, shape (records, samples).
            generator: Source of the randomness; it is advanced.
        """
        lower, upper = self.bounds(centres)
        share = torch.rand(centres.shape, generator=generator, dtype=centres.dtype)
        return torch.clamp(lower + share * (upper - lower), lower, upper)
