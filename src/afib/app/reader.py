"""Reads recordings in child processes that may take little memory, little time and write nothing.

A recording from anywhere is hostile until it is read. Each reading has a child of its own, forked
from a server that has the readers loaded; one that dies or dawdles takes nothing with it. What was
uploaded has no name on disk: the child gets it as an open file, and everything but an archive
stands in one archive that is made of it.
What comes back is numbers and text, never objects: a child that was taken over can lie about a
recording, and no more.
"""

from __future__ import annotations

import json
import os
import resource
import tempfile
import threading
import time
import zipfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.reduction import DupFd
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np

from afib.errors import RecordError
from afib.records import Recording, read_any, read_archive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

__all__ = ["Reader", "Upload"]

_MEMORY_BYTES = 3 * 1024**3
_OPEN_FILES = 64
_SECONDS = 20.0
#: So many are read at a time; a folder that is opened at the start is one of them.
AT_ONCE = 4
_LONGEST_HEAD, _LONGEST_SIGNAL = 1024**2, 2**28 + 64
_BLOCK = 2**20
_LONGEST_TEXT, _LONGEST_NAME = 2000, 200
#: Of files that make a recording, alone or with their header.
_HEADED, _DATA = (".hea", ".csv", ".edf"), (".dat", ".mat")
_SUFFIXES = (*_HEADED, *_DATA)
#: The most recordings of one upload; whoever has more names their folder when the app starts.
MOST_RECORDINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that somebody sent.

    Attributes:
        name: As they call it; it is shown, and never used as a path.
        file: Its content, an open file of the system without a name.
    """

    name: str
    file: IO[bytes]


class Reader:
    """Children that read recordings, a few at a time.

    Args:
        seconds: After which an upload, or the next recording of a path, is given up.
    """

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._seconds = seconds
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([__name__])

    def uploaded(self, uploads: Sequence[Upload]) -> list[Recording | RecordError]:
        """The recordings in *uploads*, each or what is wrong with it."""
        archives = [each for each in uploads if _suffix(each.name) == ".zip"]
        others = [each for each in uploads if _suffix(each.name) in _SUFFIXES]
        unread = [each for each in uploads if _suffix(each.name) not in {".zip", *_SUFFIXES}]
        with ExitStack() as opened:
            sources = [_Source(file=each.file, shown=_printable(each.name)) for each in archives]
            if others:
                packed = opened.enter_context(tempfile.TemporaryFile(prefix="afib-"))
                _pack(others, packed)
                sources.append(_Source(file=packed, shown="upload"))
            found: list[Recording | RecordError] = [
                _refused("expected WFDB, CSV, EDF or ZIP, got another kind", _printable(each.name))
                for each in unread
            ]
            opened.enter_context(self._free)
            # From here on: whoever waits for others has not dawdled.
            until = time.monotonic() + self._seconds
            for source in sources:
                for each in self._read(source, lambda: until):
                    if len(found) >= MOST_RECORDINGS:
                        found.append(_refused(f"expected at most {MOST_RECORDINGS} recordings"))
                        return found
                    found.append(each)
            return found

    def path(self, path: Path) -> Iterator[Recording | RecordError]:
        """The recordings of a file, a folder or an archive of this machine, one by one."""
        with self._free:
            yield from self._read(path, lambda: time.monotonic() + self._seconds)

    def warm(self) -> None:
        """The server is up, so that the first recording need not wait for its imports."""
        child = self._context.Process(target=_nothing, daemon=True)
        child.start()
        child.join(self._seconds)

    def _read(self, source: _Source | Path, until: _Until) -> Iterator[Recording | RecordError]:
        shown = source.shown if isinstance(source, _Source) else str(source)
        try:
            with self._child(source) as answers:
                while (found := _next(answers, until(), shown)) is not None:
                    yield found
        except _TooLongError:
            problem = f"expected to be read within {self._seconds:g} s, got no end"
            yield _refused(problem, shown)
        except (EOFError, OSError, ValueError, KeyError, TypeError, RecordError):
            # Also what a child sent that no reader of ours would.
            yield _refused("expected what can be read in a child process, got no answer", shown)

    @contextmanager
    def _child(self, source: _Source | Path) -> Iterator[Connection]:
        answers, ours = self._context.Pipe(duplex=False)
        child = self._context.Process(target=_serve, args=(source, ours), daemon=True)
        try:
            child.start()
            ours.close()
            yield answers
        finally:
            answers.close()
            child.kill()
            child.join()
            child.close()


class _Until(Protocol):
    def __call__(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """An archive that is open here and to be read there."""

    file: IO[bytes]
    shown: str

    def __reduce__(self) -> tuple[Any, ...]:
        return _there, (DupFd(self.file.fileno()), self.shown)


class _TooLongError(Exception):
    """A child has not answered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    path: str
    shown: str


def _there(handle: Any, shown: str) -> _There:  # noqa: ANN401  private to multiprocessing
    return _There(path=f"/dev/fd/{handle.detach()}", shown=shown)


def _pack(uploads: Sequence[Upload], into: IO[bytes]) -> None:
    """One archive of files with the names that their owners gave them: a header names its data."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as archive:
        for number, each in enumerate(uploads):
            # Duplicates, and what is no name at all, are told apart by their number.
            name = _member(each.name)
            while name in archive.NameToInfo:
                name = f"{number}-{name}"
            with archive.open(name, "w", force_zip64=True) as member:
                each.file.seek(0)
                while block := each.file.read(_BLOCK):
                    member.write(block)
    into.flush()


def _next(answers: Connection, until: float, shown: str) -> Recording | RecordError | None:
    """What the child sends next; None at its end."""
    head = json.loads(_received(answers, until, _LONGEST_HEAD))
    if "end" in head:
        return None
    if "problems" in head:
        problems = [_printable(str(each)) for each in head["problems"]]
        return RecordError(_printable(str(head["record"])), *(problems or [f"{shown}: refused"]))
    signal = np.frombuffer(_received(answers, until, _LONGEST_SIGNAL), dtype="<f4")
    return Recording.of(
        name=_printable(str(head["name"])),
        signal_mv=signal,
        rate_hz=float(head["rate_hz"]),
        origin=_printable(str(head["origin"])),
        step_mv=None if head["step_mv"] is None else float(head["step_mv"]),
    )


def _received(answers: Connection, until: float, longest: int) -> bytes:
    if not answers.poll(max(0.0, until - time.monotonic())):
        raise _TooLongError
    return answers.recv_bytes(longest)


def _refused(problem: str, shown: str = "upload") -> RecordError:
    return RecordError(shown, f"{shown}: {problem}")


def _member(name: str) -> str:
    """The name of a file in an archive, as our readers know their suffixes."""
    name = _printable(name).replace("/", "_").lstrip(".")[-_LONGEST_NAME:]
    suffix = _suffix(name)
    return name[: len(name) - len(suffix)] + suffix if suffix in _HEADED else name


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122  a name, not a path


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)[:_LONGEST_TEXT]


def _nothing() -> None:
    """What a child does that only shows that there can be one."""


def _serve(source: _There | Path, answers: Connection) -> None:
    """The child: sends each recording of *source*, or what is wrong with it, and an end."""
    _limit()
    place = source.path if isinstance(source, _There) else str(source)
    shown = source.shown if isinstance(source, _There) else str(source)
    found = read_archive(place) if isinstance(source, _There) else read_any([source])
    try:
        for each in found:
            _send(answers, each, place, shown)
    except RecordError as error:
        _send(answers, error, place, shown)
    except MemoryError:
        _send(
            answers, _refused("expected a recording of usual size, got more", shown), place, shown
        )
    answers.send_bytes(b'{"end": true}')


def _send(answers: Connection, each: Recording | RecordError, place: str, shown: str) -> None:
    if isinstance(each, RecordError):
        problems = [text.replace(place, shown) for text in each.problems[:20]]
        is_source = each.record == place.rsplit("/", 1)[-1]
        record = shown if is_source else each.record
        head: dict[str, Any] = {"record": record, "problems": problems}
        answers.send_bytes(json.dumps(head).encode())
        return
    head = {
        "name": each.name,
        "rate_hz": each.rate_hz,
        "origin": each.origin.replace(place, shown),
        "step_mv": each.step_mv,
    }
    answers.send_bytes(json.dumps(head).encode())
    answers.send_bytes(np.ascontiguousarray(each.signal_mv, dtype="<f4").data.cast("B"))


def _limit() -> None:
    """This process may not grow, not run on, write no file and leave no dump."""
    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, round(10 * _SECONDS)),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
