"""What becomes of the review page, and of others on it, under requests that nobody means well."""

from __future__ import annotations

import itertools
import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from verification.hostile import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from verification.review_page import ReviewPage

__all__ = ["Endured", "endured", "waiting"]

_SLOW = 40
_PAUSE_S = 0.02
_ROOTS = (Path("/etc/outside.csv"), Path("/outside.csv"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endured:
    """What became of an app under hostile requests.

    Attributes:
        refused: Of each request, whether it was refused or closed, and nothing was opened.
        grown_mb: Memory of the process that serves afterwards, above what it held before.
        longest_wait_s: Of another user meanwhile.
        files: That lie in its folders now and did not before.
        serves: Whether it still decides afterwards.
    """

    refused: tuple[bool, ...]
    grown_mb: float
    longest_wait_s: float
    files: tuple[str, ...]
    serves: bool


def endured(page: ReviewPage, good: dict[str, bytes], *, requests: int, seed: int) -> Endured:
    """What became of *page* under so many requests, some of them slow and all the while there.

    Args:
        page: That serves.
        good: Files that it opens and decides.
        requests: How many.
        seed: They are drawn by it.
    """
    generator = np.random.default_rng(seed)
    page.upload(good)
    before_mb, files = page.memory_mb(), _files(page)
    slow = [_slow(page) for _ in range(_SLOW)]
    with waiting(page) as waited:
        refused = [KINDS[number % len(KINDS)](page, generator) for number in range(requests)]
    for each in slow:
        each.close()
    status, told = page.upload(good)
    return Endured(
        refused=tuple(refused),
        grown_mb=page.memory_mb() - before_mb,
        longest_wait_s=max(waited, default=float("inf")),
        files=tuple(sorted(_files(page) - files)),
        serves=status == 200 and all(each["decision"] for each in told["opened"]),  # noqa: PLR2004
    )


def _files(page: ReviewPage) -> set[str]:
    # The log is ours, and the server of the readers listens on a socket.
    found = (path for place in (page.folder, page.temporary) for path in place.rglob("*"))
    # And wherever the names of hostile files point to.
    elsewhere = Path(tempfile.gettempdir()).glob("outside*")
    files = (
        path
        for path in itertools.chain(found, elsewhere, _ROOTS)
        if path.is_file() and path.name != "log.txt"
    )
    return {str(path) for path in files}


@contextmanager
def waiting(page: ReviewPage) -> Iterator[list[float]]:
    """How long another user waited for each answer meanwhile, in seconds."""
    waited: list[float] = []
    done = threading.Event()
    other = threading.Thread(target=_another, args=(page, waited, done))
    other.start()
    try:
        yield waited
    finally:
        done.set()
        other.join()


def _another(page: ReviewPage, waited: list[float], done: threading.Event) -> None:
    key = page.state()["recordings"][0]["key"]
    asked = ("api/state", f"api/recordings/{key}", f"api/recordings/{key}/tile/0", "static/app.js")
    for path in itertools.cycle(asked):
        begun = time.monotonic()
        page.ask(path)
        waited.append(time.monotonic() - begun)
        if done.wait(_PAUSE_S):
            return


def _slow(page: ReviewPage) -> socket.socket:
    """A connection that began to ask and does not go on."""
    held = socket.create_connection(("127.0.0.1", page.port), timeout=10)
    held.sendall(b"POST /api/recordings HTTP/1.1\r\nHost: 127.0.0.1:")
    return held
