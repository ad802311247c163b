"""Convolutions over time by name, and where the frames lie that they give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from nnassure.errors import NetworkError

__all__ = ["Frames", "convolutions", "frames_of", "last_convolution", "widening"]


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


def widening(network: nn.Module, layer: str | None = None) -> int:
    """How many samples one frame of a convolution sees: what blurs a map of that layer.

    Raises:
        NetworkError: If there is no such convolution.
    """
    return frames_of(network, layer).seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Where the frames of a layer lie: samples that one sees, from one to the next, and centre.

    Of layers in one chain; where several branches meet it says nothing.

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
        padding = {"same": reach / 2, "valid": 0}.get(str(part.padding))
        before = float(np.ravel(part.padding)[0]) if padding is None else padding
        first += (reach / 2 - before) * step
        seen += reach * step
        step *= stride
        if part is wanted:
            break
    return Frames(seen=seen, step=step, first=first)
