"""Laws of proofs: nothing that float32 computes anywhere in a set lies below a bound.

Points are float32 numbers of the set and margins what float32 makes of them, so nothing is
forgiven: not one of them may be below.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nnassure.attacks import pgd
from nnassure.certify.arithmetic import FLOAT32, REAL
from nnassure.certify.ascended import ascended_bounds
from nnassure.certify.branching import split_relus
from nnassure.certify.intervals import interval_bounds
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import interval_margins, linear_margins
from nnassure.certify.optimised import optimised, undecided
from nnassure.certify.proving import proof
from nnassure.perturbation import Ball
from tests.support.networks import dense, placed, resampling
from tests.support.orders import ORDERS, logits_in, mean_in
from tests.support.questions import (
    budget,
    logits_of,
    margins_of,
    points_of,
    problem_of,
    segment,
    varied_network,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.certify.margins import Problem

_SEEDS = st.integers(0, 2**31)
_RADII = st.sampled_from([1e-6, 1e-3, 0.03, 0.3, 2.0])
_SIDES = st.sampled_from([1.0, -1.0])


@settings(max_examples=60, deadline=None)
@given(seed=_SEEDS, radius=_RADII, side=_SIDES, samples=st.sampled_from([9, 12, 17]))
def test_no_float32_point_lies_below_any_bound(
    seed: int, radius: float, side: float, samples: int
) -> None:
    """Corners, points inside and what descent finds; by intervals, lines, ascent and splits."""
    network, signal = varied_network(seed, samples), _signal(seed, samples)
    each, ball = segment(signal, radius=radius), Ball(radius_mv=radius)
    points = ball.project(points_of(each, 60, seed=seed).float(), signal[None].expand(60, -1))
    found = pgd(_descended(network, side), signal[None], ball, steps=6, restarts=2, seed=seed)
    points = torch.cat([points, torch.from_numpy(found.inputs)])
    logits = logits_of(network, each, points).double()
    # At this threshold the worst point met is just not certifiable.
    threshold = float((side * logits).min()) * side
    problem = problem_of(network, each, side=side, threshold=threshold)
    worst = float(margins_of(network, problem, points).min())
    assert worst == 0
    for bound in _bounds(problem):
        assert bound <= 0


@settings(max_examples=40, deadline=None)
@given(seed=_SEEDS, radius=_RADII, side=_SIDES)
def test_no_point_along_a_direction_lies_below_a_bound(
    seed: int, radius: float, side: float
) -> None:
    """Two directions and a box; tiled or overlapping segments, one of them upside down."""
    generator = torch.Generator().manual_seed(seed)
    network, signal = varied_network(seed, 12), _signal(seed, 9 + 6 * (seed % 2))
    drawn = placed(signal, length=12, radius=radius, generators=torch.randn(2, len(signal),
                   generator=generator) * 0.3)  # fmt: skip
    each = replace(
        drawn,
        signs=torch.where(torch.arange(len(drawn.indices)) % 2 == 1, -1.0, 1.0).double(),
        # What a point of the set loses when it is rounded to float32.
        rounding=torch.full((len(signal),), 2.0**-24 * 16, dtype=torch.float64),
    )
    points = points_of(each, 80, seed=seed)
    assert float(points.abs().max()) < 16
    logits = logits_of(network, each, points).double()
    problem = problem_of(network, each, side=side, threshold=float((side * logits).min()) * side)
    for bound in _bounds(problem):
        assert bound <= 0


@settings(max_examples=30, deadline=None)
@given(seed=_SEEDS, radius=_RADII, up=st.sampled_from([1, 2]), down=st.sampled_from([2, 3]))
def test_no_disturbance_at_the_recorder_lies_below_a_bound(
    seed: int, radius: float, up: int, down: int
) -> None:
    """Behind a filter, ends of the recording included; corners of the recorder's box."""
    generator = torch.Generator().manual_seed(seed)
    filter_, recorder = resampling(up=up, down=down, half=3 + seed % 4, seed=seed), 21
    samples = -(-recorder * up // down)
    matrix = dense(filter_, recorder, samples)
    recorded = torch.randn(recorder, generator=generator, dtype=torch.float64)
    moved = torch.rand(60, recorder, generator=generator, dtype=torch.float64) * 2 - 1
    points = (recorded + radius * torch.cat([moved[:30].sign(), moved[30:]])) @ matrix.T
    each = placed(matrix @ recorded, length=12, radius=radius, recorder_samples=recorder,
                  rounding=2.0**-24 * 2 * float(points.abs().max()))  # fmt: skip
    network = varied_network(seed, 12)
    logits = logits_of(network, each, points).double()
    problem = problem_of(network, each, threshold=float(logits.min()), resampling=filter_)
    for bound in _bounds(problem):
        assert bound <= 0


@settings(max_examples=40, deadline=None)
@given(seed=_SEEDS, radius=_RADII)
def test_every_layer_stays_within_its_bounds(seed: int, radius: float) -> None:
    """By intervals, by lines, by more of them and by ascent, whether or not a ReLU follows."""
    network, signal = varied_network(seed, 17), _signal(seed, 17)
    each = segment(signal, radius=radius)
    problem = problem_of(network, each)
    lines, _ = linear_bounds(problem.chain, problem.region, FLOAT32)
    thorough, _ = linear_bounds(problem.chain, problem.region, FLOAT32, thorough=True)
    values = points_of(each, 60, seed=seed)[:, :, None]
    plain = interval_bounds(problem.chain, problem.region, FLOAT32)
    ascended, _ = ascended_bounds(problem.chain, problem.region, FLOAT32, steps=3)
    # Once time is over, what is left is bounded by intervals, which hold as well.
    left = iter([False])
    cut_off, _ = linear_bounds(
        problem.chain, problem.region, FLOAT32, thorough=True, out_of_time=lambda: next(left, True)
    )
    each_kind = (plain, lines, thorough, ascended, cut_off)
    for layer, *bounds in zip(problem.chain.layers, *each_kind, strict=True):
        values = layer.forward(values)
        for found in bounds:
            assert bool((values >= found.lower).all() and (values <= found.upper).all())
        values = values.clamp(min=0) if layer.rectified else values


@settings(max_examples=30, deadline=None)
@given(seed=_SEEDS, side=_SIDES)
def test_intervals_fall_as_the_radius_grows(seed: int, side: float) -> None:
    """In both arithmetics, for any network: a larger set has no higher bound."""
    network, signal = varied_network(seed, 12), _signal(seed, 12)
    for arithmetic in (REAL, FLOAT32):
        found = [
            _interval(
                problem_of(
                    network, segment(signal, radius=radius), side=side, arithmetic=arithmetic
                )
            )
            for radius in (1e-6, 0.01, 0.02, 0.3, 1.0, 30.0)
        ]
        assert found == sorted(found, reverse=True)


@settings(max_examples=20, deadline=None)
@given(seed=_SEEDS, side=_SIDES, radius=st.sampled_from([0.05, 0.2, 0.5]))
def test_parts_are_bounded_no_worse_than_the_whole(seed: int, side: float, radius: float) -> None:
    """However many parts a question is split into, more of them never cost."""
    network, each = varied_network(seed, 12), segment(_signal(seed, 12), radius=radius)
    problem = problem_of(network, each, side=side)
    bounds, _ = linear_bounds(problem.chain, problem.region, problem.arithmetic)
    start = optimised(problem, undecided(bounds), steps=1)
    found = [float(start.margins.min())] + [
        split_relus(problem, bounds, start, budget=budget(parts=parts, steps=1))[0]
        for parts in (2, 8, 40)
    ]
    assert found == sorted(found)


@settings(max_examples=30, deadline=None)
@given(seed=_SEEDS, radius=_RADII)
def test_rounding_only_ever_costs(seed: int, radius: float) -> None:
    """By intervals and lines a float32 bound is no higher than that of real arithmetic."""
    network, each = varied_network(seed, 12), segment(_signal(seed, 12), radius=radius)
    real, rounded = (
        problem_of(network, each, arithmetic=arithmetic) for arithmetic in (REAL, FLOAT32)
    )
    assert _interval(rounded) <= _interval(real)
    # Sharper or blunter layers may choose other lines; up to that, lines cost as well.
    assert _linear(rounded) <= _linear(real) + 1e-3 * (1 + abs(_linear(real)))


@settings(max_examples=25, deadline=None)
@given(seed=_SEEDS, radius=st.sampled_from([1e-7, 1e-4, 0.1]))
def test_no_order_of_summation_gets_below_a_bound(seed: int, radius: float) -> None:
    """In turn, backwards, fused, in blocks, in pairs, by size; overlapping segments as well."""
    network, signal = varied_network(seed, 12), _signal(seed, 21)
    each, ball = placed(signal, length=12, radius=radius), Ball(radius_mv=radius)
    points = points_of(each, 12, seed=seed).float()
    points = ball.project(points, signal[None].expand(len(points), -1))
    problem = problem_of(network, each)
    read = points[:, each.indices].numpy()
    least = np.inf
    for order in ORDERS.values():
        logits = logits_in(problem.chain, read.reshape(-1, 12), order)
        differences = (logits[:, 1] - logits[:, 0]).reshape(len(points), -1)
        least = min(least, *(float(mean_in(each, order)) for each in differences))
    asked = problem_of(network, each, threshold=least)
    assert max(_interval(asked), _linear(asked)) <= 0


@settings(max_examples=15, deadline=None)
@given(seed=_SEEDS, radius=st.sampled_from([1e-7, 1e-3]))
def test_threads_and_batches_stay_above_a_bound(seed: int, radius: float) -> None:
    """One thread or two, one segment at a time or 64: what a library makes of them."""
    network, signal = _wide(seed), _signal(seed, 128)
    each, ball = segment(signal, radius=radius), Ball(radius_mv=radius)
    points = ball.project(points_of(each, 64, seed=seed).float(), signal[None].expand(64, -1))
    met = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            met += [logits_of(network, each, points)]
            met += [torch.cat([logits_of(network, each, point[None]) for point in points[:8]])]
    finally:
        torch.set_num_threads(before)
    asked = problem_of(network, each, threshold=float(torch.cat(met).min()))
    assert max(_interval(asked), _linear(asked)) <= 0


@pytest.mark.parametrize("order", ORDERS)
def test_orders_compute_the_network(order: str) -> None:
    """Up to rounding: so they are ways to compute it."""
    network, signal = varied_network(3, 12), _signal(3, 12)
    problem = problem_of(network, segment(signal, radius=0.1))
    got = logits_in(problem.chain, signal[None].numpy(), ORDERS[order])
    np.testing.assert_allclose(got, network(signal[None, None]).numpy(), rtol=1e-4, atol=1e-5)


def _bounds(problem: Problem) -> list[float]:
    """By every method, cheapest first."""
    found = [_interval(problem), _linear(problem)]
    bounds, _ = linear_bounds(problem.chain, problem.region, problem.arithmetic)
    found.append(float(optimised(problem, undecided(bounds), steps=3).margins[0, 0]))
    found.append(proof(problem, budget(parts=24, steps=3)).margin)
    return found


def _interval(problem: Problem) -> float:
    bounds = interval_bounds(problem.chain, problem.region, problem.arithmetic)
    return float(interval_margins(problem, bounds)[0])


def _linear(problem: Problem) -> float:
    bounds, relaxations = linear_bounds(problem.chain, problem.region, problem.arithmetic)
    return float(linear_margins(problem, bounds, relaxations)[0])


def _descended(network: nn.Module, side: float) -> Callable[[Tensor], Tensor]:
    def margin(points: Tensor) -> Tensor:
        logits = network(points[:, None])
        margins: Tensor = side * (logits[:, 1] - logits[:, 0])
        return margins

    return margin


def _signal(seed: int, samples: int) -> Tensor:
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed))


def _wide(seed: int) -> nn.Module:
    """Wide enough that libraries block and vectorise."""
    layers = [nn.Conv1d(1, 16, 11, 3, 5), nn.ReLU(), nn.Conv1d(16, 16, 9, 2, 4), nn.ReLU()]
    network = nn.Sequential(
        *layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 64), nn.ReLU(),
        nn.Linear(64, 2),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(seed)
    for values in network.parameters():
        values.data = torch.randn(values.shape, generator=generator) * 0.3
    return network.eval().requires_grad_(False)
