"""Small networks and regions for the bound engine, drawn from seeds."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from nnassure.certify.region import Placed
from nnassure.certify.resampling import Resampling


def random_network(seed: int, samples: int, *, blocks: int = 2, width: int = 4) -> nn.Sequential:
    """Strided convolutions, a mean over time and two linear layers, with biases that matter."""
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for width_in, width_out in itertools.pairwise([1, *[width] * blocks]):
        kernel = 3 + 2 * int(torch.randint(0, 2, (1,), generator=generator))
        stride = 1 + int(torch.randint(0, 2, (1,), generator=generator))
        layers += [nn.Conv1d(width_in, width_out, kernel, stride, kernel // 2), nn.ReLU()]
    layers += [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(width, 5), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(5, 2))
    for values in network.parameters():
        values.data = torch.randn(values.shape, generator=generator) * 0.6
    del samples
    return network.eval().requires_grad_(False)


def placed(  # noqa: PLR0913  a recording and all that may happen to it
    signal: Tensor,
    *,
    length: int,
    radius: float = 0.0,
    generators: Tensor | None = None,
    recorder_samples: int | None = None,
    rounding: float = 0.0,
) -> Placed:
    """*signal* in segments of *length*: tiled if it is shorter, overlapping if it is longer."""
    samples = len(signal)
    if samples < length:
        indices = (torch.arange(length) % samples)[None]
    else:
        count = -(-samples // length)
        starts = torch.linspace(0, samples - length, count).round().long()
        indices = starts[:, None] + torch.arange(length)
    directions = torch.zeros(0, samples) if generators is None else generators
    return Placed(
        signal=signal.double(),
        rounding=torch.full((samples,), rounding, dtype=torch.float64),
        generators=directions.double(),
        half_widths=torch.ones(len(directions), dtype=torch.float64),
        radius=radius,
        indices=indices,
        signs=torch.ones(len(indices), dtype=torch.float64),
        recorder_samples=samples if recorder_samples is None else recorder_samples,
    )


def resampling(*, up: int = 1, down: int = 5, half: int = 7, seed: int = 0) -> Resampling:
    """A symmetric filter that is no low-pass: its taps have both signs."""
    side = np.random.default_rng(seed).normal(size=half)
    taps = np.concatenate([side, [1.0], side[::-1]])
    return Resampling(taps=torch.from_numpy(taps), up=up, down=down)


def dense(filter_: Resampling, recorder_samples: int, samples: int) -> Tensor:
    """The matrix of a filter, written from its definition: (samples, recorder samples)."""
    matrix = torch.zeros(samples, recorder_samples, dtype=torch.float64)
    for row in range(samples):
        for tap, weight in enumerate(filter_.taps.tolist()):
            place = row * filter_.down + filter_.half - tap
            if place % filter_.up == 0:
                matrix[row, min(max(place // filter_.up, 0), recorder_samples - 1)] += weight
    return matrix
