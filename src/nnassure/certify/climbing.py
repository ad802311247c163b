"""Ascent on what bounds may be chosen by: slopes of lower lines and multipliers of constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Climb"]

_RATE = 0.25
_FIRST_MOMENT, _SECOND_MOMENT = 0.9, 0.999


class Climb:
    """Adam ascent (Kingma 2015, arXiv:1412.6980) on slopes in [0, 1] and multipliers from 0.

    Args:
        slopes: To start from; None where there is nothing to choose.
        multipliers: Likewise.
        decay: What each step's length is multiplied with for the next.
    """

    def __init__(
        self,
        slopes: Sequence[Tensor | None],
        multipliers: Sequence[Tensor | None] = (),
        *,
        decay: float,
    ) -> None:
        values = [*slopes, *multipliers]
        self._slopes, self._decay = len(slopes), decay
        self._values = [None if each is None else each.clone() for each in values]
        self._first = [None if each is None else torch.zeros_like(each) for each in values]
        self._second = [None if each is None else torch.zeros_like(each) for each in values]
        self._leaves: list[Tensor | None] = []

    def leaves(self, *, trying: bool) -> list[Tensor | None]:
        """The slopes and then the multipliers, to be differentiated by if *trying*."""
        self._leaves = [
            None if each is None else each.detach().requires_grad_(trying) for each in self._values
        ]
        return self._leaves

    def climb(self, step: int) -> None:
        """One step along the gradients of the last leaves; those without one stay."""
        for place, leaf in enumerate(self._leaves):
            if leaf is None or leaf.grad is None:
                continue
            first = _averaged(self._first[place], leaf.grad, _FIRST_MOMENT)
            second = _averaged(self._second[place], leaf.grad.square(), _SECOND_MOMENT)
            self._first[place], self._second[place] = first, second
            rate = _RATE * self._decay**step
            move = first / (1 - _FIRST_MOMENT ** (step + 1))
            scale = (second / (1 - _SECOND_MOMENT ** (step + 1))).sqrt() + 1e-12
            moved = leaf.detach() + rate * move / scale
            is_slope = place < self._slopes
            self._values[place] = moved.clamp(0, 1) if is_slope else moved.clamp(min=0)


def _averaged(average: Tensor | None, new: Tensor, share: float) -> Tensor:
    return new if average is None else share * average + (1 - share) * new
