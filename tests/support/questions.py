"""Questions to the bound engine on networks of many shapes, and what really happens in a set."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nnassure.certify.arithmetic import FLOAT32, Arithmetic
from nnassure.certify.budget import Budget
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.region import Placed, Region

if TYPE_CHECKING:
    from nnassure.certify.resampling import Resampling

__all__ = [
    "budget",
    "logits_of",
    "lost",
    "margins_of",
    "points_of",
    "problem_of",
    "relus",
    "segment",
    "varied_network",
    "with_weights",
]


def varied_network(seed: int, samples: int) -> nn.Sequential:
    """Strides that leave frames unread, padding or none, groups, pools, heads with or without mean.

    Not every convolution has a bias or a ReLU after it.
    """
    generator = torch.Generator().manual_seed(seed)

    def drawn(*choices: int) -> int:
        return choices[int(torch.randint(0, len(choices), (1,), generator=generator))]

    widths = [1, drawn(2, 4), drawn(2, 4)][: drawn(2, 3)]
    layers: list[nn.Module] = []
    frames = samples
    for width_in, width_out in itertools.pairwise(widths):
        kernel, stride = min(frames, drawn(1, 2, 3, 5)), drawn(1, 2, 3)
        padding, groups = drawn(0, kernel // 2), drawn(1, 2) if width_in > 1 else 1
        layers.append(
            nn.Conv1d(
                width_in, width_out, kernel, stride, padding, groups=groups, bias=drawn(0, 1) == 1
            )
        )
        frames = (frames + 2 * padding - kernel) // stride + 1
        layers += [nn.ReLU()] if drawn(0, 1, 1, 1) else []
    if frames >= 4 and drawn(0, 1, 1) == 0:
        stride = drawn(2, 3)
        layers.append(nn.AvgPool1d(2, stride))
        frames = (frames - 2) // stride + 1
    if drawn(0, 1):
        layers.append(nn.AdaptiveAvgPool1d(1))
        frames = 1
    layers.append(nn.Flatten())
    features = frames * widths[-1]
    if drawn(0, 1):
        layers += [nn.Linear(features, 4), nn.ReLU()]
        features = 4
    layers.append(nn.Linear(features, 2))
    return _drawn(nn.Sequential(*layers), generator)


def _drawn(network: nn.Sequential, generator: torch.Generator) -> nn.Sequential:
    """*network* with weights that keep values about as large as they are."""
    for values in network.parameters():
        fan = values.numel() / len(values)
        share = 1.2 / fan**0.5 if values.dim() > 1 else 0.4
        values.data = torch.randn(values.shape, generator=generator) * share
    return network.eval().requires_grad_(False)


def with_weights(layer: nn.Conv1d | nn.Linear, weight: object, bias: object) -> nn.Module:
    """*layer* with these numbers."""
    layer.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float32))
    layer.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float32))
    return layer


def segment(  # noqa: PLR0913  a recording and all that may happen to it
    signal: Tensor,
    *,
    radius: float = 0.0,
    generators: Tensor | None = None,
    half_widths: Tensor | None = None,
    indices: Tensor | None = None,
    signs: Tensor | None = None,
) -> Placed:
    """*signal* as one segment, or read as *indices* say."""
    samples = len(signal)
    directions = torch.zeros(0, samples) if generators is None else generators
    places = torch.arange(samples)[None] if indices is None else indices
    return Placed(
        signal=signal.double(),
        rounding=torch.zeros(samples, dtype=torch.float64),
        generators=directions.double(),
        half_widths=(torch.ones(len(directions)) if half_widths is None else half_widths).double(),
        radius=radius,
        indices=places,
        signs=(torch.ones(len(places)) if signs is None else signs).double(),
        recorder_samples=samples,
    )


def problem_of(
    network: nn.Module,
    *recordings: Placed,
    side: float = 1.0,
    threshold: float = 0.0,
    arithmetic: Arithmetic = FLOAT32,
    resampling: Resampling | None = None,
) -> Problem:
    """All *recordings* on one *side*."""
    return Problem(
        chain=chain_of(network, recordings[0].indices.shape[1]),
        region=Region(recordings, resampling),
        question=Question(
            sides=torch.full((len(recordings),), side, dtype=torch.float64), threshold=threshold
        ),
        arithmetic=arithmetic,
    )


def budget(parts: int = 60, steps: int = 5) -> Budget:
    """So many parts, and all the time that they take."""
    return Budget(parts=parts, steps=steps, out_of_time=lambda: False)


def points_of(each: Placed, count: int, *, seed: int) -> Tensor:
    """Signals of a set without a filter, half of them corners, shape (points, samples), float64."""
    generator = torch.Generator().manual_seed(seed)

    def shares(*shape: int) -> Tensor:
        drawn = torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1
        drawn[: len(drawn) // 2] = drawn[: len(drawn) // 2].sign()
        return drawn

    along = (shares(count, len(each.half_widths)) * each.half_widths) @ each.generators
    return each.signal + along + each.radius * shares(count, len(each.signal))


def logits_of(network: nn.Module, each: Placed, points: Tensor) -> Tensor:
    """The logit of the recording at each point, as *network* computes it, shape (points,)."""
    weights = next(network.parameters())
    read = (points[:, each.indices] * each.signs[:, None]).to(weights.dtype)
    logits = network(read.flatten(end_dim=1)[:, None])
    differences: Tensor = (logits[:, 1] - logits[:, 0]).reshape(len(points), -1)
    return differences.mean(dim=1)


def margins_of(network: nn.Module, problem: Problem, points: Tensor) -> Tensor:
    """The margin at each point of a problem about one recording, shape (points,)."""
    logits = logits_of(network, problem.region.recordings[0], points).double()
    margins: Tensor = problem.question.sides[0] * (logits - problem.question.threshold)
    return margins


def relus(
    weights: list[float], biases: list[float], out: list[float], last: float
) -> nn.Sequential:
    """Of one sample x: the sum of out * relu(weight * x + bias), and a constant."""
    first = with_weights(nn.Conv1d(1, len(out), 1), [[[each]] for each in weights], biases)
    head = with_weights(nn.Linear(len(out), 2), [[0.0] * len(out), out], [0.0, last])
    return nn.Sequential(first, nn.ReLU(), nn.Flatten(), head).eval().requires_grad_(False)


def lost(operations: int, terms: float) -> float:
    """What float32 may lose of a sum, and the engine's own float64."""
    unit, engine = 2.0**-24, 2.0**-29
    gamma = operations * unit / (1 - operations * unit)
    return (gamma + engine) * (1 + engine) * terms + operations * 2.0**-149
