"""Our reading of WFDB and EDF files against wfdb's, on files that wfdb itself wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records import read_archive, read_recording
from tests.support.recordings import edf_file, steps, wfdb_record, write_files
from tests.support.wfdb_reference import rdrecord, read_edf, wrsamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

# wfdb 4.3 warns of its own use of pandas while it writes.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

_DATA = os.environ.get("VERICASE_DATA")
_LIMITS = {"16": 2**15, "24": 2**23, "32": 2**31, "80": 2**7, "212": 2**11}


def _extreme_steps(code: str) -> NDArray[np.int64]:
    """Every size of step that the format holds, the missing one left out; an odd number."""
    limit = _LIMITS[code]
    edges = [-limit + 1, limit - 1, 0, 1, -1]
    drawn = np.random.default_rng(3).integers(-limit + 1, limit, 996)
    return np.concatenate([edges, drawn]).astype(np.int64)


@pytest.mark.parametrize("code", ["16", "24", "32", "80", "212"])
@pytest.mark.parametrize("signals", [1, 2, 3])
def test_every_format_is_read_as_wfdb_reads_it(tmp_path: Path, code: str, signals: int) -> None:
    """Millivolts agree to the last bit of single precision, for one and for several signals."""
    columns = np.stack([np.roll(_extreme_steps(code), n) for n in range(signals)], axis=1)
    gain = _LIMITS[code] / 7.5
    wrsamp(
        "r",
        fs=360,
        units=["mV"] * signals,
        sig_name=[f"lead{n}" for n in range(signals)],
        d_signal=columns,
        fmt=[code] * signals,
        adc_gain=[gain] * signals,
        baseline=[3] * signals,
        write_dir=str(tmp_path),
    )
    ours = read_recording(tmp_path / "r.hea")
    theirs = rdrecord(str(tmp_path / "r"))
    assert ours.rate_hz == theirs.fs
    np.testing.assert_array_equal(ours.signal_mv, theirs.p_signal[:, 0].astype(np.float32))


@pytest.mark.parametrize("gain", ["1000/mV", "1000(-37)/mV", "333.25(12)/mV", "200(1024)"])
def test_a_byte_offset_is_read_as_wfdb_reads_it(tmp_path: Path, gain: str) -> None:
    """PhysioNet's 24 bytes before the samples are passed over, whatever the gain."""
    signal = steps()
    line = f"A00001.mat 16+24 {gain} 16 0 {signal[0]} 0 0 ECG "
    write_files(tmp_path, wfdb_record("A00001", signal, line=line))
    ours = read_recording(tmp_path / "A00001")
    theirs = rdrecord(str(tmp_path / "A00001"))
    np.testing.assert_array_equal(ours.signal_mv, theirs.p_signal[:, 0].astype(np.float32))


def test_an_edf_file_is_read_as_wfdb_reads_it(tmp_path: Path) -> None:
    """The library rounds the baseline to a whole step, so it agrees within a step of 0.1 uV."""
    write_files(tmp_path, {"a.edf": edf_file([{}], steps(2500).tobytes())})
    ours = read_recording(tmp_path / "a.edf")
    theirs = read_edf(str(tmp_path / "a.edf"))
    assert ours.rate_hz == theirs.fs
    np.testing.assert_allclose(ours.signal_mv, theirs.p_signal[:, 0], atol=1.01e-4)


@pytest.mark.skipif(_DATA is None, reason="needs PhysioNet 2017; set VERICASE_DATA to its folder")
def test_real_recordings_are_read_as_wfdb_reads_them(tmp_path: Path) -> None:
    """A sample of PhysioNet 2017, spread over the archive, agrees to the last bit."""
    archive = Path(_DATA or "") / "physionet2017" / "training2017.zip"
    with ZipFile(archive) as members:
        headers = sorted(name for name in members.namelist() if name.endswith(".hea"))[::200]
        for name in headers:
            members.extract(name, tmp_path)
            members.extract(name.replace(".hea", ".mat"), tmp_path)
    names = [Path(name).stem for name in headers]
    for ours in read_archive(archive, names):
        assert not isinstance(ours, RecordError), str(ours)
        theirs = rdrecord(str(tmp_path / "training2017" / ours.name))
        assert ours.rate_hz == theirs.fs
        np.testing.assert_array_equal(ours.signal_mv, theirs.p_signal[:, 0].astype(np.float32))
    assert len(names) >= 30
