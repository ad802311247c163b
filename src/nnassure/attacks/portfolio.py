"""Every attack in turn, until a record is turned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from nnassure.attacks.art import art_descents
from nnassure.attacks.auto import auto_descents
from nnassure.attacks.descent import descents
from nnassure.attacks.search import Game
from nnassure.attacks.smooth import smooth_descents
from nnassure.attacks.square import squares
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from nnassure.attacks.search import AttackResult, Margin, Runs
    from nnassure.perturbation import Ball

__all__ = ["Budget", "portfolio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a portfolio spends on a record that nothing turns.

    Attributes:
        steps: Steps of each descent and of each smooth one.
        restarts: Descents, all but the first from random points; 0 leaves them out.
        auto_steps: Steps of each APGD.
        auto_restarts: Runs of our APGD; 0 leaves it out.
        smooth_restarts: Runs of the smooth attack; 0 leaves it out.
        queries: Blocks that each Square attack tries.
        square_restarts: Runs of the Square attack; 0 leaves it out.
        art_restarts: Runs of the toolbox's APGD on each of its two losses; 0 leaves it out, and
            the toolbox need not be installed.

    Raises:
        PerturbationError: If steps or queries are below 1, a number of runs is below 0, or there
            is no run at all.
    """

    steps: int = 40
    restarts: int = 20
    auto_steps: int = 100
    auto_restarts: int = 3
    smooth_restarts: int = 2
    queries: int = 1000
    square_restarts: int = 1
    art_restarts: int = 1

    def __post_init__(self) -> None:
        for name, number in asdict(self).items():
            least = 0 if name.endswith("restarts") else 1
            if number < least:
                raise PerturbationError(f"{name}: expected at least {least}, got {number}")
        if not any(n for name, n in asdict(self).items() if name.endswith("restarts")):
            raise PerturbationError("restarts: expected a run of some attack, got none")


def portfolio(  # noqa: PLR0913  an attack is told by all that it may spend
    margin: Margin,
    inputs: Tensor,
    ball: Ball,
    *,
    budget: Budget,
    seed: int,
    out_of_time: Callable[[], bool] | None = None,
) -> AttackResult:
    """The first signal that turns each record, by the attacks one after the other.

    Cheapest first: FGSM and one descent, APGD, the smooth attack, the Square attack, the other
    descents, and the toolbox's APGD on cross entropy and on the logit difference.
    A record that was turned keeps that point, and the name of the attack; records that were not
    have the worst point that any attack met. It ends when all are turned; as the margin of many
    records cannot be asked for a part of them, one record at a time wastes least.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        budget: What each attack may spend; further runs never find less.
        seed: Seed of all attacks.
        out_of_time: Asked between runs; once it says so, no further one is begun. What is found
            may then differ from run to run.

    Raises:
        EngineMissingError: If the budget asks for the toolbox and it is not installed.
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, or *margin* has no gradient.
    """
    game = Game.of(margin, inputs, ball, first=True)
    for runs in _attacks(game, budget, seed):
        if not game.worst.open:
            break
        for _ in runs:
            if not game.worst.open:
                break
            if out_of_time is not None and out_of_time():
                return game.worst.result()
    return game.worst.result()


def _attacks(game: Game, budget: Budget, seed: int) -> Iterator[Runs]:
    steps, restarts, auto_steps = budget.steps, budget.restarts, budget.auto_steps
    yield descents(game, steps=steps, restarts=min(restarts, 1), seed=seed)
    yield auto_descents(game, steps=auto_steps, restarts=budget.auto_restarts, seed=seed)
    yield smooth_descents(game, steps=steps, restarts=budget.smooth_restarts, seed=seed)
    yield squares(game, queries=budget.queries, restarts=budget.square_restarts, seed=seed)
    yield descents(game, steps=steps, restarts=restarts, seed=seed, first=1)
    if budget.art_restarts:
        for loss in ("cross_entropy", "logit_difference"):
            yield art_descents(
                game, loss=loss, steps=auto_steps, restarts=budget.art_restarts, seed=seed
            )
