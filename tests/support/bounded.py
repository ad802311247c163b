"""Small networks whose margins can be searched, and boxes of signals to search in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from afib.network import PlainNetwork
from tests.support.models import random_network
from tests.support.training import tiny_settings

if TYPE_CHECKING:
    from torch import Tensor

    from afib.settings import NetworkSettings, Settings

__all__ = ["Boxed", "boxed", "margins", "small_settings", "with_statistics_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxed:
    """A network in training form, points, and boxes, all of double precision."""

    network: PlainNetwork
    points_mv: Tensor
    centres_mv: Tensor
    is_afib: Tensor


def small_settings(*, samples: int = 12, polarity: str = "free") -> Settings:
    """Two narrow blocks on segments of a few samples."""
    settings = tiny_settings(polarity=polarity)
    network: NetworkSettings = replace(
        settings.network, channels=(2, 3), kernels=(3, 3), strides=(2, 1), hidden=3
    )
    preprocessing = replace(settings.preprocessing, segment_s=samples / 60.0)
    return replace(settings, network=network, preprocessing=preprocessing)


def boxed(seed: int, *, samples: int = 12, segments: int = 4, polarity: str = "free") -> Boxed:
    """A random network, random points and random centres near them."""
    network = random_network(small_settings(samples=samples, polarity=polarity), seed=seed)
    assert isinstance(network, PlainNetwork)
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn((segments, samples), generator=generator, dtype=torch.float64)
    nudges = torch.randn((segments, samples), generator=generator, dtype=torch.float64)
    return Boxed(
        network=network.double().train(),
        points_mv=centres + 0.1 * nudges,
        centres_mv=centres,
        is_afib=torch.arange(segments) % 2,
    )


def with_statistics_of(network: PlainNetwork, points_mv: Tensor) -> PlainNetwork:
    """A copy in evaluation mode that normalises as *points_mv* do in training, layer by layer."""
    copy = PlainNetwork(network.settings).double()
    copy.load_state_dict(network.state_dict())
    ways = [points_mv] if network.settings.polarity == "free" else [points_mv, -points_mv]
    frames = torch.cat(ways).unsqueeze(1)
    with torch.no_grad():
        for layer in copy.eval().features:
            if isinstance(layer, nn.BatchNorm1d):
                layer.running_mean = frames.mean((0, 2))
                layer.running_var = frames.var((0, 2), unbiased=False)
            frames = layer(frames)
    return copy


def margins(network: PlainNetwork, signals_mv: Tensor, is_afib: Tensor) -> Tensor:
    """The logit of the label minus the other one, shape (segments,)."""
    with torch.no_grad():
        logits = network(signals_mv)
    differences: Tensor = logits[:, 1] - logits[:, 0]
    return differences * (2 * is_afib - 1)
