"""Laws of reading: damage is refused or harmless, and what is written is what is read."""

from __future__ import annotations

import contextlib

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from afib.errors import RecordError
from afib.records.csv_text import read_csv
from afib.records.edf import read_edf
from afib.records.header import parse_header
from afib.records.wfdb_record import read_wfdb
from tests.support.recordings import MemoryShelf, edf_file, steps, wfdb_record

HEADER = b"r 2 300 3000 05:05:15 1/05/2000\r\nr.dat 16+24 1000(0)/mV 16 0 12 0 0 I\nr.dat 16+24 9\n"
EDF = edf_file([{}], steps(2500).tobytes())
searched = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
CSV = b"# rate_hz: 300\nmv\n" + b"0.125\n" * 20


@searched
@given(position=st.integers(0, len(HEADER) - 1), byte=st.integers(0, 255))
def test_one_wrong_byte_in_a_header_is_refused_or_stays_a_header(position: int, byte: int) -> None:
    """Whatever comes in, the answer is a header within its limits or a RecordError."""
    damaged = bytearray(HEADER)
    damaged[position] = byte
    with contextlib.suppress(RecordError):
        header = parse_header("r", "r.hea", bytes(damaged))
        assert 50 <= header.rate_hz <= 10_000
        assert header.gain > 0
        assert header.file.startswith("r")
        assert 1 <= header.samples * header.signals <= 2**26


@searched
@given(content=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_read_but_never_crash(content: bytes) -> None:
    """Every reader meets every content with a recording or a RecordError."""
    files = {"r.hea": content, "r.dat": content, "r.csv": content, "r.edf": content}
    for read, name in ((read_wfdb, "r.hea"), (read_csv, "r.csv"), (read_edf, "r.edf")):
        with contextlib.suppress(RecordError):
            assert np.isfinite(read(MemoryShelf(files), name).signal_mv).all()


@searched
@given(position=st.integers(0, 511), byte=st.integers(0, 255))
def test_one_wrong_byte_in_an_edf_header_is_refused_or_harmless(position: int, byte: int) -> None:
    """A changed header gives a refusal, or a finite signal within 20 mV of the same length."""
    damaged = bytearray(EDF)
    damaged[position] = byte
    with contextlib.suppress(RecordError):
        recording = read_edf(MemoryShelf({"a.edf": bytes(damaged)}), "a.edf")
        assert len(recording.signal_mv) == 2500
        assert np.abs(recording.signal_mv).max() <= 20


@searched
@given(position=st.integers(0, len(CSV) - 1), byte=st.integers(0, 255))
def test_one_wrong_byte_in_a_csv_file_moves_one_sample_at_most(position: int, byte: int) -> None:
    """A changed byte is refused, or changes the rate, or touches a single line."""
    damaged = bytearray(CSV)
    damaged[position] = byte
    with contextlib.suppress(RecordError):
        recording = read_csv(MemoryShelf({"a.csv": bytes(damaged)}), "a.csv")
        assert 19 <= len(recording.signal_mv) <= 21
        assert (recording.signal_mv == np.float32(0.125)).sum() >= 18


@searched
@given(signal=arrays("<i2", st.integers(1, 200), elements=st.integers(-20_000, 20_000)))
def test_what_is_written_is_what_is_read(signal: np.ndarray) -> None:
    """Steps written as WFDB, CSV and EDF come back as the same millivolts and digest."""
    expected = (signal / 1000).astype(np.float32)
    wfdb_files = wfdb_record("r", signal)
    from_wfdb = read_wfdb(MemoryShelf(wfdb_files), "r.hea")
    text = "# rate_hz: 300\nmv\n" + "".join(f"{step / 1000}\n" for step in signal.tolist())
    from_csv = read_csv(MemoryShelf({"r.csv": text.encode()}), "r.csv")
    fields = {"physical minimum": "-32.768", "physical maximum": "32.767"}
    fields["samples"] = str(len(signal))
    duration = f"{len(signal) / 300:.6f}"
    content = edf_file([fields], signal.tobytes(), blocks="1", duration=duration)
    from_edf = read_edf(MemoryShelf({"r.edf": content}), "r.edf")
    np.testing.assert_array_equal(from_wfdb.signal_mv, expected)
    assert from_wfdb.digest == from_csv.digest
    np.testing.assert_allclose(from_edf.signal_mv, expected, rtol=1e-6, atol=1e-9)
