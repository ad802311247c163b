"""Linear bounds by back-substitution (CROWN, Zhang 2018, arXiv:1811.00866), band by band.

A neuron of a convolution reads a short stretch of the signal, so the coefficients that bound it
are kept for that stretch alone: memory and time are linear in the length of the signal.
Rows are coefficients of a lower bound; an upper bound is the lower bound of the negated row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.certify.intervals import LayerBounds, first_bounds, next_bounds
from nnassure.certify.relaxation import SLOPES, adaptive, alike
from nnassure.certify.stretches import stretches

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.network import Chain
    from nnassure.certify.region import Region
    from nnassure.certify.relaxation import Relaxation

__all__ = [
    "Rows",
    "laid",
    "least",
    "linear_bounds",
    "neurons_at_once",
    "relaxed_rows",
    "sharpened",
    "substituted",
    "through_layer",
    "whole_frames",
    "within_frames",
]

# As many as stay in a processor's cache between one operation and the next.
_NUMBERS_AT_ONCE = 2**18
# Once a block just below 32 MiB is free again, glibc keeps what is freed instead of handing it back
# page by page, which would cost as much as the products do.
torch.empty(2**22 - 2**13, dtype=torch.float64, device="cpu")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Lower bounds, each linear in a stretch of one layer's outputs.

    Attributes:
        coefficients: Shape (rows, frames in a row, channels).
        constant: Shape (rows,).
        first: The frame at which each row starts; may be outside, where padding is.
        segment: Which segment each row reads.
    """

    coefficients: Tensor
    constant: Tensor
    first: Tensor
    segment: Tensor


def linear_bounds(  # noqa: PLR0913  what is bounded, and how far
    chain: Chain,
    region: Region,
    arithmetic: Arithmetic,
    *,
    wider: float = 0.0,
    thorough: bool = False,
    out_of_time: Callable[[], bool] | None = None,
) -> tuple[list[LayerBounds], list[Relaxation]]:
    """Bounds of every layer, by back-substitution where an interval leaves a ReLU undecided.

    Args:
        chain: The network.
        region: Where its segments lie.
        arithmetic: What the network is evaluated in.
        wider: By which share of their size all bounds are let out before others rest on them.
        thorough: Whether what is still open is substituted twice more, with lower lines of slope
            0 alone and of slope 1 alone, and the best of the three is kept.
        out_of_time: Asked between substitutions; once it says True, intervals do for what is left.

    Returns:
        The bounds of all layers and the relaxations of all but the last.
    """
    bounds = [first_bounds(chain.layers[0], region, arithmetic).let_out(wider)]
    relaxations: list[Relaxation] = []
    for place, layer in enumerate(chain.layers[1:], start=1):
        relaxations.append(adaptive(bounds[-1]))
        found = next_bounds(chain.layers[place - 1], bounds[-1], layer, arithmetic)
        bounds.append(found)
        if layer.rectified:
            bounds[-1] = sharpened(chain, region, bounds, relaxations, out_of_time)
            for slope in SLOPES if thorough else ():
                lines = alike(bounds[:-1], slope)
                bounds[-1] = sharpened(chain, region, bounds, lines, out_of_time)
        bounds[-1] = bounds[-1].let_out(wider)
    return bounds, relaxations


def substituted(
    chain: Chain,
    rows: Rows,
    bounds: list[LayerBounds],
    *,
    relaxations: list[Relaxation],
    last: int,
) -> Rows:
    """*rows* over the layer *last*, before its ReLU, as rows over the samples of segments."""
    for place in range(last, 0, -1):
        rows, before = through_layer(chain, rows, bounds[place], place), chain.layers[place - 1]
        if before.rectified:
            # Lines outside the frames have slope 0, so that padding counts nothing.
            rows = relaxed_rows(laid(rows, before.frames), relaxations[place - 1])
        else:
            rows = within_frames(rows, before.frames)
    return through_layer(chain, rows, bounds[0], 0)


def sharpened(
    chain: Chain,
    region: Region,
    bounds: list[LayerBounds],
    relaxations: list[Relaxation],
    out_of_time: Callable[[], bool] | None = None,
) -> LayerBounds:
    """The last of *bounds*, back-substituted where its sign is open, until *out_of_time*."""
    found, place = bounds[-1], len(bounds) - 1
    open_at = ((found.lower < 0) & (found.upper > 0)).nonzero()
    if len(open_at) == 0:
        return found
    lower, upper = found.lower.clone(), found.upper.clone()
    for part in torch.split(open_at, neurons_at_once(chain, place)):
        if out_of_time is not None and out_of_time():
            break
        at = part.unbind(dim=1)
        low, high = least(chain, region, bounds, relaxations, part, sides=(1, -1))
        lower[at], upper[at] = low, -high
    return found.tightened(lower, upper)


def least(  # noqa: PLR0913, PLR0917  what is bounded, and by what
    chain: Chain,
    region: Region,
    bounds: list[LayerBounds],
    relaxations: list[Relaxation],
    neurons: Tensor,
    sides: tuple[int, ...],
) -> tuple[Tensor, ...]:
    """Lower bounds of neurons of the layer that *bounds* end with, by back-substitution.

    Args:
        chain: The network.
        region: Where its segments lie.
        bounds: Of all layers up to theirs.
        relaxations: Of the layers before.
        neurons: Segment, frame and channel of each, shape (neurons, 3).
        sides: 1 for the neurons themselves, -1 for their negatives.

    Returns:
        For each of *sides*, shape (neurons,).
    """
    place, (segment, frame, channel) = len(bounds) - 1, neurons.unbind(dim=1)
    unit = torch.nn.functional.one_hot(channel, chain.layers[place].channels).double()[:, None]
    many = len(sides)
    rows = Rows(
        coefficients=torch.cat([side * unit for side in sides]),
        constant=torch.zeros(many * len(unit), dtype=torch.float64),
        first=frame.repeat(many),
        segment=segment.repeat(many),
    )
    rows = substituted(chain, rows, bounds, relaxations=relaxations, last=place)
    samples = rows.coefficients[:, :, 0]
    low = (
        rows.constant
        + region.value(samples, rows.first, rows.segment)
        - region.deviation(samples, rows.first, rows.segment)
    )
    return torch.split(low, len(unit))


def through_layer(chain: Chain, rows: Rows, bounds: LayerBounds, place: int) -> Rows:
    """Rows over the outputs of a layer as rows over its inputs."""
    layer = chain.layers[place]
    (rounding,) = _taken((bounds.rounding,), rows)
    return Rows(
        coefficients=layer.backward(rows.coefficients),
        constant=rows.constant
        + rows.coefficients.sum(dim=1) @ layer.bias
        - _products(rows.coefficients.abs(), rounding),
        first=layer.first_input(rows.first),
        segment=rows.segment,
    )


def relaxed_rows(rows: Rows, relaxation: Relaxation) -> Rows:
    """Rows over rectified values as rows over the values before."""
    tables = (relaxation.upper_slope, relaxation.lower_slope, relaxation.upper_offset)
    upper_slope, lower_slope, offset = _taken(tables, rows)
    falling = rows.coefficients.clamp(max=0)
    rising = rows.coefficients - falling
    return replace(
        rows,
        coefficients=torch.addcmul(rising * lower_slope, falling, upper_slope),
        constant=rows.constant + _products(falling, offset),
    )


def within_frames(rows: Rows, frames: int) -> Rows:
    """Rows without what lies outside the *frames* of a layer: padding, which is 0.

    Where all rows start at the same place they are cut, otherwise set to 0 there if any reaches
    outside.
    """
    rows = laid(rows, frames)
    width = rows.coefficients.shape[1]
    if int(rows.first.min()) >= 0 and int(rows.first.max()) + width <= frames:
        return rows
    position = rows.first[:, None] + torch.arange(width)
    inside = ((position >= 0) & (position < frames))[:, :, None]
    return replace(rows, coefficients=torch.where(inside, rows.coefficients, 0.0))


def laid(rows: Rows, frames: int) -> Rows:
    """Rows that all start at the same place and reach over all *frames*, cut to just those."""
    start = int(rows.first.min())
    after = start + rows.coefficients.shape[1] - frames
    if start != int(rows.first.max()) or start > 0 or after < 0:
        return rows
    return replace(
        rows,
        coefficients=rows.coefficients[:, -start : frames - start],
        first=torch.zeros_like(rows.first),
    )


def whole_frames(rows: Rows, frames: int) -> Rows:
    """*rows* that all start at one place, cut and filled up to exactly the *frames* of a layer.

    A layer whose stride does not divide its input leaves its last frames unread; their
    coefficients are 0.
    """
    start = int(rows.first[0])
    after = frames - start - rows.coefficients.shape[1]
    return replace(
        rows,
        # Padding by a negative number cuts.
        coefficients=torch.nn.functional.pad(rows.coefficients, (0, 0, start, after)),
        first=torch.zeros_like(rows.first),
    )


def _products(left: Tensor, right: Tensor) -> Tensor:
    """The sum of products of each row, shape (rows,)."""
    found: Tensor = torch.linalg.vecdot(left.flatten(start_dim=1), right.flatten(start_dim=1))
    return found


def _taken(tables: tuple[Tensor, ...], rows: Rows) -> tuple[Tensor, ...]:
    """The stretch of each of *tables* that each row reads: (rows, frames, channels).

    What lies outside the frames of a layer is 0.
    """
    frames, width = tables[0].shape[1], rows.coefficients.shape[1]
    if width == frames and not bool(rows.first.any()):
        whole = rows.segment.equal(torch.arange(len(tables[0])))
        return tables if whole else tuple(table[rows.segment] for table in tables)
    return stretches(tables, rows.segment, rows.first, width)


def neurons_at_once(chain: Chain, last: int) -> int:
    """How many neurons of a layer fit into memory with all that they read."""
    width, most = 1, 1
    for layer in reversed(chain.layers[: last + 1]):
        width = (
            layer.frames_in if layer.weight is None else (width - 1) * layer.stride + layer.kernel
        )
        channels = len(layer.bias) if layer.weight is None else int(layer.weight.shape[1])
        most = max(most, width * channels)
    return max(1, _NUMBERS_AT_ONCE // (2 * most))
