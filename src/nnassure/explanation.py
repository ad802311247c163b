"""Whether an attribution means something: checks that give one value a record.

A map can look sensible and say nothing of the network. What these check is where the weight lies,
whether the answer hangs on what weighs most, whether the map hangs on the weights of the network
(Adebayo 2018, arXiv:1810.03292), and whether it stays when nothing that matters changes.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d
from scipy.stats import rankdata
from torch import nn

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, DoubleArray, FloatArray

__all__ = [
    "Answer",
    "Deletion",
    "Paired",
    "cascading",
    "deletion",
    "enrichment",
    "rank_agreement",
    "share_inside",
]

#: From records, shape (records, samples), to the answer that is explained, shape (records,).
Answer: TypeAlias = Callable[["FloatArray"], "DoubleArray"]


def share_inside(weights: DoubleArray, inside: BoolArray) -> DoubleArray:
    """The share of the size of the weights that lies *inside*; NaN for an empty map.

    Args:
        weights: Shape (records, samples).
        inside: Shape (records, samples).

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a weight is not finite.
    """
    _require_maps(weights, inside)
    sizes = np.abs(weights)
    total = sizes.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.where(total > 0, (sizes * inside).sum(axis=1) / total, np.nan), np.float64
        )


def enrichment(weights: DoubleArray, inside: BoolArray) -> DoubleArray:
    """The share of weight inside over the share of time inside: 1 is what chance gives.

    Raises:
        ShapeError: If the arrays do not match, or a record has no time inside.
        NotFiniteError: If a weight is not finite.
    """
    shares = share_inside(weights, inside)
    times = inside.mean(axis=1)
    if not (times > 0).all():
        raise ShapeError("inside: expected some time in every record, got none in one")
    return np.asarray(shares / times, np.float64)


def rank_agreement(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    """Spearman's rank correlation of two maps of each record; NaN where a map is constant.

    Args:
        first: Shape (records, samples).
        second: Of the same shape.

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a weight is not finite.
    """
    _require_maps(first, second)
    require_finite("second", second)
    ranks = [rankdata(each, axis=1) - (first.shape[1] + 1) / 2 for each in (first, second)]
    sizes = np.sqrt((ranks[0] ** 2).sum(axis=1) * (ranks[1] ** 2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return np.asarray(
            np.where(sizes > 0, (ranks[0] * ranks[1]).sum(axis=1) / sizes, np.nan), np.float64
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paired:
    """How well an order by weight does beside random ones, on the same records.

    Attributes:
        by_weight: Shape (records,); higher is better.
        at_random: The same of random orders, mean over orders, shape (records,).
    """

    by_weight: DoubleArray
    at_random: DoubleArray

    @property
    def gain(self) -> DoubleArray:
        """How much better the order by weight is, shape (records,)."""
        return np.asarray(self.by_weight - self.at_random, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deletion:
    """Whether the answer hangs on what weighs most, taken away and put back.

    Attributes:
        removed: Minus the mean answer while stretches are replaced: higher where the answer falls
            earlier.
        inserted: The mean answer while they are put into the replacement: higher where it rises
            earlier.
        halfway: The records once half of the stretches, those of most weight, are replaced, shape
            (records, samples): to see whether what is judged on the way is still plausible.
        halfway_at_random: The same in the first of the random orders.
    """

    removed: Paired
    inserted: Paired
    halfway: FloatArray
    halfway_at_random: FloatArray


def deletion(  # noqa: PLR0913  what is replaced, by what, in which orders
    answer: Answer,
    inputs: FloatArray,
    weights: DoubleArray,
    *,
    replacement: FloatArray,
    stretch: int,
    orders: int,
    seed: int,
    fade: int = 1,
) -> Deletion:
    """Whether the answer hangs on the stretches that weigh most (Petsiuk 2018, arXiv:1806.07421).

    Stretches are replaced by plausible signal, one after the other: zeros would be something that
    no network was made for, and the answer would fall for that alone.

    Args:
        answer: What the weights explain.
        inputs: Shape (records, samples).
        weights: Of the samples, shape (records, samples).
        replacement: What stands in for them, shape (records, samples).
        stretch: Samples that go at once, at least 1.
        orders: How many random orders there are, at least 1.
        seed: Of the orders.
        fade: Samples over which one signal passes into the other round each border; 1 for none.

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a number is not finite.
        PerturbationError: If a count is below 1, or a stretch longer than a record, or a passage
            longer than a stretch.
    """
    _require_maps(weights, np.zeros(inputs.shape, dtype=np.bool_))
    require_same_length(inputs=inputs, replacement=replacement)
    require_finite("inputs", inputs)
    require_finite("replacement", replacement)
    _require_stretches(inputs.shape[1], stretch=stretch, orders=orders, fade=fade)
    edges = np.arange(0, inputs.shape[1], stretch)
    sums = np.add.reduceat(weights, edges, axis=1)
    generator = np.random.default_rng(seed)
    by_weight = np.argsort(-sums, axis=1)
    drawn = [np.argsort(generator.uniform(size=sums.shape), axis=1) for _ in range(orders)]

    def paired(start: FloatArray, end: FloatArray, sign: float) -> Paired:
        fallen, *others = (
            sign * _mean_answer(answer, _passing(start, end, order, edges, fade))
            for order in (by_weight, *drawn)
        )
        return Paired(by_weight=fallen, at_random=np.mean(others, axis=0))

    def half(order: np.ndarray) -> FloatArray:
        passing = _passing(inputs, replacement, order, edges, fade)
        return next(itertools.islice(passing, len(edges) // 2, None))

    return Deletion(
        removed=paired(inputs, replacement, -1.0),
        inserted=paired(replacement, inputs, 1.0),
        halfway=half(by_weight),
        halfway_at_random=half(drawn[0]),
    )


def _require_stretches(samples: int, *, stretch: int, orders: int, fade: int) -> None:
    if not (1 <= fade <= stretch <= samples and orders >= 1):
        raise PerturbationError(
            f"stretch, orders, fade: expected from 1, a stretch up to {samples} and a fade "
            f"up to the stretch, got {stretch}, {orders}, {fade}"
        )


def _mean_answer(answer: Answer, passing: Iterator[FloatArray]) -> DoubleArray:
    """The mean of the answers on the way from one signal to the other, ends included."""
    return np.asarray(np.mean([answer(current) for current in passing], axis=0), np.float64)


def _passing(
    start: FloatArray, end: FloatArray, order: np.ndarray, edges: np.ndarray, fade: int
) -> Iterator[FloatArray]:
    """Records while stretches of *start* are replaced in an *order*, none of them, then all."""
    samples = start.shape[1]
    starts, ends = edges, np.append(edges[1:], samples)
    replaced = np.zeros(start.shape)
    for step in range(order.shape[1] + 1):
        if step:
            for record, place in enumerate(order[:, step - 1].tolist()):
                replaced[record, starts[place] : ends[place]] = 1.0
        # Rounded, so that what is wholly one signal is that signal to the last bit.
        share = np.round(uniform_filter1d(replaced, fade, axis=1, mode="nearest"), 9)
        yield np.asarray((1 - share) * start + share * end, dtype=start.dtype)


def cascading(network: nn.Module, *, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Copies of *network* with more and more layers drawn anew, from the last to the first.

    Yields:
        The name of the layer that was drawn anew last, and the copy.
    """
    names = [
        name
        for name, part in network.named_modules()
        if not list(part.children()) and any(True for _ in part.parameters())
    ]
    current = copy.deepcopy(network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in reversed(names):
            part = current.get_submodule(name)
            with torch.no_grad():
                for values in part.parameters():
                    # As large as they were, and in no order that anything was learnt in.
                    spread = float(values.std()) if values.numel() > 1 else float(values.abs())
                    values.copy_(torch.randn_like(values) * max(spread, 1e-3))
            yield name, copy.deepcopy(current)


def _require_maps(weights: DoubleArray, inside: BoolArray | DoubleArray) -> None:
    require_shape("weights", weights, "records, samples")
    require_finite("weights", weights)
    if weights.shape != inside.shape:
        raise ShapeError(f"weights: expected shape {inside.shape}, got {weights.shape}")
