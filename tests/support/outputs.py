"""Features, logits and labels as a network might compute them of records of two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Outputs", "outputs"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outputs:
    """What a network computed of records, and their classes."""

    features: DoubleArray
    logits: DoubleArray
    labels: IntArray
    weights: DoubleArray
    bias: DoubleArray


def outputs(records: int = 200, width: int = 6, *, seed: int = 0, apart: float = 3.0) -> Outputs:
    """Two clouds of features, correlated and of unlike spread, under one linear layer."""
    generator = np.random.default_rng(seed)
    labels = np.arange(records, dtype=np.int64) % 2
    mix = generator.normal(size=(width, width)) * np.geomspace(1, 0.2, width)
    centres = np.stack([np.zeros(width), np.full(width, apart)])
    features = centres[labels] + generator.normal(size=(records, width)) @ mix
    weights, bias = generator.normal(size=(2, width)), generator.normal(size=2)
    return Outputs(
        features=features,
        logits=features @ weights.T + bias,
        labels=labels,
        weights=weights,
        bias=bias,
    )
