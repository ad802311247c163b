"""What a strip shows of a signal: stretches, filtered for the eye alone if asked, and outlines.

The network never sees what is filtered here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, iirnotch, sosfiltfilt, tf2sos

from afib.errors import RecordError

if TYPE_CHECKING:
    from afib.app.desk import Opened
    from nnassure.arrays import FloatArray

__all__ = ["FILTERS", "TILE_S", "outline", "tile"]

#: A stretch that a page asks for at once.
TILE_S = 60.0
#: Before and after a stretch, so that a filter has settled where it begins.
_AROUND_S = 10.0
#: By the name that the page gives: what is printed on the strip.
FILTERS = {
    "none": "no filter",
    "monitor": "filter 0.5 to 40 Hz",
    "mains50": "filter without 50 Hz",
    "mains60": "filter without 60 Hz",
}
_MONITOR_HZ, _ORDER, _QUALITY = (0.5, 40.0), 2, 30.0
_BLOCK, _LARGEST_TOLD = 2**20, 10**9


def tile(opened: Opened, number: int, kind: str) -> FloatArray:
    """The samples of a stretch in mV, shape (samples,), float32.

    Args:
        opened: The recording.
        number: Of the stretch, each of 60 s, from 0.
        kind: One of :data:`FILTERS`; a filter runs forth and back: it moves nothing in time.

    Raises:
        RecordError: If there is no such stretch, no such filter, or the rate does not carry it.
    """
    rate_hz = opened.recording.rate_hz
    if kind not in FILTERS:
        raise RecordError("filter", f"filter: expected one of {', '.join(FILTERS)}")
    # Compared as whole numbers first: a page may ask for one beyond all others.
    if not 0 <= number < opened.kept.samples or number * TILE_S * rate_hz >= opened.kept.samples:
        got = number if abs(number) < _LARGEST_TOLD else "a larger number"
        raise RecordError("stretch", f"stretch: expected one inside the recording, got {got}")
    first, last = (round((number + more) * TILE_S * rate_hz) for more in (0, 1))
    if kind == "none":
        return opened.kept.part(first, last)
    sections = _sections(kind, rate_hz)
    around = round(_AROUND_S * rate_hz)
    start = max(0, first - around)
    signal = opened.kept.part(start, last + around).astype(np.float64)
    longest = min(len(signal) - 1, around)
    filtered = np.asarray(sosfiltfilt(sections, signal, padlen=longest), dtype=np.float32)
    return filtered[first - start : first - start + min(last, opened.kept.samples) - first]


def outline(opened: Opened, columns: int) -> FloatArray:
    """The lowest and highest sample of each of *columns* stretches in mV, shape (columns, 2)."""
    samples = opened.kept.samples
    edges = np.linspace(0, samples, min(columns, samples) + 1).astype(np.int64)
    found = np.empty((len(edges) - 1, 2), dtype=np.float32)
    # By blocks of whole columns: a day of ECG is not read at once.
    each = max(1, _BLOCK * (len(edges) - 1) // samples)
    for first in range(0, len(found), each):
        own = edges[first : first + each + 1]
        signal = opened.kept.part(int(own[0]), int(own[-1]))
        starts = own[:-1] - own[0]
        found[first : first + len(starts), 0] = np.minimum.reduceat(signal, starts)
        found[first : first + len(starts), 1] = np.maximum.reduceat(signal, starts)
    return found


@lru_cache(maxsize=32)
def _sections(kind: str, rate_hz: float) -> FloatArray:
    nyquist_hz = rate_hz / 2
    if kind == "monitor":
        low, high = _MONITOR_HZ
        if high >= nyquist_hz:
            return np.asarray(butter(_ORDER, low, "highpass", fs=rate_hz, output="sos"))
        return np.asarray(butter(_ORDER, (low, high), "bandpass", fs=rate_hz, output="sos"))
    mains_hz = float(kind.removeprefix("mains"))
    if mains_hz >= nyquist_hz:
        raise RecordError(
            "filter", f"filter: expected a recording above {2 * mains_hz:g} Hz, got {rate_hz:g} Hz"
        )
    return np.asarray(tf2sos(*iirnotch(mains_hz, _QUALITY, fs=rate_hz)))
