"""The worst point of a set that is linear in parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from nnassure.attacks import parameter_attack
from nnassure.errors import PerturbationError, ShapeError
from nnassure.perturbation import gain, jointly, offset, wander
from tests.support.models import linear_margin

if TYPE_CHECKING:
    from torch import Tensor

    from nnassure.perturbation import LinearSet

_SIGNALS = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.5, 0.5]])
_MARGIN = linear_margin(torch.ones(3), -0.5)


def test_each_record_has_its_own_set() -> None:
    """The gain of one signal does nothing to the other, and what is found is told."""
    sets = [gain(signal, 0.5) for signal in _SIGNALS.numpy()]
    result = parameter_attack(_MARGIN, _SIGNALS, sets, steps=4, restarts=1, seed=0)
    # Both sums are lowest at half the gain: 2 * 0.5 - 0.5 and 1.5 * 0.5 - 0.5.
    assert result.margins.tolist() == [0.5, 0.25]
    assert result.found.tolist() == [False, False]
    assert result.parameters.tolist() == [[-0.5], [-0.5]]
    assert result.method.tolist() == ["corner", "corner"]
    assert result.inputs.tolist() == [[0.5, 1.0, -0.5], [0.25, 0.25, 0.25]]


def test_the_residual_adds_to_the_parameters() -> None:
    """A joint set is searched in both, and both are told."""
    sets = [jointly(offset(3, 0.25), radius_mv=0.125)] * 2
    result = parameter_attack(_MARGIN, _SIGNALS, sets, steps=4, restarts=1, seed=0)
    # Three samples, each lowered by 0.25 and 0.125.
    assert result.margins.tolist() == [2.0 - 0.5 - 1.125, 1.5 - 0.5 - 1.125]
    assert result.found.tolist() == [False, True]
    assert result.residuals_mv.tolist() == [[-0.125] * 3] * 2


def test_a_set_without_the_undisturbed_signal_starts_at_its_nearest_point() -> None:
    """Half of a set is searched in that half alone."""
    _, upper = offset(3, 0.25).halves(0)
    _, uppermost = upper.halves(0)
    result = parameter_attack(_MARGIN, _SIGNALS, [uppermost] * 2, steps=2, restarts=2, seed=0)
    assert result.parameters.tolist() == [[0.125], [0.125]]
    assert result.method.tolist() == ["box", "box"]


def test_a_valley_between_the_corners_is_found() -> None:
    """Where the margin is lowest inside the box, the grid or the descent reach it."""

    def margin(signals: Tensor) -> Tensor:
        return 4 * (signals[:, 0] - 0.5) ** 2 - 0.125

    sets = [offset(3, 1.0)] * 2
    signals = torch.zeros((2, 3))
    result = parameter_attack(margin, signals, sets, steps=4, restarts=1, seed=0)
    assert result.margins.tolist() == [-0.125, -0.125]
    assert result.method.tolist() == ["grid", "grid"]


def test_more_parameters_than_corners_are_tried_are_descended() -> None:
    """Seven parameters have too many corners, and descent alone reaches the worst one."""
    waves = [wander(60, 60, frequency_hz, 0.1) for frequency_hz in (0.5, 1, 2)]
    joint = jointly(offset(60, 0.1), *waves)
    weights = torch.linspace(-1, 1, 60)
    margin = linear_margin(weights, 5.0)
    result = parameter_attack(margin, torch.zeros((1, 60)), [joint], steps=8, restarts=1, seed=0)
    slopes = joint.generators @ weights.double().numpy()
    assert result.margins[0] == pytest.approx(5.0 - 0.1 * np.abs(slopes).sum(), abs=1e-5)
    assert result.method.tolist() == ["descent"]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (
            [offset(3, 0.1)],
            (
                "sets: expected one of the same parameters for each of 2 records, "
                "got 1 of [1] parameters"
            ),
        ),
        (
            [offset(3, 0.1), wander(3, 60, 1, 0.1)],
            (
                "sets: expected one of the same parameters for each of 2 records, "
                "got 2 of [1, 2] parameters"
            ),
        ),
        ([offset(4, 0.1)] * 2, "sets: expected 3 samples, got 4 samples"),
    ],
)
def test_sets_have_to_fit(sets: list[LinearSet], message: str) -> None:
    """One set a record, of the same samples and parameters."""
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        parameter_attack(_MARGIN, _SIGNALS, sets, steps=1, restarts=1, seed=0)


@pytest.mark.parametrize("name", ["steps", "restarts"])
def test_the_search_needs_a_budget(name: str) -> None:
    """A search without steps or descents is refused."""
    steps, restarts = (0 if each == name else 1 for each in ("steps", "restarts"))
    with pytest.raises(PerturbationError, match=f"^{name}: expected at least 1, got 0$"):
        parameter_attack(
            _MARGIN, _SIGNALS, [offset(3, 0.1)] * 2, seed=0, steps=steps, restarts=restarts
        )
