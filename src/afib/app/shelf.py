"""Signals of opened recordings, in one file without a name.

The file ends with the app, however that ends, and leaves nothing behind.
Memory stays small whatever is opened.
"""

from __future__ import annotations

import os
import tempfile
import threading
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray

__all__ = ["Kept", "SignalShelf"]

_MOST_BYTES = 8 * 1024**3
_SAMPLE_BYTES = 4


class SignalShelf:
    """Where signals lie while the app runs."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="afib-")  # noqa: SIM115  open as long as the app
        self._lock = threading.Lock()
        self._end = 0

    def keep(self, signal_mv: FloatArray) -> Kept:
        """*signal_mv*, shape (samples,), where it can be read again.

        Raises:
            RecordError: If no more fits.
        """
        content = np.ascontiguousarray(signal_mv, dtype="<f4").data.cast("B")
        with self._lock:
            start, end = self._end, self._end + len(content)
            if end > _MOST_BYTES:
                raise RecordError(
                    "upload", "desk: expected room for a recording, got none; restart"
                )
            self._end = end
        written = 0
        while written < len(content):
            written += os.pwrite(self._file.fileno(), content[written:], start + written)
        return Kept(self._file.fileno(), start, len(signal_mv))

    def close(self) -> None:
        """Nothing of it can be read any more."""
        self._file.close()


class Kept:
    """A signal on the shelf."""

    def __init__(self, handle: int, start: int, samples: int) -> None:
        self._handle, self._start, self.samples = handle, start, samples

    def part(self, first: int, last: int) -> FloatArray:
        """The samples from *first* up to but not *last*, as far as there are any, in mV."""
        first, last = max(0, first), min(last, self.samples)
        wanted = max(0, last - first) * _SAMPLE_BYTES
        content = os.pread(self._handle, wanted, self._start + first * _SAMPLE_BYTES)
        return np.frombuffer(content, dtype="<f4")

    def whole(self) -> FloatArray:
        """All samples in mV, shape (samples,)."""
        # A read of the system ends at 2 GiB; no recording is as long.
        return self.part(0, self.samples)
