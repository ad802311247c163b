"""Networks for engines that bound margins, and what to do where an engine is not installed."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["needs_auto_lirpa", "random_signals", "signal_network", "with_random_weights"]

needs_auto_lirpa = pytest.mark.skipif(
    importlib.util.find_spec("auto_LiRPA") is None, reason="auto_LiRPA is not installed"
)


def with_random_weights(network: nn.Sequential, *, seed: int = 0) -> nn.Sequential:
    """*network* in evaluation mode, all its weights and running statistics random."""
    generator = torch.Generator().manual_seed(seed)
    for name, values in network.state_dict().items():
        if values.is_floating_point():
            drawn = torch.randn(values.shape, generator=generator, dtype=values.dtype)
            # A variance is positive.
            values.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else 0.5 * drawn)
    return network.eval().requires_grad_(False)


def signal_network(*, seed: int = 0, samples: int = 16, width: int = 3) -> nn.Sequential:
    """Two strided convolutions, mean over time and a linear layer, with random weights."""
    network = nn.Sequential(
        nn.Unflatten(1, (1, samples)),
        nn.Conv1d(1, width, 3, 2, 1),
        nn.ReLU(),
        nn.Conv1d(width, width + 1, 3, 2, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(width + 1, 2),
    )
    return with_random_weights(network, seed=seed)


def random_signals(*, seed: int = 0, records: int = 3, samples: int = 16) -> Tensor:
    """Signals in mV, shape (records, samples)."""
    return torch.randn((records, samples), generator=torch.Generator().manual_seed(seed))
