"""Starts the app on this machine, and ends it without a trace."""

from __future__ import annotations

import secrets
import signal
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import uvicorn

from afib.app.desk import Desk
from afib.app.guard import Guard
from afib.app.impatient import Impatient
from afib.app.judgements import Judgements
from afib.app.pages import Governed
from afib.app.parts import Parts
from afib.app.proving import Proofs
from afib.app.reader import Reader
from afib.app.server import make_app
from afib.checkpoint import model_digest
from afib.decision import load_screener
from afib.errors import AfibError
from afib.records import Recording
from afib.release import release_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


__all__ = ["Started", "start"]

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An app that listens, and is not yet served.

    Attributes:
        address: Where it is.
        told: What stands beside the model about its release.
        speaks: Whether the device decides.
    """

    address: str
    told: str
    speaks: bool
    _socket: socket.socket
    _parts: Parts
    _paths: Sequence[Path]

    def serve(self) -> None:
        """Serves until it is interrupted; then no child is left."""
        parts = self._parts
        app = Guard(make_app(parts), port=self._socket.getsockname()[1], token=parts.token)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="error",
                access_log=False,
                server_header=False,
                limit_concurrency=_AT_ONCE,
                timeout_graceful_shutdown=2,
                ws="none",
                http=Impatient,
            )
        )
        _end_in_order(server)
        behind = threading.Thread(target=self._behind, daemon=True)
        behind.start()
        try:
            server.run(sockets=[self._socket])
        finally:
            parts.desk.close()
            parts.proofs.close()

    def _behind(self) -> None:
        """What takes a while and nobody need wait for."""
        parts = self._parts
        try:
            parts.reader.warm()
            parts.desk.rehearse(_nobody())
            for path in self._paths:
                parts.desk.problems += parts.desk.open_all(parts.reader.path(path))[1]
        except Exception as error:
            # Whoever waits is told why no more comes; the log has the rest.
            parts.desk.problems.append(f"app: expected to open what it was given, got {error!r}")
            raise
        finally:
            parts.desk.loading = False


def start(
    model: Path, *, port: int, unreleased: bool, judgements: Path, paths: Sequence[Path]
) -> Started:
    """The app with the model in a folder, listening on the loopback address.

    Args:
        model: The model folder.
        port: To listen on; 0 for any that is free.
        unreleased: Whether a model decides that was not released.
        judgements: The file that judgements are kept in.
        paths: Recordings, folders and archives to open.

    Raises:
        AfibError: If the model or the file of judgements is damaged, a path is missing, or the
            port is taken.
    """
    if missing := [
        f"{path}: expected a recording, got nothing" for path in paths if not path.exists()
    ]:
        raise AfibError(*missing)
    screener, release, kept = load_screener(model), release_of(model), Judgements(judgements)
    # One thread a question: more gain nothing on networks of this size, and others ask too.
    torch.set_num_threads(1)
    speaks = release.allows or unreleased
    listening = _listening(port)
    desk = Desk(screener if speaks else None)
    desk.loading = bool(paths)
    parts = Parts(
        desk=desk,
        reader=Reader(),
        judgements=kept,
        proofs=Proofs(model),
        governed=Governed(
            model=model_digest(model),
            requirements=release.requirements_digest or "none",
            release=release.state.value,
            told=release.told,
            speaks=speaks,
        ),
        token=secrets.token_urlsafe(32),
    )
    return Started(
        address=f"http://127.0.0.1:{listening.getsockname()[1]}/",
        told=release.told,
        speaks=speaks,
        _socket=listening,
        _parts=parts,
        _paths=paths,
    )


def _end_in_order(server: uvicorn.Server) -> None:
    """Whoever ends the process or closes its terminal lets it put away what it began."""

    def leave(_signal: int, _frame: object) -> None:
        raise SystemExit(0)

    def ask_to_leave(_signal: int, _frame: object) -> None:
        server.should_exit = True

    # The server takes this one while it serves, and hands it on when it has ended.
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, ask_to_leave)


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise AfibError(f"--port {port}: expected a port that is free, got {error}") from error
    return listening


def _nobody() -> Recording:
    """A recording of no person, to ask the first question of, which waits for imports."""
    rate_hz = 300.0
    at_s = np.arange(round(30 * rate_hz)) / rate_hz
    beats = np.exp(-0.5 * (((at_s % 0.8) - 0.4) / 0.02) ** 2)
    wave = (beats + 0.1 * np.sin(2 * np.pi * at_s)).astype(np.float32)
    return Recording.of(name="rehearsal", signal_mv=wave, rate_hz=rate_hz, origin="rehearsal")
