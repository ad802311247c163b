"""WFDB records in millivolts, read from memory."""

from __future__ import annotations

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records.wfdb_record import read_wfdb
from tests.support.recordings import MemoryShelf, steps, wfdb_record


def _problem(files: dict[str, bytes], name: str = "A00001.hea") -> str:
    with pytest.raises(RecordError) as caught:
        read_wfdb(MemoryShelf(files), name)
    (problem,) = caught.value.problems
    return problem


def test_a_published_record_is_read_in_millivolts() -> None:
    """Steps over gain are millivolts; the bytes before the offset are no samples."""
    signal = steps(600)
    recording = read_wfdb(MemoryShelf(wfdb_record("A00001", signal)), "A00001.hea")
    assert (recording.name, recording.rate_hz, recording.label) == ("A00001", 300.0, None)
    assert recording.origin == "A00001.hea"
    np.testing.assert_array_equal(recording.signal_mv, (signal / 1000).astype(np.float32))


@pytest.mark.parametrize(
    ("gain", "millivolts"),
    [
        # (step - baseline) / gain, in the unit, for the steps 0, 500 and -100.
        ("1000(0)/mV", [0.0, 0.5, -0.1]),
        ("1000(100)/mV", [-0.1, 0.4, -0.2]),
        ("2/uV", [0.0, 0.25, -0.05]),
        ("250000/V", [0.0, 2.0, -0.4]),
        ("200", [0.0, 2.5, -0.5]),
    ],
)
def test_gain_baseline_and_unit_are_applied(gain: str, millivolts: list[float]) -> None:
    """The header alone decides what a step means."""
    files = wfdb_record("r", np.array([0, 500, -100], "<i2"), line=f"r.mat 16+24 {gain}")
    recording = read_wfdb(MemoryShelf(files), "r.hea")
    np.testing.assert_allclose(recording.signal_mv, millivolts, rtol=1e-6, atol=1e-9)


def test_the_first_of_interleaved_signals_is_read_and_named() -> None:
    """Of two signals that alternate in the file the first counts, and the origin says so."""
    first, second = steps(50, seed=1), steps(50, seed=2)
    both = np.stack([first, second], axis=1).ravel()
    files = {
        "r.hea": b"r 2 300 50\nr.dat 16 1000 16 0 0 0 0 MLII\nr.dat 16 1000 16 0 0 0 0 V1\n",
        "r.dat": both.tobytes(),
    }
    recording = read_wfdb(MemoryShelf(files), "r.hea")
    np.testing.assert_array_equal(recording.signal_mv, (first / 1000).astype(np.float32))
    assert recording.origin == "r.hea, first of 2 signals: MLII"


def test_the_data_lie_beside_the_header() -> None:
    """In a folder of an archive the file name is looked up in that folder."""
    files = {f"deep/down/{name}": content for name, content in wfdb_record().items()}
    assert read_wfdb(MemoryShelf(files), "deep/down/A00001.hea").name == "A00001"


@pytest.mark.parametrize("change", [-1, -2, 1, 4096])
def test_a_file_of_another_size_is_refused(change: int) -> None:
    """Not one byte more or less than the header says."""
    files = wfdb_record()
    content = files["A00001.mat"]
    files["A00001.mat"] = content[:change] if change < 0 else content + bytes(change)
    assert _problem(files) == (
        f"A00001.mat: expected 6024 bytes, as 3000 samples of 1 signals in format 16 need, "
        f"got {6024 + change}"
    )


def test_a_missing_data_file_is_named() -> None:
    """A header alone is no record."""
    files = wfdb_record()
    del files["A00001.mat"]
    assert _problem(files) == "A00001.mat: expected a file, got no such file or directory"


def test_missing_samples_are_counted_and_refused() -> None:
    """The lowest step means that there is no sample, and nothing is put in its place."""
    signal = steps()
    signal[[5, 9]] = -32768
    assert _problem(wfdb_record("A00001", signal)) == (
        "A00001.hea: expected every sample, got 2 of 3000 marked missing"
    )


def test_a_checksum_that_is_given_has_to_match() -> None:
    """One changed sample is found when the header carries a checksum."""
    signal = steps()
    checksum = (int(signal.sum()) + 2**15) % 2**16 - 2**15
    line = f"A00001.mat 16+24 1000/mV 16 0 0 {checksum} 0 ECG"
    sound = wfdb_record("A00001", signal, line=line)
    assert read_wfdb(MemoryShelf(sound), "A00001.hea").name == "A00001"
    signal[7] += 3
    damaged = wfdb_record("A00001", signal, line=line)
    assert _problem(damaged) == (
        f"A00001.hea: checksum: expected {checksum} as stated, got {checksum + 3}"
    )


def test_published_oddities_are_accepted() -> None:
    """Checksum 0 and a first sample that is not the first sample are in PhysioNet's own files."""
    files = wfdb_record(line="A00001.mat 16+24 1000/mV 16 0 31000 0 0 ECG ")
    assert read_wfdb(MemoryShelf(files), "A00001.hea").name == "A00001"


def test_a_wrong_gain_shows_in_the_amplitude() -> None:
    """A signal beyond 20 mV is refused with the likely cause."""
    files = wfdb_record(line="A00001.mat 16+24 10/mV")
    assert "expected samples within 20 mV" in _problem(files)


def test_an_oversized_header_is_refused_unread() -> None:
    """A header has at most 64 KiB."""
    files = wfdb_record() | {"A00001.hea": b"#" * 65_537}
    assert _problem(files) == "A00001.hea: expected at most 65536 bytes, got more"
