"""Which part of a heartbeat each sample belongs to, by its time from R peaks.

The borders are usual values of an adult at rest, not delineated waves: a QRS complex of 0.12 s
round its R peak, 0.18 s for P wave and PR segment before it, and the T wave up to 0.4 s after it,
or two thirds of the interval where that is less (Surawicz 2009,
doi:10.1161/CIRCULATIONAHA.108.191095). In atrial fibrillation there is no P wave; what stands
there, and between beats, are fibrillatory waves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["PARTS", "beat_parts"]

#: By the number that :func:`beat_parts` gives them, from 0.
PARTS = ("QRS", "ST-T", "TP", "P")

# A sample on a border belongs to the part, whatever its time is rounded to.
_ROUNDED_S = 1e-9
_QRS_S, _P_S, _T_S, _T_SHARE = 0.06 + _ROUNDED_S, 0.24 + _ROUNDED_S, 0.4 + _ROUNDED_S, 2 / 3


def beat_parts(peaks_s: DoubleArray, samples: int, rate_hz: float) -> IntArray:
    """The part of each sample: its place in :data:`PARTS`, or -1 before and after all beats.

    Args:
        peaks_s: Times of the R peaks from the start, rising, shape (beats,).
        samples: Length of the signal.
        rate_hz: Its rate.

    Returns:
        Shape (samples,); all -1 where there are fewer than two beats.

    Raises:
        ShapeError: If the peaks do not rise.
    """
    if not (np.diff(peaks_s) > 0).all():
        raise ShapeError("peaks_s: expected rising times, got others")
    parts = np.full(samples, -1, dtype=np.int64)
    if len(peaks_s) < 2:  # noqa: PLR2004  a beat has a peak on either side
        return parts
    times_s = np.arange(samples) / rate_hz
    after = np.searchsorted(peaks_s, times_s, side="right")
    inside = (after > 0) & (after < len(peaks_s))
    before_s = peaks_s[np.clip(after - 1, 0, None)]
    next_s = peaks_s[np.clip(after, None, len(peaks_s) - 1)]
    since, until = times_s - before_s, next_s - times_s
    end_s = np.minimum(_T_S, _T_SHARE * (next_s - before_s))
    chosen = np.select(
        [(since <= _QRS_S) | (until <= _QRS_S), until <= _P_S, since <= end_s], [0, 3, 1], default=2
    )
    parts[inside] = chosen[inside]
    return parts
