"""The ball of disturbances around a signal."""

from __future__ import annotations

import re

import pytest
import torch

from nnassure.errors import PerturbationError
from nnassure.perturbation import Ball


@pytest.mark.parametrize("radius_mv", [0.0, -0.01, float("nan"), float("inf")])
def test_a_ball_needs_a_radius(radius_mv: float) -> None:
    """A radius that would show nothing, or everything, is refused."""
    message = f"radius_mv: expected a finite number above 0, got {radius_mv}"
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}$"):
        Ball(radius_mv=radius_mv)


def test_points_outside_move_to_the_surface() -> None:
    """Projection clips each sample on its own and leaves what is inside."""
    centres = torch.tensor([[0.0, 0.0, 0.0]])
    points = torch.tensor([[0.75, -0.75, 0.25]])
    assert Ball(radius_mv=0.5).project(points, centres).tolist() == [[0.5, -0.5, 0.25]]


def test_draws_fill_the_ball() -> None:
    """Uniform draws reach close to both ends of each interval and have its middle as mean."""
    centres = torch.full((1, 4000), 2.0)
    drawn = Ball(radius_mv=1.0).draw(centres, torch.Generator().manual_seed(5))
    assert 1.0 <= float(drawn.min()) < 1.01
    assert 2.99 < float(drawn.max()) <= 3.0
    # The mean of 4000 draws of standard deviation 1 / sqrt(3) lies within 5 standard errors.
    assert abs(float(drawn.mean()) - 2.0) < 5 * (1 / 3) ** 0.5 / 4000**0.5


def test_draws_come_from_their_generator_alone() -> None:
    """The same seed draws the same points, and a generator that has moved on draws others."""
    centres, ball = torch.zeros((2, 5)), Ball(radius_mv=0.1)
    generator = torch.Generator().manual_seed(7)
    first, second = ball.draw(centres, generator), ball.draw(centres, generator)
    assert torch.equal(first, ball.draw(centres, torch.Generator().manual_seed(7)))
    assert not torch.equal(first, second)
