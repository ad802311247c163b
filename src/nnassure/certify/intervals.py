"""Interval bounds of every layer (Gowal 2018, arXiv:1810.12715), rounding included.

The bounds hold for the deployed float32 values: each layer's rounding error is bounded and added
before the next one is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.network import Affine, Chain
    from nnassure.certify.region import Region

__all__ = ["LayerBounds", "first_bounds", "interval_bounds", "next_bounds", "rounding_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LayerBounds:
    """What one layer computes before its ReLU, each of shape (segments, time, channels).

    Attributes:
        lower: No deployed value is below it.
        upper: None is above it.
        rounding: How far a deployed value may be from that in real arithmetic on its inputs.
        magnitude: The sum of the absolute terms that the rounding is relative to.
    """

    lower: Tensor
    upper: Tensor
    rounding: Tensor
    magnitude: Tensor

    def tightened(self, lower: Tensor, upper: Tensor) -> LayerBounds:
        """These bounds where they are tighter, the others elsewhere."""
        return LayerBounds(
            lower=torch.maximum(self.lower, lower),
            upper=torch.minimum(self.upper, upper),
            rounding=self.rounding,
            magnitude=self.magnitude,
        )

    def let_out(self, share: float) -> LayerBounds:
        """These bounds, wider by a *share* of the terms they were summed from."""
        if share == 0:
            return self
        return LayerBounds(
            lower=self.lower - share * self.magnitude,
            upper=self.upper + share * self.magnitude,
            rounding=self.rounding,
            magnitude=self.magnitude,
        )


def interval_bounds(chain: Chain, region: Region, arithmetic: Arithmetic) -> list[LayerBounds]:
    """Bounds of every layer of *chain* on *region*, each from those before it."""
    bounds = [first_bounds(chain.layers[0], region, arithmetic)]
    for before, layer in zip(chain.layers, chain.layers[1:], strict=False):
        bounds.append(next_bounds(before, bounds[-1], layer, arithmetic))
    return bounds


def first_bounds(layer: Affine, region: Region, arithmetic: Arithmetic) -> LayerBounds:
    """Bounds of the first layer: the best there are, since it is affine in what may happen."""
    centre = layer.forward(region.centre[:, :, None])
    rounding, magnitude = rounding_of(layer, region.magnitude[:, :, None], arithmetic)
    moved = layer.spread(region.rounding[:, :, None]) + rounding
    for parameter in range(region.generators.shape[1]):
        along = region.generators[:, parameter, :, None]
        moved = moved + (layer.forward(along) - layer.bias).abs()
    if bool((region.radius > 0).any()):
        moved = moved + region.radius[:, None, None] * _box(layer, region)
    return LayerBounds(
        lower=centre - moved, upper=centre + moved, rounding=rounding, magnitude=magnitude
    )


def next_bounds(
    before: Affine, bounds: LayerBounds, layer: Affine, arithmetic: Arithmetic
) -> LayerBounds:
    """Bounds of *layer*, which reads what *before* writes."""
    low, high = bounds.lower, bounds.upper
    if before.rectified:
        low, high = low.clamp(min=0), high.clamp(min=0)
    rounding, magnitude = rounding_of(layer, torch.maximum(low.abs(), high.abs()), arithmetic)
    centre = layer.forward((low + high) / 2)
    moved = layer.spread((high - low) / 2) + rounding
    return LayerBounds(
        lower=centre - moved, upper=centre + moved, rounding=rounding, magnitude=magnitude
    )


def rounding_of(layer: Affine, magnitude: Tensor, arithmetic: Arithmetic) -> tuple[Tensor, Tensor]:
    """How far a layer's deployed values may be off, and the terms that it is relative to.

    Args:
        layer: Reads values of at most *magnitude*.
        magnitude: Shape (segments, time, channels in).
        arithmetic: What the network is evaluated in.
    """
    terms = layer.spread(magnitude) + layer.bias.abs()
    return arithmetic.lost(terms, layer.operations, summed=layer.kernel), terms


def _box(layer: Affine, region: Region) -> Tensor:
    """How far outputs move if each sample of the recorder moves by up to 1."""
    if region.resampling is None or layer.weight is None:
        gain = 1.0 if region.resampling is None else region.resampling.gain
        return gain * layer.spread(torch.ones_like(region.centre)[:, :, None])
    kernel, _, channels = layer.weight.shape
    rows = layer.weight[:, 0].T  # (channels, kernel)
    frames = torch.arange(layer.frames)
    result = torch.empty(len(region.centre), layer.frames, channels, dtype=torch.float64)
    for segment, alike in _alike(region):
        # Frames far from every seam and end see the same filter: one of them stands for all.
        first = frames * layer.stride - layer.padding
        unlike = _near_a_seam(region, segment, first, kernel)
        shown = [int(frame) for frame in frames[unlike].tolist()]
        inner = frames[~unlike]
        shown += inner[:1].tolist()
        starts = first[shown].repeat_interleave(channels)
        moved = region.box(
            rows.repeat(len(shown), 1), starts, torch.full_like(starts, segment)
        ).reshape(-1, channels)
        result[alike[:, None], frames[unlike][None]] = moved[: int(unlike.sum())]
        if len(inner):
            result[alike[:, None], inner[None]] = moved[-1]
    return result


def _alike(region: Region) -> list[tuple[int, Tensor]]:
    """Segments that are cut alike, each group with one that stands for it."""
    groups: dict[tuple[object, ...], list[int]] = {}
    low, high, shift, length = region.runs
    for segment in range(len(region.centre)):
        key = (
            *low[segment].tolist(),
            *high[segment].tolist(),
            *shift[segment].tolist(),
            int(length[segment]),
        )
        groups.setdefault(key, []).append(segment)
    return [(members[0], torch.tensor(members)) for members in groups.values()]


def _near_a_seam(region: Region, segment: int, first: Tensor, kernel: int) -> Tensor:
    """Which windows reach, filter included, a seam of the segment or an end of the recording."""
    low, high, shift, length = (table[segment] for table in region.runs)
    resampling = region.resampling
    if resampling is None:
        return torch.zeros(len(first), dtype=torch.bool)
    clear = torch.zeros(len(first), dtype=torch.bool)
    for run in range(len(low)):
        whole = (first >= low[run]) & (first + kernel <= high[run])
        start = (first + shift[run]) * resampling.down - resampling.half
        stop = (first + kernel - 1 + shift[run]) * resampling.down + resampling.half
        clear |= whole & (start > 0) & (stop < (length - 1) * resampling.up)
    # With up > 1 the phase of a window matters as well.
    return ~clear if resampling.up == 1 else torch.ones_like(clear)
