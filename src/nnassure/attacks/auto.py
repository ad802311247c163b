"""Descent that halves its own steps: APGD (Croce and Hein 2020, arXiv:2003.01690).

It goes down the margin itself, which is the difference of the two logits.
The ratio that its authors recommend divides by the gap between the first and the third largest
logit, and two classes have no third; their cross entropy is a falling function of the margin,
so that it takes the same way until it is too flat for float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from nnassure.attacks.search import Game, finished, generator, require_positive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from nnassure.attacks.search import AttackResult, Margin, Runs
    from nnassure.perturbation import Ball

__all__ = ["apgd", "auto_descents"]

# The constants of the article: first step in radii, share of a step that is new against momentum,
# and share of the steps since the last look that have to succeed or the step is halved.
_FIRST_STEP = 2.0
_NEW = 0.75
_SUCCESSFUL = 0.75


def apgd(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin, inputs: Tensor, ball: Ball, *, steps: int, restarts: int, seed: int
) -> AttackResult:
    """The worst signals met by projected gradient descent that chooses its own step.

    Steps start at 2 radii and are halved, a record, when few of them went down, or none did
    since the last halving; the search then goes on from the best point of the run.
    When it looks depends on *steps*, so other steps are another search and not a longer one.
    Every run starts at a random point of the ball.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        steps: Steps of each run, at least 1; the article takes 100.
        restarts: Runs, at least 1; more of them never find less.
        seed: Seed of the starts; run i starts at the same point whatever their number.

    Raises:
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, *margin* has no gradient, or the budget is
            out of its range.
    """
    require_positive(steps=steps, restarts=restarts)
    game = Game.of(margin, inputs, ball)
    return finished(game, auto_descents(game, steps=steps, restarts=restarts, seed=seed))


def auto_descents(game: Game, *, steps: int, restarts: int, seed: int) -> Runs:
    """The runs of :func:`apgd`."""
    for restart in range(restarts):
        start = game.ball.draw(game.centres, generator(seed, restart, "apgd"))
        _descend(game, start, steps)
        yield


@dataclass(slots=True, kw_only=True)
class _Best:
    """The best point of a run, a record, and what it takes to go on from there."""

    points: Tensor
    gradients: Tensor
    margins: Tensor

    def take(self, points: Tensor, gradients: Tensor, margins: Tensor) -> Tensor:
        better = margins < self.margins
        self.points = torch.where(better[:, None], points, self.points)
        self.gradients = torch.where(better[:, None], gradients, self.gradients)
        self.margins = torch.where(better, margins, self.margins)
        return better


class _Steps:
    """The length of each record's step, and whether it has earned to keep it."""

    def __init__(self, first_mv: float, margins: Tensor) -> None:
        self.lengths_mv = torch.full((len(margins), 1), first_mv)
        self._successes = torch.zeros(len(margins))
        self._best_then = margins
        self._halved_then = torch.zeros(len(margins), dtype=torch.bool)

    def count(self, down: Tensor) -> None:
        self._successes += down

    def look(self, best: Tensor, since: int) -> Tensor:
        """Which records' steps are halved, now that *since* steps were taken."""
        few = self._successes < _SUCCESSFUL * since
        stuck = ~self._halved_then & (best == self._best_then)
        halved = few | stuck
        self.lengths_mv[halved] /= 2
        self._successes, self._best_then, self._halved_then = (
            torch.zeros_like(self._successes),
            best,
            halved,
        )
        return halved


def _descend(game: Game, start: Tensor, steps: int) -> None:
    lower, upper = game.ball.bounds(game.centres)
    points = before = start
    margins, gradients = game.meet_with_gradient(points, "apgd")
    best = _Best(points=points, gradients=gradients, margins=margins)
    length = _Steps(_FIRST_STEP * game.ball.radius_mv, margins)
    looks, last_look = set(_looks(steps)), 0
    for step in range(1, steps + 1):
        aim = torch.clamp(points - length.lengths_mv * gradients.sign(), lower, upper)
        new = 1.0 if step == 1 else _NEW
        moved = points + new * (aim - points) + (1 - new) * (points - before)
        before, points = points, torch.clamp(moved, lower, upper)
        last, (margins, gradients) = margins, game.meet_with_gradient(points, "apgd")
        best.take(points, gradients, margins)
        length.count(margins < last)
        if step in looks:
            back = length.look(best.margins, step - last_look)[:, None]
            points = torch.where(back, best.points, points)
            before = torch.where(back, best.points, before)
            gradients = torch.where(back, best.gradients, gradients)
            margins = torch.where(back[:, 0], best.margins, margins)
            last_look = step


def _looks(steps: int) -> Iterator[int]:
    """After which steps the length is looked at: ever more often, by the rule of the article."""
    earlier, share = 0.0, 0.22
    while share <= 1:
        yield math.ceil(share * steps)
        earlier, share = share, share + max(share - earlier - 0.03, 0.06)
