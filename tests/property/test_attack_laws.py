"""Laws of balls and attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnassure.attacks import fgsm, pgd
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

radii = st.floats(min_value=1e-4, max_value=2.0)
seeds = st.integers(min_value=0, max_value=2**31)


def _signals(seed: int, *, records: int = 3, samples: int = 12, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn((records, samples), generator=generator)


def _bent_margin(seed: int, samples: int = 12) -> Callable[[Tensor], Tensor]:
    """The margin of a small random network, with valleys that an attack can miss."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn((samples, 8), generator=generator)
    second = torch.randn(8, generator=generator)

    def margin(signals: Tensor) -> Tensor:
        return torch.sin(signals @ first) @ second

    return margin


def _is_inside(points: Tensor, centres: Tensor, radius_mv: float) -> bool:
    """Exactly, not up to rounding: differences of float32 numbers are compared in float64."""
    return bool(((points.double() - centres.double()).abs() <= radius_mv).all())


@settings(deadline=None)
@example(seed=0, radius_mv=1.9999999999999998, scale=1.0)
@given(seed=seeds, radius_mv=radii, scale=st.sampled_from([1e-6, 1.0, 20.0, 1e6]))
def test_no_rounding_leaves_the_ball(seed: int, radius_mv: float, scale: float) -> None:
    """Bounds, projections and draws stay within the radius however large the signal."""
    centres, ball = _signals(seed, scale=scale), Ball(radius_mv=radius_mv)
    far = _signals(seed + 1, scale=1e7)
    drawn = ball.draw(centres, torch.Generator().manual_seed(seed))
    for points in (*ball.bounds(centres), ball.project(far, centres), drawn):
        assert _is_inside(points, centres, radius_mv)


@settings(deadline=None)
@given(seed=seeds, radius_mv=radii)
def test_projection_is_settled_after_once(seed: int, radius_mv: float) -> None:
    """A projected point projects onto itself."""
    centres, ball = _signals(seed), Ball(radius_mv=radius_mv)
    once = ball.project(_signals(seed + 1), centres)
    assert torch.equal(once, ball.project(once, centres))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, radius_mv=radii, steps=st.integers(1, 5), restarts=st.integers(1, 3))
def test_what_an_attack_returns_is_inside_and_true(
    seed: int, radius_mv: float, steps: int, restarts: int
) -> None:
    """The worst signal lies in its ball and has the margin that is claimed for it."""
    centres, margin = _signals(seed), _bent_margin(seed)
    ball = Ball(radius_mv=radius_mv)
    result = pgd(margin, centres, ball, steps=steps, restarts=restarts, seed=seed)
    assert _is_inside(torch.from_numpy(result.inputs), centres, radius_mv)
    assert _is_inside(fgsm(margin, centres, ball), centres, radius_mv)
    assert np.array_equal(result.margins, margin(torch.from_numpy(result.inputs)).numpy())
    assert np.array_equal(result.found, result.margins <= 0)


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    radius_mv=radii,
    steps=st.integers(1, 4),
    restarts=st.integers(1, 3),
    more_steps=st.integers(0, 4),
    more_restarts=st.integers(0, 2),
)
def test_more_budget_never_finds_less(  # noqa: PLR0913, PLR0917 - Hypothesis draws the budget
    seed: int, radius_mv: float, steps: int, restarts: int, more_steps: int, more_restarts: int
) -> None:
    """Further steps and restarts only add points, so no margin rises."""
    centres, margin, ball = _signals(seed), _bent_margin(seed), Ball(radius_mv=radius_mv)
    weak = pgd(margin, centres, ball, steps=steps, restarts=restarts, seed=seed)
    strong = pgd(
        margin,
        centres,
        ball,
        steps=steps + more_steps,
        restarts=restarts + more_restarts,
        seed=seed,
    )
    assert np.all(strong.margins <= weak.margins)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, radius_mv=radii)
def test_no_attack_is_weaker_than_fgsm_or_none(seed: int, radius_mv: float) -> None:
    """The weakest descent meets the undisturbed signal and the point of FGSM."""
    centres, margin, ball = _signals(seed), _bent_margin(seed), Ball(radius_mv=radius_mv)
    result = pgd(margin, centres, ball, steps=1, restarts=1, seed=seed)
    assert np.all(result.margins <= margin(centres).numpy())
    assert np.all(result.margins <= margin(fgsm(margin, centres, ball)).numpy())


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_an_attack_repeats(seed: int) -> None:
    """The same seed gives the same points to the last bit."""
    centres, margin, ball = _signals(seed), _bent_margin(seed), Ball(radius_mv=0.3)
    first, again = (pgd(margin, centres, ball, steps=3, restarts=3, seed=seed) for _ in range(2))
    assert np.array_equal(first.inputs, again.inputs)
    assert np.array_equal(first.margins, again.margins)
