"""The portfolio, and the attacks beside descent: what they tell and what they refuse."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from nnassure.attacks import (
    Budget,
    apgd,
    art_apgd,
    portfolio,
    smooth_attack,
    square_attack,
)
from nnassure.errors import EngineMissingError, NotFiniteError, PerturbationError, ShapeError
from nnassure.perturbation import Ball
from tests.support.models import linear_margin
from tests.support.searches import ATTACKS, bent_margin, random_signals, whole_portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_BALL = Ball(radius_mv=0.5)
_SIGNALS = torch.zeros((3, 4))
_MARGIN = linear_margin(torch.ones(4), 1.0)
_TOOLBOX = "art.attacks.evasion.auto_projected_gradient_descent"


def test_each_record_keeps_the_attack_that_turned_it_first() -> None:
    """A record that is wrong already needs none, an easy one the cheapest, a firm one has none."""
    offsets = torch.tensor([-1.0, 1.0, 3.0])

    def margin(signals: Tensor) -> Tensor:
        return signals.sum(dim=1) + offsets

    result = portfolio(margin, _SIGNALS, _BALL, budget=Budget(), seed=0)
    # Each of 4 samples lowers the margin by at most the radius.
    assert result.found.tolist() == [True, True, False]
    assert result.margins.tolist() == [-1.0, -1.0, 1.0]
    assert result.method.tolist() == ["undisturbed", "fgsm", "fgsm"]
    assert result.inputs[0].tolist() == [0.0] * 4


def test_nothing_is_searched_once_all_are_turned() -> None:
    """After the last record is turned the margin is not asked again."""
    asked = 0

    def margin(signals: Tensor) -> Tensor:
        nonlocal asked
        asked += 1
        return signals.sum(dim=1) - 1.0

    portfolio(margin, _SIGNALS, _BALL, budget=Budget(), seed=0)
    assert asked == 1


def test_a_margin_without_a_useful_gradient_is_turned_by_random_blocks() -> None:
    """Where rounding hides the gradient, descent finds nothing and the Square attack does."""

    def margin(signals: Tensor) -> Tensor:
        return torch.round(signals.sum(dim=1) * 4) / 4 + 1.5 + 0 * signals.sum(dim=1)

    assert not apgd(margin, _SIGNALS + 1, _BALL, steps=1, restarts=1, seed=0).found.any()
    hidden = square_attack(margin, _SIGNALS, _BALL, queries=60, restarts=1, seed=0)
    assert hidden.found.all()
    assert set(hidden.method.tolist()) == {"square"}
    assert np.all(hidden.inputs == -0.5)


def test_blocks_shrink_as_queries_go_by() -> None:
    """The first blocks are four fifths of the signal, and the last ones single samples."""
    met: list[Tensor] = []

    def margin(signals: Tensor) -> Tensor:
        met.append(signals.detach()[0])
        return 1.0 + 0 * signals.sum(dim=1)

    square_attack(margin, torch.zeros((1, 60)), _BALL, queries=1000, restarts=1, seed=0)
    # Nothing is worse, so every block is tried on the stripes: the undisturbed signal comes first.
    stripes, tried = met[1], met[2:]
    moved = [torch.nonzero(point != stripes).flatten().tolist() for point in tried]
    widths = [block[-1] - block[0] + 1 if block else 0 for block in moved]
    # 0.8 * 60 = 48 up to a thousandth of the queries, 12 up to 2 in a hundred, 1 after the half.
    assert 24 < max(widths[:2]) <= 48
    assert 1 <= max(widths[6:20]) <= 12
    assert max(widths[500:]) == 1


@pytest.mark.parametrize("name", ["pgd", "apgd", "square", "smooth"])
def test_a_portfolio_runs_each_attack_with_its_budget(name: str) -> None:
    """With the budget of one attack alone, the portfolio meets what that attack meets."""
    margin, signals, runs = bent_margin(5), random_signals(5, records=9), 4

    def firm(points: Tensor) -> Tensor:
        return margin(points) + 20.0

    none = {"auto_restarts": 0, "smooth_restarts": 0, "square_restarts": 0, "art_restarts": 0}
    field = {"pgd": "restarts", "apgd": "auto_restarts"}.get(name, f"{name}_restarts")
    budget = Budget(**({"restarts": 0} | none | {field: runs}), steps=5, auto_steps=5, queries=5)
    whole = portfolio(firm, signals, _BALL, budget=budget, seed=2)
    alone = ATTACKS[name](firm, signals, _BALL, steps=5, restarts=runs, seed=2)
    assert np.array_equal(whole.inputs, alone.inputs)
    assert whole.method.tolist() == alone.method.tolist()


def test_smooth_disturbances_are_smooth() -> None:
    """Where a ripple would be worst, what is found varies from sample to sample far less."""
    ripple = torch.tensor([1.0, -1.0]).repeat(30)
    result = smooth_attack(
        linear_margin(ripple, 1.0), torch.zeros((1, 60)), _BALL, steps=20, restarts=2, seed=0
    )
    assert np.abs(np.diff(result.inputs[0])).max() < 0.2
    assert result.method.tolist() == ["smooth"]


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_leave_signals_weights_and_randomness_alone(name: str) -> None:
    """Signals, gradients of weights and the global sources of randomness are as they were."""
    signals, weights = torch.ones((2, 4)), torch.ones(4, requires_grad=True)
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    attack = ATTACKS[name]
    with torch.no_grad():
        attack(linear_margin(weights, 9.0), signals, _BALL, steps=2, restarts=2, seed=0)
    assert torch.equal(signals, torch.ones((2, 4)))
    assert weights.grad is None
    assert torch.equal(torch_before, torch.get_rng_state())
    assert str(numpy_before) == str(np.random.get_state())  # noqa: NPY002


@pytest.mark.parametrize("name", [*ATTACKS, "portfolio"])
def test_a_margin_that_is_no_number_stops_any_attack(name: str) -> None:
    """NaN, which is not below zero, would pass for a robust decision, so it raises."""
    attack = (ATTACKS | {"portfolio": whole_portfolio})[name]

    def margin(signals: Tensor) -> Tensor:
        # Right at the undisturbed signal alone.
        return torch.where(signals.sum(dim=1) == 0, 1.0, torch.nan) + 0 * signals.sum(dim=1)

    with pytest.raises(NotFiniteError, match=r"^margin: expected finite values, got [23] of 3"):
        attack(margin, _SIGNALS, _BALL, steps=2, restarts=2, seed=0)


def test_records_that_are_wrong_already_are_not_given_to_the_toolbox() -> None:
    """Where all are wrong undisturbed there is nothing to attack."""
    result = art_apgd(
        linear_margin(torch.ones(4), -1.0),
        _SIGNALS,
        _BALL,
        loss="cross_entropy",
        steps=2,
        restarts=1,
        seed=0,
    )
    assert result.found.all()
    assert result.method.tolist() == ["undisturbed"] * 3


def test_a_missing_toolbox_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the portfolio does not pass over its attacks in silence, unless told to."""
    monkeypatch.setitem(sys.modules, _TOOLBOX, None)
    firm = linear_margin(torch.ones(4), 9.0)
    budget = Budget(restarts=1, auto_restarts=0, smooth_restarts=0, square_restarts=0)
    message = (
        "adversarial-robustness-toolbox: expected it installed for its attacks, got nothing; "
        "pip install 'vericase[attacks]'"
    )
    with pytest.raises(EngineMissingError, match=f"^{re.escape(message)}$"):
        portfolio(firm, _SIGNALS, _BALL, budget=budget, seed=0)
    without = Budget(restarts=1, art_restarts=0)
    assert not portfolio(firm, _SIGNALS, _BALL, budget=without, seed=0).found.any()


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"steps": 0}, "steps: expected at least 1, got 0"),
        ({"queries": 0}, "queries: expected at least 1, got 0"),
        ({"art_restarts": -1}, "art_restarts: expected at least 0, got -1"),
        (
            dict.fromkeys(
                (
                    "restarts",
                    "auto_restarts",
                    "smooth_restarts",
                    "square_restarts",
                    "art_restarts",
                ),
                0,
            ),
            "restarts: expected a run of some attack, got none",
        ),
    ],
)
def test_a_portfolio_needs_a_budget(budget: dict[str, int], message: str) -> None:
    """A budget that would not attack is refused."""
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}$"):
        Budget(**budget)


@pytest.mark.parametrize(
    ("attack", "more", "message"),
    [
        (apgd, {"steps": 0}, "steps: expected at least 1, got 0"),
        (apgd, {"restarts": 0}, "restarts: expected at least 1, got 0"),
        (square_attack, {"queries": 0}, "queries: expected at least 1, got 0"),
        (square_attack, {"share": 0.0}, "share: expected a number in (0, 1], got 0.0"),
        (smooth_attack, {"lengths": (4,)}, "lengths: expected odd numbers of samples, got [4]"),
        (smooth_attack, {"lengths": ()}, "lengths: expected odd numbers of samples, got []"),
        (
            smooth_attack,
            {"deviations": (0.0,)},
            "deviations: expected finite numbers above 0, got [0.0]",
        ),
        (
            art_apgd,
            {"loss": "difference_logits_ratio"},
            "loss: expected one of cross_entropy, logit_difference, got difference_logits_ratio",
        ),
    ],
)
def test_attacks_need_a_budget(
    attack: Callable[..., object], more: dict[str, Any], message: str
) -> None:
    """An attack that would not attack, or is none, is refused."""
    steps = "queries" if attack is square_attack else "steps"
    usual: dict[str, Any] = {steps: 1, "restarts": 1, "seed": 0}
    if attack is art_apgd:
        usual["loss"] = "cross_entropy"
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}$"):
        attack(_MARGIN, _SIGNALS, _BALL, **(usual | more))


@pytest.mark.parametrize("name", [*ATTACKS, "portfolio"])
def test_signals_have_to_be_usable_for_any_attack(name: str) -> None:
    """Signals without a records axis are refused."""
    attack = (ATTACKS | {"portfolio": whole_portfolio})[name]
    with pytest.raises(ShapeError, match=r"^inputs: expected shape \(records, samples\), got"):
        attack(_MARGIN, torch.zeros(4), _BALL, steps=1, restarts=1, seed=0)


@pytest.mark.parametrize("name", ATTACKS)
def test_one_sample_and_one_record_are_enough(name: str) -> None:
    """The smallest signal is attacked as any other."""
    attack = ATTACKS[name]
    margin = linear_margin(torch.ones(1), 0.25)
    result = attack(margin, torch.zeros((1, 1)), _BALL, steps=8, restarts=2, seed=0)
    assert result.found.all() or name == "smooth"


def test_attacks_of_one_seed_do_not_start_alike() -> None:
    """Two attacks with the same seed search from different points."""
    margin, signals = bent_margin(3), random_signals(3)
    ours = apgd(margin, signals, _BALL, steps=1, restarts=1, seed=0)
    blocks = square_attack(margin, signals, _BALL, queries=1, restarts=1, seed=0)
    assert not np.array_equal(ours.inputs, blocks.inputs)
