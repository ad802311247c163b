"""What a network computes of a recording on the way to its answer: features and logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.errors import ModelError
from afib.network import PlainNetwork
from afib.preprocessing import segments
from nnassure.arrays import require_finite, require_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.checkpoint import Checkpoint
    from nnassure.arrays import DoubleArray, FloatArray

__all__ = ["Embedded", "embedded"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """Of each recording, the mean over its segments.

    Attributes:
        pooled: Outputs of the last convolution, averaged over time, shape (recordings, channels).
        hidden: Outputs of the layer before the last, shape (recordings, hidden).
        logits: Normal rhythm and AFib, shape (recordings, 2).
    """

    pooled: DoubleArray
    hidden: DoubleArray
    logits: DoubleArray


def embedded(checkpoint: Checkpoint, signals: Sequence[FloatArray]) -> Embedded:
    """What the network of *checkpoint* computes of recordings.

    A network of invariant polarity reads each segment both ways; its features are the means of
    both readings.

    Args:
        checkpoint: The model.
        signals: Recordings at the network's rate in mV, each of shape (samples,).

    Raises:
        ModelError: If the network is of another architecture.
        ShapeError: If a recording is empty or not one-dimensional.
        NotFiniteError: If a sample is not finite, or the network computes no finite number.
    """
    network = checkpoint.network
    if not isinstance(network, PlainNetwork):
        raise ModelError(
            f"network: expected architecture 'plain', got {type(network).__name__}; of others no "
            f"features are known"
        )
    rows = []
    with torch.no_grad():
        for position, signal_mv in enumerate(signals):
            require_shape(f"signals[{position}]", signal_mv, "samples")
            require_finite(f"signals[{position}]", signal_mv)
            pieces = segments(signal_mv.astype(np.float32), checkpoint.settings.preprocessing)
            rows.append(_row(network, torch.from_numpy(pieces)))
    pooled, hidden, logits = (
        np.array(part, dtype=np.float64).reshape(len(rows), width)
        for part, width in zip(
            zip(*rows, strict=True) if rows else ([], [], []), _widths(network), strict=True
        )
    )
    for name, values in (("pooled", pooled), ("hidden", hidden), ("logits", logits)):
        require_finite(name, values)
    return Embedded(pooled=pooled, hidden=hidden, logits=logits)


def _row(network: PlainNetwork, pieces: torch.Tensor) -> tuple[DoubleArray, ...]:
    readings = [pieces] if network.settings.polarity == "free" else [pieces, -pieces]
    parts = []
    for reading in readings:
        pooled = network.features(reading.unsqueeze(1)).mean(dim=-1)
        hidden = torch.relu(network.head[0](pooled))
        parts.append((pooled, hidden, network.head[-1](hidden)))
    return tuple(
        torch.stack(part).mean(dim=(0, 1)).double().numpy() for part in zip(*parts, strict=True)
    )


def _widths(network: PlainNetwork) -> tuple[int, int, int]:
    return network.settings.channels[-1], network.settings.hidden, 2
