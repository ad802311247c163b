"""The worst point of a set that is linear in few parameters."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from nnassure.attacks.search import (
    Worst,
    generator,
    margins_and_gradient,
    margins_of,
    require_positive,
    require_signals,
)
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nnassure.arrays import BoolArray, DoubleArray, FloatArray, StrArray
    from nnassure.attacks.search import Margin
    from nnassure.perturbation import LinearSet

__all__ = ["ParameterAttackResult", "parameter_attack"]

# 2**6 corners and, of at most two parameters, this many values of each are all tried.
_MOST_CORNERED, _MOST_GRIDDED, _GRID = 6, 2, 9
# Steps as shares of half an interval: the first, and after how many of them they are half of it.
# Their sum has no bound, so that every point of the box stays within reach.
_FIRST_STEP, _SHORTENING = 0.25, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterAttackResult:
    """What an attack on sets met, one entry a record.

    Attributes:
        found: Whether a point was met whose margin is not positive, shape (records,).
        inputs: The worst signal met in mV, shape (records, samples): the point of the set at
            *parameters* and *residuals_mv*, rounded to the nearest float32 numbers.
        margins: The margin at that signal, shape (records,).
        method: ``"box"`` for the point nearest to no disturbance at all, ``"corner"``, ``"grid"``
            or ``"descent"``, shape (records,).
        parameters: Parameters of that point, in their box, shape (records, parameters).
        residuals_mv: Residual of that point, within the radius, shape (records, samples).
    """

    found: BoolArray
    inputs: FloatArray
    margins: FloatArray
    method: StrArray
    parameters: DoubleArray
    residuals_mv: DoubleArray


def parameter_attack(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin,
    inputs: Tensor,
    sets: Sequence[LinearSet],
    *,
    steps: int,
    restarts: int,
    seed: int,
    out_of_time: Callable[[], bool] | None = None,
) -> ParameterAttackResult:
    """The worst signals met in the set of each record.

    Tried are, one after the other: the point of the box that is nearest to no disturbance; every
    corner of up to 6 parameters; a grid of 9 values of each of up to 2; and descents along the
    sign of the gradient in parameters and residual (Madry 2018, arXiv:1706.06083), the first
    from the worst of those points, every further one from a random point.
    Their steps begin at a quarter of the way from the middle to the end of each interval, and
    shorten, so that a valley between the points of the grid is reached.
    Each corner and each point of the grid is met without a residual and, where the set has one,
    after one full step of it down the gradient.
    Points are summed in float64 and rounded once, to the float32 signals that are evaluated.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        sets: One a record, all with the same number of parameters.
        steps: Steps of each descent, at least 1.
        restarts: Descents, at least 1; more of them, or longer ones, never find less.
        seed: Seed of the random starts; descent i starts at the same point whatever their number.
        out_of_time: Asked before each descent but the first; once it says so, none is begun.

    Raises:
        ShapeError: If *inputs* has other axes, *margin* does not return one value a record, or
            *sets* do not fit to *inputs* or to each other.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, *margin* has no gradient, or the budget is
            out of its range.
    """
    require_positive(steps=steps, restarts=restarts)
    require_signals(inputs)
    box = _Box.of(inputs, sets)
    memory = _Memory(margin, box)
    for parameters, method in itertools.chain(box.corners(), box.grid()):
        memory.meet_with_residual(parameters, method)
    for restart in range(restarts):
        if restart and out_of_time is not None and out_of_time():
            break
        point = memory.worst() if restart == 0 else box.draw(_source(seed, restart))
        for step in range(steps):
            gradient = memory.meet_with_gradient(point, "descent")
            point = box.step(point, gradient, _FIRST_STEP / (1 + step / _SHORTENING))
        memory.meet(point, "descent")
    return memory.result()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """Parameters (records, parameters) and residuals in mV (records, samples), float64."""

    parameters: Tensor
    residuals_mv: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """The sets of all records, and the ways through them; arrays as in the sets, after records."""

    centres: Tensor
    generators: Tensor
    lower: Tensor
    upper: Tensor
    radii_mv: Tensor

    @classmethod
    def of(cls, inputs: Tensor, sets: Sequence[LinearSet]) -> _Box:
        wanted = {(each.parameters, each.samples) for each in sets}
        if len(sets) != len(inputs) or len(wanted) > 1:
            raise ShapeError(
                f"sets: expected one of the same parameters for each of {len(inputs)} records, "
                f"got {len(sets)} of {sorted({each.parameters for each in sets})} parameters"
            )
        if any(samples != inputs.shape[1] for _, samples in wanted):
            raise ShapeError(
                f"sets: expected {inputs.shape[1]} samples, got {sets[0].samples} samples"
            )
        return cls(
            centres=inputs.detach().double(),
            generators=_stacked([each.generators for each in sets]),
            lower=_stacked([each.lower for each in sets]),
            upper=_stacked([each.upper for each in sets]),
            radii_mv=torch.tensor([[each.radius_mv] for each in sets], dtype=torch.float64),
        )

    def signals(self, point: _Point) -> Tensor:
        """The float32 signals at *point*, shape (records, samples)."""
        moved = torch.einsum("rp,rps->rs", point.parameters, self.generators)
        return (self.centres + moved + point.residuals_mv).float()

    def nearest(self) -> _Point:
        """Where the set comes nearest to no disturbance, parameter by parameter."""
        return self._bare(torch.clamp(torch.zeros_like(self.lower), self.lower, self.upper))

    def corners(self) -> Iterator[tuple[_Point, str]]:
        if 1 <= self.lower.shape[1] <= _MOST_CORNERED:
            yield from self._lattice(2, "corner")

    def grid(self) -> Iterator[tuple[_Point, str]]:
        if 1 <= self.lower.shape[1] <= _MOST_GRIDDED:
            yield from self._lattice(_GRID, "grid")

    def draw(self, source: torch.Generator) -> _Point:
        """A point whose parameters and residuals are drawn uniformly."""
        shares = torch.rand(self.lower.shape, generator=source, dtype=torch.float64)
        sides = 2 * torch.rand(self.centres.shape, generator=source, dtype=torch.float64) - 1
        return _Point(parameters=self._between(shares), residuals_mv=sides * self.radii_mv)

    def step(self, point: _Point, gradient: Tensor, share: float) -> _Point:
        """*point* moved down *gradient*, the change of the margin with each sample."""
        slope = torch.einsum("rs,rps->rp", gradient, self.generators)
        reach = (self.upper - self.lower) / 2
        parameters = point.parameters - share * reach * slope.sign()
        residuals_mv = point.residuals_mv - share * self.radii_mv * gradient.sign()
        return _Point(
            parameters=torch.clamp(parameters, self.lower, self.upper),
            residuals_mv=torch.clamp(residuals_mv, -self.radii_mv, self.radii_mv),
        )

    def lowered(self, point: _Point, gradient: Tensor) -> _Point:
        """*point* with the whole residual down *gradient*."""
        residuals_mv = -self.radii_mv * gradient.sign()
        return _Point(parameters=point.parameters, residuals_mv=residuals_mv)

    def _lattice(self, values: int, method: str) -> Iterator[tuple[_Point, str]]:
        shares = torch.linspace(0, 1, values, dtype=torch.float64).tolist()
        for chosen in itertools.product(shares, repeat=self.lower.shape[1]):
            yield self._bare(self._between(torch.tensor(chosen, dtype=torch.float64))), method

    def _between(self, shares: Tensor) -> Tensor:
        # Written so that a share of 0 or of 1 gives the very end of the interval.
        mixed = (1 - shares) * self.lower + shares * self.upper
        return torch.clamp(mixed, self.lower, self.upper)

    def _bare(self, parameters: Tensor) -> _Point:
        return _Point(parameters=parameters, residuals_mv=torch.zeros_like(self.centres))


class _Memory:
    """The worst point of each record, with where in its set it lies."""

    def __init__(self, margin: Margin, box: _Box) -> None:
        self._margin, self._box = margin, box
        start = box.nearest()
        signals = box.signals(start)
        self._worst = Worst(signals, margins_of(margin, signals), start="box")
        self._parameters, self._residuals_mv = start.parameters.clone(), start.residuals_mv.clone()

    def meet(self, point: _Point, method: str) -> None:
        signals = self._box.signals(point)
        self._keep(point, signals, margins_of(self._margin, signals), method)

    def meet_with_gradient(self, point: _Point, method: str) -> Tensor:
        """The gradient at *point* in each sample, shape (records, samples), float64."""
        signals = self._box.signals(point)
        margins, gradient = margins_and_gradient(self._margin, signals)
        self._keep(point, signals, margins, method)
        return gradient.double()

    def meet_with_residual(self, point: _Point, method: str) -> None:
        """Meet *point*, and with it the residual that harms most where margins are linear."""
        if not self._box.radii_mv.any():
            self.meet(point, method)
            return
        gradient = self.meet_with_gradient(point, method)
        self.meet(self._box.lowered(point, gradient), method)

    def worst(self) -> _Point:
        """The worst point of each record so far."""
        return _Point(parameters=self._parameters.clone(), residuals_mv=self._residuals_mv.clone())

    def result(self) -> ParameterAttackResult:
        result = self._worst.result()
        return ParameterAttackResult(
            found=result.found,
            inputs=result.inputs,
            margins=result.margins,
            method=result.method,
            parameters=self._parameters.numpy().copy(),
            residuals_mv=self._residuals_mv.numpy().copy(),
        )

    def _keep(self, point: _Point, signals: Tensor, margins: Tensor, method: str) -> None:
        worse = self._worst.meet(signals, margins, method)
        self._parameters[worse] = point.parameters[worse]
        self._residuals_mv[worse] = point.residuals_mv[worse]


def _source(seed: int, restart: int) -> torch.Generator:
    return generator(seed, restart, "parameters")


def _stacked(arrays: Sequence[DoubleArray]) -> Tensor:
    return torch.from_numpy(np.stack(arrays))
