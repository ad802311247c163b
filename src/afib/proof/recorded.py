"""Shapes that recorded noise takes, such as that of the MIT-BIH Noise Stress Test Database.

The Noise Stress Test (Moody 1984, doi:10.13026/C2HS3T) recorded electrode motion (``em``), muscle
(``ma``) and wander of the baseline (``bw``) of physically active people, without their ECG.
The first half of each record gives the shapes; the second half is kept, so that what was proven
of the shapes can be held against noise that had no part in them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import SourceError
from afib.preprocessing import to_network_rate
from afib.records import read_uncalibrated
from afib.sources import noise_folder
from nnassure.perturbation import principal_components

if TYPE_CHECKING:
    from pathlib import Path

    from afib.records import Recording
    from afib.settings import PreprocessingSettings
    from nnassure.arrays import DoubleArray

__all__ = ["NOISES", "RecordedNoise", "noise_windows", "recorded_noise"]

#: Records of the Noise Stress Test, of which the first signal is read.
NOISES = ("bw", "em", "ma")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedNoise:
    """Shapes that span a part of recorded noise.

    Attributes:
        components: Shapes with a peak of 1, the strongest first, shape (components, samples).
        share: Of the variance of the windows that they were taken from, what they span.
        share_kept: The same of the windows that were kept for later.
        windows: How many windows they were taken from.
    """

    components: DoubleArray
    share: float
    share_kept: float
    windows: int


def recorded_noise(
    place: Path | None,
    *,
    rate_hz: float,
    samples: int,
    count: int,
    settings: PreprocessingSettings,
) -> RecordedNoise:
    """The shapes along which recorded noise varies most, at a rate and for a length.

    Each window is less its mean and scaled to a root mean square of 1, so that a quiet record
    counts as much as a loud one.

    Args:
        place: A folder with records of the Noise Stress Test, or any one record; None for the
            folder ``nstdb`` below ``VERICASE_DATA``.
        rate_hz: Samples a second that are wanted.
        samples: Length of a window.
        count: Shapes that are wanted.
        settings: Of the filter that brings the noise to *rate_hz*.

    Raises:
        SourceError: If there is no noise, or it is shorter than two windows.
        RecordError: If a record is damaged.
        PerturbationError: If the windows vary along fewer shapes than *count*.
    """
    place = noise_folder() if place is None else place
    return _recorded(place, _file_stamps(place), rate_hz, samples, count, settings)


def noise_windows(
    place: Path, *, rate_hz: float, samples: int, settings: PreprocessingSettings, later: bool
) -> DoubleArray:
    """Windows of the first half of each record, or of the second one if *later*, half overlapping.

    Returns:
        Each less its mean and with a root mean square of 1, shape (windows, samples).

    Raises:
        SourceError: If there is no noise, or half a record is shorter than a window.
        RecordError: If a record is damaged.
    """
    records = _records(place)
    windows = [
        window
        for record in records
        for window in _cut(_at_rate(record, rate_hz, settings), samples, later=later)
    ]
    if not windows:
        longest = max(len(record.signal_mv) / record.rate_hz for record in records)
        raise SourceError(
            f"{place}: expected noise of at least {2 * samples / rate_hz:g} s, got {longest:g} s"
        )
    centred = np.stack(windows)
    centred -= centred.mean(axis=1, keepdims=True)
    sizes = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    return np.asarray(centred[sizes[:, 0] > 0] / sizes[sizes[:, 0] > 0], np.float64)


@lru_cache(maxsize=8)
def _recorded(
    place: Path,
    _written: tuple[tuple[str, int, int], ...],
    rate_hz: float,
    samples: int,
    count: int,
    settings: PreprocessingSettings,
) -> RecordedNoise:
    """The recordings of a cohort are often alike in length, and reading takes seconds."""
    first, second = (
        noise_windows(place, rate_hz=rate_hz, samples=samples, settings=settings, later=later)
        for later in (False, True)
    )
    components = principal_components(first, count)
    components.setflags(write=False)
    return RecordedNoise(
        components=components,
        share=_spanned(components, first),
        share_kept=_spanned(components, second),
        windows=len(first),
    )


def _file_stamps(place: Path) -> tuple[tuple[str, int, int], ...]:
    """When which file was written, and its size: other noise in the same place is other noise."""
    beside = place.iterdir() if place.is_dir() else place.parent.glob(f"{place.stem}.*")
    stats = [(path.name, path.stat()) for path in sorted(beside) if path.is_file()]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _spanned(components: DoubleArray, windows: DoubleArray) -> float:
    """The share of the variance of *windows* that lies along *components*, which are orthogonal."""
    directions = components / np.linalg.norm(components, axis=1, keepdims=True)
    along = windows @ directions.T
    return float((along**2).sum() / (windows**2).sum())


def _records(place: Path) -> list[Recording]:
    if not place.is_dir():
        return [read_uncalibrated(place)]
    names = [name for name in NOISES if (place / f"{name}.hea").is_file()]
    if not names:
        raise SourceError(
            f"{place}: expected records of the Noise Stress Test ({', '.join(NOISES)}), got none"
        )
    return [read_uncalibrated(place / name) for name in names]


def _at_rate(record: Recording, rate_hz: float, settings: PreprocessingSettings) -> DoubleArray:
    wanted = replace(settings, rate_hz=rate_hz)
    return np.asarray(to_network_rate(record.signal_mv, record.rate_hz, wanted), np.float64)


def _cut(signal: DoubleArray, samples: int, *, later: bool) -> list[DoubleArray]:
    middle = len(signal) // 2
    half = signal[middle:] if later else signal[:middle]
    starts = range(0, len(half) - samples + 1, max(samples // 2, 1))
    return [half[start : start + samples] for start in starts]
