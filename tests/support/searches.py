"""Every attack on a ball, told by one budget, and margins to try them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch

from nnassure.attacks import (
    Budget,
    apgd,
    art_apgd,
    pgd,
    portfolio,
    smooth_attack,
    square_attack,
)

if TYPE_CHECKING:
    from torch import Tensor

    from nnassure.attacks import AttackResult, Margin
    from nnassure.perturbation import Ball

__all__ = ["ATTACKS", "Attack", "bent_margin", "random_signals", "whole_portfolio"]


class Attack(Protocol):
    """An attack on a ball."""

    def __call__(  # noqa: PLR0913 - an attack is only told by its whole budget
        self, margin: Margin, inputs: Tensor, ball: Ball, *, steps: int, restarts: int, seed: int
    ) -> AttackResult:
        """What it met."""


def _square(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin, inputs: Tensor, ball: Ball, *, steps: int, restarts: int, seed: int
) -> AttackResult:
    return square_attack(margin, inputs, ball, queries=steps, restarts=restarts, seed=seed)


def _art(loss: str) -> Attack:
    def attack(  # noqa: PLR0913 - an attack is only told by its whole budget
        margin: Margin, inputs: Tensor, ball: Ball, *, steps: int, restarts: int, seed: int
    ) -> AttackResult:
        return art_apgd(margin, inputs, ball, loss=loss, steps=steps, restarts=restarts, seed=seed)

    return attack


def whole_portfolio(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin, inputs: Tensor, ball: Ball, *, steps: int, restarts: int, seed: int
) -> AttackResult:
    """Every attack with the same steps and restarts."""
    budget = Budget(
        steps=steps,
        restarts=restarts,
        auto_steps=steps,
        auto_restarts=restarts,
        smooth_restarts=restarts,
        queries=steps,
        square_restarts=restarts,
        art_restarts=restarts,
    )
    return portfolio(margin, inputs, ball, budget=budget, seed=seed)


#: Attacks that return the worst point met, by name.
ATTACKS: dict[str, Attack] = {
    "pgd": pgd,
    "apgd": apgd,
    "square": _square,
    "smooth": smooth_attack,
    "art cross entropy": _art("cross_entropy"),
    "art logit difference": _art("logit_difference"),
}


def random_signals(seed: int, *, records: int = 3, samples: int = 12, scale: float = 1.0) -> Tensor:
    """Signals of normal samples, shape (records, samples)."""
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn((records, samples), generator=generator)


def bent_margin(seed: int, samples: int = 12) -> Margin:
    """The margin of a small random network, with valleys that an attack can miss."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn((samples, 8), generator=generator)
    second = torch.randn(8, generator=generator)

    def margin(signals: Tensor) -> Tensor:
        return torch.sin(signals @ first) @ second

    return margin
