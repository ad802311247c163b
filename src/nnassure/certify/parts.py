"""Sets with few parameters, cut across them until every part is decided.

Each half is a set of its own, and all layers are bounded anew on it.
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
from nnassure.certify.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.certify.budget import Budget
    from nnassure.certify.margins import Problem
    from nnassure.certify.region import Placed

__all__ = ["Part", "split_parameters"]

_AT_ONCE = 4
_Bounding: TypeAlias = "Callable[[Problem], Tensor]"


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
    bounding, root = _best_bounding(problem, whole)
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


def _best_bounding(problem: Problem, whole: Part) -> tuple[_Bounding, Part]:
    """How to bound the parts, and the *whole* bounded so.

    Forward bounds cost least; what moves sample by sample may make them useless.
    """
    bounding, root = _BOUNDINGS[0], whole
    for each in _BOUNDINGS:
        (margin,) = _margins_of(problem, [whole], each)
        if margin > root.margin:
            bounding, root = each, replace(whole, margin=margin)
        if margin > 0:
            break
    return bounding, root


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
