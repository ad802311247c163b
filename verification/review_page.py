"""Runs `afib app` as a user does: a process that serves, and requests to it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ReviewPage", "csv_of", "release_beside", "served"]

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """An app that serves.

    Attributes:
        address: Of its page, with a slash at the end.
        token: What a request that changes something carries.
        process: That serves.
        folder: In which it was started.
        temporary: Its folder for temporary files.
    """

    address: str
    token: str
    process: subprocess.Popen[str]
    folder: Path
    temporary: Path

    @property
    def port(self) -> int:
        """On which it listens."""
        return int(self.address.rstrip("/").rpartition(":")[2])

    def ask(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and content of an answer; with a body, the request changes something."""
        own = {"x-afib-token": self.token} if body is not None else {}
        request = Request(  # noqa: S310  our own address
            self.address + path.lstrip("/"), data=body, headers=own | dict(headers or {})
        )
        try:
            with urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def state(self) -> dict[str, Any]:
        """What the page is told."""
        return self._json("api/state")

    def about(self, key: str) -> dict[str, Any]:
        """What the page is told of one recording."""
        return self._json(f"api/recordings/{key}")

    def upload(self, files: Mapping[str, bytes]) -> tuple[int, dict[str, Any]]:
        """Status and answer to files that are sent."""
        kind, body = form_of(files)
        status, told = self.ask("api/recordings", body, {"content-type": kind})
        return status, json.loads(told)

    def judge(self, key: str, **said: str | None) -> tuple[int, dict[str, Any]]:
        """Status and answer to a judgement."""
        usual = {"verdict": "flagged", "rhythm": None, "reviewer": "R", "comment": ""}
        body = json.dumps({"key": key} | usual | said).encode()
        status, told = self.ask("api/judgements", body, {"content-type": "application/json"})
        return status, json.loads(told)

    def memory_mb(self) -> float:
        """What the process that serves holds in memory."""
        told = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", told)[0]) / 1024

    def kill(self) -> None:
        """The process that serves is ended without being asked."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(_PATIENCE_S)

    def _json(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask(path)[1])
        return found


@contextlib.contextmanager
def served(model: Path, folder: Path, *options: str) -> Iterator[ReviewPage]:
    """The app with the model in a folder, started in another one that may hold judgements."""
    folder.mkdir(parents=True, exist_ok=True)
    # A short name: sockets lie in it.
    temporary = Path(tempfile.mkdtemp(prefix="afib-page-"))
    command = [sys.executable, "-c", "from afib.launch import entry; entry()", "app"]
    command += ["--port", "0", "--model", str(model.absolute()), *options]
    log = (folder / "log.txt").open("w", encoding="utf-8")
    with (
        log,
        subprocess.Popen(  # noqa: S603  our own command
            command,
            cwd=folder,
            env=os.environ | {"TMPDIR": str(temporary.absolute())},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            first = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", first)
            if found is None:
                raise RuntimeError((folder / "log.txt").read_text(encoding="utf-8") or first)
            yield _ready(found.group(), process, folder, temporary)
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            shutil.rmtree(temporary, ignore_errors=True)


def release_beside(model: Path, folder: Path, **changes: object) -> Path:
    """A copy of a model with a release that says it may be used, but for *changes*."""
    from afib.checkpoint import model_digest  # noqa: PLC0415  tests of this module need no torch

    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(model, folder)
    record = {
        "format": 1,
        "released": True,
        "headline": "RELEASED (for a case)",
        "model_sha256": model_digest(model),
        "requirements_digest": "1" * 64,
        "evidence_sha256": "2" * 64,
    } | changes
    (folder / "release.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def csv_of(signal_mv: Any, rate_hz: float) -> bytes:  # noqa: ANN401  any sequence of numbers
    """A signal as a CSV file."""
    samples = "\n".join(repr(float(sample)) for sample in signal_mv)
    return f"# rate_hz: {rate_hz:g}\nmv\n{samples}\n".encode()


def form_of(files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Files as a browser sends them: the type of the form, and its content."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="'.encode()
        + name.encode("utf-8", "surrogatepass").replace(b'"', b"%22")
        + b'"\r\nContent-Type: application/octet-stream\r\n\r\n'
        + content
        + b"\r\n"
        for name, content in files.items()
    ]
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    return f"multipart/form-data; boundary={boundary}", body


def _ready(
    address: str, process: subprocess.Popen[str], folder: Path, temporary: Path
) -> ReviewPage:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310  our own address
                page = answer.read().decode()
            break
        except OSError:
            if time.monotonic() > until or process.poll() is not None:
                raise
            time.sleep(0.05)
    token = re.findall(r'name="token" content="([^"]+)"', page)[0]
    return ReviewPage(
        address=address, token=token, process=process, folder=folder, temporary=temporary
    )
