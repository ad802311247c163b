"""Bytes on disk: their digests, and files that are replaced as a whole or not at all."""

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from vericase.errors import EvidenceError

__all__ = ["digest_bytes", "digest_path", "sync_folder", "write_atomically"]

_CHUNK = 1 << 20
#: Beside a model, and written after it: what was decided is no part of what was verified.
_NOT_CONTENT = frozenset({"release.json"})


def digest_bytes(content: bytes) -> str:
    """The SHA-256 of *content*, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def digest_path(path: Path) -> str:
    """The SHA-256 of a file, or of a folder's sorted `relative-path NUL sha256` lines.

    A file called `.zip` that is an archive has the digest of the folder it unpacks to.

    Raises:
        EvidenceError: If there is nothing at *path*, it cannot be read, or what it holds is told
            twice or elsewhere (a name in an archive, a linked folder).
    """
    try:
        if path.is_dir():
            links = [file for file in path.rglob("*") if file.is_dir() and file.is_symlink()]
            if links:
                raise EvidenceError(f"{links[0]}: expected a folder of its own, got a link to one")
            files = sorted(file for file in path.rglob("*") if file.is_file())
            return _digest_listing((f.relative_to(path).as_posix(), _digest_file(f)) for f in files)
        if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(set(names)) < len(names):
                    raise EvidenceError(f"{path}: expected each name once, got one twice")
                return _digest_listing((name, digest_bytes(archive.read(name))) for name in names)
        return _digest_file(path)
    # A damaged archive also raises EOFError or zlib.error, an encrypted one RuntimeError.
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise EvidenceError(f"{path}: expected a readable file or folder, got {error}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """*path* holds *content*, or, after a crash, what it held before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _digest_listing(entries: Iterable[tuple[str, str]]) -> str:
    lines = sorted(f"{name}\0{digest}" for name, digest in entries if name not in _NOT_CONTENT)
    return digest_bytes("".join(f"{line}\n" for line in lines).encode())


def _digest_file(path: Path) -> str:
    content = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            content.update(chunk)
    return content.hexdigest()


def sync_folder(folder: Path) -> None:
    """The names in *folder* are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
