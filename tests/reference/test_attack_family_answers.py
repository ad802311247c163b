"""Every attack where the worst disturbance is known, and against other implementations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from nnassure.attacks import Budget, apgd, art_apgd, parameter_attack, portfolio, smooth_attack
from nnassure.attacks.smooth import DEFAULT_DEVIATIONS, DEFAULT_LENGTHS
from nnassure.perturbation import Ball, gain, jointly, mains, offset, wander
from tests.support.models import linear_margin
from tests.support.searches import ATTACKS, bent_margin, random_signals, whole_portfolio

if TYPE_CHECKING:
    from torch import Tensor

    from nnassure.arrays import DoubleArray, FloatArray
    from nnassure.attacks import Margin

_FREE = {name: attack for name, attack in ATTACKS.items() if name != "smooth"}
# Enough for blocks of one sample to pass over all of 30 samples several times.
_STEPS = {"square": 3000}


def _linear(seed: int = 11) -> tuple[Tensor, Tensor, Margin]:
    """Weights, signals that are all decided rightly, and their linear margin."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(30, generator=generator)
    signals = torch.randn((6, 30), generator=generator)
    offset_by = 1.0 - float((signals @ weights).min())
    return weights, signals, linear_margin(weights, offset_by)


@pytest.mark.parametrize("radius_mv", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("name", _FREE)
def test_every_attack_reaches_the_dual_norm(name: str, radius_mv: float) -> None:
    """The worst margin of a linear detector is the margin less radius times sum of |weights|."""
    weights, signals, margin = _linear()
    steps = _STEPS.get(name, 30)
    result = _FREE[name](
        margin, signals, Ball(radius_mv=radius_mv), steps=steps, restarts=1, seed=5
    )
    exact = margin(signals).double() - radius_mv * weights.double().abs().sum()
    np.testing.assert_allclose(result.margins, exact.numpy(), atol=2e-5)
    assert result.found.tolist() == (exact <= 0).tolist()


@pytest.mark.parametrize("name", [*_FREE, "portfolio"])
def test_no_attack_calls_a_robust_decision_turned_or_misses_one_that_is_not(name: str) -> None:
    """Just below the radius at which a record turns nothing is found, just above it, it is."""
    weights, signals, margin = _linear()
    attack = (_FREE | {"portfolio": whole_portfolio})[name]
    turning = margin(signals).double() / weights.double().abs().sum()
    nearest = int(turning.argmin())
    steps = _STEPS.get(name, 30)
    for share, found in ((0.999, False), (1.001, True)):
        ball = Ball(radius_mv=share * float(turning[nearest]))
        result = attack(margin, signals, ball, steps=steps, restarts=1, seed=5)
        assert result.found.tolist() == [found and i == nearest for i in range(6)]


def test_the_smooth_attack_reaches_the_worst_smooth_disturbance() -> None:
    """Of a linear detector it is the raw disturbance against the sign of the smoothed weights."""
    weights, signals, margin = _linear()
    result = smooth_attack(margin, signals, Ball(radius_mv=0.1), steps=20, restarts=1, seed=0)
    fall = 0.1 * np.abs(_mean_of_smoothed(weights.double().numpy())).sum()
    np.testing.assert_allclose(result.margins, margin(signals).numpy() - fall, atol=2e-5)


def _mean_of_smoothed(weights: DoubleArray) -> DoubleArray:
    """Smoothed by every kernel on its own, as the article has it, then averaged."""
    smoothed = []
    for length in DEFAULT_LENGTHS:
        for deviation in DEFAULT_DEVIATIONS:
            steps = np.arange(length) - length // 2
            kernel = np.exp(-(steps**2) / (2 * deviation**2))
            full = np.convolve(weights, kernel / kernel.sum())
            smoothed.append(full[length // 2 : length // 2 + len(weights)])
    return np.asarray(np.mean(smoothed, axis=0), np.float64)


def test_the_worst_point_of_a_set_is_the_corner_against_the_slope() -> None:
    """A linear margin falls by the reach of each parameter times its slope, and by the ball."""
    weights, signals, margin = _linear()
    sets = [
        jointly(gain(signal, 0.3), offset(30, 0.2), wander(30, 60, 0.5, 0.2), radius_mv=0.005)
        for signal in signals.numpy()
    ]
    result = parameter_attack(margin, signals, sets, steps=1, restarts=1, seed=0)
    exact = [
        float(value)
        - float(np.abs(noise.generators @ weights.double().numpy()) @ noise.upper)
        - 0.005 * float(weights.double().abs().sum())
        for value, noise in zip(margin(signals).double(), sets, strict=True)
    ]
    np.testing.assert_allclose(result.margins, exact, atol=2e-5)
    assert result.found.tolist() == [value <= 0 for value in exact]


def test_a_valley_of_two_parameters_is_found_between_the_points_of_the_grid() -> None:
    """Descent goes on where the grid of eighths ends."""
    noise = mains(60, 300, 50, 0.1)
    # The minimum, at parameters 0.055 and -0.03, is no point of the grid.
    lowest = torch.from_numpy(noise.point(np.zeros(60), np.array([0.055, -0.03]))).float()

    def margin(signals: Tensor) -> Tensor:
        return ((signals - lowest) ** 2).sum(dim=1)

    signals = torch.zeros((1, 60))
    coarse = parameter_attack(margin, signals, [noise], steps=1, restarts=1, seed=0)
    fine = parameter_attack(margin, signals, [noise], steps=40, restarts=1, seed=0)
    assert fine.method.tolist() == ["descent"]
    # The last of 40 steps is 0.25 / (1 + 39 / 8) of 0.1, so 0.0043 of each of two waves.
    assert fine.margins[0] < 2 * 0.0043**2 * 60 / 2 < coarse.margins[0]


def test_cross_entropy_of_two_classes_goes_the_way_of_the_logit_difference() -> None:
    """Within float32's reach, the toolbox meets the same points on either loss."""
    signals, ball = random_signals(7), Ball(radius_mv=0.3)
    entropy, difference = (
        art_apgd(bent_margin(7), signals, ball, loss=loss, steps=30, restarts=2, seed=1)
        for loss in ("cross_entropy", "logit_difference")
    )
    np.testing.assert_allclose(entropy.margins, difference.margins, atol=1e-3)


def test_cross_entropy_is_blind_where_margins_are_large() -> None:
    """Above a margin of about 100 its gradient vanishes in float32, and the difference has one."""
    margin, ball = linear_margin(torch.full((30,), 20.0), 150.0), Ball(radius_mv=0.3)
    entropy, difference = (
        art_apgd(margin, torch.zeros((1, 30)), ball, loss=loss, steps=20, restarts=1, seed=1)
        for loss in ("cross_entropy", "logit_difference")
    )
    assert difference.found.all()
    assert not entropy.found.any()


def test_our_apgd_and_the_toolbox_go_as_deep() -> None:
    """On networks with many valleys and nothing to turn, the best of ten runs differ by little."""
    differences = np.concatenate([_ours_less_theirs(seed) for seed in range(5)])
    # Either may miss the deepest valley of a record, and neither does so more often.
    assert np.mean(np.abs(differences) < 0.05) >= 0.8
    assert abs(differences.mean()) < 0.02


def _ours_less_theirs(seed: int) -> FloatArray:
    signals, ball, bent = random_signals(seed, records=8), Ball(radius_mv=0.3), bent_margin(seed)

    def firm(points: Tensor) -> Tensor:
        return bent(points) + 20.0

    ours = apgd(firm, signals, ball, steps=50, restarts=10, seed=seed)
    theirs = art_apgd(
        firm, signals, ball, loss="logit_difference", steps=50, restarts=10, seed=seed
    )
    return ours.margins - theirs.margins


def test_a_portfolio_of_its_usual_budget_is_quick_on_few_records() -> None:
    """The usual budget ends, and finds every record of a network without certified training."""
    signals, ball = random_signals(3, records=4), Ball(radius_mv=1.0)
    result = portfolio(bent_margin(3), signals, ball, budget=Budget(), seed=0)
    assert result.found.all()
