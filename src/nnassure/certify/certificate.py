"""What a proof rests on, as arrays that an independent program can check.

The format is docs/certificates.md. The bounds are written a little wider than they were found, and
the margins are worked out again from what is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nnassure.certify.ascended import ascended_bounds
from nnassure.certify.branching import Leaf, decided
from nnassure.certify.linear import linear_bounds
from nnassure.certify.optimised import Found, optimised, undecided
from nnassure.certify.region import Region

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from nnassure.certify.ascended import Chosen
    from nnassure.certify.branching import Split
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.margins import Problem
    from nnassure.certify.parts import Part
    from nnassure.certify.proving import Proof

__all__ = ["Witness", "witness"]

_WIDER = 1e-9
_ASCENT = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Witness:
    """The part of a certificate that the engine knows.

    Attributes:
        margin: The least margin over all leaves, from the written bounds.
        tree: How the set is divided, as plain JSON.
        arrays: Of boxes and leaves, by name.
        boxes: How many boxes there are.
        leaves: How many leaves there are.
    """

    margin: float
    tree: dict[str, Any]
    arrays: Mapping[str, NDArray[np.float64]]
    boxes: int
    leaves: int


def witness(problem: Problem, found: Proof) -> Witness:
    """What *found* rests on, worked out again part by part.

    Args:
        problem: What was proven.
        found: The proof; whether the result proves anything is told by its margin.
    """
    arrays: dict[str, NDArray[np.float64]] = {}
    margins: list[float] = []
    boxes: dict[tuple[tuple[int, int], ...], dict[str, Any]] = {}
    for box, part in enumerate(found.parts):
        asked = _about(problem, part)
        bounds, chosen = _widened(asked, found)
        # The logits are bounded together, by the leaves.
        for layer, each in enumerate(bounds[:-1]):
            arrays[f"box{box}.lower.{layer}"] = each.lower.numpy()
            arrays[f"box{box}.upper.{layer}"] = each.upper.numpy()
        for (layer, side), slopes in chosen.items():
            end = f"box{box}.{'lower' if side > 0 else 'upper'}.{layer}"
            arrays |= {f"{end}.{place}": table.numpy() for place, table in _given(slopes)}
        leaves = _leaves(asked, bounds, found.leaves)
        first = len(margins)
        for number, leaf in enumerate(leaves, start=first):
            arrays |= _leaf_arrays(number, leaf)
            margins.append(leaf.margin)
        numbered = [(leaf.splits, number) for number, leaf in enumerate(leaves, start=first)]
        boxes[part.halves] = {"box": box, "below": _below(numbered, 0)}
    return Witness(
        margin=min(margins),
        tree=_divided(boxes, 0),
        arrays=arrays,
        boxes=len(found.parts),
        leaves=len(margins),
    )


def _about(problem: Problem, part: Part) -> Problem:
    return replace(problem, region=Region((part.recording,), problem.region.resampling))


def _widened(problem: Problem, found: Proof) -> tuple[list[LayerBounds], Chosen]:
    """Bounds that took as much work as those below the leaves of *found*, let out a little."""
    asked = problem.chain, problem.region, problem.arithmetic
    if found.ascent:
        return ascended_bounds(*asked, steps=found.ascent, wider=_WIDER)
    with torch.no_grad():
        bounds, _ = linear_bounds(*asked, wider=_WIDER, thorough=bool(found.leaves))
    return bounds, {}


def _leaves(problem: Problem, bounds: list[LayerBounds], split: Sequence[Leaf]) -> Sequence[Leaf]:
    """The leaves below one box, their margins worked out from *bounds*."""
    if split:
        return [_again(problem, bounds, leaf) for leaf in split]
    copies = undecided(bounds)
    with torch.no_grad():
        plain = optimised(problem, copies, steps=0)
    if float(plain.margins.min()) <= 0:
        plain = optimised(problem, copies, steps=_ASCENT)
    return [Leaf.of(plain, 0, 1, ())]


def _again(problem: Problem, bounds: list[LayerBounds], leaf: Leaf) -> Leaf:
    copies = decided(bounds, [leaf.splits])
    start = Found(
        margins=torch.empty(0), slopes=leaf.slopes, multipliers=leaf.multipliers, scores=[]
    )
    return Leaf.of(optimised(problem, copies, steps=0, start=start), 0, 1, leaf.splits)


def _leaf_arrays(number: int, leaf: Leaf) -> dict[str, NDArray[np.float64]]:
    arrays = {f"leaf{number}.slopes.{layer}": table.numpy() for layer, table in _given(leaf.slopes)}
    arrays[f"leaf{number}.multipliers"] = np.array(
        [_at(leaf.multipliers[split.layer], split) for split in leaf.splits], dtype=np.float64
    )
    return arrays


def _given(tables: Sequence[Tensor | None]) -> list[tuple[int, Tensor]]:
    """The tables that there are, and of which layer each is."""
    return [(layer, table) for layer, table in enumerate(tables) if table is not None]


def _at(table: Tensor | None, split: Split) -> float:
    return 0.0 if table is None else float(table[split.segment, split.frame, split.channel])


def _divided(boxes: Mapping[tuple[tuple[int, int], ...], dict[str, Any]], depth: int) -> Any:  # noqa: ANN401  plain JSON
    """The node over *boxes*, whose halves agree up to *depth*."""
    if len(boxes) == 1:
        return next(iter(boxes.values()))
    parameter = next(iter(boxes))[depth][0]
    halves = [
        {path: node for path, node in boxes.items() if path[depth][1] == half} for half in (0, 1)
    ]
    return {"parameter": parameter, "halves": [_divided(half, depth + 1) for half in halves]}


def _below(leaves: Sequence[tuple[tuple[Split, ...], int]], depth: int) -> dict[str, Any]:
    """The node over *leaves*, whose splits agree up to *depth*."""
    if len(leaves) == 1 and len(leaves[0][0]) == depth:
        return {"leaf": leaves[0][1]}
    split = leaves[0][0][depth]
    sides = [[leaf for leaf in leaves if leaf[0][depth].sign == sign] for sign in (1, -1)]
    return {
        "relu": [split.layer, split.segment, split.frame, split.channel],
        "sides": [_below(side, depth + 1) for side in sides],
    }
