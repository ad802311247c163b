"""Two lines around each ReLU between the bounds of what enters it (CROWN, arXiv:1811.00866)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from nnassure.certify.intervals import LayerBounds

__all__ = ["SLOPES", "Relaxation", "adaptive", "alike"]

#: Of lower lines, beside the adaptive ones; a certificate's reader tries the same.
SLOPES = (0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxation:
    """Two lines around each ReLU of a layer, shape (segments, time, channels) each.

    ``lower_slope * z <= relu(z) <= upper_slope * z + upper_offset`` between the layer's bounds.
    """

    lower_slope: Tensor
    upper_slope: Tensor
    upper_offset: Tensor


def adaptive(bounds: LayerBounds, lower_slope: Tensor | None = None) -> Relaxation:
    """The lines that lie closest; the lower one through 0 with slope 1 or 0 unless it is given."""
    low, high = bounds.lower, bounds.upper
    unstable = (low < 0) & (high > 0)
    upper_slope = torch.where(unstable, high / (high - low).clamp(min=1e-300), (low >= 0).double())
    chosen = (high > -low).double() if lower_slope is None else lower_slope
    return Relaxation(
        lower_slope=torch.where(unstable, chosen, (low >= 0).double()),
        upper_slope=upper_slope,
        upper_offset=torch.where(unstable, -low * upper_slope, 0.0),
    )


def alike(bounds: list[LayerBounds], slope: float | None) -> list[Relaxation]:
    """Lines around the ReLUs of all layers, the lower ones with one slope; None: the adaptive."""
    return [
        adaptive(each, None if slope is None else torch.full_like(each.lower, slope))
        for each in bounds
    ]
