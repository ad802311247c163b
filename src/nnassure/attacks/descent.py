"""Descent along the sign of the gradient: one step, or many from many starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nnassure.attacks.search import (
    Game,
    finished,
    generator,
    margins_and_gradient,
    require_positive,
    require_signals,
)
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from torch import Tensor

    from nnassure.attacks.search import AttackResult, Margin, Runs
    from nnassure.perturbation import Ball

__all__ = ["descents", "fgsm", "pgd", "sign_step"]

DEFAULT_STEP_SHARE = 0.25


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
    require_signals(inputs)
    _, gradient = margins_and_gradient(margin, inputs.detach())
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
    _, gradient = margins_and_gradient(margin, points)
    return points - step_mv * gradient.sign()


def pgd(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin,
    inputs: Tensor,
    ball: Ball,
    *,
    steps: int,
    restarts: int,
    seed: int,
    step_share: float = DEFAULT_STEP_SHARE,
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
    require_positive(steps=steps, restarts=restarts)
    if not step_share > 0:
        raise PerturbationError(f"step_share: expected a number above 0, got {step_share}")
    game = Game.of(margin, inputs, ball)
    runs = descents(game, steps=steps, restarts=restarts, seed=seed, step_share=step_share)
    return finished(game, runs)


def descents(  # noqa: PLR0913 - an attack is only told by its whole budget
    game: Game,
    *,
    steps: int,
    restarts: int,
    seed: int,
    step_share: float = DEFAULT_STEP_SHARE,
    first: int = 0,
) -> Runs:
    """The runs of :func:`pgd` from number *first*; number 0 begins with the point of FGSM."""
    lower, upper = game.ball.bounds(game.centres)
    for restart in range(first, restarts):
        points = game.centres
        if restart:
            points = game.ball.draw(game.centres, generator(seed, restart))
        else:
            game.meet(fgsm(game.margin, game.centres, game.ball), "fgsm")
        for _ in range(steps):
            _, gradient = game.meet_with_gradient(points, "pgd")
            moved = points - step_share * game.ball.radius_mv * gradient.sign()
            points = torch.clamp(moved, lower, upper)
        game.meet(points, "pgd")
        yield
