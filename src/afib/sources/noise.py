"""Recorded noise of moving people, at the rate of recordings (MIT-BIH Noise Stress Test Database).

(Moody 1984, doi:10.13026/C2HS3T.) A detector is chosen with the first half of each record and
judged with the second.
"""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

from afib.errors import SourceError
from afib.records import read_uncalibrated

if TYPE_CHECKING:
    from pathlib import Path

    from nnassure.arrays import DoubleArray

__all__ = ["noise_digest", "noise_records"]

_RECORDS = ("bw", "em", "ma")


def noise_records(folder: Path, *, rate_hz: float, later: bool) -> dict[str, DoubleArray]:
    """The first signal of each record, one half of it.

    Args:
        folder: Holds ``bw`` (wander), ``em`` (electrode motion) and ``ma`` (muscle).
        rate_hz: Samples a second that are wanted.
        later: Whether the second half is wanted.

    Returns:
        By name, each of shape (samples,), in no unit.

    Raises:
        SourceError: If a record is missing.
        RecordError: If one is damaged.
    """
    missing = [name for name in _RECORDS if not (folder / f"{name}.hea").is_file()]
    if missing:
        raise SourceError(f"{folder}: expected records bw, em and ma, got no {', '.join(missing)}")
    found = {}
    for name in _RECORDS:
        record = read_uncalibrated(folder / name)
        ratio = Fraction(rate_hz / record.rate_hz).limit_denominator(1000)
        signal = resample_poly(
            record.signal_mv.astype(np.float64), ratio.numerator, ratio.denominator
        )
        middle = len(signal) // 2
        found[name] = signal[middle:] if later else signal[:middle]
    return found


def noise_digest(folder: Path) -> str:
    """The SHA-256 of what the records in *folder* hold, at their own rate.

    Raises:
        RecordError: If one is missing or damaged.
    """
    parts = sha256()
    for name in _RECORDS:
        parts.update(f"{name} {read_uncalibrated(folder / name).digest}\0".encode())
    return parts.hexdigest()
