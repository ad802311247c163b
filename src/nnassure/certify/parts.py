"""Sets with few parameters, cut across them until every part is decided.

Each half is a set of its own, and all layers are bounded anew on it.
"""

from __future__ import annotations

import heapq
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
# Where forward bounds prove a set at all, that takes few parts; after so many others are tried.
_FORWARD_PARTS = 128
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
    halved. Forward bounds cost a small share of those by back-substitution, so they go first,
    into many parts. Where they prove nothing the cuts are undone, and the others go on, unless
    the budget has no steps or one part.

    Args:
        problem: About one recording.
        budget: How long to go on; either kind of bounds may bound that many parts.
    """
    (recording,) = problem.region.recordings
    search = _Search(problem, Part(margin=-math.inf, halves=(), recording=recording))
    search.bound(forward_margins)
    if budget.parts > 1:
        search.cut(forward_margins, replace(budget, parts=min(budget.parts, _FORWARD_PARTS)))
    if budget.parts == 1 or budget.steps > 0:
        search.merge()
        search.bound(_backward_margins)
        if budget.parts > 1:
            search.cut(_backward_margins, budget)
    return min(part.margin for part in search.parts), search.parts


class _Search:
    """The parts of a set: those that are proven, and those that are open."""

    def __init__(self, problem: Problem, whole: Part) -> None:
        self._problem = problem
        self._met = {whole.halves: whole}
        self._done: list[Part] = []
        self._open = {whole.halves: whole}

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them, which together are the set."""
        return (*self._done, *self._open.values())

    def bound(self, bounding: _Bounding) -> None:
        """Every open part is bounded as it is."""
        for part in list(self._open.values()):
            self._keep([part], bounding)

    def cut(self, bounding: _Bounding, budget: Budget) -> None:
        """Open parts are halved, the worst first, until none is left or *budget* ends."""
        bounded = 0
        while self._open and bounded < budget.parts and not budget.out_of_time():
            worst = heapq.nsmallest(_AT_ONCE, self._open.values(), key=lambda part: part.margin)
            batch = [half for part in worst for half in _halves(part)]
            for part in worst:
                del self._open[part.halves]
            bounded += len(batch)
            self._keep(batch, bounding)

    def merge(self) -> None:
        """Where both halves of a part are open, it is open as a whole."""
        for deepest in sorted(self._open, key=len, reverse=True):
            path = deepest
            while path and path in self._open:
                parameter, half = path[-1]
                above = path[:-1]
                other = (*above, (parameter, 1 - half))
                if other not in self._open:
                    break
                del self._open[path], self._open[other]
                self._open[above] = self._met[above]
                path = above

    def _keep(self, batch: list[Part], bounding: _Bounding) -> None:
        margins = _margins_of(self._problem, batch, bounding)
        for part, found in zip(batch, margins, strict=True):
            # A part lies in the one that it was cut from, whose bound holds for it too.
            known = replace(part, margin=max(part.margin, found))
            self._met[known.halves] = known
            self._open.pop(known.halves, None)
            if known.margin > 0:
                self._done.append(known)
            else:
                self._open[known.halves] = known


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
