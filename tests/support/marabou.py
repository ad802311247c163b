"""The door to Marabou, which decides questions about tiny networks exactly (up to its tolerance).

It is given the network in unrolled form, found by trying torch's layers on unit vectors, so that
it shares nothing with our engine. It runs in a process of its own, because it does not always heed
its own time limit where a margin touches 0.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from nnassure.certify.margins import Problem

__all__ = ["Verdict", "decided_by_marabou", "needs_marabou"]

needs_marabou = pytest.mark.skipif(
    importlib.util.find_spec("maraboupy") is None, reason="maraboupy is not installed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What Marabou says.

    Attributes:
        outcome: ``proven`` if every margin is above 0, ``contradicted`` if one is not, ``unknown``
            if time ran out.
        witness: Samples of a recording whose margin is not above 0, shape (samples,); None if
            there is none.
    """

    outcome: Literal["proven", "contradicted", "unknown"]
    witness: Tensor | None = None


def decided_by_marabou(network: nn.Sequential, problem: Problem, *, seconds: int = 5) -> Verdict:
    """Whether the margin of the one recording of *problem* is above 0 in real arithmetic.

    *problem* has no filter; *network* is what its chain was made of.
    """
    query = _Query()
    samples = query.placed(problem)
    (recording,) = problem.region.recordings
    terms: list[tuple[float, int]] = []
    for row, sign in zip(recording.indices.tolist(), recording.signs.tolist(), strict=True):
        read = query.scaled([samples[place] for place in row], sign)
        negative, positive = query.through(network, read)
        share = float(problem.question.sides[0]) / len(recording.indices)
        terms += [(share, positive), (-share, negative)]
    shift = -float(problem.question.sides[0]) * problem.question.threshold
    # A margin of at most 0 is what has to be impossible.
    margin = query.sum_of(terms, shift)
    if query.bounds[margin][0] > 0:
        return Verdict(outcome="proven")
    query.bounds[margin] = (query.bounds[margin][0], 0.0)
    return query.solved(samples, seconds)


@dataclass(slots=True)
class _Query:
    """Variables with bounds, equations and ReLUs, gathered until all are known."""

    bounds: list[tuple[float, float]] = field(default_factory=list)
    equations: list[tuple[list[tuple[float, int]], float]] = field(default_factory=list)
    relus: list[tuple[int, int]] = field(default_factory=list)

    def variable(self, lowest: float, highest: float) -> int:
        self.bounds.append((lowest, highest))
        return len(self.bounds) - 1

    def sum_of(self, terms: list[tuple[float, int]], shift: float) -> int:
        """A variable that is the sum of *terms* and *shift*, with an interval around it."""
        ends = [[weight * end for end in self.bounds[each]] for weight, each in terms]
        lowest, highest = (shift + sum(map(pick, ends)) for pick in (min, max))
        # Marabou may run for ever where a variable has no bounds, or they touch.
        wide = 1e-3 * (1 + abs(lowest) + abs(highest))
        made = self.variable(lowest - wide, highest + wide)
        self.equations.append(([*terms, (-1.0, made)], -shift))
        return made

    def rectified(self, before: int) -> int:
        made = self.variable(0.0, max(0.0, self.bounds[before][1]))
        self.relus.append((before, made))
        return made

    def scaled(self, variables: list[int], sign: float) -> list[int]:
        return variables if sign > 0 else [self.sum_of([(sign, each)], 0.0) for each in variables]

    def placed(self, problem: Problem) -> list[int]:
        """The samples of the recording, each with what may happen to it."""
        (each,) = problem.region.recordings
        along = [self.variable(-width, width) for width in each.half_widths.tolist()]
        samples = []
        for place, centre in enumerate(each.signal.tolist()):
            own = self.variable(-each.radius, each.radius)
            directions = each.generators[:, place].tolist()
            samples.append(self.sum_of([(1.0, own), *zip(directions, along, strict=True)], centre))
        return samples

    def through(self, network: nn.Sequential, variables: list[int]) -> list[int]:
        """The outputs of *network*, from one variable a sample."""
        shape: tuple[int, ...] = (1, len(variables))
        waiting = nn.Sequential()
        for layer in network:
            if not isinstance(layer, nn.ReLU):
                waiting.append(layer)
                continue
            variables, shape = self._affine(waiting, variables, shape)
            variables, waiting = [self.rectified(each) for each in variables], nn.Sequential()
        return self._affine(waiting, variables, shape)[0]

    def _affine(
        self, layers: nn.Sequential, variables: list[int], shape: tuple[int, ...]
    ) -> tuple[list[int], tuple[int, ...]]:
        units = torch.eye(len(variables), dtype=torch.float64).reshape(-1, *shape)
        with torch.no_grad():
            exact = copy.deepcopy(layers).double()
            shift = exact(torch.zeros(1, *shape, dtype=torch.float64))
            columns = (exact(units) - shift).flatten(start_dim=1)
        made = [
            self.sum_of(
                [(w, v) for w, v in zip(weights, variables, strict=True) if w != 0], constant
            )
            for weights, constant in zip(columns.T.tolist(), shift.flatten().tolist(), strict=True)
        ]
        return made, tuple(shift.shape[1:])

    def solved(self, samples: list[int], seconds: int) -> Verdict:
        asked = json.dumps([self.bounds, self.equations, self.relus, seconds])
        try:
            told = subprocess.run(
                [sys.executable, "-m", "tests.support.marabou_solver"],
                input=asked, capture_output=True, text=True, timeout=seconds + 5, check=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Verdict(outcome="unknown")
        outcome, values = json.loads(told.stdout.splitlines()[-1])
        if outcome == "unsat":
            return Verdict(outcome="proven")
        if outcome != "sat":
            return Verdict(outcome="unknown")
        witness = torch.tensor([values[str(each)] for each in samples], dtype=torch.float64)
        return Verdict(outcome="contradicted", witness=witness)
