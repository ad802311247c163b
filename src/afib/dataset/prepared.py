"""Prepared recordings on disk: what was read once is at hand from then on.

A file holds every recording of a source at the network's rate, with all versions of the labels;
splits are not in it, since they cost nothing.
Its name is a digest of the source's content and of the preprocessing, so it never goes stale: a
change of either is another file.
A file that is damaged in any way counts as absent.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.dataset.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nnassure.arrays import BoolArray, DoubleArray, FloatArray, IntArray, StrArray

__all__ = ["Prepared", "load", "save"]

_LABELS = "labels_"
_DAMAGE = (
    EOFError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """What is kept of a source: columns of shape (recordings,), and all signals end to end.

    The columns are those of :class:`afib.dataset.table.Dataset`.
    The signal of recording *i* is ``samples[offsets[i]:offsets[i + 1]]``, in mV.
    """

    names: StrArray
    digests: StrArray
    durations_s: FloatArray
    rates_hz: FloatArray
    peak_mv: FloatArray
    amplitude_mv: FloatArray
    usable: BoolArray
    quality: DoubleArray
    samples: FloatArray
    offsets: IntArray
    label_versions: Mapping[str, StrArray]

    def signals(self) -> tuple[FloatArray, ...]:
        """The signal of each recording, as views."""
        ends = zip(self.offsets[:-1].tolist(), self.offsets[1:].tolist(), strict=True)
        return tuple(self.samples[start:end] for start, end in ends)


def save(path: Path, prepared: Prepared) -> None:
    """*path* holds *prepared*, at once and completely.

    Raises:
        OSError: If it cannot be written; *path* is then as it was.
    """
    arrays: dict[str, Any] = {
        field.name: getattr(prepared, field.name)
        for field in fields(prepared)
        if field.name != "label_versions"
    }
    arrays |= {f"{_LABELS}{version}": of for version, of in prepared.label_versions.items()}
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load(path: Path) -> Prepared | None:
    """What *path* holds, or None if there is no such file or it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                name.removesuffix(".npy"): _array(archive.read(name)) for name in archive.namelist()
            }
        versions = {
            key.removeprefix(_LABELS): arrays.pop(key)
            for key in list(arrays)
            if key.startswith(_LABELS)
        }
        prepared = Prepared(**arrays, label_versions=versions)
    except _DAMAGE:
        return None
    return prepared if _is_sound(prepared) else None


def _array(content: bytes) -> Any:  # noqa: ANN401  (which array it is, is checked by _is_sound)
    # numpy.load on the archive would stop before its checksum where a damaged header is short.
    return np.load(io.BytesIO(content), allow_pickle=False)


def _is_sound(prepared: Prepared) -> bool:
    texts = [prepared.names, prepared.digests, *prepared.label_versions.values()]
    numbers = [
        prepared.durations_s,
        prepared.rates_hz,
        prepared.peak_mv,
        prepared.amplitude_mv,
    ]
    offsets, samples = prepared.offsets, prepared.samples
    return (
        offsets.dtype == np.int64
        and samples.dtype == np.float32
        and offsets.ndim == samples.ndim == 1
        and all(column.dtype.kind == "U" for column in texts)
        and all(column.dtype == np.float32 for column in numbers)
        and prepared.usable.dtype == np.bool_
        and prepared.quality.dtype == np.float64
        and prepared.quality.ndim == 2  # noqa: PLR2004  (recordings and numbers)
        and all(
            column.shape == (len(offsets) - 1,)
            for column in [*texts, *numbers, prepared.usable, prepared.quality[:, 0]]
        )
        and offsets[0] == 0
        and bool(np.all(np.diff(offsets) > 0))
        and offsets[-1] == len(samples)
    )
