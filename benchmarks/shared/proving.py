"""Questions about the network's own input: one segment of ECG and a box around it."""

from __future__ import annotations

import functools
import itertools
import os
import time
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import nn

from afib.checkpoint import Checkpoint
from afib.network import build_network, folded, layers
from afib.preprocessing import segment_indices, segment_samples, to_network_rate
from afib.settings import load_settings
from afib.synthetic import LABELS, generate_recording
from afib.workflow import prepared, shipped_model
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import Problem, Question, linear_margins
from nnassure.certify.network import chain_of
from nnassure.certify.region import Placed, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnassure.arrays import FloatArray
    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.network import Chain

__all__ = [
    "chain",
    "joined",
    "linear_pass",
    "problem",
    "shipped",
    "side",
    "signals",
    "source",
    "timed",
    "untrained",
]

_T = TypeVar("_T")
_PRESET = "physionet2017"
_RHYTHMS = ("N", "A")


def source() -> str:
    """Which recordings are used, in words."""
    return "PhysioNet 2017, validation split" if _is_real() else "the synthetic cohort"


def signals(seed: int, count: int | None) -> list[FloatArray]:
    """So many recordings at the network's rate, normal and AFib in turn; all if *count* is None.

    Raises:
        SystemExit: If there are not so many.
    """
    if not _is_real():
        if count is None:
            raise SystemExit("split: expected VERICASE_DATA to name the recordings, got nothing")
        return [generated(seed, number) for number in range(count)]
    split = prepared(load_settings(_PRESET), None, progress=False).dataset
    of_each = [split.of(split="validation", labels=(label,)).signals for label in _RHYTHMS]
    if count is None:
        return [signal for each in of_each for signal in each]
    drawn = [np.random.default_rng(seed).permutation(len(each)) for each in of_each]
    if count > 2 * min(map(len, drawn)):
        raise SystemExit(
            f"recordings: expected at most {2 * min(map(len, drawn))} of the split, got {count}"
        )
    return [of_each[number % 2][int(drawn[number % 2][number // 2])] for number in range(count)]


def shipped(preset: str) -> tuple[nn.Sequential, float]:
    """The layers and the threshold of the model of *preset* that comes with the package."""
    checkpoint = Checkpoint.load(shipped_model(preset))
    return layers(checkpoint.network), checkpoint.threshold


def untrained(preset: str, seed: int) -> nn.Sequential:
    """Layers as *preset* has them, with weights drawn so that values keep their size."""
    settings = load_settings(preset)
    network = build_network(settings.network, segment_samples(settings.preprocessing))
    generator = torch.Generator().manual_seed(seed)
    drawn = layers(folded(network.eval()))
    for values in drawn.parameters():
        fan = values[0].numel() if values.dim() > 1 else 0
        noise = torch.randn(values.shape, generator=generator)
        values.data = noise * (2 / fan) ** 0.5 if fan else 0.01 * noise
    return drawn.eval().requires_grad_(False)


def side(
    network: nn.Sequential, signal: FloatArray, threshold: float, segment: int | None = None
) -> float:
    """1 if *network* puts *signal*, cut likewise, above *threshold*, and -1 if not."""
    indices = segment_indices(len(signal), segment or len(signal))
    with torch.no_grad():
        logits = network(torch.from_numpy(signal[indices])[:, None])
    return 1.0 if float((logits[:, 1] - logits[:, 0]).mean()) > threshold else -1.0


def problem(  # noqa: PLR0913  a question is told by its set, its network and its side
    network: nn.Sequential,
    signal: FloatArray,
    *,
    radius_mv: float,
    threshold: float,
    side: float,
    arithmetic: Arithmetic,
    segment: int | None = None,
) -> Problem:
    """Whether *signal* stays on its side of *threshold*, cut into segments of so many samples.

    Without *segment* the signal is one, whatever its length.
    """
    samples = len(signal)
    indices = segment_indices(samples, segment or samples)
    placed = Placed(
        signal=torch.from_numpy(signal.astype(np.float64)),
        rounding=torch.zeros(samples, dtype=torch.float64),
        generators=torch.zeros(0, samples, dtype=torch.float64),
        half_widths=torch.zeros(0, dtype=torch.float64),
        radius=radius_mv,
        indices=torch.from_numpy(indices),
        signs=torch.ones(len(indices), dtype=torch.float64),
        recorder_samples=samples,
    )
    return Problem(
        chain=chain(network, indices.shape[1]),
        region=Region((placed,), None),
        question=Question(sides=torch.tensor([side], dtype=torch.float64), threshold=threshold),
        arithmetic=arithmetic,
    )


@functools.cache
def chain(network: nn.Sequential, samples: int) -> Chain:
    """*network* as the engine sees it, made ready once for all segments of so many *samples*."""
    return chain_of(network, samples)


def linear_pass(asked: Problem) -> tuple[float, float]:
    """The margin by back-substitution, and which share of the ReLUs is open."""
    with torch.inference_mode():
        bounds, relaxations = linear_bounds(asked.chain, asked.region, asked.arithmetic)
        margin = float(linear_margins(asked, bounds, relaxations))
    rectified = [
        (each.lower < 0) & (each.upper > 0)
        for each, layer in zip(bounds, asked.chain.layers, strict=True)
        if layer.rectified
    ]
    return margin, sum(int(each.sum()) for each in rectified) / sum(map(torch.numel, rectified))


def timed(action: Callable[[], _T]) -> tuple[_T, float]:
    """What *action* gives, and the CPU seconds that it took."""
    start = time.process_time()
    given = action()
    return given, time.process_time() - start


def joined(pieces: Sequence[FloatArray], samples: int) -> FloatArray:
    """So many samples, of *pieces* one after the other, from the first again where they end."""
    taken = list(itertools.islice(itertools.chain.from_iterable(itertools.cycle(pieces)), samples))
    return np.array(taken, dtype=np.float32)


def generated(seed: int, number: int) -> FloatArray:
    """One recording of the synthetic cohort at the network's rate, normal or AFib in turn."""
    label = _RHYTHMS[number % 2]
    made = generate_recording(
        seed=seed, number=len(LABELS) * (number // 2) + LABELS.index(label) + 1
    ).recording
    preprocessing = load_settings(_PRESET).preprocessing
    return to_network_rate(made.signal_mv, made.rate_hz, preprocessing)


def _is_real() -> bool:
    return bool(os.environ.get("VERICASE_DATA"))
