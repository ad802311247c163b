"""What attacks return, and what they refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from nnassure.attacks import fgsm, pgd, sign_step
from nnassure.errors import NotFiniteError, PerturbationError, ShapeError
from nnassure.perturbation import Ball
from tests.support.models import linear_margin

if TYPE_CHECKING:
    from torch import Tensor

_BALL = Ball(radius_mv=0.5)
_SIGNALS = torch.zeros((3, 4))


def _always(value: float) -> Tensor:
    return torch.full((3,), value)


def test_an_attack_tells_of_each_record_whether_it_is_turned() -> None:
    """Only the record whose margin is within reach is found, at the surface of its ball."""
    offsets = torch.tensor([1.0, 3.0, -1.0])

    def margin(signals: Tensor) -> Tensor:
        return signals.sum(dim=1) + offsets

    result = pgd(margin, _SIGNALS, _BALL, steps=8, restarts=1, seed=0)
    # Each of 4 samples lowers the margin by at most the radius: 1 - 2, 3 - 2, -1 - 2.
    assert result.margins.tolist() == [-1.0, 1.0, -3.0]
    assert result.found.tolist() == [True, False, True]
    assert np.all(result.inputs == -0.5)


def test_a_record_that_is_wrong_undisturbed_is_found() -> None:
    """The undisturbed signal is among the points, so a wrong decision needs no disturbance."""

    def margin(signals: Tensor) -> Tensor:
        return signals.abs().sum(dim=1) - 0.25

    result = pgd(margin, _SIGNALS, _BALL, steps=3, restarts=2, seed=0)
    assert result.found.all()
    assert result.margins.tolist() == [-0.25] * 3
    assert np.all(result.inputs == 0.0)


def test_a_margin_of_zero_is_no_right_decision() -> None:
    """A record on the very threshold counts as found."""
    margin = linear_margin(torch.zeros(4), 0.0)
    assert pgd(margin, _SIGNALS, _BALL, steps=1, restarts=1, seed=0).found.all()


def test_attacks_work_without_gradients_around_them() -> None:
    """Switching gradients off, as inference does, switches no attack off."""
    margin = linear_margin(torch.ones(4), 1.0)
    with torch.no_grad():
        assert torch.equal(fgsm(margin, _SIGNALS, _BALL), torch.full((3, 4), -0.5))
        assert pgd(margin, _SIGNALS, _BALL, steps=2, restarts=1, seed=0).found.all()


def test_attacks_leave_inputs_and_weights_alone() -> None:
    """Neither the signals nor the gradients of the network's weights change."""
    signals, weights = torch.ones((2, 4)), torch.ones(4, requires_grad=True)
    pgd(linear_margin(weights, 1.0), signals, _BALL, steps=2, restarts=2, seed=0)
    fgsm(linear_margin(weights, 1.0), signals, _BALL)
    assert torch.equal(signals, torch.ones((2, 4)))
    assert weights.grad is None


def test_a_step_goes_against_the_gradient() -> None:
    """Each sample moves by the step towards the lower margin; one without influence stays."""
    margin = linear_margin(torch.tensor([2.0, -3.0, 0.0, 1.0]), 0.0)
    moved = sign_step(margin, _SIGNALS[:1], step_mv=0.25)
    assert moved.tolist() == [[-0.25, 0.25, 0.0, -0.25]]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_margin_that_is_no_number_stops_the_attack(value: float) -> None:
    """NaN, which is not below zero, would pass for a robust decision, so it raises."""
    message = "margin: expected finite values, got 3 of 3 that are not, the first at 0"

    def margin(signals: Tensor) -> Tensor:
        return signals.sum(dim=1) * 0 + _always(value)

    with pytest.raises(NotFiniteError, match=f"^{re.escape(message)}$"):
        pgd(margin, _SIGNALS, _BALL, steps=1, restarts=1, seed=0)
    with pytest.raises(NotFiniteError, match=f"^{re.escape(message)}$"):
        fgsm(margin, _SIGNALS, _BALL)


def test_a_margin_is_one_value_a_record() -> None:
    """A margin of another shape raises, also where it would broadcast."""
    message = "margin: expected one value for each of 3 records, got shape (3, 1)"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        fgsm(lambda signals: signals.sum(dim=1, keepdim=True), _SIGNALS, _BALL)


def test_a_margin_has_to_have_a_gradient() -> None:
    """A margin that leaves torch, or switches gradients off, cannot be attacked."""
    message = "margin: expected a differentiable function of the signals, got values without"
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}"):
        fgsm(lambda signals: signals.detach().sum(dim=1), _SIGNALS, _BALL)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"steps": 0}, "steps: expected at least 1, got 0"),
        ({"restarts": 0}, "restarts: expected at least 1, got 0"),
        ({"step_share": 0.0}, "step_share: expected a number above 0, got 0.0"),
        ({"step_share": float("nan")}, "step_share: expected a number above 0, got nan"),
    ],
)
def test_an_attack_needs_a_budget(budget: dict[str, float], message: str) -> None:
    """An attack that would not attack is refused."""
    full = {"steps": 1, "restarts": 1, "seed": 0, "step_share": 0.25} | budget
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}$"):
        pgd(
            linear_margin(torch.ones(4), 1.0),
            _SIGNALS,
            _BALL,
            steps=int(full["steps"]),
            restarts=int(full["restarts"]),
            seed=int(full["seed"]),
            step_share=full["step_share"],
        )


def test_signals_have_to_be_usable() -> None:
    """Signals without a records axis, in double precision or with NaN are refused."""
    margin = linear_margin(torch.ones(4), 1.0)
    with pytest.raises(ShapeError, match=r"^inputs: expected shape \(records, samples\), got"):
        fgsm(margin, torch.zeros(4), _BALL)
    with pytest.raises(NotFiniteError, match=r"^inputs: expected finite values, got 4 of 4"):
        fgsm(margin, torch.full((1, 4), torch.nan), _BALL)
    with pytest.raises(
        PerturbationError, match=r"^inputs: expected float32 signals, got torch\.float64$"
    ):
        fgsm(margin, torch.zeros((1, 4), dtype=torch.float64), _BALL)
