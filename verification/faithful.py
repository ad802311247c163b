"""Whether answers hang on what explanations weigh, and what recordings look like on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from afib.records import Recording
from afib.seen import seen_of
from nnassure.explanation import deletion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from afib.decision import Limits
    from nnassure.arrays import BoolArray, DoubleArray, FloatArray

__all__ = ["Faithful", "accepted_of", "faithfulness"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faithful:
    """What taking away and putting back came to, and the recordings half way.

    Attributes:
        values: ``removed METHOD``, ``inserted METHOD`` and ``faithful METHOD``, each of shape
            (recordings,).
        halfway: Segments of which the half that weighs most by the first method is replaced, shape
            (recordings, samples).
        halfway_at_random: The same with a half replaced that was drawn.
    """

    values: Mapping[str, DoubleArray]
    halfway: FloatArray
    halfway_at_random: FloatArray


def faithfulness(
    network: nn.Module,
    inputs: FloatArray,
    maps: Mapping[str, DoubleArray],
    called: BoolArray,
    asked: Mapping[str, Any],
) -> Faithful:
    """How much better than at random the answer falls and rises in the order of each map.

    Args:
        network: What is explained.
        inputs: Segments, shape (recordings, samples).
        maps: Of AFib against normal rhythm, by method; the first gives what is half way.
        called: Whether each is called AFib, shape (recordings,).
        asked: ``stretch`` and ``fade`` in samples, ``orders`` and ``seed``.
    """
    side = np.where(called, 1.0, -1.0)

    def answer(changed: FloatArray) -> DoubleArray:
        with torch.no_grad():
            normal, afib = network(torch.from_numpy(changed)).double().unbind(dim=1)
        return np.asarray(side * (afib - normal).numpy(), np.float64)

    values: dict[str, DoubleArray] = {}
    halves: list[tuple[FloatArray, FloatArray]] = []
    for method, weights in maps.items():
        tested = deletion(
            answer,
            inputs,
            weights * side[:, None],
            replacement=_others(inputs, called, asked["seed"]),
            stretch=asked["stretch"],
            orders=asked["orders"],
            seed=asked["seed"],
            fade=asked["fade"],
        )
        values[f"removed {method}"] = tested.removed.gain
        values[f"inserted {method}"] = tested.inserted.gain
        values[f"faithful {method}"] = tested.removed.gain + tested.inserted.gain
        halves.append((tested.halfway, tested.halfway_at_random))
    by_weight, at_random = halves[0]
    return Faithful(values=values, halfway=by_weight, halfway_at_random=at_random)


def accepted_of(limits: Limits, segments: FloatArray, rate_hz: float) -> BoolArray:
    """Which *segments*, taken for recordings, the gate of a device accepts, shape (segments,)."""
    recordings = [
        Recording.of(name=f"segment {place}", signal_mv=row, rate_hz=rate_hz, origin="a segment")
        for place, row in enumerate(segments)
    ]
    return limits.uncertainty.strangeness.accepts(seen_of(limits.checkpoint, recordings))


def _others(inputs: FloatArray, called: BoolArray, seed: int) -> FloatArray:
    """For each recording one that is called the other rhythm: plausible, and no evidence for it.

    Where there is none such, any.
    """
    generator = np.random.default_rng(seed)
    others = [np.flatnonzero(called != own) for own in called]
    partners = [int(generator.choice(own if len(own) else len(called))) for own in others]
    return inputs[partners]
