"""What in a recording argues for AFib, and what for normal rhythm: one weight a sample.

A positive weight argues for AFib, a negative one for normal rhythm, whatever was decided. What is
explained is the logit of the recording, the mean over its segments of the AFib logit minus the
normal one; a sample that stands in two segments, because they overlap or repeat a short recording,
has the sum of what it does in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.preprocessing import segment_indices, segment_samples
from nnassure.arrays import require_finite, require_shape
from nnassure.attribution import METHODS, Question, attribution
from nnassure.errors import AttributionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.checkpoint import Checkpoint
    from nnassure.arrays import DoubleArray, FloatArray, IntArray

__all__ = ["METHODS", "USUAL_METHOD", "Evidence", "evidence_in"]

USUAL_METHOD = "grad-cam"
_NORMAL, _AFIB = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """How the samples of one recording argue.

    Attributes:
        weights: At the network's rate, shape (samples,).
        empty: Whether all of them are zero.
    """

    weights: DoubleArray
    empty: bool


def evidence_in(
    checkpoint: Checkpoint,
    signals: Sequence[FloatArray],
    *,
    method: str = USUAL_METHOD,
    layer: str | None = None,
) -> tuple[Evidence, ...]:
    """How the samples of *signals* argue with the network of *checkpoint*.

    A segment without any change, such as one of a lead that is off, argues by no sample of its own;
    its weights are zero.

    Args:
        checkpoint: The model.
        signals: Recordings at the network's rate in mV, each of shape (samples,).
        method: One of :data:`METHODS`.
        layer: Name of a convolution, for methods that look at one; None for the last.

    Raises:
        AttributionError: If there is no such method, or a recording is constant.
        ShapeError: If a recording is empty or not one-dimensional.
        NotFiniteError: If a sample is not finite, or the network answers no finite number.
        NetworkError: If there is no such layer.
    """
    length = segment_samples(checkpoint.settings.preprocessing)
    places: list[IntArray] = []
    for position, signal_mv in enumerate(signals):
        require_shape(f"signals[{position}]", signal_mv, "samples")
        require_finite(f"signals[{position}]", signal_mv)
        if len(signal_mv) and np.ptp(signal_mv) == 0:
            raise AttributionError(
                f"signals[{position}]: expected a recording that varies, got a constant one"
            )
        places.append(segment_indices(len(signal_mv), length))
    pieces = [
        signal_mv[at].astype(np.float32) for signal_mv, at in zip(signals, places, strict=True)
    ]
    every = np.concatenate(pieces) if pieces else np.zeros((0, length), np.float32)
    question = Question(network=checkpoint.network, wanted=_AFIB, other=_NORMAL, layer=layer)
    varies = np.ptp(every, axis=1) > 0 if len(every) else np.zeros(0, np.bool_)
    weights = np.zeros(every.shape)
    weights[varies] = attribution(method, question, every[varies]).weights
    ends = np.cumsum([0, *(len(at) for at in places)])
    return tuple(
        _evidence(len(signal_mv), at, weights[start:end])
        for signal_mv, at, start, end in zip(signals, places, ends[:-1], ends[1:], strict=True)
    )


def _evidence(samples: int, at: IntArray, weights: DoubleArray) -> Evidence:
    summed = np.zeros(samples)
    np.add.at(summed, at, weights / len(at))
    return Evidence(weights=summed, empty=not summed.any())
