"""Recorded noise whose gain nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records import read_recording, read_uncalibrated
from tests.support.recordings import steps, wfdb_record, write_files

if TYPE_CHECKING:
    from pathlib import Path


def _record(gain: str) -> dict[str, bytes]:
    signal = steps()
    return wfdb_record("em", signal, line=f"em.mat 16+24 {gain} 16 0 {signal[0]} 0 0 noise1 ")


def test_an_unknown_gain_is_the_one_that_wfdb_assumes(tmp_path: Path) -> None:
    """200 steps per mV, where the strict reading refuses the record."""
    write_files(tmp_path, _record("0"))
    with pytest.raises(RecordError, match="gain: expected more than 0, got 0"):
        read_recording(tmp_path / "em")
    read = read_uncalibrated(tmp_path / "em")
    assert np.array_equal(read.signal_mv, (steps() / 200).astype(np.float32))
    assert read.rate_hz == 300


def test_a_known_gain_is_kept(tmp_path: Path) -> None:
    """Only a gain of 0 is replaced, and a gain of 0.5 is none."""
    write_files(tmp_path, _record("400/mV"))
    expected = read_recording(tmp_path / "em").signal_mv
    assert np.array_equal(read_uncalibrated(tmp_path / "em").signal_mv, expected)


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    """As any other."""
    write_files(tmp_path, {name: data[:3000] for name, data in _record("0").items()})
    with pytest.raises(RecordError, match="expected 6024 bytes"):
        read_uncalibrated(tmp_path / "em")
