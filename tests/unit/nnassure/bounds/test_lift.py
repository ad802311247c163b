"""Lifted networks compute what the network computes, whatever its layers."""

from __future__ import annotations

import copy
import re

import pytest
import torch
from torch import nn

from nnassure.bounds.lift import lift
from nnassure.errors import NetworkError
from tests.support.engines import random_signals, with_random_weights

_SAMPLES = 30


def _net(*layers: nn.Module, features: int) -> nn.Sequential:
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, 2))


_NETWORKS = {
    "plain": _net(nn.Conv1d(1, 3, 5), nn.ReLU(), features=78),
    "stride and padding": _net(nn.Conv1d(1, 3, 5, stride=3, padding=2), features=30),
    "a tail that no window reaches": _net(nn.Conv1d(1, 2, 4, stride=5), features=12),
    "no bias": _net(nn.Conv1d(1, 2, 3, bias=False), features=56),
    "groups": _net(nn.Conv1d(1, 4, 3), nn.Conv1d(4, 6, 3, groups=2), features=156),
    "depthwise": _net(nn.Conv1d(1, 4, 3), nn.Conv1d(4, 4, 3, groups=4), features=104),
    "dilation": _net(nn.Conv1d(1, 2, 3, dilation=4, padding=4, stride=2), features=30),
    "same, odd": _net(nn.Conv1d(1, 2, 5, padding="same"), features=60),
    "same, even": _net(nn.Conv1d(1, 2, 4, padding="same"), features=60),
    "same, even and dilated": _net(nn.Conv1d(1, 2, 4, dilation=3, padding="same"), features=60),
    "valid": _net(nn.Conv1d(1, 2, 4, padding="valid"), features=54),
    "mean of windows": _net(nn.Conv1d(1, 2, 3), nn.AvgPool1d(4), features=14),
    "overlapping means": _net(nn.Conv1d(1, 2, 3), nn.AvgPool1d(5, 2, 2), features=28),
    "mean of all": _net(nn.Conv1d(1, 2, 3), nn.AdaptiveAvgPool1d(1), features=2),
    "mean first": _net(nn.AvgPool1d(3), features=10),
    "normalisation after convolution": _net(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), features=56),
    "normalisation after ReLU": _net(
        nn.Conv1d(1, 2, 3), nn.ReLU(), nn.BatchNorm1d(2), nn.Conv1d(2, 2, 3, 2, 1), features=28
    ),
    "normalisation without weights": _net(
        nn.Conv1d(1, 2, 3, 2, 1), nn.Dropout(), nn.BatchNorm1d(2, affine=False), features=30
    ),
    "normalisation first": _net(nn.BatchNorm1d(1), nn.Conv1d(1, 2, 3, padding=1), features=60),
    "normalisation of features": nn.Sequential(
        nn.BatchNorm1d(_SAMPLES),
        nn.Linear(_SAMPLES, 4),
        nn.BatchNorm1d(4),
        nn.ReLU(),
        nn.BatchNorm1d(4),
        nn.Linear(4, 2),
    ),
    "ReLU first": nn.Sequential(nn.ReLU(), nn.Linear(_SAMPLES, 2)),
    "flattened at once": nn.Sequential(nn.Flatten(), nn.Linear(_SAMPLES, 2, bias=False)),
    "unflattened into channels": nn.Sequential(
        nn.Unflatten(1, (3, 10)), nn.Conv1d(3, 2, 3), nn.Flatten(), nn.Linear(16, 2)
    ),
    "no linear layer": nn.Sequential(
        nn.Conv1d(1, 2, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Identity()
    ),
    "flattened twice": nn.Sequential(
        nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Flatten(), nn.ReLU(), nn.Linear(56, 2)
    ),
    "nested": nn.Sequential(
        nn.Sequential(nn.Conv1d(1, 2, 3), nn.Sequential(nn.Dropout(), nn.ReLU())),
        nn.Sequential(nn.Flatten(), nn.Linear(56, 2)),
    ),
}


# torch remarks that such padding copies the input.
@pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")
@pytest.mark.parametrize("name", _NETWORKS)
def test_a_lifted_network_computes_the_same(name: str) -> None:
    """Its first outputs are the logits, on random weights and signals, and its third is one."""
    network = with_random_weights(copy.deepcopy(_NETWORKS[name]), seed=7)
    lifted = lift(network, samples=_SAMPLES, dtype=torch.float64)
    signals = random_signals(records=4, samples=_SAMPLES).double()
    wanted = copy.deepcopy(network).double()(signals[:, None] if lifted.takes_channels else signals)
    got = lifted.network(signals.reshape(4, *lifted.channels_first))
    torch.testing.assert_close(got[:, :2], wanted, rtol=1e-12, atol=1e-12)
    assert got[:, 2].tolist() == [1.0] * 4


def test_lifting_changes_neither_the_network_nor_the_random_generator() -> None:
    """Weights, mode and the state of torch's generator are what they were."""
    network = with_random_weights(copy.deepcopy(_NETWORKS["normalisation after convolution"]))
    before = copy.deepcopy(network.state_dict())
    state = torch.random.get_rng_state()
    lifted = lift(network, samples=_SAMPLES, dtype=torch.float32)
    for values in lifted.network.state_dict().values():
        values.zero_()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(values, before[name]) for name, values in network.state_dict().items())


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            nn.Sequential(nn.Conv1d(2, 1, 3)),
            "network[0]: expected what Conv1d takes, got shape (records, 1, 30)",
        ),
        (
            nn.Sequential(nn.Conv1d(1, 1, 3), nn.Linear(28, 2)),
            (
                "network[1]: expected features (records, features), got (records, channels, "
                "samples); put Flatten before Linear"
            ),
        ),
        (
            nn.Sequential(nn.Linear(30, 4), nn.Unflatten(1, (2, 2))),
            "network[1]: expected Unflatten before every other layer, got it among them",
        ),
        (
            nn.Sequential(nn.Conv1d(1, 2, 3)),
            (
                "network: expected two logits a record, got shape (records, 2, 28); "
                "end with Flatten and Linear"
            ),
        ),
        (
            nn.Sequential(nn.Linear(30, 3)),
            (
                "network: expected two logits a record, got shape (records, 3); "
                "end with Flatten and Linear"
            ),
        ),
    ],
)
def test_layers_have_to_fit_each_other(network: nn.Sequential, message: str) -> None:
    """A layer that does not take what the one before gives is told with its place."""
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        lift(network.eval(), samples=_SAMPLES, dtype=torch.float64)
