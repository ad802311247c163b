"""Margins whose lower lines are chosen by gradient (alpha and beta CROWN, Wang 2021, 2103.06624).

Any slope between 0 and 1 bounds a ReLU from below, and any multiplier from 0 of a constraint may
be added to what is minimised; the bound holds whatever they are, so the search for the best need
not be exact. Several copies of one region, each with its own decided ReLUs, are bounded at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.certify.climbing import Climb
from nnassure.certify.linear import Rows, relaxed_rows, through_layer, whole_frames
from nnassure.certify.margins import contrast, held
from nnassure.certify.relaxation import adaptive

if TYPE_CHECKING:
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.margins import Problem
    from nnassure.certify.network import Chain

__all__ = ["Copies", "Found", "optimised", "undecided"]

_DECAY = 0.97


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Copies:
    """Copies of one region that differ in which ReLUs are decided.

    Attributes:
        count: How many.
        bounds: Of each layer, all copies below each other: (copies * segments, time, channels).
        signs: For each rectified layer 1 where a copy is held to values from 0, -1 where to
            values up to 0, and 0 elsewhere; None where no copy has a decided ReLU.
    """

    count: int
    bounds: list[LayerBounds]
    signs: list[Tensor | None]


def undecided(bounds: list[LayerBounds]) -> Copies:
    """One copy without a decided ReLU."""
    return Copies(count=1, bounds=bounds, signs=[None] * len(bounds))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """The best margins found, and what they rest on.

    Attributes:
        margins: Lower bounds, shape (copies, recordings).
        slopes: Of the lower lines of each rectified layer, (copies * segments, time, channels).
        multipliers: Of the constraints, likewise; None where there are none.
        scores: How much each undecided ReLU costs, for each rectified layer, likewise.
    """

    margins: Tensor
    slopes: list[Tensor | None]
    multipliers: list[Tensor | None]
    scores: list[Tensor | None]


def optimised(problem: Problem, copies: Copies, *, steps: int, start: Found | None = None) -> Found:
    """The best margins met in so many *steps* of ascent, from *start* or the adaptive slopes.

    Each copy stops being improved once its margins are above 0.
    """
    slopes = _first_slopes(problem.chain, copies) if start is None else start.slopes
    multipliers = _first_multipliers(copies, start)
    climbers = Climb(slopes, multipliers, decay=_DECAY)
    best: Found | None = None
    for step in range(steps + 1):
        trying = step < steps
        with torch.set_grad_enabled(trying):
            leaves = climbers.leaves(trying=trying)
            margins, scores = _margins(problem, copies, leaves)
        best = _better(best, margins.detach(), leaves, scores, problem.region.recording)
        # Without a ReLU there is nothing to choose.
        if not margins.requires_grad or bool((best.margins > 0).all()):
            break
        torch.autograd.backward(margins.clamp(max=1.0).sum())
        climbers.climb(step)
    if best is None:
        raise RuntimeError("optimised: expected at least one pass, got none")
    return best


def _margins(
    problem: Problem, copies: Copies, leaves: list[Tensor | None]
) -> tuple[Tensor, list[Tensor | None]]:
    """Margins of shape (copies, recordings), and how much each undecided ReLU costs."""
    chain, half = problem.chain, len(leaves) // 2
    slopes, multipliers = leaves[:half], leaves[half:]
    total = copies.count * len(problem.region.centre)
    scores: list[Tensor | None] = [None] * half
    rows = Rows(
        coefficients=contrast(problem).repeat(copies.count, 1, 1),
        constant=torch.zeros(total, dtype=torch.float64),
        first=torch.zeros(total, dtype=torch.int64),
        segment=torch.arange(total),
    )
    for place in range(len(chain.layers) - 1, -1, -1):
        rows = through_layer(chain, rows, copies.bounds[place], place)
        if place == 0:
            break
        before = chain.layers[place - 1]
        rows = whole_frames(rows, before.frames)
        if before.rectified:
            bounds = copies.bounds[place - 1]
            relaxation = adaptive(bounds, slopes[place - 1])
            scores[place - 1] = _costs(rows.coefficients.detach(), bounds)
            rows = relaxed_rows(rows, relaxation)
            rows = _constrained(rows, copies.signs[place - 1], multipliers[place - 1])
    return held(problem, rows, copies.bounds), scores


def _constrained(rows: Rows, signs: Tensor | None, multipliers: Tensor | None) -> Rows:
    if signs is None or multipliers is None:
        return rows
    return replace(rows, coefficients=rows.coefficients - signs * multipliers)


def _costs(coefficients: Tensor, bounds: LayerBounds) -> Tensor:
    """How much of the margin the lines around each undecided ReLU may cost."""
    low, high = bounds.lower, bounds.upper
    unstable = (low < 0) & (high > 0)
    offset = -low * high / (high - low).clamp(min=1e-300)
    cost = coefficients.clamp(max=0).neg() * offset
    cost = cost + 0.5 * coefficients.clamp(min=0) * torch.minimum(-low, high)
    return torch.where(unstable, cost, 0.0)


def _better(
    best: Found | None,
    margins: Tensor,
    leaves: list[Tensor | None],
    scores: list[Tensor | None],
    recording: Tensor,
) -> Found:
    half = len(leaves) // 2
    kept = [None if each is None else each.detach() for each in leaves]
    new = Found(margins=margins, slopes=kept[:half], multipliers=kept[half:], scores=scores)
    if best is None:
        return new
    wins = margins > best.margins
    # The tables have a row for each segment of each copy.
    rows = wins[:, recording].flatten()

    def merged(old: Tensor | None, fresh: Tensor | None) -> Tensor | None:
        if old is None or fresh is None:
            return fresh
        return torch.where(rows[:, None, None], fresh, old)

    return Found(
        margins=torch.where(wins, margins, best.margins),
        slopes=[merged(*pair) for pair in zip(best.slopes, new.slopes, strict=True)],
        multipliers=[merged(*pair) for pair in zip(best.multipliers, new.multipliers, strict=True)],
        scores=[merged(*pair) for pair in zip(best.scores, new.scores, strict=True)],
    )


def _first_slopes(chain: Chain, copies: Copies) -> list[Tensor | None]:
    return [
        adaptive(bounds).lower_slope if layer.rectified else None
        for layer, bounds in zip(chain.layers, copies.bounds, strict=True)
    ]


def _first_multipliers(copies: Copies, start: Found | None) -> list[Tensor | None]:
    kept: list[Tensor | None] = [None] * len(copies.signs) if start is None else start.multipliers
    made: list[Tensor | None] = []
    for signs, before in zip(copies.signs, kept, strict=True):
        if signs is None:
            made.append(None)
        else:
            made.append(torch.zeros_like(signs) if before is None else before)
    return made
