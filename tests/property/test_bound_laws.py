"""Laws of bounds on margins, on random networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnassure.attacks import pgd
from nnassure.bounds import prepare
from nnassure.perturbation import Ball
from tests.support.engines import needs_auto_lirpa, random_signals, signal_network

if TYPE_CHECKING:
    from nnassure.bounds import Method

pytestmark = needs_auto_lirpa

seeds = st.integers(min_value=0, max_value=2**31)
radii = st.floats(min_value=1e-6, max_value=1.0)
thresholds = st.floats(min_value=-3.0, max_value=3.0)
methods: st.SearchStrategy[Method] = st.sampled_from(["ibp", "crown-ibp", "crown"])
_FLAGS = np.array([True, False])


@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii, threshold=thresholds, method=methods)
def test_no_attack_gets_below_a_bound(
    seed: int, radius_mv: float, threshold: float, method: Method
) -> None:
    """What descent finds is no less than what no disturbance gets below, up to rounding."""
    network, signals = signal_network(seed=seed), random_signals(seed=seed, records=2)
    ball = Ball(radius_mv=radius_mv)
    bounds = prepare(network, samples=16).margin_bounds(
        signals, ball, is_positive=_FLAGS, threshold=threshold, method=method
    )
    sign = torch.tensor([1.0, -1.0])

    def margin(points: torch.Tensor) -> torch.Tensor:
        logits = network(points)
        margins: torch.Tensor = sign * (logits[:, 1] - logits[:, 0] - threshold)
        return margins

    met = pgd(margin, signals, ball, steps=5, restarts=2, seed=seed)
    # The attack computes in float32, the bounds are of real arithmetic.
    assert (met.margins >= bounds.lower - 1e-5 * (1 + np.abs(bounds.clean))).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, radii_mv=st.tuples(radii, radii))
def test_intervals_only_widen_with_the_radius(seed: int, radii_mv: tuple[float, float]) -> None:
    """Nothing that a small disturbance does is beyond a larger one."""
    bounded = prepare(signal_network(seed=seed), samples=16)
    signals = random_signals(seed=seed, records=2)
    small, large = (
        bounded.margin_bounds(
            signals, Ball(radius_mv=each), is_positive=_FLAGS, threshold=0.0, method="ibp"
        )
        for each in sorted(radii_mv)
    )
    slack = 1e-12 * (1 + np.abs(large.lower) + np.abs(large.upper))
    assert (large.lower <= small.lower + slack).all()
    assert (large.upper >= small.upper - slack).all()


@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii, threshold=thresholds, method=methods)
def test_the_other_class_has_the_mirrored_bounds(
    seed: int, radius_mv: float, threshold: float, method: Method
) -> None:
    """What is least for one class is greatest for the other."""
    bounded = prepare(signal_network(seed=seed), samples=16)
    signals, ball = random_signals(seed=seed, records=2), Ball(radius_mv=radius_mv)
    one, other = (
        bounded.margin_bounds(signals, ball, is_positive=flags, threshold=threshold, method=method)
        for flags in (_FLAGS, ~_FLAGS)
    )
    np.testing.assert_allclose(one.lower, -other.upper, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.clean, -other.clean, rtol=0, atol=0)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, radius_mv=radii, threshold=thresholds, method=methods)
def test_a_threshold_moves_bounds_by_itself(
    seed: int, radius_mv: float, threshold: float, method: Method
) -> None:
    """It is part of the question, not of the network: bounds less the threshold, for AFib."""
    bounded = prepare(signal_network(seed=seed), samples=16)
    signals, ball = random_signals(seed=seed, records=2), Ball(radius_mv=radius_mv)
    flags = np.array([True, True])
    at_zero, moved = (
        bounded.margin_bounds(signals, ball, is_positive=flags, threshold=each, method=method)
        for each in (0.0, threshold)
    )
    np.testing.assert_allclose(moved.lower, at_zero.lower - threshold, rtol=1e-9, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_lines_are_exact_where_every_relu_is_sure(seed: int) -> None:
    """Without an unsure ReLU the network is linear there, and intervals are no tighter."""
    network, signals = signal_network(seed=seed), random_signals(seed=seed, records=1)
    for name, values in network.named_parameters():
        if name in {"1.bias", "3.bias"}:
            values.add_(100.0)
    question: dict[str, Any] = {"is_positive": np.array([True]), "threshold": 0.0}
    bounded, ball = prepare(network, samples=16), Ball(radius_mv=0.1)
    crown = bounded.margin_bounds(signals, ball, method="crown", **question)
    interval = bounded.margin_bounds(signals, ball, method="ibp", **question)
    leaf = signals.double().requires_grad_()
    logits: torch.Tensor = network.double()(leaf)
    (gradient,) = torch.autograd.grad(logits[0, 1] - logits[0, 0], leaf)
    reach = 0.1 * float(gradient.abs().sum())
    np.testing.assert_allclose(crown.clean - crown.lower, reach, rtol=1e-6, atol=1e-4)
    assert (interval.lower <= crown.lower + 1e-9).all()
