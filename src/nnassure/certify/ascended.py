"""Bounds of layers whose lower lines are chosen by gradient, for all neurons of a layer together.

Any slope between 0 and 1 bounds a ReLU from below (Xu 2021, arXiv:2011.13824). One table of slopes
serves all open neurons of a layer at once, lower and upper ends apart: a search for each neuron
would cost as many times more as there are neurons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from nnassure.certify.climbing import Climb
from nnassure.certify.intervals import first_bounds, next_bounds
from nnassure.certify.linear import least, neurons_at_once, sharpened
from nnassure.certify.relaxation import SLOPES, adaptive, alike

if TYPE_CHECKING:
    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.network import Chain
    from nnassure.certify.region import Region

__all__ = ["Chosen", "ascended_bounds"]

#: Slopes by layer that is bounded and side (1 for lower ends, -1 for upper ones): for each layer
#: before it, shape (segments, time, channels), None where no ReLU follows.
Chosen: TypeAlias = "dict[tuple[int, int], list[Tensor | None]]"

_DECAY = 0.9
# Slopes that are multiples of a power of two take little room in a certificate.
_GRID = 256


def ascended_bounds(
    chain: Chain, region: Region, arithmetic: Arithmetic, *, steps: int, wider: float = 0.0
) -> tuple[list[LayerBounds], Chosen]:
    """Bounds of every layer, as :func:`nnassure.certify.linear.linear_bounds` finds thoroughly.

    What three choices of lower lines leave open is bounded with lines found by ascent as well.

    Args:
        chain: The network.
        region: Where its segments lie.
        arithmetic: What the network is evaluated in.
        steps: Of ascent, for each layer and side.
        wider: By which share of their size all bounds are let out before others rest on them.

    Returns:
        The bounds of all layers, and the slopes that the ascent came to.
    """
    bounds = [first_bounds(chain.layers[0], region, arithmetic).let_out(wider)]
    chosen: Chosen = {}
    for place, layer in enumerate(chain.layers[1:], start=1):
        found = next_bounds(chain.layers[place - 1], bounds[-1], layer, arithmetic)
        bounds.append(found)
        if layer.rectified:
            with torch.no_grad():
                for slope in (None, *SLOPES):
                    bounds[-1] = sharpened(chain, region, bounds, alike(bounds[:-1], slope))
            for side in (1, -1):
                bounds[-1], slopes = _ascended(chain, region, bounds, side=side, steps=steps)
                if slopes is not None:
                    chosen[place, side] = slopes
        bounds[-1] = bounds[-1].let_out(wider)
    return bounds, chosen


def _ascended(
    chain: Chain, region: Region, bounds: list[LayerBounds], *, side: int, steps: int
) -> tuple[LayerBounds, list[Tensor | None] | None]:
    """The last of *bounds* with better ends on one *side*, and the slopes, None without any.

    The sum over all open neurons is what climbs.
    """
    found, first = bounds[-1], _first(chain, bounds)
    open_at = ((found.lower < 0) & (found.upper > 0)).nonzero()
    if len(open_at) == 0 or all(each is None for each in first):
        return found, None
    parts = torch.split(open_at, 2 * neurons_at_once(chain, len(bounds) - 1))
    climb = Climb(first, decay=_DECAY)
    for step in range(steps):
        leaves = climb.leaves(trying=True)
        for part in parts:
            low = _low(chain, region, bounds, leaves, part, side)
            torch.autograd.backward(low.sum())
        climb.climb(step)
    slopes = _rounded(bounds, climb.leaves(trying=False))
    ends = [found.lower.clone(), -found.upper]
    end = ends[side < 0]
    with torch.no_grad():
        for part in parts:
            end[part.unbind(dim=1)] = _low(chain, region, bounds, slopes, part, side)
    return found.tightened(ends[0], -ends[1]), slopes


def _low(  # noqa: PLR0913, PLR0917  as in linear.least
    chain: Chain,
    region: Region,
    bounds: list[LayerBounds],
    slopes: list[Tensor | None],
    neurons: Tensor,
    side: int,
) -> Tensor:
    relaxations = [adaptive(*each) for each in zip(bounds[:-1], slopes, strict=True)]
    return least(chain, region, bounds, relaxations, neurons, sides=(side,))[0]


def _first(chain: Chain, bounds: list[LayerBounds]) -> list[Tensor | None]:
    return [
        adaptive(each).lower_slope if layer.rectified else None
        for layer, each in zip(chain.layers, bounds[:-1], strict=False)
    ]


def _rounded(bounds: list[LayerBounds], slopes: list[Tensor | None]) -> list[Tensor | None]:
    """Slopes on the grid, and 0 where no line is needed."""
    return [
        None
        if slope is None
        else torch.where((each.lower < 0) & (each.upper > 0), (slope * _GRID).round() / _GRID, 0.0)
        for each, slope in zip(bounds[:-1], slopes, strict=True)
    ]
