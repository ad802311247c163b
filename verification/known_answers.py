"""A network of which the right attribution is known, and recordings with what it looks for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from nnassure.attribution import METHODS, Question, attribution, widening
from nnassure.explanation import share_inside

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nnassure.arrays import BoolArray, DoubleArray, FloatArray

__all__ = ["Known", "MarkerNetwork", "PlateauNetwork", "known_answers", "off_centre"]


class PlateauNetwork(nn.Module):
    """Answers by plateaus alone: a high one argues for class 1, a low one for class 0.

    Args:
        most_mv: A mean over nine samples within plus and minus this is not seen.
        strength: What the last layer multiplies by.
    """

    def __init__(self, most_mv: float, strength: float = 1.0) -> None:
        super().__init__()
        seen, joined, head = nn.Conv1d(1, 2, 9, 2, 4), nn.Conv1d(2, 2, 3, 2, 1), nn.Linear(2, 2)
        with torch.no_grad():
            seen.weight.copy_(torch.tensor([1.0, -1.0])[:, None, None] / 9)
            seen.bias = nn.Parameter(torch.full((2,), -most_mv))
            joined.weight.copy_(torch.eye(2)[:, :, None] / 3)
            joined.bias = nn.Parameter(torch.zeros(2))
            head.weight.copy_(strength * torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
            head.bias.zero_()
        self.features = nn.Sequential(seen, nn.ReLU(), joined, nn.ReLU())
        self.head = head

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        made: Tensor = self.head(self.features(inputs[:, None]).mean(dim=-1))
        return made


class MarkerNetwork(nn.Module):
    """Answers by how high the signal is above a level, through layers like those of a network.

    Args:
        kernels: Of its convolutions, each a mean.
        strides: Of its convolutions.
        most_mv: A mean over the first kernel up to this is not seen.
    """

    def __init__(self, kernels: Sequence[int], strides: Sequence[int], most_mv: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for place, (kernel, stride) in enumerate(zip(kernels, strides, strict=True)):
            layer = nn.Conv1d(1, 1, kernel, stride, kernel // 2)
            with torch.no_grad():
                layer.weight.fill_(1 / kernel)
                layer.bias = nn.Parameter(torch.full((1,), -most_mv if place == 0 else 0.0))
            layers += [layer, nn.ReLU()]
        self.features = nn.Sequential(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        high = self.features(inputs[:, None]).mean(dim=-1)
        return torch.cat([-high, high], dim=1)


def off_centre(
    inputs: FloatArray,
    rate_hz: float,
    layers: tuple[Sequence[int], Sequence[int]],
    asked: Mapping[str, Any],
) -> dict[str, DoubleArray]:
    """How far the middle of the evidence lies from that of a plateau, in seconds.

    Args:
        inputs: Segments without any plateau, shape (recordings, samples).
        rate_hz: Their rate.
        layers: Kernels and strides of the network that is to be explained.
        asked: ``seed``, ``plateau_mv``, ``plateau_s`` and ``most_mv``.

    Returns:
        By method, shape (recordings,), never below 0. A plateau stands where no frame that sees it
        sees an end of the segment.
    """
    network = MarkerNetwork(*layers, asked["most_mv"]).eval()
    count, samples = inputs.shape
    width, reach = round(asked["plateau_s"] * rate_hz), widening(network)
    generator = np.random.default_rng(asked["seed"])
    starts = generator.integers(reach, samples - reach - width, count)
    at = np.arange(samples)
    inside = (at >= starts[:, None]) & (at < starts[:, None] + width)
    planted = np.where(inside, np.float32(asked["plateau_mv"]), inputs)
    question, found = Question(network=network, wanted=1, other=0), {}
    for method in METHODS:
        sizes = np.abs(attribution(method, question, planted).weights)
        middles = (sizes * at).sum(axis=1) / sizes.sum(axis=1)
        found[method] = np.abs(middles - starts - (width - 1) / 2) / rate_hz
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What methods say of recordings with a high and a low plateau, and of those without.

    Attributes:
        shares: Of weight in the widened regions, by method, shape (recordings,).
        times: Share of time of these regions, by method, shape (recordings,).
        signs_right: Whether the high plateau argues for and the low one against, by every method.
        said_empty: Whether every method says that nothing argues where nothing is planted.
    """

    shares: Mapping[str, DoubleArray]
    times: Mapping[str, DoubleArray]
    signs_right: BoolArray
    said_empty: BoolArray


def known_answers(inputs: FloatArray, rate_hz: float, asked: Mapping[str, Any]) -> Known:
    """What all methods say of *inputs* with plateaus at drawn places, and without.

    Args:
        inputs: Segments without any plateau, shape (recordings, samples).
        rate_hz: Their rate.
        asked: ``seed``, ``plateau_mv``, ``plateau_s``, ``most_mv``, and ``strengths`` of the last
            layer, of each of which a network is asked; the worst counts.
    """
    generator = np.random.default_rng(asked["seed"])
    count, samples = inputs.shape
    width = round(asked["plateau_s"] * rate_hz)
    # One in either half, so that they never meet.
    places = [
        generator.integers(start, start + samples // 2 - width, count)
        for start in (0, samples // 2)
    ]
    high = generator.integers(2, size=count)
    planted, at = inputs.copy(), np.arange(samples)
    regions = [(at >= place[:, None]) & (at < place[:, None] + width) for place in places]
    for half, region in enumerate(regions):
        sign = np.where(high == half, 1.0, -1.0).astype(np.float32)
        planted = np.where(region, sign[:, None] * np.float32(asked["plateau_mv"]), planted)
    shares: dict[str, DoubleArray] = {}
    times: dict[str, DoubleArray] = {}
    right, empty = np.ones(count, np.bool_), np.ones(count, np.bool_)
    for method, strength in itertools.product(METHODS, asked["strengths"]):
        network = PlateauNetwork(asked["most_mv"], strength).eval()
        question = Question(network=network, wanted=1, other=0)
        found = attribution(method, question, planted)
        blur = question.window if method == "occlusion" else widening(network)
        inside = np.zeros(inputs.shape, np.bool_)
        for half, (place, region) in enumerate(zip(places, regions, strict=True)):
            inside |= (at >= place[:, None] - blur) & (at < place[:, None] + width + blur)
            signed = (found.weights * region).sum(axis=1)
            right &= np.where(high == half, signed > 0, signed < 0)
        own = share_inside(found.weights, inside)
        shares[method] = np.minimum(own, shares.get(method, own))
        times[method] = inside.mean(axis=1)
        empty &= attribution(method, question, inputs).empty
    return Known(shares=shares, times=times, signs_right=right, said_empty=empty)
