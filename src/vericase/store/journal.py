"""The journal: a record counts once its line is fsynced."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from vericase.requirement import canonical
from vericase.store.files import sync_folder
from vericase.store.parsing import parse_json

__all__ = ["JOURNAL", "Journal", "append_line", "read_journal"]

JOURNAL = "journal.jsonl"


class Journal:
    """The journal in the file *path*, which is opened for its first line and stays open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def append(self, record: Mapping[str, object]) -> None:
        """*record* is on disk as the last line."""
        line = canonical(record).encode() + b"\n"
        # A file that somebody took away would swallow it.
        if self._file is not None and not os.fstat(self._file.fileno()).st_nlink:
            self.close()
        try:
            file = self._file = self._file or self._opened()
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            # Half a line may be there: who opens it anew begins another one.
            self.close()
            raise

    def close(self) -> None:
        """The file is closed."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _opened(self) -> IO[bytes]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        file = self._path.open("a+b")
        file.write(_line_break(file))
        if is_new:
            sync_folder(self._path.parent)
        return file


def append_line(path: Path, record: Mapping[str, object]) -> None:
    """*record* is on disk as the last line of the journal *path*."""
    journal = Journal(path)
    try:
        journal.append(record)
    finally:
        journal.close()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; a last line that was cut short was never acknowledged."""
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            record = parse_json(line.decode("utf-8"))
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _line_break(journal: IO[bytes]) -> bytes:
    # A run that died while it wrote left half a line; it must not swallow the next one.
    size = journal.seek(0, os.SEEK_END)
    if size == 0:
        return b""
    journal.seek(size - 1)
    return b"" if journal.read(1) == b"\n" else b"\n"
