"""Random search without gradients: the Square attack for signals of one dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from nnassure.attacks.search import Game, finished, generator, require_positive
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from torch import Tensor

    from nnassure.attacks.search import AttackResult, Margin, Runs
    from nnassure.perturbation import Ball

__all__ = ["square_attack", "squares"]

DEFAULT_SHARE = 0.8
# When, in ten-thousandths of the queries, the blocks are halved (Andriushchenko 2020, section 3).
_HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)


def square_attack(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin,
    inputs: Tensor,
    ball: Ball,
    *,
    queries: int,
    restarts: int,
    seed: int,
    share: float = DEFAULT_SHARE,
) -> AttackResult:
    """The worst signals met by random blocks (Andriushchenko 2020, arXiv:1912.00049).

    Every sample stands on the surface of the ball, above or below.
    A run starts with stripes of random sides, whose width is drawn for each record, as a filter
    that averages would wipe out stripes of one sample. A query moves one block of neighbouring
    samples to one side, and keeps it where the margin falls; blocks shrink as queries go by.
    The margin is never differentiated, so a network that hides its gradient is searched as well.

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        queries: Blocks tried in each run, at least 1. Their sizes depend on it, so other queries
            are another search and not a longer one.
        restarts: Runs, at least 1; more of them never find less.
        seed: Seed of the blocks; run i is the same whatever their number.
        share: Share of the samples in the first blocks, in (0, 1].

    Raises:
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, or the budget is out of its range.
    """
    require_positive(queries=queries, restarts=restarts)
    if not 0 < share <= 1:
        raise PerturbationError(f"share: expected a number in (0, 1], got {share}")
    game = Game.of(margin, inputs, ball)
    runs = squares(game, queries=queries, restarts=restarts, seed=seed, share=share)
    return finished(game, runs)


def squares(
    game: Game, *, queries: int, restarts: int, seed: int, share: float = DEFAULT_SHARE
) -> Runs:
    """The runs of :func:`square_attack`."""
    lower, upper = game.ball.bounds(game.centres)
    samples = game.centres.shape[1]
    for restart in range(restarts):
        source = generator(seed, restart, "square")
        points = torch.where(_stripes(game.centres.shape, source), upper, lower)
        margins = game.meet(points, "square")
        for query in range(queries):
            length = _block_length(samples, share, query / queries)
            block, is_above = _blocks(game.centres.shape, length, source)
            tried = torch.where(block, torch.where(is_above, upper, lower), points)
            tried_margins = game.meet(tried, "square")
            better = tried_margins < margins
            points = torch.where(better[:, None], tried, points)
            margins = torch.where(better, tried_margins, margins)
        yield


def _block_length(samples: int, share: float, spent: float) -> int:
    halvings = sum(10_000 * spent > halving for halving in _HALVINGS)
    return max(1, round(share * 0.5**halvings * samples))


def _stripes(shape: torch.Size, source: torch.Generator) -> Tensor:
    """Which samples start above: stripes of 1, 2, 4 ... samples, shape (records, samples)."""
    records, samples = shape
    doublings = torch.randint(max(1, samples.bit_length() - 2), (records, 1), generator=source)
    stripe = torch.arange(samples) // 2**doublings
    sides = torch.randint(2, (records, samples), generator=source, dtype=torch.bool)
    return sides.gather(1, stripe)


def _blocks(shape: torch.Size, length: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """One block of neighbours a record, shape (records, samples), and its side, (records, 1)."""
    records, samples = shape
    starts = torch.randint(samples - length + 1, (records, 1), generator=source)
    is_above = torch.randint(2, (records, 1), generator=source, dtype=torch.bool)
    positions = torch.arange(samples)
    return (starts <= positions) & (positions < starts + length), is_above
