"""A forward pass of points and boxes together."""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

from afib.errors import ModelError
from afib.network import PlainNetwork, folded
from afib.training.interval import Boxes, interval_margins, passed
from tests.support.bounded import boxed
from tests.support.models import random_network
from tests.support.training import tiny_settings

_POINTS = torch.randn((6, 240), generator=torch.Generator().manual_seed(1))


def _network(*, polarity: str = "free", dropout: float = 0.0) -> PlainNetwork:
    network = random_network(tiny_settings(polarity=polarity), dropout=dropout)
    assert isinstance(network, PlainNetwork)
    return network.train()


def test_a_relu_keeps_what_is_above_zero() -> None:
    """Boxes below, across and above zero, worked by hand."""
    boxes = Boxes(centre=torch.tensor([-3.0, 1.0, 4.0]), radius=torch.tensor([2.0, 2.0, 1.0]))
    # [-5, -1], [-1, 3] and [3, 5] become [0, 0], [0, 3] and [3, 5].
    behind = boxes.relu()
    assert behind.lower.tolist() == [0.0, 0.0, 3.0]
    assert behind.upper.tolist() == [0.0, 3.0, 5.0]


def test_a_linear_layer_adds_radii_by_absolute_weights() -> None:
    """A sum and a difference of two boxes, worked by hand."""
    layer = nn.Linear(2, 2)
    layer.weight.data = torch.tensor([[1.0, 2.0], [1.0, -2.0]])
    layer.bias.data = torch.tensor([0.5, 0.0])
    behind = Boxes(centre=torch.tensor([1.0, 2.0]), radius=torch.tensor([0.5, 0.25])).through(layer)
    assert behind.centre.tolist() == [5.5, -3.0]
    assert behind.radius.tolist() == [1.0, 1.0]


def test_the_mean_over_time_is_that_of_both_ends() -> None:
    """Centres and radii are averaged apart."""
    boxes = Boxes(centre=torch.tensor([[1.0, 3.0]]), radius=torch.tensor([[0.5, 1.5]]))
    behind = boxes.mean_over_time()
    assert (behind.centre.tolist(), behind.radius.tolist()) == ([2.0], [1.0])


@pytest.mark.parametrize("polarity", ["free", "invariant"])
def test_points_pass_as_in_plain_training(polarity: str) -> None:
    """Logits, dropout and running statistics are those of a pass without boxes."""
    ours, plain = (_network(polarity=polarity, dropout=0.5) for _ in range(2))
    torch.manual_seed(4)
    expected = plain(_POINTS)
    torch.manual_seed(4)
    way = passed(ours, _POINTS, _POINTS + 0.3, radius_mv=0.1)
    torch.testing.assert_close(way.logits, expected)
    torch.testing.assert_close(ours.state_dict(), plain.state_dict())


@pytest.mark.parametrize("polarity", ["free", "invariant"])
def test_every_weight_feels_the_bound(polarity: str) -> None:
    """The gradient of the interval bounds reaches all parameters."""
    case = boxed(5, polarity=polarity)
    way = passed(case.network, case.points_mv, case.centres_mv, radius_mv=0.1)
    torch.autograd.backward(interval_margins(case.network, way, case.is_afib).sum())
    assert all(
        weight.grad is not None and bool(weight.grad.ne(0).any())
        for name, weight in case.network.named_parameters()
        if not re.fullmatch(r"head\..\.bias", name)
    )


def test_a_folded_network_is_refused() -> None:
    """It has no statistics to take from the points."""
    network = folded(_network())
    assert isinstance(network, PlainNetwork)
    message = "network: expected one in training form, got a folded one"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        passed(network, _POINTS, _POINTS, radius_mv=0.1)
