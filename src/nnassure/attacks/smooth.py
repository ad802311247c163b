"""Disturbances that look like an ECG's own: smooth ones, without the ripple of other attacks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import conv1d

from nnassure.attacks.search import (
    Game,
    finished,
    generator,
    margins_and_gradient,
    require_positive,
)
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from nnassure.attacks.search import AttackResult, Margin, Runs
    from nnassure.perturbation import Ball

__all__ = ["smooth_attack", "smooth_descents"]

# Lengths and standard deviations of the kernels in samples, as Han and others chose for 300 Hz.
DEFAULT_LENGTHS = (5, 7, 11, 15, 19)
DEFAULT_DEVIATIONS = (1.0, 3.0, 5.0, 7.0, 10.0)
# A descent takes steps of this share of the radius.
_STEP_SHARE = 0.1


def smooth_attack(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin,
    inputs: Tensor,
    ball: Ball,
    *,
    steps: int,
    restarts: int,
    seed: int,
    lengths: Sequence[int] = DEFAULT_LENGTHS,
    deviations: Sequence[float] = DEFAULT_DEVIATIONS,
) -> AttackResult:
    """The worst smooth signals met (Han 2020, doi:10.1038/s41591-020-0791-x).

    The disturbance is an average of one raw disturbance, smoothed by a Gaussian kernel of every
    length and every deviation. The raw one is first sought by plain descent, then for twice as
    many steps by descent through the smoothing.
    Kernels are positive and sum to 1, so what is smoothed stays within the radius of what was.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        steps: Steps of each plain descent, at least 1.
        restarts: Runs, at least 1; the first starts at the undisturbed signal, every further one
            at a random point of the ball.
        seed: Seed of the starts.
        lengths: Lengths of the kernels in samples, odd and at least 1.
        deviations: Standard deviations of the kernels in samples, above 0.

    Raises:
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, *margin* has no gradient, the budget is
            out of its range, or there is no such kernel.
    """
    require_positive(steps=steps, restarts=restarts)
    kernel = _mean_kernel(lengths, deviations)
    game = Game.of(margin, inputs, ball)
    return finished(game, _runs(game, kernel, steps=steps, restarts=restarts, seed=seed))


def smooth_descents(game: Game, *, steps: int, restarts: int, seed: int) -> Runs:
    """The runs of :func:`smooth_attack` with its usual kernels."""
    kernel = _mean_kernel(DEFAULT_LENGTHS, DEFAULT_DEVIATIONS)
    return _runs(game, kernel, steps=steps, restarts=restarts, seed=seed)


def _runs(game: Game, kernel: Tensor, *, steps: int, restarts: int, seed: int) -> Runs:
    radius_mv = game.ball.radius_mv
    for restart in range(restarts):
        raw = torch.zeros_like(game.centres)
        if restart:
            source = generator(seed, restart, "smooth")
            raw = game.ball.draw(game.centres, source) - game.centres
        for step in range(3 * steps):
            smoothing = kernel if step >= steps else None
            raw = raw - _STEP_SHARE * radius_mv * _slope(game, raw, smoothing).sign()
            raw = raw.clamp(-radius_mv, radius_mv)
        game.meet(_point(game, _smoothed(raw, kernel)), "smooth")
        yield


def _slope(game: Game, raw: Tensor, kernel: Tensor | None) -> Tensor:
    """How the margin changes with the raw disturbance, shape (records, samples).

    Points of the plain descent are not met: they are not smooth.
    """
    if kernel is None:
        _, gradient = margins_and_gradient(game.margin, _point(game, raw))
        return gradient
    _, gradient = game.meet_with_gradient(_point(game, _smoothed(raw, kernel)), "smooth")
    # The kernel is symmetric, so smoothing is its own transpose.
    return _smoothed(gradient, kernel)


def _point(game: Game, change: Tensor) -> Tensor:
    return game.ball.project(game.centres + change, game.centres)


def _smoothed(change: Tensor, kernel: Tensor) -> Tensor:
    return conv1d(change[:, None], kernel[None, None], padding=len(kernel) // 2)[:, 0]


def _mean_kernel(lengths: Sequence[int], deviations: Sequence[float]) -> Tensor:
    """The average of all kernels, which smooths as the average of what they smooth."""
    if not lengths or not all(length >= 1 and length % 2 for length in lengths):
        raise PerturbationError(f"lengths: expected odd numbers of samples, got {list(lengths)}")
    if not deviations or not all(math.isfinite(width) and width > 0 for width in deviations):
        raise PerturbationError(
            f"deviations: expected finite numbers above 0, got {list(deviations)}"
        )
    reach = max(lengths) // 2
    distances = torch.arange(-reach, reach + 1, dtype=torch.float64)
    kernels = [
        torch.exp(-((distances / width) ** 2) / 2) * (distances.abs() <= length // 2)
        for length in lengths
        for width in deviations
    ]
    return torch.stack([kernel / kernel.sum() for kernel in kernels]).mean(dim=0).float()
