"""A recording as files that any reader of ECG takes: WFDB where the recorder's step is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError
from afib.records.wfdb_record import write_wfdb

if TYPE_CHECKING:
    from pathlib import Path

    from afib.records.recording import Recording

__all__ = ["write_recording"]

# By how much of a step float32 millivolts may miss a whole one.
_WHOLE = 0.01


def write_recording(recording: Recording, folder: Path, name: str) -> Path:
    """The file in *folder* that is to be read for *recording*: a WFDB header, or comma-separated.

    Args:
        recording: In whole steps of its converter where it states them, a WFDB record then.
        folder: Has to be there.
        name: Of the record: letters, digits, ``-`` and ``_``.

    Raises:
        RecordError: If a sample is no whole step.
        OSError: If *folder* cannot be written to.
    """
    if recording.step_mv is None:
        path = folder / f"{name}.csv"
        rows = "".join(f"{each:.9g}\n" for each in recording.signal_mv.tolist())
        path.write_text(f"# rate_hz: {recording.rate_hz:.12g}\nmv\n{rows}", encoding="ascii")
        return path
    exact = recording.signal_mv.astype(np.float64) / recording.step_mv
    steps = np.rint(exact)
    if bool((np.abs(exact - steps) > _WHOLE).any()):
        raise RecordError(
            recording.name, f"{recording.origin}: expected whole steps of the converter, got others"
        )
    return write_wfdb(
        folder,
        name,
        steps.astype(np.int64),
        rate_hz=recording.rate_hz,
        steps_per_mv=1 / recording.step_mv,
    )
