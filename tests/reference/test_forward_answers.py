"""Forward bounds worked by hand, on networks of a neuron or two."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nnassure.certify.arithmetic import REAL
from nnassure.certify.forward import forward_margins
from tests.support.questions import lost, problem_of, relus, segment, with_weights

#: In real arithmetic the engine adds its own rounding alone.
_CLOSE = 1e-6


def test_forward_lines_of_two_relus() -> None:
    """Functions of one parameter, layer by layer: here as tight as backward ones."""
    network = relus([2.0, 1.0], [1.0, 0.5], [1.0, -1.0], 5.0)
    each = segment(torch.zeros(1), generators=torch.ones(1, 1))
    # As in the lines above: relu(z1) >= 2x + 1 and relu(z2) <= 0.75 (x + 1), so 4; and
    # relu(z1) <= 1.5 (x + 1) and relu(z2) >= x + 0.5, so 6.5.
    for side, wanted in [(1.0, 4.0 - 0.25), (-1.0, 0.25 - 6.5)]:
        problem = problem_of(network, each, side=side, threshold=0.25, arithmetic=REAL)
        assert float(forward_margins(problem)[0]) == pytest.approx(wanted, abs=_CLOSE)


def test_forward_lines_take_a_box_as_an_interval() -> None:
    """Of x in [-0.5, 0.5] along a parameter and [-0.25, 0.25] by itself."""
    network = relus([1.0, -1.0], [2.0, 1.0], [1.0, 0.5], 0.0)
    each = segment(
        torch.zeros(1), generators=torch.ones(1, 1), half_widths=torch.tensor([0.5]), radius=0.25
    )
    # Both ReLUs are sure: (x + 2) + (1 - x) / 2, which is 2.5 + 0.5 x. Along the parameter less
    # 0.25; of the box, which each neuron has by itself, less 0.25 * (1 + 0.5).
    problem = problem_of(network, each, arithmetic=REAL)
    assert float(forward_margins(problem)[0]) == pytest.approx(2.5 - 0.25 - 0.375, abs=_CLOSE)


def test_forward_lines_of_segments_share_their_parameters() -> None:
    """A sample and its negative move against each other: what one loses the other gains."""
    network = relus([1.0, -1.0], [3.0, 3.0], [1.0, -0.5], 0.0)
    each = segment(
        torch.ones(1),
        generators=torch.ones(1, 1),
        half_widths=torch.tensor([0.5]),
        indices=torch.tensor([[0], [0]]),
        signs=torch.tensor([1.0, -1.0]),
    )
    # f(x) = 1.5 x + 1.5 and f(-x) = 1.5 - 1.5 x.
    problem = problem_of(network, each, arithmetic=REAL)
    assert float(forward_margins(problem)[0]) == pytest.approx(1.5, abs=_CLOSE)


def test_forward_lines_count_what_float32_may_lose() -> None:
    """Of each layer, and of the difference; nothing else is lost by two linear layers."""
    first = with_weights(nn.Linear(1, 1), [[1.0]], [-0.25])
    last = with_weights(nn.Linear(1, 2), [[0.0], [1.0]], [0.0, 2.0])
    network = nn.Sequential(nn.Flatten(), first, last).eval().requires_grad_(False)
    problem = problem_of(network, segment(torch.tensor([-0.25]), generators=torch.ones(1, 1)))
    one = lost(3, 1.5)
    two = lost(3, 1.5 + one + 2.0)
    wanted = -1.5 + 2 - one - two - lost(7, 1.5 + one + 2.0 + two)
    found = float(forward_margins(problem)[0])
    assert wanted - 2**-24 < found <= wanted
