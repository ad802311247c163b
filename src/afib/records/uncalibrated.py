"""Records whose headers say that their gain is not known, such as recorded noise.

Their shapes can be used and their amplitudes cannot, so no ECG is read this way (decision 0004).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, final

from afib.records.shelf import Folder
from afib.records.wfdb_record import read_wfdb

if TYPE_CHECKING:
    from afib.records.recording import Recording

__all__ = ["read_uncalibrated"]

# header(5): a gain of 0 means that there was no calibration; 200 steps per mV are then assumed.
_UNKNOWN_GAIN = re.compile(rb"(?m)^(\S+[ \t]+\S+[ \t]+)0(?=[ \t])")
_ASSUMED = rb"\g<1>200"


def read_uncalibrated(path: str | Path) -> Recording:
    """The WFDB record that *path* names, with 200 steps per mV where its header states a gain of 0.

    Raises:
        RecordError: If there is no such record, or it is damaged or refused.
    """
    header = Path(path).resolve().with_suffix(".hea")
    return read_wfdb(_Assumed(header.parent), header.name)


@final
class _Assumed:
    """The files of a folder, whose headers state the gain that WFDB assumes."""

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)

    def names(self) -> list[str]:
        """The names of all files."""
        return self._folder.names()

    def place(self, name: str) -> str:
        """The path of the file *name*."""
        return self._folder.place(name)

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of the file *name*, those of a header with a gain."""
        content = self._folder.read(name, limit)
        if not name.endswith(".hea"):
            return content
        first, line_end, signals = content.partition(b"\n")
        return first + line_end + _UNKNOWN_GAIN.sub(_ASSUMED, signals)
