"""The step that ODIN takes before the softmax is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["nearer_to_a_class"]


def nearer_to_a_class(
    network: Callable[[Tensor], Tensor], inputs: Tensor, *, temperature: float, step: float
) -> Tensor:
    """*inputs* moved so that the network is surer of what it says (Liang 2018, arXiv:1706.02690).

    Records that the network was made for gain more certainty by such a step than others.

    Args:
        network: From inputs to logits, shape (records, classes); differentiable.
        inputs: Shape (records, ...).
        temperature: Divides the logits, above 0.
        step: How far each value moves, in the unit of the inputs, from 0.

    Returns:
        Shape and type of *inputs*: x + step * sign(d log p_max(x) / dx).

    Raises:
        PerturbationError: If the temperature or the step is out of its range.
    """
    if not (temperature > 0 and 0 <= step < float("inf")):
        raise PerturbationError(
            f"temperature, step: expected numbers above 0 and from 0, got {temperature} and {step}"
        )
    moved = inputs.detach().clone().requires_grad_()
    with torch.enable_grad():
        surest = torch.log_softmax(network(moved) / temperature, dim=1).max(dim=1).values
        (gradient,) = torch.autograd.grad(surest.sum(), moved)
    return inputs + step * gradient.sign()
