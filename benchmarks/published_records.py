"""What the strict reading makes of published records: PhysioNet 2017, and the Noise Stress Test.

Each record of PhysioNet 2017 is read by `afib.records` and by wfdb, which have to agree to the last
bit of single precision. Its headers are held against its samples. Of the Noise Stress Test
(folder ``nstdb/``), whatever is refused is told.

Run in the repository root, with VERICASE_DATA naming the folder that holds ``physionet2017/``:
``python -m benchmarks.published_records``
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np

from afib.errors import RecordError
from afib.records import read_archive, read_folder

with warnings.catch_warnings():
    # wfdb 4.3 warns of its own use of pandas while it is imported.
    warnings.simplefilter("ignore")
    from wfdb import rdrecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afib.records import Recording

_READ, _REFUSED = "read", "refused"
_ALIKE = "read as wfdb reads them"
_NO_CHECKSUM = "whose header has checksum 0"
_OTHER_FIRST = "whose header states a first sample that is not the first"


def main() -> None:
    """Reads what is there, and prints the tables."""
    root = Path(os.environ.get("VERICASE_DATA") or "nowhere")
    archive = root / "physionet2017" / "training2017.zip"
    if not archive.is_file():
        print("nothing to read: VERICASE_DATA names no folder with physionet2017/training2017.zip")
        return
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        with ZipFile(archive) as members:
            members.extractall(scratch)
        for record in read_archive(archive):
            counts.update(_seen(record, Path(scratch) / archive.stem))
    print("| records of PhysioNet 2017 | |\n|---|---|")
    for what in (_READ, _REFUSED, _ALIKE, _NO_CHECKSUM, _OTHER_FIRST):
        print(f"| {what} | {counts[what]:,} |")
    _print_noise(root / "nstdb")


def _seen(record: Recording | RecordError, folder: Path) -> Iterator[str]:
    """Whatever counts of this record."""
    if isinstance(record, RecordError):
        yield _REFUSED
        return
    yield _READ
    theirs = rdrecord(str(folder / record.name), physical=False)
    steps = theirs.d_signal[:, 0].astype(np.float64)
    signal_mv = ((steps - theirs.baseline[0]) / theirs.adc_gain[0]).astype(np.float32)
    if theirs.fs == record.rate_hz and np.array_equal(signal_mv, record.signal_mv):
        yield _ALIKE
    if theirs.checksum[0] == 0:
        yield _NO_CHECKSUM
    if theirs.init_value[0] != steps[0]:
        yield _OTHER_FIRST


def _print_noise(folder: Path) -> None:
    if not folder.is_dir():
        return
    print("\n| record of the Noise Stress Test | |\n|---|---|")
    for record in read_folder(folder):
        if isinstance(record, RecordError):
            problem = str(record).removeprefix(str(folder)).lstrip("/")
            print(f"| {record.record} | {_REFUSED}: {problem} |")
        else:
            print(f"| {record.name} | {_READ} |")


if __name__ == "__main__":
    main()
