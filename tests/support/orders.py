"""A network evaluated in float32 in orders that a library might take, one operation at a time.

Everything here is written from the definition of a layer and shares nothing with the engine but
its description of the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnassure.certify.affine import Affine
    from nnassure.certify.network import Chain

__all__ = ["ORDERS", "Order", "logits_in", "mean_in"]

Numbers: TypeAlias = NDArray[np.float32]
#: From factors (..., terms), twice, and a bias (...) to their sum of products.
Order: TypeAlias = Callable[[Numbers, Numbers, Numbers], Numbers]


def _in_turn(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    total = np.zeros_like(left[..., 0])
    for term in range(left.shape[-1]):
        total = total + left[..., term] * right[..., term]
    return total + bias


def _bias_first(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    total = np.zeros_like(left[..., 0]) + bias
    for term in range(left.shape[-1]):
        total = total + left[..., term] * right[..., term]
    return total


def _reversed(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    return _bias_first(left[..., ::-1], right[..., ::-1], bias)


def _fused(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    """Each product added without being rounded; float64 holds it exactly."""
    total = (np.zeros_like(left[..., 0]) + bias).astype(np.float64)
    for term in range(left.shape[-1]):
        exact = total + left[..., term].astype(np.float64) * right[..., term].astype(np.float64)
        total = exact.astype(np.float32).astype(np.float64)
    return total.astype(np.float32)


def _in_blocks(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    """Four lanes, added up at the end."""
    lanes = [_in_turn(left[..., lane::4], right[..., lane::4], np.zeros_like(bias)) for lane in
             range(min(4, left.shape[-1]))]  # fmt: skip
    total = lanes[0]
    for lane in lanes[1:]:
        total = total + lane
    return total + bias


def _in_pairs(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    products = left * right
    while products.shape[-1] > 1:
        even = products.shape[-1] // 2 * 2
        pairs = products[..., 0:even:2] + products[..., 1:even:2]
        products = np.concatenate([pairs, products[..., even:]], axis=-1)
    total: Numbers = products[..., 0] + bias
    return total


def _largest_first(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    return _sorted(left, right, bias, falling=True)


def _smallest_first(left: Numbers, right: Numbers, bias: Numbers) -> Numbers:
    return _sorted(left, right, bias, falling=False)


def _sorted(left: Numbers, right: Numbers, bias: Numbers, *, falling: bool) -> Numbers:
    terms = np.concatenate([left * right, np.broadcast_to(bias, left.shape[:-1])[..., None]], -1)
    place = np.argsort(np.abs(terms), axis=-1)
    terms = np.take_along_axis(terms, place[..., ::-1] if falling else place, axis=-1)
    total = np.zeros_like(terms[..., 0])
    for term in range(terms.shape[-1]):
        total = total + terms[..., term]
    return total


#: By name.
ORDERS: dict[str, Order] = {
    "in turn": _in_turn,
    "bias first": _bias_first,
    "reversed": _reversed,
    "fused": _fused,
    "in blocks": _in_blocks,
    "in pairs": _in_pairs,
    "largest first": _largest_first,
    "smallest first": _smallest_first,
}


def logits_in(chain: Chain, segments: Numbers, order: Order) -> Numbers:
    """Logits of *segments* (segments, samples) in float32, sums taken in *order*."""
    values = segments[:, :, None]
    for layer in chain.layers:
        values = _mean(values, order) if layer.weight is None else _affine(layer, values, order)
        if layer.rectified:
            values = np.maximum(values, np.float32(0))
    return values[:, 0]


def mean_in(values: Numbers, order: Order) -> np.float32:
    """The mean of *values* (values,), summed in *order*."""
    return np.float32(_mean(values[None, :, None], order)[0, 0, 0])


def _mean(values: Numbers, order: Order) -> Numbers:
    last = np.moveaxis(values, 1, -1)
    summed = order(last, np.ones_like(last), np.zeros_like(last[..., 0]))
    found: Numbers = (summed / np.float32(values.shape[1]))[:, None]
    return found


def _affine(layer: Affine, values: Numbers, order: Order) -> Numbers:
    if layer.weight is None:
        raise ValueError("layer: expected weights, got none")
    weight, bias = layer.weight.numpy().astype(np.float32), layer.bias.numpy().astype(np.float32)
    kernel, _, width = weight.shape
    padded = np.pad(values, ((0, 0), (layer.padding, layer.padding), (0, 0)))
    windows = [
        padded[:, start : start + kernel].reshape(len(values), 1, -1)
        for start in range(0, padded.shape[1] - kernel + 1, layer.stride)
    ]
    left = np.stack(windows, axis=1)  # (segments, frames, 1, terms)
    right = np.broadcast_to(weight.reshape(-1, width).T, (*left.shape[:2], width, left.shape[-1]))
    return order(np.broadcast_to(left, right.shape), right, bias)
