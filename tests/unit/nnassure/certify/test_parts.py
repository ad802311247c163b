"""Sets with few parameters are cut into parts that together are the set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from nnassure.certify.forward import forward_margins
from nnassure.certify.parts import Part, split_parameters
from nnassure.certify.proving import proof
from tests.support.questions import budget, problem_of, segment, varied_network

if TYPE_CHECKING:
    from nnassure.certify.margins import Problem

_DIRECTIONS = torch.stack([torch.linspace(-1, 1, 24), torch.ones(24)])


def _asked(seed: int, size: float, radius: float = 0.0) -> Problem:
    torch.manual_seed(seed)
    signal, network = torch.randn(24), varied_network(seed, 24)
    logits = network(signal[None, None])[0]
    side = 1.0 if logits[1] > logits[0] else -1.0
    each = segment(
        signal,
        radius=radius,
        generators=_DIRECTIONS,
        half_widths=torch.full((2,), size, dtype=torch.float64),
    )
    return problem_of(network, each, side=side)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("radius", [0.0, 0.05])
@pytest.mark.parametrize("steps", [0, 2])
def test_the_parts_are_the_set(seed: int, radius: float, steps: int) -> None:
    """Each way of halving is there once: the shares of the parts sum to 1."""
    margin, parts = split_parameters(_asked(seed, 0.6, radius), budget=budget(30, steps))
    assert sum(2.0 ** -len(part.halves) for part in parts) == 1
    assert len({part.halves for part in parts}) == len(parts)
    assert margin == min(part.margin for part in parts)


@pytest.mark.parametrize("seed", range(6))
def test_a_larger_budget_proves_no_less(seed: int) -> None:
    """What is proven as a whole is proven in parts, and none of them is known worse than it."""
    problem = _asked(seed, 0.6)
    one, many = (split_parameters(problem, budget=budget(parts))[0] for parts in (1, 30))
    assert many >= min(one, 0)
    assert many > 0 or one <= 0


def test_a_budget_without_steps_asks_for_forward_bounds_alone() -> None:
    """Its first part is the whole set, bounded forward."""
    problem = _asked(1, 0.01)
    margin, (part,) = split_parameters(problem, budget=budget(30, 0))
    assert isinstance(part, Part)
    assert margin == float(forward_margins(problem)[0])
    assert proof(problem, budget(30, 0)).margin > 0
