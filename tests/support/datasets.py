"""Datasets for tests, without a source or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.dataset import Dataset, fold_of, split_of
from afib.quality import QUALITY_FEATURES
from afib.records import signal_digest
from afib.settings import SplitSettings

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, FloatArray, StrArray

__all__ = ["SPLIT", "dataset_of"]

SPLIT = SplitSettings(seed=17, train=0.6, validation=0.1, calibration=0.1, test=0.2, folds=5)
"""The split of the presets."""


def dataset_of(labels: str, signals: list[FloatArray] | None = None) -> Dataset:
    """A dataset with one recording for each letter of *labels*, noise unless *signals* are given.

    Names are ``R000``, ``R001`` and so on; splits and folds follow from the signals.
    """
    if signals is None:
        drawn = np.random.default_rng(len(labels)).normal(size=(len(labels), 1800))
        signals = list((0.3 * drawn).astype(np.float32))
    digests = [signal_digest(signal) for signal in signals]
    count = len(labels)
    kept = np.array(list(labels), dtype=np.str_)
    return Dataset(
        source="synthetic",
        rehearsal=True,
        names=np.array([f"R{number:03d}" for number in range(count)], dtype=np.str_),
        labels=kept,
        digests=np.array(digests, dtype=np.str_),
        splits=np.array([split_of(digest, SPLIT) for digest in digests], dtype=np.str_),
        folds=np.array([fold_of(digest, SPLIT) for digest in digests], dtype=np.int64),
        durations_s=np.array([len(signal) / 60 for signal in signals], dtype=np.float32),
        rates_hz=np.full(count, 300, dtype=np.float32),
        peak_mv=np.array([np.abs(signal).max() for signal in signals], dtype=np.float32),
        amplitude_mv=np.array([np.ptp(signal) for signal in signals], dtype=np.float32),
        usable=np.ones(count, dtype=np.bool_),
        quality=_quality(kept),
        signals=tuple(signals),
        label_versions={"v3": kept},
    )


def _quality(labels: StrArray) -> DoubleArray:
    """Numbers as of quality, drawn; those of noisy recordings lie apart."""
    drawn = np.random.default_rng(len(labels)).normal(size=(len(labels), len(QUALITY_FEATURES)))
    return np.asarray(drawn + 2.0 * (labels == "~")[:, None], np.float64)
