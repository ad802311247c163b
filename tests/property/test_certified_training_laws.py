"""Laws of the bounds that training asks for."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from afib.training.backward import backward_margins
from afib.training.interval import interval_margins, passed
from tests.support.bounded import Boxed, boxed, margins, with_statistics_of

seeds = st.integers(min_value=0, max_value=2**31)
radii = st.floats(min_value=1e-6, max_value=2.0)
polarities = st.sampled_from(["free", "invariant"])
# Rounding in double precision, far below any margin.
ROUNDING = 1e-9


def _bounds(case: Boxed, radius_mv: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The interval bound and the backward bound of every segment."""
    way = passed(case.network, case.points_mv, case.centres_mv, radius_mv=radius_mv)
    backward = backward_margins(
        case.network, way, case.centres_mv, radius_mv=radius_mv, is_afib=case.is_afib
    )
    return interval_margins(case.network, way, case.is_afib), backward


@settings(max_examples=60, deadline=None)
@given(seed=seeds, radius_mv=radii, polarity=polarities)
def test_no_sample_of_a_box_is_below_its_bounds(seed: int, radius_mv: float, polarity: str) -> None:
    """Neither inside nor at corners, with the statistics of the points of a training step."""
    case = boxed(seed, polarity=polarity)
    judge = with_statistics_of(case.network, case.points_mv)
    bounds = _bounds(case, radius_mv)
    generator = torch.Generator().manual_seed(seed)
    for draw in range(40):
        moves = 2 * torch.rand(case.centres_mv.shape, generator=generator, dtype=torch.float64) - 1
        moves = moves.sign() if draw % 2 else moves
        found = margins(judge, case.centres_mv + radius_mv * moves, case.is_afib)
        assert all(bool((bound <= found + ROUNDING).all()) for bound in bounds)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, radius_mv=radii, polarity=polarities)
def test_no_attack_on_a_box_goes_below_its_bounds(
    seed: int, radius_mv: float, polarity: str
) -> None:
    """Not even descending for twenty steps along the gradient."""
    case = boxed(seed, polarity=polarity)
    judge = with_statistics_of(case.network, case.points_mv)
    bounds, points = _bounds(case, radius_mv), case.centres_mv
    sign = 2 * case.is_afib - 1
    for _ in range(20):
        start = points.clone().requires_grad_()
        logits = judge(start)
        (gradient,) = torch.autograd.grad(((logits[:, 1] - logits[:, 0]) * sign).sum(), start)
        moves = points - 0.3 * radius_mv * gradient.sign() - case.centres_mv
        points = case.centres_mv + moves.clamp(-radius_mv, radius_mv)
        found = margins(judge, points, case.is_afib)
        assert all(bool((bound <= found + ROUNDING).all()) for bound in bounds)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, radius_mv=radii, factor=st.floats(1.0, 4.0), polarity=polarities)
def test_a_larger_box_has_no_higher_interval_bound(
    seed: int, radius_mv: float, factor: float, polarity: str
) -> None:
    """The worst margin falls with the radius."""
    case = boxed(seed, polarity=polarity)
    (small, _), (large, _) = _bounds(case, radius_mv), _bounds(case, factor * radius_mv)
    assert bool((large <= small + ROUNDING).all())


@settings(max_examples=30, deadline=None)
@given(seed=seeds, polarity=polarities)
def test_without_a_radius_bounds_are_the_margin(seed: int, polarity: str) -> None:
    """A box of one signal has the margin of that signal."""
    case = boxed(seed, polarity=polarity)
    judge = with_statistics_of(case.network, case.points_mv)
    expected = margins(judge, case.centres_mv, case.is_afib)
    for bound in _bounds(case, 0.0):
        # The lines of the backward bound stand 1e-8 apart, and weights of up to 10 or so follow.
        assert torch.allclose(bound, expected, atol=1e-5)


@pytest.mark.parametrize("polarity", ["free", "invariant"])
def test_no_signal_of_a_searched_box_is_below_its_bounds(polarity: str) -> None:
    """By brute force: all 6,561 signals of a grid over boxes of four samples each."""
    grid = torch.tensor(list(itertools.product(torch.linspace(-1, 1, 9).tolist(), repeat=4)))
    for seed in range(20):
        case = boxed(seed, samples=4, segments=2, polarity=polarity)
        judge = with_statistics_of(case.network, case.points_mv)
        bounds = _bounds(case, 0.2)
        for segment, centre in enumerate(case.centres_mv):
            labels = case.is_afib[segment].expand(len(grid))
            worst = margins(judge, centre + 0.2 * grid.double(), labels).min()
            assert all(bound[segment] <= worst + ROUNDING for bound in bounds)
