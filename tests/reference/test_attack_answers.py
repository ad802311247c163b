"""Attacks where the worst disturbance is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnassure.attacks import fgsm, pgd
from nnassure.perturbation import Ball
from tests.support.models import linear_margin


@pytest.mark.parametrize("radius_mv", [0.01, 0.1, 1.0])
def test_a_linear_margin_falls_by_the_dual_norm(radius_mv: float) -> None:
    """The worst margin of a linear detector is the margin less radius times sum of |weights|."""
    generator = torch.Generator().manual_seed(11)
    weights = torch.randn(30, generator=generator)
    signals = torch.randn((6, 30), generator=generator)
    margin, ball = linear_margin(weights, 0.5), Ball(radius_mv=radius_mv)
    exact = signals.double() @ weights.double() + 0.5 - radius_mv * weights.double().abs().sum()
    result = pgd(margin, signals, ball, steps=1, restarts=1, seed=0)
    np.testing.assert_allclose(result.margins, exact.numpy(), atol=1e-5)
    np.testing.assert_allclose(margin(fgsm(margin, signals, ball)), exact.numpy(), atol=1e-5)
    assert result.found.tolist() == (exact <= 0).tolist()


def test_descent_reaches_a_minimum_inside_the_ball() -> None:
    """Where the worst point lies inside, descent ends within one step of it and FGSM does not."""
    target = torch.tensor([[0.3, -0.2, 0.1]])

    def margin(signals: torch.Tensor) -> torch.Tensor:
        return ((signals - target) ** 2).sum(dim=1) + 1.0

    signals, ball = torch.zeros((1, 3)), Ball(radius_mv=0.5)
    result = pgd(margin, signals, ball, steps=60, restarts=1, seed=0, step_share=0.04)
    # A step is 0.02 a sample, so each of three samples stays within 0.02 of its minimum at 1.
    assert 1.0 <= float(result.margins[0]) <= 1.0 + 3 * 0.02**2
    assert float(margin(fgsm(margin, signals, ball))[0]) > 1.2
