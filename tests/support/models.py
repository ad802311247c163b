"""Networks and checkpoints of a size that tests can afford, with random or chosen weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from afib.checkpoint import Checkpoint
from afib.network import build_network, folded
from afib.preprocessing import segment_samples
from tests.support.training import tiny_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from afib.settings import Settings

__all__ = ["linear_margin", "random_network", "tiny_checkpoint"]


def random_network(settings: Settings, *, seed: int = 0, dropout: float = 0.0) -> nn.Module:
    """A network in training form whose weights and running statistics are all random."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        samples = segment_samples(settings.preprocessing)
        network = build_network(settings.network, samples, dropout=dropout)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.running_mean = torch.randn(module.num_features)
                module.running_var = torch.rand(module.num_features) + 0.5
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    return network


def tiny_checkpoint(
    *,
    seed: int = 0,
    threshold: float = 0.25,
    temperature: float = 1.5,
    polarity: str = "free",
) -> Checkpoint:
    """A checkpoint of :func:`random_network` with :func:`tiny_settings`."""
    settings = tiny_settings(polarity=polarity)
    return Checkpoint(
        network=folded(random_network(settings, seed=seed)),
        settings=settings,
        threshold=threshold,
        temperature=temperature,
        provenance={"manifest_sha256": "0" * 64, "threads": 1},
    )


def linear_margin(weights: Tensor, offset: float) -> Callable[[Tensor], Tensor]:
    """The margin of a linear detector: weights times samples, plus an offset."""

    def margin(signals: Tensor) -> Tensor:
        return signals @ weights + offset

    return margin
