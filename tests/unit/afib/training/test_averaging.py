"""The moving average of the weights."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from afib.training.averaging import move_average


def _network(value: float, batches: int) -> nn.BatchNorm1d:
    """Weight, running mean and running variance of one value each, and a whole number."""
    layer = nn.BatchNorm1d(1)
    for name, values in layer.state_dict().items():
        values.fill_(batches if name == "num_batches_tracked" else value)
    return layer


@pytest.mark.parametrize(
    ("decay", "steps", "kept"),
    # (1 + 1) / (10 + 1), (1 + 8) / (10 + 8), and from (1 + 81) / (10 + 81) = 0.901 on the decay.
    [(0.9, 1, 2 / 11), (0.9, 8, 0.5), (0.9, 81, 0.9), (0.9, 10_000, 0.9)],
)
def test_the_average_keeps_its_share(decay: float, steps: int, kept: float) -> None:
    """Weights and running statistics move by the rest; whole numbers are the network's."""
    average, network = _network(1.0, 3), _network(2.0, 7)
    move_average(average, network, decay=decay, steps=steps)
    for name, values in average.state_dict().items():
        expected = 7 if name == "num_batches_tracked" else kept * 1.0 + (1 - kept) * 2.0
        assert values.item() == pytest.approx(expected)


def test_the_network_stays_as_it_is() -> None:
    """Only the average is moved."""
    average, network = _network(1.0, 3), _network(2.0, 7)
    before = copy.deepcopy(network.state_dict())
    move_average(average, network, decay=0.9, steps=5)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
