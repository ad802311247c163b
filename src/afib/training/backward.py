"""The bound of a margin by linear functions, carried back from the logits to the input.

CROWN-IBP (Zhang 2020, arXiv:1906.06316): the interval bounds of a forward pass say how each ReLU
may be enclosed by two lines, and one pass back finds the linear function of the signal below the
margin. Everything has a gradient, but the choice of the lower lines (adaptive slopes of Zhang 2018,
arXiv:1811.00866), which are constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import conv_transpose1d

from afib.training.interval import both_ways, margin_layer

if TYPE_CHECKING:
    from torch import Tensor, nn

    from afib.network import PlainNetwork
    from afib.training.interval import Block, Boxes, Pass

__all__ = ["backward_margins"]

# The upper line runs between the ends of the interval, which must not meet.
_NARROWEST = 1e-8


def backward_margins(
    network: PlainNetwork, way: Pass, centres_mv: Tensor, *, radius_mv: float, is_afib: Tensor
) -> Tensor:
    """What no margin in a box is below, shape (segments,): the logit of the label minus the other.

    With invariant polarity the linear functions of both ways round are added before the worst
    signal is sought, because it is the same signal: tighter than the mean of two bounds.

    Args:
        network: What *way* passed.
        way: What :func:`afib.training.interval.passed` returned for these boxes.
        centres_mv: Centres of the boxes in mV, shape (segments, samples).
        radius_mv: The most by which a sample in a box leaves its centre.
        is_afib: 1 for AFib and 0 for normal, shape (segments,).
    """
    weights, bias = margin_layer(network)
    sign = 2 * both_ways(network, is_afib, is_afib)[:, None] - 1
    slopes, offset = _below_relu(sign * weights, way.hidden)
    offset = offset + (sign * bias)[:, 0]
    first: nn.Linear = network.head[0]  # type: ignore[assignment]  # PlainNetwork begins with one
    slopes, offset = slopes @ first.weight, offset + slopes @ first.bias
    frames = way.blocks[-1].outputs.centre.shape[-1]
    slopes = (slopes / frames)[:, :, None].expand(-1, -1, frames)
    inputs = [centres_mv.shape[-1], *(block.outputs.centre.shape[-1] for block in way.blocks)]
    for block, samples in zip(reversed(way.blocks), reversed(inputs[:-1]), strict=True):
        slopes, constant = _below_block(slopes, block, samples)
        offset = offset + constant
    slopes = slopes[:, 0]
    if network.settings.polarity == "invariant":
        (upright, inverted), (first_offset, second_offset) = slopes.chunk(2), offset.chunk(2)
        slopes, offset = (upright - inverted) / 2, (first_offset + second_offset) / 2
    return (slopes * centres_mv).sum(-1) - radius_mv * slopes.abs().sum(-1) + offset


def _below_block(slopes: Tensor, block: Block, samples: int) -> tuple[Tensor, Tensor]:
    """A linear function of a block's outputs as one of its inputs that is nowhere above it."""
    slopes, offset = _below_relu(slopes, block.outputs)
    offset = offset + (slopes * block.shift).sum((1, 2))
    (kernel,), (stride,) = block.convolution.kernel_size, block.convolution.stride
    padding = kernel // 2
    unread = samples - ((slopes.shape[-1] - 1) * stride + kernel - 2 * padding)
    slopes = conv_transpose1d(
        slopes * block.scale,
        block.convolution.weight,
        None,
        stride,
        padding,
        output_padding=unread,
    )
    return slopes, offset


def _below_relu(slopes: Tensor, inputs: Boxes) -> tuple[Tensor, Tensor]:
    """The linear function with *slopes* of a ReLU's outputs as one of its inputs, and its offset.

    Nowhere in the boxes is the new function above the old one. Where a slope is negative, the ReLU
    is replaced by the line between its ends; where positive, by whichever of the lines 0 and
    identity leaves the smaller area.

    Args:
        slopes: Shape (segments, ...).
        inputs: What the inputs of the ReLU are within, of that shape.

    Returns:
        Slopes in the same shape, and offsets of shape (segments,).
    """
    lower = inputs.lower.clamp(max=0)
    # An interval widened upwards still holds all values.
    upper = torch.maximum(inputs.upper, lower + _NARROWEST).clamp(min=0)
    line = upper / (upper - lower)
    falling = slopes.clamp(max=0) * line
    rising = slopes.clamp(min=0) * (upper > -lower)
    return falling + rising, -(falling * lower).flatten(1).sum(1)
