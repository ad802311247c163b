"""A WFDB record in millivolts: the header through the strict grammar, then the samples.

Format 16, which PhysioNet 2017 uses, is decoded from the bytes at hand.
The packed formats go through wfdb, which is given a folder of its own with a header written
here, so that it never sees what a stranger wrote.
This file is the only one that imports wfdb.
"""

from __future__ import annotations

import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.errors import RecordError
from afib.records.header import WfdbHeader, parse_header
from afib.records.recording import Recording
from afib.records.shelf import Shelf, stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["read_wfdb", "write_wfdb"]

_MAX_HEADER_BYTES = 64 * 1024
_MAX_DATA_BYTES = 256 * 2**20
# Bytes for each group of samples; 212 packs two samples into three bytes.
_BYTES_PER_SAMPLES = {16: (2, 1), 24: (3, 1), 32: (4, 1), 80: (1, 1), 212: (3, 2)}
# header(5): the smallest step of a format means that there is no sample.
_MISSING = {16: -(2**15), 24: -(2**23), 32: -(2**31), 80: -(2**7), 212: -(2**11)}


def read_wfdb(shelf: Shelf, name: str) -> Recording:
    """The first signal of the record whose header is the file *name*.

    Header checksum 0 and a wrong first sample are accepted, because published records have them;
    any other checksum has to match.

    Raises:
        RecordError: If the header breaks the grammar, the data file is missing or has another
            size than the header says, samples are missing, or the signal is no ECG in mV.
    """
    record = stem(name)
    place = shelf.place(name)
    header = parse_header(record, place, shelf.read(name, _MAX_HEADER_BYTES))
    folder = name.rpartition("/")[0]
    data_name = f"{folder}/{header.file}" if folder else header.file
    size = _data_bytes(header)
    content = shelf.read(data_name, _MAX_DATA_BYTES)
    if len(content) != size:
        raise RecordError(
            record,
            f"{shelf.place(data_name)}: expected {size} bytes, as {header.samples} samples of "
            f"{header.signals} signals in format {header.format} need, got {len(content)}",
        )
    steps = _steps(header, content[header.byte_offset :])
    problems = _step_problems(header, steps)
    if problems:
        raise RecordError(record, *(f"{place}: {problem}" for problem in problems))
    signal_mv = (steps.astype(np.float64) - header.baseline) / header.gain * header.mv_per_unit
    origin = f"{place}, first of {header.signals} signals: {header.lead}"
    return Recording.of(
        name=record,
        signal_mv=signal_mv,
        rate_hz=header.rate_hz,
        origin=place if header.signals == 1 else origin,
        step_mv=abs(header.mv_per_unit / header.gain),
        range_mv=_range_mv(header),
    )


def _range_mv(header: WfdbHeader) -> tuple[float, float]:
    """Between which millivolts a sample of the format lies; the smallest step marks none."""
    missing = _MISSING[header.format]
    ends = np.array([missing + 1, -missing - 1], dtype=np.float64)
    low, high = sorted(((ends - header.baseline) / header.gain * header.mv_per_unit).tolist())
    return low, high


def _data_bytes(header: WfdbHeader) -> int:
    count, samples = _BYTES_PER_SAMPLES[header.format]
    return header.byte_offset + -(-count * header.samples * header.signals // samples)


def _steps(header: WfdbHeader, content: bytes) -> NDArray[np.integer]:
    """The first signal in steps of the converter, shape (samples,)."""
    if header.format == 16:  # noqa: PLR2004  (the format's name)
        return np.frombuffer(content, dtype="<i2").reshape(header.samples, header.signals)[:, 0]
    return _steps_by_wfdb(header, content)


def _steps_by_wfdb(header: WfdbHeader, content: bytes) -> NDArray[np.integer]:
    lines = [f"record {header.signals} 250 {header.samples}"]
    lines += [f"record.dat {header.format} 1(0)/mV 16 0 0 0 0"] * header.signals
    with tempfile.TemporaryDirectory(prefix="afib-record-") as folder:
        Path(folder, "record.hea").write_text("\n".join(lines) + "\n", encoding="ascii")
        Path(folder, "record.dat").write_bytes(content)
        with _wfdb() as wfdb:
            read = wfdb.rdrecord(str(Path(folder, "record")), physical=False, return_res=64)
    steps: NDArray[np.integer] = read.d_signal[:, 0]
    return steps


def write_wfdb(
    folder: Path, name: str, steps: NDArray[np.integer], *, rate_hz: float, steps_per_mv: float
) -> Path:
    """The header of a record *name* in *folder* with one signal, in format 16 or, if need be, 32.

    Args:
        folder: Has to be there.
        name: Letters, digits, ``-`` and ``_``.
        steps: Of the converter, shape (samples,).
        rate_hz: Samples a second.
        steps_per_mv: Of the converter.
    """
    most = int(np.abs(steps).max())
    with _wfdb() as wfdb:
        wfdb.wrsamp(
            name,
            fs=rate_hz,
            units=["mV"],
            sig_name=["ECG"],
            d_signal=steps.astype(np.int64)[:, None],
            fmt=["16" if most < -_MISSING[16] else "32"],
            adc_gain=[steps_per_mv],
            baseline=[0],
            write_dir=str(folder),
        )
    return folder / f"{name}.hea"


@contextmanager
def _wfdb() -> Iterator[Any]:
    """The library, imported when it is needed: it takes a second, and most records do not."""
    with warnings.catch_warnings():
        # wfdb 4.3 warns of its own use of pandas, which its user can do nothing about.
        warnings.simplefilter("ignore")
        import wfdb  # noqa: PLC0415  see above

        yield wfdb


def _step_problems(header: WfdbHeader, steps: NDArray[np.integer]) -> list[str]:
    missing = int((steps == _MISSING[header.format]).sum())
    problems = []
    if missing:
        problems.append(f"expected every sample, got {missing} of {header.samples} marked missing")
    total = int(steps.sum(dtype=np.int64))
    if header.checksum and (total - header.checksum) % 2**16 != 0:
        signed = (total + 2**15) % 2**16 - 2**15
        problems.append(f"checksum: expected {header.checksum} as stated, got {signed}")
    return problems
