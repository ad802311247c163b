"""A file server on loopback that can be told to misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FileServer", "serving", "sums"]


@dataclass
class FileServer:
    """Files to serve, how to misbehave, and what was asked for.

    Attributes:
        files: Content by path, without the leading slash.
        knows_ranges: Whether it answers a range with that range, or with the whole file.
        breaks: How many answers to break off after half of what they should hold.
        status: If set, the status of every answer.
        redirect: If set, the address that every answer leads to.
        asked: The path and the range of each request, in order.
    """

    files: Mapping[str, bytes]
    knows_ranges: bool = True
    breaks: int = 0
    status: int | None = None
    redirect: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


def sums(files: Mapping[str, bytes]) -> bytes:
    """The list of SHA-256 sums that PhysioNet would publish for *files*."""
    lines = (f"{hashlib.sha256(data).hexdigest()} {name}\n" for name, data in files.items())
    return "".join(lines).encode()


@contextlib.contextmanager
def serving(server: FileServer) -> Iterator[FileServer]:
    """*server*, reachable at its ``url`` until the block ends."""

    class Handler(_Handler):
        plan = server

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server.url = f"http://127.0.0.1:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    plan: FileServer

    def do_GET(self) -> None:
        """One answer as the plan says."""
        name, wanted = self.path.removeprefix("/"), self.headers.get("Range")
        self.plan.asked.append((name, wanted))
        content = self.plan.files.get(name)
        if self.plan.redirect:
            self._answer(302, {"Location": self.plan.redirect})
        elif self.plan.status or content is None:
            self._answer(self.plan.status or 404, {})
        elif wanted and self.plan.knows_ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self._answer(416, {})
            else:
                place = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self._answer(206, {"Content-Range": place}, content[start:])
        else:
            self._answer(200, {}, content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the inherited name)
        """Nothing: the tests read :attr:`FileServer.asked`."""

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.plan.breaks and len(content) > 1:
            self.plan.breaks -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)
