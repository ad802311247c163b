"""Who may ask the app, and what a page of it may load: loopback, one origin, a token to change.

A page of another site can send requests to this machine from a browser; names are checked so that
it cannot make itself this host (DNS rebinding), origins and a token so that it cannot act for the
reviewer, and a policy so that nothing is loaded from anywhere. Bodies are held to a size and a time
while they come in.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import traceback
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["POLICY", "TOKEN_HEADER", "UPLOAD_PATH", "BodyRefusedError", "Guard"]

TOKEN_HEADER = "x-afib-token"  # noqa: S105  its name
UPLOAD_PATH = "/api/recordings"
#: The most bytes of an upload, and of every other body.
LONGEST_UPLOAD, _LONGEST_BODY = 64 * 1024**2, 64 * 1024
_LONGEST_HEAD = 16 * 1024
_LONGEST_WAIT_S = 60.0
_METHODS = frozenset({"GET", "POST"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"cache-control": b"no-store",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}


class BodyRefusedError(Exception):
    """A body that is too long, or too long in coming."""


class Guard:
    """Refuses what does not come from the page of this app on this machine.

    Args:
        app: What answers the rest.
        port: That it listens on.
        token: That a request which changes something has to carry.
    """

    def __init__(self, app: ASGIApp, *, port: int, token: str) -> None:
        self._app, self._token = app, token
        hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer of the app, or a refusal."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(send)
        refused = self._refused(scope)
        if refused is not None:
            await answer.refuse(*refused)
            return
        longest = LONGEST_UPLOAD if scope["path"] == UPLOAD_PATH else _LONGEST_BODY
        try:
            await self._app(scope, _Body(receive, longest).receive, answer.send)
        except ClientDisconnect:
            # Who asked has gone; nobody is to be told.
            return
        except Exception as error:  # noqa: BLE001  the last door: names and values stay out of the log
            place = traceback.extract_tb(error.__traceback__)[-1]
            sys.stderr.write(f"afib app: {type(error).__name__} in {place.name}:{place.lineno}\n")
            await answer.refuse(500, "app: expected to answer, got a fault of its own; see its log")

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        told = _Headers(scope["headers"])
        if told.size + len(scope["raw_path"]) + len(scope["query_string"]) > _LONGEST_HEAD:
            return 431, f"headers: expected at most {_LONGEST_HEAD} bytes"
        if told.all(b"host") not in ([host] for host in self._hosts):
            return 421, "host: expected this machine by its loopback name"
        elsewhere = told.all(b"sec-fetch-site") in (["cross-site"], ["same-site"])
        # A link on another page may open the app, and no more.
        if (elsewhere and scope["path"] != "/") or not self._origins.issuperset(
            told.all(b"origin")
        ):
            return 403, "origin: expected this app"
        if scope["method"] not in _METHODS:
            return 405, "method: expected GET or POST"
        if scope["method"] == "POST" and not self._has_token(told):
            return 403, "token: expected that of this start of the app; load the page anew"
        return None

    def _has_token(self, told: _Headers) -> bool:
        given = told.all(TOKEN_HEADER.encode())
        return len(given) == 1 and secrets.compare_digest(given[0].encode(), self._token.encode())


class _Headers:
    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = list(pairs)
        self.size = sum(len(name) + len(value) for name, value in self._pairs)

    def all(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self._pairs if key.lower() == name]


class _Body:
    """What comes in, held to a size and a time."""

    def __init__(self, receive: Receive, longest: int) -> None:
        self._receive, self._longest, self._got = receive, longest, 0
        self._until = asyncio.get_running_loop().time() + _LONGEST_WAIT_S
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            # What follows is only whether the reader has gone.
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise BodyRefusedError(f"body: expected all of it in {_LONGEST_WAIT_S:g} s") from None
        self._got += len(message.get("body", b""))
        if self._got > self._longest:
            raise BodyRefusedError(f"body: expected at most {self._longest} bytes, got more")
        self._whole = not message.get("more_body", False)
        return message


class _Answer:
    """What goes out, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send, self._begun = send, False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            own = list(message["headers"])
            known = {name.lower() for name, _ in own}
            own += [(name, value) for name, value in _HEADERS.items() if name not in known]
            message = {**message, "headers": own}
        await self._send(message)

    async def refuse(self, status: int, problem: str) -> None:
        """The refusal, unless an answer has begun: then it ends without its end."""
        if self._begun:
            return
        body = json.dumps({"problems": [problem]}).encode()
        kind = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": status, "headers": kind})
        await self._send({"type": "http.response.body", "body": body})
