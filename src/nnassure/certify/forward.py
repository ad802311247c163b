"""Linear bounds forward, as functions of few parameters (Weng 2018, arXiv:1804.09699, adapted).

Where a set has few parameters, each neuron is held between two linear functions of them. That
costs a few passes of intervals, whatever the length of the signal, and is close to exact where a
part of the set is small; what moves by itself, sample by sample, is added as an interval.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.certify.arithmetic import ENGINE_ERROR
from nnassure.certify.intervals import first_bounds, rounding_of

if TYPE_CHECKING:
    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.margins import Problem
    from nnassure.certify.network import Affine

__all__ = ["forward_margins"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Functions:
    """Two linear functions of the parameters around each value: middle - half, middle + half.

    The first entry of each is the constant, then one coefficient a parameter, which lies between
    -1 and 1: shape (1 + parameters, segments, time, channels).
    """

    middle: Tensor
    half: Tensor

    @property
    def lower(self) -> Tensor:
        return self.middle - self.half

    @property
    def upper(self) -> Tensor:
        return self.middle + self.half

    def bounds(self) -> tuple[Tensor, Tensor]:
        """The least of the lower and the greatest of the upper functions."""
        low, high = self.lower, self.upper
        return low[0] - low[1:].abs().sum(dim=0), high[0] + high[1:].abs().sum(dim=0)

    def size(self) -> Tensor:
        """The sum of absolute terms, which the engine's own rounding is relative to."""
        return (self.middle.abs() + self.half.abs()).sum(dim=0)


def forward_margins(problem: Problem) -> Tensor:
    """Lower bounds of the margins of recordings whose sets have parameters, (recordings,)."""
    layers, region = problem.chain.layers, problem.region
    functions, terms = _first(layers[0], problem)
    for before, layer in itertools.pairwise(layers):
        if before.rectified:
            functions = _rectified(functions)
        functions, terms = _through(layer, functions, problem.arithmetic)
    side = problem.question.sides[region.recording]
    low, high = functions.lower[:, :, 0], functions.upper[:, :, 0]
    contrast = torch.where(side > 0, low[..., 1] - high[..., 0], low[..., 0] - high[..., 1])
    sums = torch.zeros(len(contrast), len(problem.question.sides), dtype=torch.float64)
    sums = sums.index_add(1, region.recording, contrast * region.weights)
    margins = sums[0] - sums[1:].abs().sum(dim=0) - problem.final(terms[:, 0].sum(dim=1))
    # What is no number proves nothing.
    return torch.where(margins.isnan(), -math.inf, margins)


def _first(layer: Affine, problem: Problem) -> tuple[_Functions, Tensor]:
    """The first layer, affine in the parameters, with all else as an interval around."""
    region = problem.region
    bounds = first_bounds(layer, region, problem.arithmetic)
    constant = layer.forward(region.centre[:, :, None])
    along = [
        layer.forward(region.generators[:, parameter, :, None]) - layer.bias
        for parameter in range(region.generators.shape[1])
    ]
    middle = torch.stack([constant, *along])
    rest = (bounds.upper - bounds.lower) / 2 - middle[1:].abs().sum(dim=0)
    half = torch.zeros_like(middle)
    half[0] = rest.clamp(min=0) + ENGINE_ERROR * bounds.magnitude
    return _Functions(middle=middle, half=half), bounds.magnitude + bounds.rounding


def _rectified(functions: _Functions) -> _Functions:
    """Both functions after a ReLU: lines around it, the lower one through 0."""
    low, high = functions.bounds()
    open_ = (low < 0) & (high > 0)
    slope = torch.where(open_, high / (high - low).clamp(min=1e-300), (low >= 0).double())
    kept = torch.where(open_, (high > -low).double(), (low >= 0).double())
    upper = functions.upper * slope
    upper[0] -= torch.where(open_, low * slope, 0.0)
    lower = functions.lower * kept
    return _Functions(middle=(lower + upper) / 2, half=(upper - lower) / 2)


def _through(
    layer: Affine, functions: _Functions, arithmetic: Arithmetic
) -> tuple[_Functions, Tensor]:
    """Both functions through a layer, with what rounding may do; and the terms of its sums."""
    low, high = functions.bounds()
    rounding, terms = rounding_of(layer, torch.maximum(low.abs(), high.abs()), arithmetic)
    middle = torch.stack(
        [
            layer.forward(each) - (layer.bias if place else 0.0)
            for place, each in enumerate(functions.middle)
        ]
    )
    half = torch.stack([layer.spread(each) for each in functions.half])
    # The functions may be larger than the values that they enclose.
    half[0] += rounding + 4 * ENGINE_ERROR * (layer.spread(functions.size()) + layer.bias.abs())
    return _Functions(middle=middle, half=half), terms + rounding
