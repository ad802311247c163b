"""Refinement to a decision: an open question is split until every part of it is decided.

A box is split at ReLUs (Bunel 2018, arXiv:1711.00455; with multipliers, Wang 2021,
arXiv:2103.06624): a neuron is at 0 or above in one part, at 0 or below in the other.
A set with few parameters is split at its parameters: each half is a set of its own.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from nnassure.certify.forward import forward_margins
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import linear_margins
from nnassure.certify.optimised import Copies, Found, optimised
from nnassure.certify.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.margins import Problem
    from nnassure.certify.region import Placed

__all__ = ["Budget", "Leaf", "Part", "Split", "decided", "split_parameters", "split_relus"]

_AT_ONCE = 4
_Bounding: TypeAlias = "Callable[[Problem], Tensor]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a search may go on.

    Attributes:
        parts: The most parts to bound.
        steps: Steps of ascent for each part.
        out_of_time: Asked before each round; True ends the search.
    """

    parts: int
    steps: int
    out_of_time: Callable[[], bool]


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One part of a set that was cut across its parameters.

    Attributes:
        margin: Its lower bound.
        halves: Which parameter was halved and which half it is (0 or 1), outermost first.
        recording: The recording in the middle of the part, with what may still happen to it.
    """

    margin: float
    halves: tuple[tuple[int, int], ...]
    recording: Placed


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
        for leaf in found:
            if leaf.margin > 0:
                done.append(leaf)
            else:
                heapq.heappush(queue, (leaf.margin, next(order), leaf))
    left = [entry[2] for entry in queue]
    leaves = (*done, *left)
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
    return [Leaf.of(found, place, len(children), each) for place, each in enumerate(splits)]


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
    for copy, decided in enumerate(splits):
        for split in decided:
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


def split_parameters(problem: Problem, *, budget: Budget) -> tuple[float, tuple[Part, ...]]:
    """The least margin over all parts of a set with few parameters, and the parts.

    Each part is bounded anew, all layers of it; the parameter that moves the samples most is
    halved.

    Args:
        problem: About one recording.
        budget: How long to go on.
    """
    order = itertools.count()
    (recording,) = problem.region.recordings
    whole = Part(margin=-math.inf, halves=(), recording=recording)
    # Forward bounds cost least; what moves sample by sample may make them useless.
    bounding, root = _BOUNDINGS[0], whole
    for each in _BOUNDINGS:
        (margin,) = _margins_of(problem, [whole], each)
        if margin > root.margin:
            bounding, root = each, replace(whole, margin=margin)
        if margin > 0:
            break
    if root.margin > 0 or budget.parts <= 1:
        return root.margin, (root,)
    queue = [(root.margin, next(order), root)]
    done: list[Part] = []
    bounded = 1
    while queue and bounded < budget.parts and not budget.out_of_time():
        worst = [heapq.heappop(queue)[2] for _ in range(min(_AT_ONCE, len(queue)))]
        batch = [half for part in worst for half in _halves(part)]
        bounded += len(batch)
        for part, margin in zip(batch, _margins_of(problem, batch, bounding), strict=True):
            known = replace(part, margin=margin)
            if margin > 0:
                done.append(known)
            else:
                heapq.heappush(queue, (margin, next(order), known))
    parts = (*done, *(entry[2] for entry in queue))
    return min(part.margin for part in parts), parts


def _margins_of(problem: Problem, parts: list[Part], bounding: _Bounding) -> list[float]:
    """A lower bound for each part."""
    asked = replace(
        problem,
        region=Region(tuple(part.recording for part in parts), problem.region.resampling),
        question=replace(problem.question, sides=problem.question.sides.expand(len(parts))),
    )
    with torch.no_grad():
        return [float(margin) for margin in bounding(asked)]


def _backward_margins(problem: Problem) -> Tensor:
    bounds, relaxations = linear_bounds(problem.chain, problem.region, problem.arithmetic)
    return linear_margins(problem, bounds, relaxations)


_BOUNDINGS: tuple[_Bounding, ...] = (forward_margins, _backward_margins)


def _halves(part: Part) -> list[Part]:
    """*part* in two, cut across the parameter along which its samples move most."""
    recording = part.recording
    reach = recording.generators.abs().sum(dim=1) * recording.half_widths
    parameter = int(reach.argmax())
    widths = recording.half_widths.clone()
    widths[parameter] /= 2
    step = recording.generators[parameter] * widths[parameter]
    return [
        Part(
            margin=part.margin,
            halves=(*part.halves, (parameter, half)),
            recording=replace(
                recording, signal=recording.signal + (2 * half - 1) * step, half_widths=widths
            ),
        )
        for half in (0, 1)
    ]
