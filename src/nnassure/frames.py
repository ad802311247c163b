"""Convolutions over time by name, and where the frames lie that they give."""

from __future__ import annotations

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
        padding = {"same": reach / 2, "valid": 0}.get(str(part.padding))
        before = float(np.ravel(part.padding)[0]) if padding is None else padding
        first += (reach / 2 - before) * step
        seen += reach * step
        step *= stride
        if part is wanted:
            break
    return Frames(seen=seen, step=step, first=first)


def require_chain(placed: Frames, read: Callable[[torch.Tensor], torch.Tensor], count: int) -> None:
    """Require that frames see of a record what *placed* says.

    A sample that is no number spoils every frame that sees it, whatever the weights are. So records
    that are spoilt from their middle on, or up to it, tell where frames begin and end.

    Args:
        placed: Where the frames should lie.
        read: From records, shape (records, samples), to frames, shape (records, channels, frames).
        count: Samples of a record.

    Raises:
        NetworkError: If frames see more or less, as where branches meet, or where a layer looks at
            the whole of a record.
    """
    middle = count // 2
    spoilt = torch.zeros((2, count))
    spoilt[0, middle:] = torch.nan
    spoilt[1, :middle] = torch.nan
    with torch.no_grad():
        seen = read(spoilt).isnan().any(dim=1).numpy()
    centres = placed.first + placed.step * np.arange(seen.shape[1])
    reach = (placed.seen - 1) / 2
    wanted = np.stack([centres + reach >= middle, centres - reach < middle])
    if not np.array_equal(seen, wanted):
        raise NetworkError(
            "layer: expected one at the end of a single chain of convolutions and poolings, got "
            "one whose frames see other samples than such a chain shows them"
        )
