"""Where files lie: a folder or a zip archive, read by name and with a limit.

Both answer alike, so a reader of records does not know which it reads from.
Nothing is unpacked, no link is followed, only regular files are read, and never more of one than
its caller allows.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from afib.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

__all__ = ["Folder", "Shelf", "ZipArchive", "content_digest", "stem"]

_MAX_MEMBERS = 200_000
_MAX_BYTES = 2**30
# A FIFO named like a record would block for ever; a link may lead to another patient's file.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class Shelf(Protocol):
    """Files by name; a name is a relative path with forward slashes."""

    def names(self) -> list[str]:
        """The names of all visible files, sorted."""
        ...

    def place(self, name: str) -> str:
        """How a message calls the file *name*."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of the file *name*.

        Raises:
            RecordError: If there is no such file, it cannot be read, or it exceeds *limit* bytes.
        """
        ...


class Folder:
    """The files of one folder and the folders below it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """The names of all visible files, sorted; links too, which only :meth:`read` refuses."""
        found = []
        for folder, below, files in os.walk(self._path):
            below[:] = [name for name in below if not _is_hidden(name)]
            found += [Path(folder, name) for name in files if not _is_hidden(name)]
        return sorted(path.relative_to(self._path).as_posix() for path in found)

    def place(self, name: str) -> str:
        """The path of the file *name*."""
        return str(self._path / name)

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of the file *name*.

        Raises:
            RecordError: If there is no such file, it cannot be read, it is a link or no regular
                file, or it exceeds *limit* bytes.
        """
        place = self.place(name)
        try:
            descriptor = os.open(place, _FLAGS)
        except OSError as error:
            is_link = Path(place).is_symlink()
            got = "a symbolic link" if is_link else (error.strerror or "an error").lower()
            raise RecordError(stem(name), f"{place}: expected a file, got {got}") from error
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise RecordError(stem(name), f"{place}: expected a regular file, got another kind")
            return _within(limit, file.read(limit + 1), name, place)


class ZipArchive:
    """The members of one zip archive; used as a context manager, which closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            raise RecordError(path.name, f"{path}: expected a zip archive, got {error}") from error
        members = [info for info in self._zip.infolist() if not info.is_dir()]
        self._members = {info.filename: info for info in members}
        problem = None
        if len(members) > _MAX_MEMBERS:
            problem = f"expected at most {_MAX_MEMBERS} members, got {len(members)}"
        elif len(members) != len(self._members):
            # Readers disagree which of two equal names counts, so neither does.
            problem = f"expected each name once, got {len(members) - len(self._members)} repeated"
        if problem:
            self._zip.close()
            raise RecordError(path.name, f"{path}: {problem}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def names(self) -> list[str]:
        """The names of all visible members, sorted."""
        return sorted(name for name in self._members if not _is_hidden(name))

    def place(self, name: str) -> str:
        """The archive's path and the member's name."""
        return f"{self._path}!{name}"

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of the member *name*, their checksum verified.

        Raises:
            RecordError: If there is no such member, it is damaged or encrypted, or it exceeds
                *limit* bytes.
        """
        place = self.place(name)
        info = self._members.get(name)
        if info is None:
            raise RecordError(
                stem(name), f"{place}: expected a file, got no such file or directory"
            )
        try:
            with self._zip.open(info) as member:
                return _within(limit, member.read(limit + 1), name, place)
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise RecordError(
                stem(name), f"{place}: expected a sound member, got {error}"
            ) from error


def content_digest(path: str | Path, suffixes: Collection[str]) -> str:
    """One SHA-256 for the files of a folder or a zip archive that end in one of *suffixes*.

    It is taken over lines of ``relative path NUL SHA-256 of the content``, sorted.
    A single folder that holds all of an archive counts for nothing, so an archive has the digest
    of the folder it unpacks to.

    Raises:
        RecordError: If the archive or a file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return _digest(Folder(path), suffixes, wrapper="")
    with ZipArchive(path) as archive:
        tops = {name.partition("/")[0] for name in archive.names()}
        return _digest(archive, suffixes, wrapper=f"{tops.pop()}/" if len(tops) == 1 else "")


def stem(name: str) -> str:
    """The record that the file *name* belongs to: its last part without the suffix."""
    return name.rpartition("/")[2].rpartition(".")[0] or name.rpartition("/")[2]


def _digest(shelf: Shelf, suffixes: Collection[str], *, wrapper: str) -> str:
    contents = {
        name.removeprefix(wrapper): sha256(shelf.read(name, _MAX_BYTES)).hexdigest()
        for name in shelf.names()
        if name[name.rfind(".") :] in suffixes
    }
    lines = (f"{name}\0{digest}\n" for name, digest in sorted(contents.items()))
    return sha256("".join(lines).encode()).hexdigest()


def _within(limit: int, content: bytes, name: str, place: str) -> bytes:
    if len(content) > limit:
        raise RecordError(stem(name), f"{place}: expected at most {limit} bytes, got more")
    return content


def _is_hidden(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts)
