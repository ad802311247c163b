"""From a question to an answer: the cascade of bounds, cheapest first.

Intervals, then back-substitution, then more of it and slopes by ascent, of the margin first and
then of every layer's bounds too, then splitting. Each step is asked only what the one before left
open. What is proven is proven; what is not is said to be open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from nnassure.certify.ascended import ascended_bounds
from nnassure.certify.branching import split_relus
from nnassure.certify.intervals import interval_bounds
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import interval_margins, linear_margins
from nnassure.certify.optimised import optimised, undecided
from nnassure.certify.parts import Part, split_parameters
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from nnassure.certify.branching import Leaf
    from nnassure.certify.budget import Budget
    from nnassure.certify.margins import Problem

__all__ = ["METHODS", "Proof", "proof"]

#: In the order in which they are tried.
METHODS = ("interval", "linear", "optimised", "split")
# The first ascent starts from nothing; later ones go on from where their parents ended.
_FIRST_ASCENT = 4
# The first few steps gain most of what there is to be gained, and each costs as much as the last.
_LAYER_ASCENT = 3
# Of logits: where more than that is missing, the ascent of layers hardly ever closes it.
_OUT_OF_REACH = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """What is known of one recording's margin over a set.

    Attributes:
        margin: No deployed margin in the set is below it; above 0 the decision is proven.
        method: Which of :data:`METHODS` it comes from.
        parts: Of a set that was cut across its parameters; the whole set where it was not.
        leaves: Of the whole set, split at ReLUs; empty where parts are bounded as they are.
        ascent: Steps of ascent that the bounds of each layer took, below the leaves.
    """

    margin: float
    method: str
    parts: tuple[Part, ...]
    leaves: tuple[Leaf, ...]
    ascent: int = 0


def proof(problem: Problem, budget: Budget) -> Proof:
    """The best that is found about one recording within *budget*.

    Raises:
        ShapeError: If *problem* is about more than one recording.
    """
    recordings = problem.region.recordings
    if len(recordings) != 1:
        raise ShapeError(f"problem: expected one recording, got {len(recordings)}")
    whole = Part(margin=-math.inf, halves=(), recording=recordings[0])
    with torch.no_grad():
        bounds = interval_bounds(problem.chain, problem.region, problem.arithmetic)
        margin = float(interval_margins(problem, bounds))
    if margin > 0:
        return _whole(whole, margin, "interval")
    if len(recordings[0].half_widths):
        margin, parts = split_parameters(problem, budget=budget)
        method = "linear" if len(parts) == 1 else "split"
        return Proof(margin=margin, method=method, parts=parts, leaves=())
    return _refined(problem, budget, whole)


def _refined(problem: Problem, budget: Budget, whole: Part) -> Proof:
    """By back-substitution, then by more of it and ascent, then splitting ReLUs."""
    asked = problem.chain, problem.region, problem.arithmetic
    # Nothing of it is kept, so that torch need not note what it came from.
    with torch.inference_mode():
        bounds, relaxations = linear_bounds(*asked, out_of_time=budget.out_of_time)
        margin = float(linear_margins(problem, bounds, relaxations))
    if margin > 0 or budget.steps == 0 or budget.out_of_time():
        return _whole(whole, margin, "linear")
    with torch.no_grad():
        bounds, _ = linear_bounds(*asked, thorough=True, out_of_time=budget.out_of_time)
    found = optimised(problem, undecided(bounds), steps=_FIRST_ASCENT * budget.steps)
    ascent = 0
    if -_OUT_OF_REACH < float(found.margins.min()) <= 0 and not budget.out_of_time():
        ascent = _LAYER_ASCENT
        bounds, _ = ascended_bounds(*asked, steps=ascent)
        found = optimised(
            problem, undecided(bounds), steps=_FIRST_ASCENT * budget.steps, start=found
        )
    margin, leaves = split_relus(problem, bounds, found, budget=budget)
    return Proof(
        margin=margin,
        method="optimised" if len(leaves) == 1 else "split",
        parts=(replace(whole, margin=margin),),
        leaves=leaves,
        ascent=ascent,
    )


def _whole(part: Part, margin: float, method: str) -> Proof:
    return Proof(margin=margin, method=method, parts=(replace(part, margin=margin),), leaves=())
