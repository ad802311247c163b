"""How rates and radii change over a training."""

from __future__ import annotations

import pytest

from afib.settings import RampSettings
from afib.training.schedule import one_cycle, ramped


def test_the_rate_rises_once_and_falls_once() -> None:
    """The highest rate is the peak, at 30 % of the steps, where the momentum is lowest."""
    rates, momenta = zip(*(one_cycle(step, 100, peak=0.5) for step in range(100)), strict=True)
    top = rates.index(max(rates))
    assert top == 29
    assert rates[top] == pytest.approx(0.5)
    assert list(rates[: top + 1]) == sorted(rates[: top + 1])
    assert list(rates[top:]) == sorted(rates[top:], reverse=True)
    assert momenta.index(min(momenta)) == top
    assert (momenta[0], momenta[top], momenta[-1]) == pytest.approx((0.95, 0.85, 0.95))


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_training_of_few_steps_has_rates(steps: int) -> None:
    """Down to a single step, rates stay positive and below the peak."""
    for step in range(steps):
        rate, momentum = one_cycle(step, steps, peak=0.5)
        assert 0 < rate <= 0.5
        assert 0.85 <= momentum <= 0.95


def test_the_attack_grows_from_none_to_all() -> None:
    """A tenth of the epochs are clean, the second half is attacked in full."""
    shares = [ramped(epoch, 20, RampSettings(start=0.1, end=0.5)) for epoch in range(20)]
    assert shares[:3] == [0.0, 0.0, 0.0]
    assert 0 < shares[3] < shares[9] < 1
    assert shares[10:] == [1.0] * 10
    assert shares == sorted(shares)
