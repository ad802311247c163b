"""Our engine's pass without the boxes that carry rounding, to see what they cost."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import torch

from nnassure.certify import intervals, linear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from nnassure.certify.affine import Affine
    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.linear import Rows
    from nnassure.certify.network import Chain

__all__ = ["unrounded"]


@contextmanager
def unrounded() -> Iterator[None]:
    """Within it, back-substitution computes no rounding and adds none: its bounds prove nothing."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(intervals, "rounding_of", _no_rounding))
        stack.enter_context(patch.object(linear, "through_layer", _through_layer))
        yield


def _no_rounding(layer: Affine, magnitude: Tensor, _: Arithmetic) -> tuple[Tensor, Tensor]:
    """Zeros of the shape of the layer's values."""
    none = torch.zeros(len(magnitude), layer.frames, layer.channels, dtype=torch.float64)
    return none, none


def _through_layer(chain: Chain, rows: Rows, bounds: LayerBounds, place: int) -> Rows:  # noqa: ARG001  as the engine calls it
    layer = chain.layers[place]
    return replace(
        rows,
        coefficients=layer.backward(rows.coefficients),
        constant=rows.constant + rows.coefficients.sum(dim=1) @ layer.bias,
        first=layer.first_input(rows.first),
    )
