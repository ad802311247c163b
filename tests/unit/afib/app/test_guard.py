"""Who may ask the app: this machine, from its own page, with its token, and not too much."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from starlette.requests import ClientDisconnect

from afib.app.guard import LONGEST_UPLOAD, POLICY, UPLOAD_PATH, BodyRefusedError, Guard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PORT, TOKEN = 8765, "secret-token"
HERE = f"127.0.0.1:{PORT}"


@dataclass
class TellsWhatItGot:
    """An app that answers a request with its body, and counts what it was asked."""

    asked: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The body of the request, or what was wrong with it."""
        assert scope["type"] == "http"
        self.asked += 1
        body, more, status = b"", True, 200
        try:
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
        except BodyRefusedError as error:
            body, status = str(error).encode(), 413
        await send({"type": "http.response.start", "status": status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> str:
        """The one that a refusal tells."""
        (problem,) = json.loads(self.body)["problems"]
        return str(problem)


def asked(  # noqa: PLR0913  what a request is made of
    app: ASGIApp,
    *,
    method: str = "GET",
    path: str = "/api/state",
    host: str | None = HERE,
    headers: Iterable[tuple[str, str]] = (),
    parts: tuple[bytes, ...] = (b"",),
) -> Answer:
    """The answer of *app* behind the guard."""
    own = [] if host is None else [("Host", host)]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(a.lower().encode(), b.encode("latin-1")) for a, b in (*own, *headers)],
    }
    coming: list[Message] = [
        {"type": "http.request", "body": each, "more_body": True} for each in parts
    ]
    coming[-1]["more_body"] = False
    sent = _run(Guard(app, port=PORT, token=TOKEN), scope, coming)
    told = {a.decode(): b.decode() for a, b in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(each["body"] for each in sent[1:]))


def _run(guard: Guard, scope: Scope, coming: list[Message]) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent


@pytest.mark.parametrize("host", [HERE, f"localhost:{PORT}"])
def test_the_page_of_this_machine_is_answered(host: str) -> None:
    """By both its names; with its origin as well."""
    app = TellsWhatItGot()
    own = [("Origin", f"http://{host}"), ("Sec-Fetch-Site", "same-origin")]
    assert asked(app, host=host).status == 200
    assert asked(app, host=host, headers=own).status == 200
    assert app.asked == 2


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:80", "localhost.:8765", "127.0.0.1:8765.", "", None],
)
def test_another_name_for_this_machine_is_refused(host: str | None) -> None:
    """A name that leads here by a trick of its owner reaches nothing."""
    app = TellsWhatItGot()
    answer = asked(app, host=host)
    assert (answer.status, app.asked) == (421, 0)
    assert answer.problem == "host: expected this machine by its loopback name"


def test_two_names_are_refused() -> None:
    """Readers disagree which of them counts."""
    app = TellsWhatItGot()
    assert asked(app, headers=[("Host", HERE)]).status == 421
    assert app.asked == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", "http://evil.example"),
        ("Origin", f"https://{HERE}"),
        ("Origin", "null"),
        ("Origin", ""),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_is_refused(method: str, name: str, value: str) -> None:
    """Also with the token, and also if it only reads."""
    app = TellsWhatItGot()
    answer = asked(app, method=method, headers=[(name, value), ("X-Afib-Token", TOKEN)])
    assert (answer.status, app.asked) == (403, 0)
    assert answer.problem == "origin: expected this app"


def test_a_link_elsewhere_opens_the_page_and_no_more() -> None:
    """The page itself is no secret."""
    app = TellsWhatItGot()
    elsewhere = [("Sec-Fetch-Site", "cross-site")]
    assert asked(app, path="/", headers=elsewhere).status == 200
    assert asked(app, path="/", method="POST", headers=elsewhere).status == 403
    assert asked(app, path="/api/judgements.csv", headers=elsewhere).status == 403
    assert app.asked == 1


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "x"])
def test_another_method_is_refused(method: str) -> None:
    """There is nothing to be done by it."""
    app = TellsWhatItGot()
    answer = asked(app, method=method, headers=[("X-Afib-Token", TOKEN)])
    assert (answer.status, app.asked) == (405, 0)
    assert answer.problem == "method: expected GET or POST"


@pytest.mark.parametrize(
    "tokens", [[], [""], ["secret-toke"], ["secret-token "], ["Secret-token"], ["ü"], [TOKEN] * 2]
)
def test_who_lacks_the_token_changes_nothing(tokens: list[str]) -> None:
    """One that is another, no plain text, or there twice is none."""
    app = TellsWhatItGot()
    answer = asked(app, method="POST", headers=[("X-Afib-Token", each) for each in tokens])
    assert (answer.status, app.asked) == (403, 0)
    assert answer.problem == "token: expected that of this start of the app; load the page anew"


def test_who_has_the_token_is_heard() -> None:
    """A body comes in whole, in however many parts."""
    app = TellsWhatItGot()
    token = [("X-Afib-Token", TOKEN)]
    answer = asked(app, method="POST", headers=token, parts=(b"one ", b"", b"two"))
    assert (answer.status, answer.body) == (200, b"one two")


@pytest.mark.parametrize(
    ("path", "most"), [("/api/judgements", 64 * 1024), (UPLOAD_PATH, LONGEST_UPLOAD)]
)
def test_a_body_is_held_to_a_size(path: str, most: int) -> None:
    """Whatever length it says it has, also none; the last byte that fits is taken."""
    token, half = [("X-Afib-Token", TOKEN), ("Content-Length", "1")], bytes(most // 2)
    for headers in (token, token[:1]):
        app = TellsWhatItGot()
        parts = {"method": "POST", "path": path, "headers": headers}
        fits = asked(app, **parts, parts=(half, half))  # type: ignore[arg-type]
        assert (fits.status, len(fits.body)) == (200, most)
        over = asked(app, **parts, parts=(half, half, b"x", b"more"))  # type: ignore[arg-type]
        assert over.status == 413
        assert over.body.decode() == f"body: expected at most {most} bytes, got more"


def test_headers_are_held_to_a_size() -> None:
    """All of them together, with the address."""
    app = TellsWhatItGot()
    long = "x" * (8 * 1024)
    assert asked(app, headers=[("X-A", long)]).status == 200
    for answer in (
        asked(app, headers=[("X-A", long), ("X-B", long)]),
        asked(app, path="/" + long, headers=[("X-A", long)]),
    ):
        assert (answer.status, answer.problem) == (431, "headers: expected at most 16384 bytes")
    assert app.asked == 1


def test_every_answer_has_the_headers() -> None:
    """Also a refusal; what the app says of itself is left as it is."""
    app = TellsWhatItGot()
    wanted = {
        "content-security-policy": POLICY,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    for answer in (asked(app), asked(app, host="evil.example"), asked(Breaks())):
        assert wanted.items() <= answer.headers.items()
    own = TellsWhatItGot(headers=[(b"Content-Security-Policy", b"default-src 'none'")])
    told = asked(own).headers
    assert told["Content-Security-Policy"] == "default-src 'none'"
    assert "content-security-policy" not in told


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    """No address stands in it, and nothing that is written into the page runs."""
    assert "default-src 'none'" in POLICY
    assert not any(word in POLICY for word in ("http", "*", "unsafe", "eval"))


class Breaks:
    """An app with a fault that knows a patient's name, before or after its answer has begun."""

    def __init__(self, *, late: bool = False, error: Exception | None = None) -> None:
        self._late, self._error = late, error or ValueError("Anna Muster, born 1950")

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """The fault."""
        if self._late:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise self._error


def test_a_fault_is_told_without_values(capsys: pytest.CaptureFixture[str]) -> None:
    """The log has its kind and its place; nobody's name is in it, nor in the answer."""
    answer = asked(Breaks())
    assert answer.status == 500
    assert answer.problem == "app: expected to answer, got a fault of its own; see its log"
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("afib app: ValueError in __call__:")
    assert "Anna" not in told.err


def test_a_fault_in_the_middle_of_an_answer_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Half an answer is never made to look whole."""
    answer = asked(Breaks(late=True))
    assert (answer.status, answer.body) == (200, b"half")
    assert "Anna" not in capsys.readouterr().err


def test_who_has_gone_is_told_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """It is no fault, and nothing is logged."""
    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b""}
    guard = Guard(Breaks(error=ClientDisconnect()), port=PORT, token=TOKEN)
    assert _run(guard, scope | {"headers": [(b"host", HERE.encode())]}, []) == []
    assert capsys.readouterr().err == ""


def test_no_socket_of_the_web_is_opened() -> None:
    """The app has none."""
    guard = Guard(TellsWhatItGot(), port=PORT, token=TOKEN)
    sent = _run(guard, {"type": "websocket", "path": "/", "headers": []}, [])
    assert sent == [{"type": "websocket.close", "code": 1008}]
