"""A recording as files that any reader of ECG takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.records.wfdb_record import write_wfdb

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from afib.records.recording import Recording

__all__ = ["write_recording"]

# By how much of a step float32 millivolts may miss a whole one.
_WHOLE = 0.01


def write_recording(recording: Recording, folder: Path, name: str) -> Path:
    """The file in *folder* that is to be read for *recording*.

    A WFDB header, with its samples beside it, where the recording is in whole steps of a known
    converter; comma-separated text otherwise.

    Args:
        recording: What is written.
        folder: Has to be there.
        name: Of the record: letters, digits, ``-`` and ``_``.

    Raises:
        OSError: If *folder* cannot be written to.
    """
    steps = _steps(recording)
    if steps is None or recording.step_mv is None:
        path = folder / f"{name}.csv"
        rows = "".join(f"{each:.9g}\n" for each in recording.signal_mv.tolist())
        path.write_text(f"# rate_hz: {recording.rate_hz:.12g}\nmv\n{rows}", encoding="ascii")
        return path
    return write_wfdb(
        folder, name, steps, rate_hz=recording.rate_hz, steps_per_mv=1 / recording.step_mv
    )


def _steps(recording: Recording) -> NDArray[np.int64] | None:
    """The samples in steps of the converter; None where they are not whole, or none is known."""
    if recording.step_mv is None:
        return None
    exact = recording.signal_mv.astype(np.float64) / recording.step_mv
    steps = np.rint(exact)
    return None if bool((np.abs(exact - steps) > _WHOLE).any()) else steps.astype(np.int64)
