"""ECG recordings in millivolts from WFDB, CSV and EDF files, folders and zip archives.

Reading is strict: what cannot be shown to be what its header says is refused with the place and
the reason, never repaired (decision 0004).
Of a record with several signals the first is read, and :attr:`Recording.origin` names it.
Readers of many records go on after a damaged one, and hand its error over in its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from afib.errors import RecordError
from afib.records.csv_text import read_csv
from afib.records.edf import read_edf
from afib.records.recording import MAX_MV, Recording, signal_digest
from afib.records.shelf import Folder, Shelf, ZipArchive, content_digest, stem
from afib.records.uncalibrated import read_uncalibrated
from afib.records.wfdb_record import read_wfdb
from afib.records.writing import write_recording

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

__all__ = [
    "MAX_MV",
    "Recording",
    "content_digest",
    "read_any",
    "read_archive",
    "read_folder",
    "read_recording",
    "read_uncalibrated",
    "record_names",
    "signal_digest",
    "write_recording",
]

_READERS: dict[str, Callable[[Shelf, str], Recording]] = {
    ".hea": read_wfdb,
    ".csv": read_csv,
    ".edf": read_edf,
}
_DATA_SUFFIXES = (".dat", ".mat")


def read_recording(path: str | Path) -> Recording:
    """The recording that *path* names: a CSV or EDF file, or a file or the stem of a WFDB record.

    Raises:
        RecordError: If there is no such record, or it is damaged or refused.
    """
    # A link that the caller names is followed; what lies beside its target is the record.
    path = Path(path).resolve()
    header = path.with_suffix(".hea") if path.suffix in _DATA_SUFFIXES else path
    if not header.suffix:
        header = path.with_name(f"{path.name}.hea")
    return _read(Folder(header.parent), header.name)


def record_names(path: str | Path) -> tuple[str, ...]:
    """The names of the records in a folder or a zip archive, sorted, none of them read.

    Raises:
        RecordError: If there is neither a folder nor a sound archive.
    """
    path = Path(path)
    if path.is_dir():
        return tuple(map(stem, _record_files(Folder(path).names())))
    with ZipArchive(path) as archive:
        return tuple(map(stem, _record_files(archive.names())))


def read_archive(
    path: str | Path, names: Collection[str] | None = None
) -> Iterator[Recording | RecordError]:
    """The records of a zip archive, sorted by name; nothing is unpacked to disk.

    Args:
        path: The archive.
        names: Records to read; None reads all. A name that the archive lacks gives an error.

    Yields:
        Each recording, or the error that tells why it could not be read.
    """
    try:
        archive = ZipArchive(Path(path))
    except RecordError as error:
        yield error
        return
    with archive:
        yield from _records(archive, str(path), names)


def read_folder(
    path: str | Path, names: Collection[str] | None = None
) -> Iterator[Recording | RecordError]:
    """The records of a folder and the folders below it, as :func:`read_archive` gives them."""
    yield from _records(Folder(Path(path)), str(path), names)


def read_any(paths: Iterable[str | Path]) -> Iterator[Recording | RecordError]:
    """The records of files, folders and zip archives, in the order given and sorted inside each.

    Label files, named ``REFERENCE*.csv``, are passed over.

    Yields:
        Each recording, or the error that tells why it could not be read.
    """
    for path in map(Path, paths):
        if path.is_dir():
            archives = [name for name in Folder(path).names() if name.lower().endswith(".zip")]
            yield from _records(Folder(path), str(path), None, may_be_empty=bool(archives))
            for name in archives:
                yield from read_archive(path / name)
        elif path.suffix.lower() == ".zip":
            yield from read_archive(path)
        else:
            try:
                yield read_recording(path)
            except RecordError as error:
                yield error


def _records(
    shelf: Shelf, place: str, names: Collection[str] | None, *, may_be_empty: bool = False
) -> Iterator[Recording | RecordError]:
    files = _record_files(shelf.names())
    if names is not None:
        files = [file for file in files if stem(file) in names]
        present = {stem(file) for file in files}
        for name in sorted(set(names) - present):
            yield RecordError(name, f"{place}: expected the record {name}, got no such record")
    elif not files and not may_be_empty:
        yield RecordError(Path(place).name, f"{place}: expected at least one record, got none")
    for file in files:
        try:
            yield _read(shelf, file)
        except RecordError as error:
            yield error


def _record_files(names: list[str]) -> list[str]:
    """The files that stand for records or lost their header, sorted by the record's name."""
    known = set(names)
    files = []
    for name in names:
        start, dot, suffix = name.rpartition(".")
        label_file = suffix == "csv" and stem(name).startswith("REFERENCE")
        lost = f".{suffix}" in _DATA_SUFFIXES and f"{start}.hea" not in known
        if (f"{dot}{suffix}" in _READERS and not label_file) or lost:
            files.append(name)
    return sorted(files, key=lambda file: (stem(file), file))


def _read(shelf: Shelf, name: str) -> Recording:
    suffix = name[name.rfind(".") :]
    if suffix in _DATA_SUFFIXES:
        raise RecordError(
            stem(name),
            f"{shelf.place(name)}: expected a header {stem(name)}.hea beside it, got none",
        )
    if suffix not in _READERS:
        known = ", ".join(_READERS)
        raise RecordError(
            stem(name), f"{shelf.place(name)}: expected one of {known}, got {suffix!r}"
        )
    return _READERS[suffix](shelf, name)
