"""Small networks that tell AFib of the synthetic cohort, trained with and without a bound.

Made to be asked about, not to be used: seconds of training, and few channels, so that the
verdicts about many of their decisions are known for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from afib.preprocessing import to_network_rate
from afib.settings import PreprocessingSettings
from afib.synthetic import LABELS, RATE_HZ, generate_recording

if TYPE_CHECKING:
    from nnassure.arrays import IntArray

__all__ = ["STEPS_PER_MV", "Design", "steps_of_recording", "trained"]

#: Signals are in whole steps, as a recorder stores them, so that a question is the same everywhere.
STEPS_PER_MV = 1000

_SEED, _RECORDINGS, _EPOCHS, _BATCH, _RATE = 29, 400, 60, 40, 8e-3
#: How much the bound weighs in the loss, and from which share of the steps on it does.
_WEIGHT, _FROM = 0.3, 0.4
_RHYTHMS = ("N", "A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A network and how it is trained.

    Attributes:
        rate_hz: Of its input.
        samples: Of its input.
        channels: Of each convolution.
        kernels: Likewise.
        strides: Likewise.
        hidden: Features before the logits.
        radius_mv: Of the boxes whose interval bound is trained; 0 trains none.
    """

    rate_hz: float
    samples: int
    channels: tuple[int, ...]
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    hidden: int
    radius_mv: float


def steps_of_recording(
    *, seed: int, number: int, rate_hz: float, first: int, samples: int
) -> IntArray:
    """Samples of a generated recording at *rate_hz* in steps of its converter, shape (samples,)."""
    signal_mv = generate_recording(seed=seed, number=number).recording.signal_mv
    settings = PreprocessingSettings(rate_hz=rate_hz, segment_s=samples / rate_hz, short="tile")
    resampled = to_network_rate(signal_mv, RATE_HZ, settings)[first : first + samples]
    return np.rint(resampled.astype(np.float64) * STEPS_PER_MV).astype(np.int64)


def trained(design: Design, *, seed: int) -> tuple[nn.Sequential, float]:
    """A network of *design*, and the threshold of its logit that tells its own recordings best."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    signals, is_afib = _cohort(design)
    network = _built(design)
    steps = _EPOCHS * (len(signals) // _BATCH)
    optimiser = torch.optim.Adam(network.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for step in range(steps):
        chosen = torch.randperm(len(signals))[:_BATCH]
        # Gains and offsets differ, and a recorder may be held the other way round.
        gain = torch.exp(0.2 * torch.randn(_BATCH, 1)) * (torch.randint(0, 2, (_BATCH, 1)) * 2 - 1)
        ramp = min(1.0, max(0.0, (step / steps - _FROM) / _FROM))
        loss = _loss(network, signals[chosen] * gain, is_afib[chosen], ramp * design.radius_mv)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
    network.eval().requires_grad_(requires_grad=False)
    return network, _threshold(_difference(network(signals[:, None])), is_afib)


def _cohort(design: Design) -> tuple[Tensor, Tensor]:
    numbers = [
        len(LABELS) * ordinal + LABELS.index(label) + 1
        for ordinal in range(_RECORDINGS)
        for label in _RHYTHMS
    ]
    cut = [
        steps_of_recording(
            seed=_SEED, number=each, rate_hz=design.rate_hz, first=0, samples=design.samples
        )
        for each in numbers
    ]
    kept = [place for place, each in enumerate(cut) if len(each) == design.samples]
    signals = torch.from_numpy(np.stack([cut[place] for place in kept]) / STEPS_PER_MV).float()
    return signals, torch.tensor([float(place % 2) for place in kept])


def _built(design: Design) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = 1
    for channels, kernel, stride in zip(
        design.channels, design.kernels, design.strides, strict=True
    ):
        layers += [nn.Conv1d(width, channels, kernel, stride, kernel // 2), nn.ReLU()]
        width = channels
    layers += [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(width, design.hidden), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(design.hidden, 2))


def _loss(network: nn.Sequential, signals: Tensor, is_afib: Tensor, radius_mv: float) -> Tensor:
    logits = _difference(network(signals[:, None]))
    plain = functional.binary_cross_entropy_with_logits(logits, is_afib)
    if radius_mv == 0:
        return plain
    centre, spread = _box(network, signals[:, None], torch.full_like(signals[:, None], radius_mv))
    side = 2 * is_afib - 1
    worst = side * _difference(centre) - spread.sum(dim=1)
    return (1 - _WEIGHT) * plain + _WEIGHT * functional.softplus(-worst).mean()


def _box(network: nn.Sequential, centre: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
    """Middle and half width of each logit (interval bounds, Gowal 2018, arXiv:1810.12715)."""
    for layer in network:
        if isinstance(layer, nn.Conv1d):
            weight = layer.weight.abs()
            spread = functional.conv1d(spread, weight, None, layer.stride, layer.padding)
            centre = layer(centre)
        elif isinstance(layer, nn.Linear):
            centre, spread = layer(centre), functional.linear(spread, layer.weight.abs())
        elif isinstance(layer, nn.ReLU):
            low, high = torch.relu(centre - spread), torch.relu(centre + spread)
            centre, spread = (low + high) / 2, (high - low) / 2
        else:
            centre, spread = layer(centre), layer(spread)
    return centre, spread


def _difference(logits: Tensor) -> Tensor:
    return logits[:, 1] - logits[:, 0]


def _threshold(logits: Tensor, is_afib: Tensor) -> float:
    """Of all sixteenths the one with the best mean of sensitivity and specificity."""
    choices = torch.arange(-64, 65) / 16
    called = logits[:, None] > choices
    sensitivity = called[is_afib == 1].float().mean(dim=0)
    specificity = (~called[is_afib == 0]).float().mean(dim=0)
    return float(choices[(sensitivity + specificity).argmax()])
