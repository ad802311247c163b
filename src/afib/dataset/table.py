"""The prepared recordings as one table: a row each, signals at the network's rate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import (
    BoolArray,
    DoubleArray,
    FloatArray,
    IntArray,
    StrArray,
    require_shape,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["AFIB", "NORMAL", "SPLITS", "Dataset"]

AFIB = "A"
NORMAL = "N"
SPLITS = ("train", "validation", "calibration", "test")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Recordings with what is known of each, sorted by name.

    Attributes:
        source: What the source calls itself.
        rehearsal: Whether nothing measured on these recordings may release a device.
        names: Shape (recordings,).
        labels: ``N``, ``A``, ``O`` or ``~`` in the chosen version, shape (recordings,).
        digests: SHA-256 of the recorder's samples, shape (recordings,).
        splits: One of :data:`SPLITS` each, shape (recordings,).
        folds: Cross-fitting fold from 0, shape (recordings,).
        durations_s: Shape (recordings,).
        rates_hz: The recorder's rate, shape (recordings,).
        peak_mv: Largest absolute sample, shape (recordings,).
        amplitude_mv: From the 1st to the 99th percentile of the recorder's samples, which a
            single artefact does not move; shape (recordings,).
        usable: Whether the recording can hold a rhythm at all (:mod:`afib.usability`), shape
            (recordings,).
        quality: What :func:`afib.quality.quality_features` says of the recorder's samples, shape
            (recordings, numbers); zeros where the recording is not usable.
        signals: Samples in mV at the network's rate, one array of shape (samples,) a recording.
        label_versions: By version, the label of each recording, empty where that version has
            none; shape (recordings,) each.
    """

    source: str
    rehearsal: bool
    names: StrArray
    labels: StrArray
    digests: StrArray
    splits: StrArray
    folds: IntArray
    durations_s: FloatArray
    rates_hz: FloatArray
    peak_mv: FloatArray
    amplitude_mv: FloatArray
    usable: BoolArray
    quality: DoubleArray
    signals: tuple[FloatArray, ...]
    label_versions: Mapping[str, StrArray]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_afib(self) -> BoolArray:
        """Which recordings are labelled as atrial fibrillation, shape (recordings,)."""
        return np.asarray(self.labels == AFIB)

    def where(self, mask: BoolArray) -> Dataset:
        """The recordings for which *mask*, shape (recordings,), is true.

        Raises:
            ShapeError: If *mask* is not one-dimensional.
            IndexError: If *mask* has another length.
        """
        require_shape("mask", mask, "recordings")
        return Dataset(
            source=self.source,
            rehearsal=self.rehearsal,
            names=self.names[mask],
            labels=self.labels[mask],
            digests=self.digests[mask],
            splits=self.splits[mask],
            folds=self.folds[mask],
            durations_s=self.durations_s[mask],
            rates_hz=self.rates_hz[mask],
            peak_mv=self.peak_mv[mask],
            amplitude_mv=self.amplitude_mv[mask],
            usable=self.usable[mask],
            quality=self.quality[mask],
            signals=tuple(compress(self.signals, mask)),
            label_versions={
                version: labels[mask] for version, labels in self.label_versions.items()
            },
        )

    def of(self, *, split: str | None = None, labels: Collection[str] | None = None) -> Dataset:
        """The recordings of one split, of some labels, or both; None does not choose."""
        mask = np.ones(len(self), dtype=np.bool_)
        if split is not None:
            mask &= self.splits == split
        if labels is not None:
            mask &= np.isin(self.labels, list(labels))
        return self.where(mask)
