"""The search for a disturbance that turns a decision: a found one, or none, a record.

An attack is given a *margin*: a differentiable function from signals (records, samples) to one
number a record, positive where the decision is right.
It must treat each record on its own, as a network in evaluation mode does;
the gradient of the sum of the margins is then the gradient of each.

That an attack finds nothing proves nothing. What it finds is a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor

from nnassure.arrays import BoolArray, FloatArray, require_finite, require_shape
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from nnassure.perturbation import Ball

__all__ = ["AttackResult", "Margin", "fgsm", "pgd", "sign_step"]

Margin: TypeAlias = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackResult:
    """What an attack met, one entry a record.

    Attributes:
        found: Whether a point was met whose margin is not positive, shape (records,).
        inputs: The worst signal met in mV, shape (records, samples); always inside the ball.
        margins: The margin at that signal, shape (records,).
    """

    found: BoolArray
    inputs: FloatArray
    margins: FloatArray


def fgsm(margin: Margin, inputs: Tensor, ball: Ball) -> Tensor:
    """The signals one full step down the sign of the gradient (Goodfellow 2015, arXiv:1412.6572).

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.

    Returns:
        Disturbed signals in mV, shape (records, samples), on the surface of the ball wherever
        the gradient is not zero.

    Raises:
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, or *margin* has no gradient.
    """
    _require_signals(inputs)
    _, gradient = _margins_and_gradient(margin, inputs.detach())
    return ball.project(inputs.detach() - 2 * ball.radius_mv * gradient.sign(), inputs.detach())


def sign_step(margin: Margin, points: Tensor, *, step_mv: float) -> Tensor:
    """*points* moved by *step_mv* a sample down the sign of the gradient, not yet projected.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        points: Signals in mV, shape (records, samples).
        step_mv: Length of the step of every sample.

    Raises:
        ShapeError: If *margin* does not return one value a record.
        NotFiniteError: If a margin is NaN or infinite.
        PerturbationError: If *margin* has no gradient.
    """
    _, gradient = _margins_and_gradient(margin, points)
    return points - step_mv * gradient.sign()


def pgd(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin,
    inputs: Tensor,
    ball: Ball,
    *,
    steps: int,
    restarts: int,
    seed: int,
    step_share: float = 0.25,
) -> AttackResult:
    """The worst signals met by projected gradient descent (Madry 2018, arXiv:1706.06083).

    The first run starts at the undisturbed signal, every further one at a random point of the
    ball; each takes *steps* steps and evaluates every point on its way.
    The undisturbed signal and the point of :func:`fgsm` are evaluated too.
    A longer run or a further restart thus adds points and removes none:
    more budget never finds less.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        steps: Steps of each run, at least 1.
        restarts: Runs, at least 1.
        seed: Seed of the random starts; restart i starts at the same point whatever their number.
        step_share: Length of a step in radii, above 0.

    Raises:
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, *margin* has no gradient, or the budget is
            out of its range.
    """
    _require_budget(steps, restarts, step_share)
    _require_signals(inputs)
    centres = inputs.detach()
    lower, upper = ball.bounds(centres)
    worst = _Worst(centres, _margins(margin, centres))
    corner = fgsm(margin, centres, ball)
    worst.meet(corner, _margins(margin, corner))
    for restart in range(restarts):
        points = centres if restart == 0 else ball.draw(centres, _generator(seed, restart))
        for _ in range(steps):
            margins, gradient = _margins_and_gradient(margin, points)
            worst.meet(points, margins)
            moved = points - step_share * ball.radius_mv * gradient.sign()
            points = torch.clamp(moved, lower, upper)
        worst.meet(points, _margins(margin, points))
    return worst.result()


class _Worst:
    """The worst point met so far of every record."""

    def __init__(self, points: Tensor, margins: Tensor) -> None:
        self._points, self._margins = points.clone(), margins.clone()

    def meet(self, points: Tensor, margins: Tensor) -> None:
        worse = margins < self._margins
        self._points[worse] = points[worse]
        self._margins[worse] = margins[worse]

    def result(self) -> AttackResult:
        margins = self._margins.float().numpy()
        return AttackResult(found=margins <= 0, inputs=self._points.numpy(), margins=margins)


def _margins(margin: Margin, points: Tensor) -> Tensor:
    _, margins = _traced(margin, points)
    return margins.detach()


def _margins_and_gradient(margin: Margin, points: Tensor) -> tuple[Tensor, Tensor]:
    leaf, margins = _traced(margin, points)
    if not margins.requires_grad:
        raise PerturbationError(
            "margin: expected a differentiable function of the signals, got values without a "
            "gradient; it must neither leave torch nor switch gradients off"
        )
    (gradient,) = torch.autograd.grad(margins, leaf, grad_outputs=torch.ones_like(margins))
    return margins.detach(), gradient


def _traced(margin: Margin, points: Tensor) -> tuple[Tensor, Tensor]:
    # The gradient is recorded even where it is not used or the caller has switched it off:
    # a point must have the same margin, to the last bit, whichever way it is met.
    with torch.enable_grad():
        leaf = points.detach().clone().requires_grad_(True)
        margins = margin(leaf)
    _require_margins(margins, points)
    return leaf, margins


def _generator(seed: int, restart: int) -> torch.Generator:
    # A generator a restart: how many there are must not move the points of the earlier ones.
    return torch.Generator().manual_seed((seed * 1_000_003 + restart) % 2**63)


def _require_signals(inputs: Tensor) -> None:
    values = inputs.detach().numpy()
    require_shape("inputs", values, "records, samples")
    require_finite("inputs", values)
    if inputs.dtype != torch.float32:
        raise PerturbationError(f"inputs: expected float32 signals, got {inputs.dtype}")


def _require_margins(margins: Tensor, points: Tensor) -> None:
    if margins.shape != (len(points),):
        raise ShapeError(
            f"margin: expected one value for each of {len(points)} records, "
            f"got shape {tuple(margins.shape)}"
        )
    require_finite("margin", margins.detach().numpy())


def _require_budget(steps: int, restarts: int, step_share: float) -> None:
    for name, number in (("steps", steps), ("restarts", restarts)):
        if number < 1:
            raise PerturbationError(f"{name}: expected at least 1, got {number}")
    if not step_share > 0:
        raise PerturbationError(f"step_share: expected a number above 0, got {step_share}")
