"""Recordings that a table is measured on, drawn by seed, and the noise that is laid over them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from afib.dataset import AFIB, NORMAL
from afib.errors import SourceError
from afib.sources import noise_folder
from afib.sources.noise import noise_records

if TYPE_CHECKING:
    from afib.corruption import NoiseRecords
    from afib.dataset import Dataset

__all__ = ["drawn", "recorded_noise"]


def drawn(dataset: Dataset, each: int, seed: int) -> frozenset[str]:
    """Names of at most *each* recordings of *dataset* with normal rhythm, and as many with AFib."""
    generator = np.random.default_rng(seed)
    chosen: list[str] = []
    for label in (NORMAL, AFIB):
        names = sorted(dataset.of(labels=(label,)).names.tolist())
        chosen += generator.permutation(names)[:each].tolist()
    return frozenset(chosen)


@lru_cache(maxsize=8)
def recorded_noise(rate_hz: float, *, later: bool) -> NoiseRecords:
    """The half of recorded noise that gates were shown, or the *later* one; none without any."""
    try:
        return noise_records(noise_folder(), rate_hz=rate_hz, later=later)
    except SourceError:
        return {}
