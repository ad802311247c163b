"""Laws of balls and attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnassure.attacks import fgsm, pgd
from nnassure.perturbation import Ball
from tests.support.searches import ATTACKS, bent_margin, random_signals, whole_portfolio

if TYPE_CHECKING:
    from torch import Tensor

radii = st.floats(min_value=1e-4, max_value=2.0)
seeds = st.integers(min_value=0, max_value=2**31)


def _is_inside(points: Tensor, centres: Tensor, radius_mv: float) -> bool:
    """Exactly, not up to rounding: differences of float32 numbers are compared in float64."""
    return bool(((points.double() - centres.double()).abs() <= radius_mv).all())


@settings(deadline=None)
@example(seed=0, radius_mv=1.9999999999999998, scale=1.0)
@given(seed=seeds, radius_mv=radii, scale=st.sampled_from([1e-6, 1.0, 20.0, 1e6]))
def test_no_rounding_leaves_the_ball(seed: int, radius_mv: float, scale: float) -> None:
    """Bounds, projections and draws stay within the radius however large the signal."""
    centres, ball = random_signals(seed, scale=scale), Ball(radius_mv=radius_mv)
    far = random_signals(seed + 1, scale=1e7)
    drawn = ball.draw(centres, torch.Generator().manual_seed(seed))
    for points in (*ball.bounds(centres), ball.project(far, centres), drawn):
        assert _is_inside(points, centres, radius_mv)


@settings(deadline=None)
@given(seed=seeds, radius_mv=radii)
def test_projection_is_settled_after_once(seed: int, radius_mv: float) -> None:
    """A projected point projects onto itself."""
    centres, ball = random_signals(seed), Ball(radius_mv=radius_mv)
    once = ball.project(random_signals(seed + 1), centres)
    assert torch.equal(once, ball.project(once, centres))


@settings(max_examples=40, deadline=None)
@given(seed=seeds, radius_mv=radii, steps=st.integers(1, 5), restarts=st.integers(1, 3))
def test_what_an_attack_returns_is_inside_and_true(
    seed: int, radius_mv: float, steps: int, restarts: int
) -> None:
    """The worst signal lies in its ball and has the margin that is claimed for it."""
    centres, margin = random_signals(seed), bent_margin(seed)
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
    centres, margin, ball = random_signals(seed), bent_margin(seed), Ball(radius_mv=radius_mv)
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
    centres, margin, ball = random_signals(seed), bent_margin(seed), Ball(radius_mv=radius_mv)
    result = pgd(margin, centres, ball, steps=1, restarts=1, seed=seed)
    assert np.all(result.margins <= margin(centres).numpy())
    assert np.all(result.margins <= margin(fgsm(margin, centres, ball)).numpy())


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_an_attack_repeats(seed: int) -> None:
    """The same seed gives the same points to the last bit."""
    centres, margin, ball = random_signals(seed), bent_margin(seed), Ball(radius_mv=0.3)
    first, again = (pgd(margin, centres, ball, steps=3, restarts=3, seed=seed) for _ in range(2))
    assert np.array_equal(first.inputs, again.inputs)
    assert np.array_equal(first.margins, again.margins)


@pytest.mark.parametrize("name", [*ATTACKS, "portfolio"])
@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii, restarts=st.integers(1, 2))
def test_what_any_attack_returns_is_inside_true_and_repeats(
    name: str, seed: int, radius_mv: float, restarts: int
) -> None:
    """The signal lies in its ball, has the margin that is claimed, and comes back to the bit."""
    attack = (ATTACKS | {"portfolio": whole_portfolio})[name]
    centres, margin, ball = random_signals(seed), bent_margin(seed), Ball(radius_mv=radius_mv)
    first, again = (
        attack(margin, centres, ball, steps=4, restarts=restarts, seed=seed) for _ in range(2)
    )
    assert _is_inside(torch.from_numpy(first.inputs), centres, radius_mv)
    assert np.array_equal(first.margins, margin(torch.from_numpy(first.inputs)).numpy())
    assert np.array_equal(first.found, first.margins <= 0)
    assert np.all(first.margins <= margin(centres).numpy())
    assert np.array_equal(first.inputs, again.inputs)
    assert np.array_equal(first.method, again.method)


@pytest.mark.parametrize("name", ATTACKS)
@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii, restarts=st.integers(1, 2), more=st.integers(1, 2))
def test_more_restarts_of_any_attack_never_find_less(
    name: str, seed: int, radius_mv: float, restarts: int, more: int
) -> None:
    """Further runs only add points, so no margin rises."""
    centres, margin, ball = random_signals(seed), bent_margin(seed), Ball(radius_mv=radius_mv)
    weak, strong = (
        ATTACKS[name](margin, centres, ball, steps=4, restarts=runs, seed=seed)
        for runs in (restarts, restarts + more)
    )
    assert np.all(strong.margins <= weak.margins)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii, restarts=st.integers(1, 2), more=st.integers(0, 2))
def test_a_portfolio_finds_what_each_of_its_attacks_finds(
    seed: int, radius_mv: float, restarts: int, more: int
) -> None:
    """What one attack turns, or a smaller portfolio, the portfolio turns; else it is no weaker."""
    centres, margin, ball = random_signals(seed), bent_margin(seed), Ball(radius_mv=radius_mv)
    whole = whole_portfolio(margin, centres, ball, steps=4, restarts=restarts + more, seed=seed)
    for attack in (*ATTACKS.values(), whole_portfolio):
        alone = attack(margin, centres, ball, steps=4, restarts=restarts, seed=seed)
        assert np.all(whole.found >= alone.found)
        assert np.all(whole.margins[~whole.found] <= alone.margins[~whole.found])


@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii)
def test_records_do_not_feel_each_other(seed: int, radius_mv: float) -> None:
    """A record beside others that are turned at once is searched no less."""
    centres, ball = random_signals(seed), Ball(radius_mv=radius_mv)
    wrong = torch.tensor([-1e4, 0.0, -1e4])
    bent = bent_margin(seed)

    def beside_wrong_ones(signals: Tensor) -> Tensor:
        return bent(signals) + wrong

    alone = whole_portfolio(bent, centres, ball, steps=4, restarts=1, seed=seed)
    beside = whole_portfolio(beside_wrong_ones, centres, ball, steps=4, restarts=1, seed=seed)
    if not alone.method[1].startswith("art"):
        assert beside.margins[1] <= alone.margins[1]
