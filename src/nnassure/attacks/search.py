"""What every attack shares: the margin and its gradient, and the memory of the worst point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from nnassure.arrays import BoolArray, FloatArray, StrArray, require_finite, require_shape
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from nnassure.perturbation import Ball

__all__ = [
    "AttackResult",
    "Game",
    "Margin",
    "Runs",
    "Worst",
    "finished",
    "generator",
    "margins_and_gradient",
    "margins_of",
    "require_positive",
    "require_signals",
]

Margin: TypeAlias = Callable[[Tensor], Tensor]
#: An attack, one run after the other; what it meets is kept by the game's :class:`Worst`.
Runs: TypeAlias = Iterator[None]

# The seeds of an attack's runs lie apart from those of another's, or both would start alike.
_SALTS = {"pgd": 0, "apgd": 1, "square": 2, "art": 3, "parameters": 4, "smooth": 5}
_UNDISTURBED = "undisturbed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackResult:
    """What an attack met, one entry a record.

    Attributes:
        found: Whether a point was met whose margin is not positive, shape (records,).
        inputs: The worst signal met in mV, shape (records, samples); always inside the ball.
        margins: The margin at that signal, shape (records,).
        method: What met that signal, such as ``"pgd"``; ``"undisturbed"`` where nothing worse
            than the signal itself was met, shape (records,).
    """

    found: BoolArray
    inputs: FloatArray
    margins: FloatArray
    method: StrArray


class Worst:
    """The worst point met so far of every record.

    Args:
        points: Undisturbed signals in mV, shape (records, samples).
        margins: Their margins, shape (records,).
        first: Whether a record keeps the first point that turns it, and worse ones do not count.
        start: What *points* are called.
    """

    def __init__(
        self, points: Tensor, margins: Tensor, *, first: bool = False, start: str = _UNDISTURBED
    ) -> None:
        self._points, self._margins = points.clone(), margins.clone()
        self._methods = [start] * len(margins)
        self._first = first

    def meet(self, points: Tensor, margins: Tensor, method: str) -> Tensor:
        """Keep those of *points* that are worse than what was met before; tells which they are."""
        worse = margins < self._margins
        if self._first:
            worse &= self._margins > 0
        self._points[worse] = points[worse]
        self._margins[worse] = margins[worse]
        for record in torch.nonzero(worse).flatten().tolist():
            self._methods[record] = method
        return worse

    @property
    def open(self) -> bool:
        """Whether a record is left that no point has turned."""
        return bool((self._margins > 0).any())

    def result(self) -> AttackResult:
        """What was met, as copies."""
        margins = self._margins.float().numpy().copy()
        return AttackResult(
            found=margins <= 0,
            inputs=self._points.numpy().copy(),
            margins=margins,
            method=np.array(self._methods, dtype=np.str_),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """What attacks on the same records are given, and where they keep what they meet.

    Attributes:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        centres: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        worst: The worst points met.
    """

    margin: Margin
    centres: Tensor
    ball: Ball
    worst: Worst

    @classmethod
    def of(cls, margin: Margin, inputs: Tensor, ball: Ball, *, first: bool = False) -> Game:
        """A game in which the undisturbed signals alone have been met.

        Raises:
            ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
            NotFiniteError: If an input or a margin is NaN or infinite.
            PerturbationError: If *inputs* are not float32.
        """
        require_signals(inputs)
        centres = inputs.detach()
        worst = Worst(centres, margins_of(margin, centres), first=first)
        return cls(margin=margin, centres=centres, ball=ball, worst=worst)

    def meet(self, points: Tensor, method: str) -> Tensor:
        """The margins of *points*, shape (records,), which are met."""
        margins = margins_of(self.margin, points)
        self.worst.meet(points, margins, method)
        return margins

    def meet_with_gradient(self, points: Tensor, method: str) -> tuple[Tensor, Tensor]:
        """The margins of *points*, which are met, and their gradient, the shape of *points*."""
        margins, gradient = margins_and_gradient(self.margin, points)
        self.worst.meet(points, margins, method)
        return margins, gradient


def finished(game: Game, runs: Runs) -> AttackResult:
    """What *game* holds after all *runs*."""
    for _ in runs:
        pass
    return game.worst.result()


def margins_of(margin: Margin, points: Tensor) -> Tensor:
    """The margins of *points* without a gradient, shape (records,)."""
    _, margins = _traced(margin, points)
    return margins.detach()


def margins_and_gradient(margin: Margin, points: Tensor) -> tuple[Tensor, Tensor]:
    """The margins of *points*, shape (records,), and how they change with each sample.

    Raises:
        ShapeError: If *margin* does not return one value a record.
        NotFiniteError: If a margin is NaN or infinite.
        PerturbationError: If *margin* has no gradient.
    """
    leaf, margins = _traced(margin, points)
    if not margins.requires_grad:
        raise PerturbationError(
            "margin: expected a differentiable function of the signals, got values without a "
            "gradient; it must neither leave torch nor switch gradients off"
        )
    (gradient,) = torch.autograd.grad(margins, leaf, grad_outputs=torch.ones_like(margins))
    return margins.detach(), gradient


def generator(seed: int, restart: int, attack: str = "pgd") -> torch.Generator:
    """A source of randomness for one run, the same however many runs there are."""
    number = seed * 1_000_003 + restart + _SALTS[attack] * 2_147_483_647
    return torch.Generator().manual_seed(number % 2**63)


def require_signals(inputs: Tensor) -> None:
    """Hold *inputs* to be finite float32 signals, shape (records, samples).

    Raises:
        ShapeError: If *inputs* has other axes.
        NotFiniteError: If an input is NaN or infinite.
        PerturbationError: If *inputs* are not float32.
    """
    values = inputs.detach().numpy()
    require_shape("inputs", values, "records, samples")
    require_finite("inputs", values)
    if inputs.dtype != torch.float32:
        raise PerturbationError(f"inputs: expected float32 signals, got {inputs.dtype}")


def require_positive(**numbers: int) -> None:
    """Hold each count of a budget to be at least 1.

    Raises:
        PerturbationError: If one is not; the message names the first.
    """
    for name, number in numbers.items():
        if number < 1:
            raise PerturbationError(f"{name}: expected at least 1, got {number}")


def _traced(margin: Margin, points: Tensor) -> tuple[Tensor, Tensor]:
    # The gradient is recorded even where it is not used or the caller has switched it off:
    # a point must have the same margin, to the last bit, whichever way it is met.
    with torch.enable_grad():
        leaf = points.detach().clone().requires_grad_(True)
        margins = margin(leaf)
    _require_margins(margins, points)
    return leaf, margins


def _require_margins(margins: Tensor, points: Tensor) -> None:
    if margins.shape != (len(points),):
        raise ShapeError(
            f"margin: expected one value for each of {len(points)} records, "
            f"got shape {tuple(margins.shape)}"
        )
    require_finite("margin", margins.detach().numpy())
