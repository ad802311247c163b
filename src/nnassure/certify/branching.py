"""Refinement to a decision: an open question is split at ReLUs until every part is decided.

A neuron is at 0 or above in one part, at 0 or below in the other (Bunel 2018, arXiv:1711.00455;
with multipliers, Wang 2021, arXiv:2103.06624).
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.certify.optimised import Copies, Found, optimised

if TYPE_CHECKING:
    from nnassure.certify.budget import Budget
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.margins import Problem

__all__ = ["Leaf", "Split", "decided", "split_relus"]

_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One decided ReLU: where it is, and on which side of 0 it is held (1 or -1)."""

    layer: int
    segment: int
    frame: int
    channel: int
    sign: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaf:
    """One part of a split question, and what bounds it.

    Attributes:
        margin: Its lower bound.
        splits: What it is decided by, outermost first.
        slopes: Of the lower lines of each layer, shape (segments, time, channels).
        multipliers: Of the splits' constraints, likewise.
        scores: What each undecided ReLU may cost, likewise.
    """

    margin: float
    splits: tuple[Split, ...]
    slopes: list[Tensor | None]
    multipliers: list[Tensor | None]
    scores: list[Tensor | None]

    @classmethod
    def of(cls, found: Found, place: int, count: int, splits: tuple[Split, ...]) -> Leaf:
        """The leaf of one of *count* copies that were bounded together."""

        def own(table: Tensor | None) -> Tensor | None:
            return None if table is None else table.chunk(count)[place]

        return cls(
            margin=float(found.margins[place].min()),
            splits=splits,
            slopes=[own(each) for each in found.slopes],
            multipliers=[own(each) for each in found.multipliers],
            scores=[own(each) for each in found.scores],
        )


def split_relus(
    problem: Problem, bounds: list[LayerBounds], start: Found, *, budget: Budget
) -> tuple[float, tuple[Leaf, ...]]:
    """The least margin over all parts of one recording's region, and the parts.

    Args:
        problem: About one recording.
        bounds: Of the layers, without any split.
        start: What :func:`nnassure.certify.optimised.optimised` found without splits.
        budget: How long to go on.

    Returns:
        A lower bound of the margin, positive if every part was decided; and the parts, which
        together cover the region.
    """
    order = itertools.count()
    root = Leaf.of(start, 0, 1, ())
    done: list[Leaf] = []
    queue = [(root.margin, next(order), root)]
    bounded = 1
    while queue and queue[0][0] <= 0 and bounded < budget.parts and not budget.out_of_time():
        worst = [heapq.heappop(queue)[2] for _ in range(min(_AT_ONCE, len(queue)))]
        pairs = [(leaf, _costliest(leaf)) for leaf in worst]
        if any(split is None for _, split in pairs):
            # Nothing is left to split: the bound of this part is as good as it gets.
            done += worst
            break
        children = [
            (leaf, replace(split, sign=sign))
            for leaf, split in pairs
            if split is not None
            for sign in (1, -1)
        ]
        found = _bounded(problem, bounds, children, budget.steps)
        bounded += len(found)
        done += [leaf for leaf in found if leaf.margin > 0]
        for leaf in found:
            if leaf.margin <= 0:
                heapq.heappush(queue, (leaf.margin, next(order), leaf))
    leaves = (*done, *(entry[2] for entry in queue))
    return min(leaf.margin for leaf in leaves), leaves


def _bounded(
    problem: Problem, bounds: list[LayerBounds], children: list[tuple[Leaf, Split]], steps: int
) -> list[Leaf]:
    """Each parent with one more split, bounded."""
    splits = [(*parent.splits, split) for parent, split in children]
    copies = decided(bounds, splits)
    warm = Found(
        margins=torch.empty(0),
        slopes=_stacked([parent.slopes for parent, _ in children]),
        multipliers=_stacked_multipliers([parent.multipliers for parent, _ in children], copies),
        scores=[],
    )
    found = optimised(problem, copies, steps=steps, start=warm)
    leaves = [Leaf.of(found, place, len(children), each) for place, each in enumerate(splits)]
    # Lines of a decided ReLU may bound less; what holds of the whole holds of its parts.
    return [
        replace(leaf, margin=max(leaf.margin, parent.margin))
        for leaf, (parent, _) in zip(leaves, children, strict=True)
    ]


def decided(bounds: list[LayerBounds], splits: list[tuple[Split, ...]]) -> Copies:
    """The bounds of all parts, each with its ReLUs decided."""
    count, segments = len(splits), len(bounds[0].lower)
    stacked = [
        replace(
            each,
            lower=each.lower.repeat(count, 1, 1),
            upper=each.upper.repeat(count, 1, 1),
            rounding=each.rounding.repeat(count, 1, 1),
        )
        for each in bounds
    ]
    signs: list[Tensor | None] = [None] * len(bounds)
    for copy, held in enumerate(splits):
        for split in held:
            table = signs[split.layer]
            if table is None:
                table = torch.zeros_like(stacked[split.layer].lower)
                signs[split.layer] = table
            at = (copy * segments + split.segment, split.frame, split.channel)
            table[at] = split.sign
            if split.sign > 0:
                stacked[split.layer].lower[at] = 0.0
            else:
                stacked[split.layer].upper[at] = 0.0
    return Copies(count=count, bounds=stacked, signs=signs)


def _stacked(tables: list[list[Tensor | None]]) -> list[Tensor | None]:
    return [
        None if group[0] is None else torch.cat([each for each in group if each is not None])
        for group in zip(*tables, strict=True)
    ]


def _stacked_multipliers(tables: list[list[Tensor | None]], copies: Copies) -> list[Tensor | None]:
    stacked: list[Tensor | None] = []
    for group, signs in zip(zip(*tables, strict=True), copies.signs, strict=True):
        if signs is None:
            stacked.append(None)
            continue
        empty = torch.zeros(len(signs) // copies.count, *signs.shape[1:], dtype=torch.float64)
        stacked.append(torch.cat([empty if each is None else each for each in group]))
    return stacked


def _costliest(leaf: Leaf) -> Split | None:
    """The undecided ReLU that costs the most; None if none costs anything."""
    best, chosen = 0.0, None
    for layer, scores in enumerate(leaf.scores):
        if scores is None:
            continue
        place = int(scores.argmax())
        cost = float(scores.flatten()[place])
        if cost > best:
            segment, rest = divmod(place, scores.shape[1] * scores.shape[2])
            frame, channel = divmod(rest, scores.shape[2])
            best = cost
            chosen = Split(layer=layer, segment=segment, frame=frame, channel=channel, sign=1)
    return chosen
