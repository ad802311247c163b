"""Convolutions over time by name, and where the frames lie that they give."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from nnassure.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Frames",
    "convolutions",
    "frames_of",
    "last_convolution",
    "read_at",
    "require_chain",
    "widening",
]


def convolutions(network: nn.Module) -> dict[str, nn.Conv1d]:
    """The convolutions of *network* over time, by name, in their order."""
    return {name: part for name, part in network.named_modules() if isinstance(part, nn.Conv1d)}


def last_convolution(network: nn.Module, name: str | None = None) -> nn.Conv1d:
    """The convolution of this *name*, or the last one.

    Raises:
        NetworkError: If there is none of that name, or none at all.
    """
    found = convolutions(network)
    if not found:
        raise NetworkError(
            f"network: expected a convolution over time, got none in {type(network).__name__}"
        )
    chosen = list(found)[-1] if name is None else name
    if chosen not in found:
        raise NetworkError(f"layer: expected one of {', '.join(found)}, got {name!r}")
    return found[chosen]


def read_at(network: nn.Module, name: str | None = None) -> nn.Module:
    """Where a map of a layer is read: after a ReLU of its own that follows the convolution.

    Raises:
        NetworkError: If there is no such convolution.
    """
    wanted = last_convolution(network, name)
    chains = [part for part in network.modules() if isinstance(part, nn.Sequential)]
    stands = Counter(id(layer) for chain in chains for layer in chain)
    for layer, after in (pair for chain in chains for pair in itertools.pairwise(chain)):
        # One that follows other layers too would be read for all of them.
        if layer is wanted and isinstance(after, nn.ReLU) and stands[id(after)] == 1:
            return after
    return wanted


def widening(network: nn.Module, layer: str | None = None) -> int:
    """How many samples one frame of a convolution sees: what blurs a map of that layer.

    Raises:
        NetworkError: If there is no such convolution.
    """
    return frames_of(network, layer).seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Where the frames of a layer lie: samples that one sees, from one to the next, and centre.

    Of layers in one chain; where several branches meet it says nothing, and
    :func:`require_chain` refuses them.

    Attributes:
        seen: Samples that one frame sees.
        step: Samples from the centre of one frame to that of the next.
        first: Centre of the first frame, in samples.
    """

    seen: int
    step: int
    first: float


def frames_of(network: nn.Module, layer: str | None = None) -> Frames:
    """Where the frames of a convolution lie.

    Raises:
        NetworkError: If there is no such convolution.
    """
    wanted = last_convolution(network, layer)
    seen, step, first = 1, 1, 0.0
    for part in network.modules():
        if not isinstance(part, nn.Conv1d | nn.AvgPool1d | nn.MaxPool1d):
            continue
        # One number or a tuple of one.
        kernel, stride, apart = (
            int(np.ravel(getattr(part, name, 1))[0])
            for name in ("kernel_size", "stride", "dilation")
        )
        reach = (kernel - 1) * apart
        # Of an odd number, torch puts the larger half behind.
        padding = {"same": reach // 2, "valid": 0}.get(str(part.padding))
        before = float(np.ravel(part.padding)[0]) if padding is None else padding
        first += (reach / 2 - before) * step
        seen += reach * step
        step *= stride
        if part is wanted:
            break
    return Frames(seen=seen, step=step, first=first)


def require_chain(placed: Frames, read: Callable[[torch.Tensor], torch.Tensor], count: int) -> None:
    """Require that frames see of a record what *placed* says, to the sample.

    A sample that is no number spoils every frame that sees it, whatever the weights are. So records
    that are spoilt up to a place, or from one on, tell where a frame begins and ends. Of the frames
    that see nothing but the record, the first and the last are asked.

    Args:
        placed: Where the frames should lie.
        read: From records, shape (records, samples), to frames, shape (records, channels, frames).
        count: Samples of a record.

    Raises:
        NetworkError: If a frame sees more or less, as where branches meet, or where a layer looks
            at the whole of a record; or if a record is shorter than what a frame sees.
    """
    with torch.no_grad():
        frames = read(torch.zeros((1, count))).shape[-1]
        starts = np.rint(placed.first + placed.step * np.arange(frames) - (placed.seen - 1) / 2)
        inside = np.flatnonzero((starts >= 0) & (starts + placed.seen <= count))
        if not len(inside):
            raise NetworkError(
                f"inputs: expected records in which a frame of the layer finds place, of at least "
                f"{placed.seen} samples, got {count}"
            )
        chosen = inside[[0, 0, 0, 0, -1, -1, -1, -1]]
        spoilt = torch.zeros((len(chosen), count))
        for place, frame in enumerate(chosen.tolist()):
            start = int(starts[frame])
            end = start + placed.seen
            # Up to the frame, into it, after it, and from its last sample on.
            cut = (slice(start), slice(start + 1), slice(end, None), slice(end - 1, None))[
                place % 4
            ]
            spoilt[place, cut] = torch.nan
        seen = read(spoilt).isnan().any(dim=1).numpy()[np.arange(len(chosen)), chosen]
    if seen.tolist() != [False, True, False, True] * 2:
        raise NetworkError(
            "layer: expected one at the end of a single chain of convolutions and poolings, got "
            "one whose frames see other samples than such a chain shows them"
        )
