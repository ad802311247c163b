"""One forward pass that carries a point and a box of each segment, for training on its bound.

Interval bounds (Gowal 2018, arXiv:1810.12715) of a network in training form. Batch normalisation
takes its statistics from the points, not from the boxes, so that the bound is that of the network
which the points train, and is passed like any affine layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import conv1d, linear

from afib.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

    from afib.network import PlainNetwork

__all__ = [
    "Block",
    "Boxes",
    "Pass",
    "both_ways",
    "interval_margins",
    "margin_layer",
    "mean_of_ways",
    "passed",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes:
    """Intervals of values: no value of an entry is further from its centre than the radius.

    Attributes:
        centre: Any shape.
        radius: From 0, of a shape that broadcasts to that of *centre*.
    """

    centre: Tensor
    radius: Tensor

    @property
    def lower(self) -> Tensor:
        """The least values, in the shape of *centre*."""
        return self.centre - self.radius

    @property
    def upper(self) -> Tensor:
        """The greatest values, in the shape of *centre*."""
        return self.centre + self.radius

    def relu(self) -> Boxes:
        """The values behind a ReLU."""
        lower, upper = torch.relu(self.lower), torch.relu(self.upper)
        return Boxes(centre=(lower + upper) / 2, radius=(upper - lower) / 2)

    def mean_over_time(self) -> Boxes:
        """The means over the last axis."""
        return Boxes(centre=self.centre.mean(-1), radius=self.radius.mean(-1))

    def through(self, layer: nn.Linear) -> Boxes:
        """The values behind a linear layer."""
        return Boxes(centre=layer(self.centre), radius=linear(self.radius, layer.weight.abs()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A block as it was passed: convolution, then scale and shift, then ReLU.

    Attributes:
        convolution: Without bias.
        scale: Of the normalisation by the statistics of the points, shape (channels, 1).
        shift: Likewise.
        outputs: Before the ReLU, shape (segments, channels, frames).
    """

    convolution: nn.Conv1d
    scale: Tensor
    shift: Tensor
    outputs: Boxes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pass:
    """What :func:`passed` met on its way.

    With invariant polarity, boxes stand twice along the segments' axis: upright, then inverted.

    Attributes:
        logits: Of the points, shape (segments, 2).
        blocks: From the input on.
        hidden: Of the hidden layer before its ReLU, shape (segments, hidden).
    """

    logits: Tensor
    blocks: tuple[Block, ...]
    hidden: Boxes


def passed(
    network: PlainNetwork, points_mv: Tensor, centres_mv: Tensor, *, radius_mv: float
) -> Pass:
    """*network* passed by points, as in a step of training, and by boxes, as its bound.

    The running statistics move as in a pass of the points alone.

    Args:
        network: In training form and mode.
        points_mv: Segments in mV, shape (segments, samples).
        centres_mv: Centres of the boxes in mV, likewise.
        radius_mv: The most by which a sample in a box leaves its centre.

    Raises:
        ModelError: If *network* is not in training form.
    """
    points = both_ways(network, points_mv, -points_mv).unsqueeze(1)
    centres = both_ways(network, centres_mv, -centres_mv).unsqueeze(1)
    # One radius for all segments: its first convolution is computed once.
    boxes = Boxes(centre=centres, radius=torch.full_like(centres[:1], radius_mv))
    blocks = []
    for convolution, normalisation in _blocks(network):
        points, block = _through_block(convolution, normalisation, points, boxes)
        boxes = block.outputs.relu()
        blocks.append(block)
    logits = mean_of_ways(network, network.head(points.mean(-1)))
    hidden = boxes.mean_over_time().through(network.head[0])  # type: ignore[arg-type]  # a linear layer
    return Pass(logits=logits, blocks=tuple(blocks), hidden=hidden)


def interval_margins(network: PlainNetwork, way: Pass, is_afib: Tensor) -> Tensor:
    """What no margin in a box is below, shape (segments,): the logit of the label minus the other.

    With invariant polarity the mean of the bounds of both ways round, each for itself.

    Args:
        network: What *way* passed.
        way: What :func:`passed` returned.
        is_afib: 1 for AFib and 0 for normal, shape (segments,).
    """
    weights, offset = margin_layer(network)
    sign = 2 * both_ways(network, is_afib, is_afib) - 1
    features = way.hidden.relu()
    worst = sign * (features.centre @ weights + offset) - features.radius @ weights.abs()
    return mean_of_ways(network, worst)


def margin_layer(network: PlainNetwork) -> tuple[Tensor, Tensor]:
    """Weights, shape (hidden,), and offset of the AFib logit minus the normal one."""
    last: nn.Linear = network.head[-1]  # type: ignore[assignment]  # PlainNetwork ends in one
    return last.weight[1] - last.weight[0], last.bias[1] - last.bias[0]


def both_ways(network: PlainNetwork, upright: Tensor, inverted: Tensor) -> Tensor:
    """*upright*, and behind it along the first axis *inverted*, if polarity is invariant."""
    return upright if network.settings.polarity == "free" else torch.cat([upright, inverted])


def mean_of_ways(network: PlainNetwork, values: Tensor) -> Tensor:
    """One entry a segment of *values* that are of :func:`both_ways`."""
    if network.settings.polarity == "free":
        return values
    upright, inverted = values.chunk(2)
    return (upright + inverted) / 2


def _blocks(network: PlainNetwork) -> list[tuple[nn.Conv1d, nn.BatchNorm1d]]:
    convolutions = [layer for layer in network.features if isinstance(layer, nn.Conv1d)]
    normalisations = [layer for layer in network.features if isinstance(layer, nn.BatchNorm1d)]
    if len(normalisations) < len(convolutions):
        raise ModelError("network: expected one in training form, got a folded one")
    return list(zip(convolutions, normalisations, strict=True))


def _through_block(
    convolution: nn.Conv1d, normalisation: nn.BatchNorm1d, points: Tensor, boxes: Boxes
) -> tuple[Tensor, Block]:
    """The points behind the block, and the block with its boxes."""
    weight, stride = convolution.weight, convolution.stride
    padding = convolution.kernel_size[0] // 2
    # One convolution for both costs less than two.
    together = conv1d(torch.cat([points, boxes.centre]), weight, None, stride, padding)
    radius = conv1d(boxes.radius, weight.abs(), None, stride, padding)
    scale, shift = _normalised(normalisation, together[: len(points)])
    together = torch.addcmul(shift, together, scale)
    outputs = Boxes(centre=together[len(points) :], radius=radius * scale.abs())
    block = Block(convolution=convolution, scale=scale, shift=shift, outputs=outputs)
    return torch.relu(together[: len(points)]), block


def _normalised(normalisation: nn.BatchNorm1d, values: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift that normalise *values*, shape (channels, 1); running statistics move."""
    variance, mean = torch.var_mean(values, dim=(0, 2), correction=0)
    with torch.no_grad():
        count = values.numel() / len(mean)
        _move(normalisation, mean, variance * count / (count - 1))
    scale = normalisation.weight / torch.sqrt(variance + normalisation.eps)
    return scale[:, None], (normalisation.bias - mean * scale)[:, None]


def _move(normalisation: nn.BatchNorm1d, mean: Tensor, variance: Tensor) -> None:
    running = (normalisation.running_mean, normalisation.running_var)
    counted, momentum = normalisation.num_batches_tracked, normalisation.momentum
    if running[0] is None or running[1] is None or counted is None or momentum is None:
        raise ModelError("network: expected batch normalisation with running statistics, got none")
    running[0].lerp_(mean, momentum)
    running[1].lerp_(variance, momentum)
    counted.add_(1)
