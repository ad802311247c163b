"""Requests that nobody means well, drawn by a seed, each with whether it was refused."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from typing import TYPE_CHECKING

from verification.review_page import form_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from verification.review_page import ReviewPage

__all__ = ["KINDS"]

_REFUSED = (400, 403, 404, 405, 408, 411, 413, 414, 415, 421, 422, 431, 501, 505)
_LARGE = 70 * 1024**2
_NAMES = (
    "../../../tmp/outside.csv",
    "/etc/outside.csv",
    "a\x00b.csv",
    "..\\..\\outside.csv",
    "x" * 5000 + ".csv",
    "\u202egnp.csv",
    "CON.csv",
    "-rf.csv",
    "<script>alert(1)</script>.csv",
    "$(touch outside).csv",
    "a\r\nX: y.csv",
    "",
    ".",
    ".hidden.csv",
    "\ud800.csv",
)


def _raw(page: ReviewPage, content: bytes) -> bool:
    """Whether bytes are answered by a refusal or by the end of the connection."""
    try:
        with socket.create_connection(("127.0.0.1", page.port), timeout=30) as asking:
            asking.sendall(content)
            asking.shutdown(socket.SHUT_WR)
            told = asking.recv(4096)
    except OSError:
        return True
    return not told or any(told.startswith(b"HTTP/1.1 %d" % code) for code in _REFUSED)


def _request(page: ReviewPage, first: str, *headers: str, body: bytes = b"") -> bool:
    own = ["Connection: close"]
    if not any(header.lower().startswith("host:") for header in headers):
        own.append(f"Host: 127.0.0.1:{page.port}")
    told = "\r\n".join([first, *own, *headers, "", ""]).encode("utf-8", "surrogateescape")
    return _raw(page, told + body)


def _garbage(page: ReviewPage, generator: Generator) -> bool:
    return _raw(page, generator.bytes(int(generator.integers(1, 2000))))


def _long_header(page: ReviewPage, generator: Generator) -> bool:
    return _request(page, "GET / HTTP/1.1", "X: " + "y" * int(generator.integers(70_000, 200_000)))


def _other_host(page: ReviewPage, generator: Generator) -> bool:
    hosts = ("evil.example", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil:{page.port}", "", "[::1]")
    return _request(page, "GET /api/state HTTP/1.1", f"Host: {generator.choice(hosts)}")


def _other_origin(page: ReviewPage, generator: Generator) -> bool:
    origin = generator.choice(("null", "http://evil.example", "http://127.0.0.1:1", "file://"))
    token = f"x-afib-token: {page.token}"
    return _request(page, "POST /api/judgements HTTP/1.1", f"Origin: {origin}", token)


def _no_token(page: ReviewPage, generator: Generator) -> bool:
    token = generator.choice(("", "x-afib-token: ", "x-afib-token: " + "A" * 43))
    headers = [token] if token else []
    body = b"{}"
    path = generator.choice(("/api/judgements", "/api/recordings", "/api/recordings/x/proofs"))
    return _request(page, f"POST {path} HTTP/1.1", *headers, "Content-Length: 2", body=body)


def _other_method(page: ReviewPage, generator: Generator) -> bool:
    method = generator.choice(("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "OPTIONS", "X" * 99))
    return _request(page, f"{method} /api/judgements HTTP/1.1", f"x-afib-token: {page.token}")


def _other_path(page: ReviewPage, generator: Generator) -> bool:
    key = page.state()["recordings"][0]["key"]
    paths = (
        "/static/../../../../etc/passwd",
        "/static/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/static/..%5c..%5cx",
        "//etc/passwd",
        "/api/recordings/../../etc/passwd",
        "/api/recordings/%00/tile/0",
        f"/api/recordings/{key}/tile/-1",
        f"/api/recordings/{key}/tile/99999999999999999999999999",
        f"/api/recordings/{key}/tile/0?shown=__class__",
        f"/api/recordings/{key}/tile/NaN",
        f"/api/recordings/{key}/evidence?window=nan",
        f"/api/recordings/{key}/outline?columns=1e9",
        f"/api/recordings/{key}'--/report.html",
        "/api/state?since=1e400",
        "/docs",
        "/openapi.json",
        "/" + "a" * 50_000,
    )
    return _request(page, f"GET {paths[int(generator.integers(len(paths)))]} HTTP/1.1")


def _false_length(page: ReviewPage, generator: Generator) -> bool:
    length = generator.choice(("-1", "1e9", "99999999999999999999", str(_LARGE), "0x10", "7"))
    token = f"x-afib-token: {page.token}"
    head = ("POST /api/recordings HTTP/1.1", token, f"Content-Length: {length}")
    return _request(page, *head, "Content-Type: multipart/form-data; boundary=b", body=b"--b")


def _endless(page: ReviewPage, generator: Generator) -> bool:
    """A body in chunks that goes on beyond what is taken; mostly to where little is taken."""
    is_large = generator.random() < 0.02  # noqa: PLR2004  each costs a second
    path, most = ("/api/recordings", _LARGE) if is_large else ("/api/judgements", 2**20)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nx-afib-token: {page.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    begin = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
    chunk = b"10000\r\n" + b"0" * 65536 + b"\r\n"
    sent = b"%x\r\n%s\r\n" % (len(begin), begin)
    return _raw(page, head.encode() + sent + chunk * (most // 65536 + 2))


def _bad_judgement(page: ReviewPage, generator: Generator) -> bool:
    key = page.state()["recordings"][0]["key"]
    whole = {"key": key, "verdict": "flagged", "rhythm": None, "reviewer": "R", "comment": ""}
    bodies: tuple[bytes, ...] = (
        b"",
        b"{",
        b"[" * 20_000,
        b"null",
        b"\xff\xfe",
        json.dumps(whole | {"verdict": "perfect"}).encode(),
        json.dumps(whole | {"reviewer": "  "}).encode(),
        json.dumps(whole | {"comment": "x" * 3000}).encode(),
        json.dumps(whole | {"key": "'; DROP TABLE judgements; --"}).encode(),
        json.dumps(whole | {"number": 1}).encode(),
        json.dumps(whole | {"reviewer": 7}).encode(),
        json.dumps(whole | {"reviewer": "\ud800"}).encode(),
        json.dumps(whole | {"verdict": "corrected"}).encode(),
        json.dumps(whole | {"comment": "x" * 100_000}).encode(),
    )
    body = bodies[int(generator.integers(len(bodies)))]
    return page.ask("api/judgements", body, {"content-type": "application/json"})[0] in _REFUSED


def _sent(page: ReviewPage, files: dict[str, bytes]) -> bool:
    kind, body = form_of(files)
    status, told = page.ask("api/recordings", body, {"content-type": kind})
    return status in _REFUSED or (status == 200 and not json.loads(told)["opened"])  # noqa: PLR2004


def _bad_recording(page: ReviewPage, generator: Generator) -> bool:
    noise = generator.bytes(int(generator.integers(0, 5000)))
    header = b"r 1 %s %s\nr.dat 16 1000/mV 16 0 0 0 0 I\n"
    rate = generator.choice((b"300", b"-1", b"nan", b"1e99", b"0"))
    length = generator.choice((b"9", b"9000", b"999999999999", b"-5", b"x"))
    damaged = {"r.hea": header % (rate, length), "r.dat": noise}
    link = {"r.hea": b"r 1 300 9000\n../../../../etc/passwd 16 1000/mV 16 0 0 0 0 I\n"}
    sent: tuple[dict[str, bytes], ...] = (
        damaged,
        link,
        {"r.csv": noise},
        {"r.edf": b"0       " + noise},
        {"r.csv": b"# rate_hz: 300\nmv\n" + b"nan\n" * 9000},
        {"r.csv": b"# rate_hz: 300\nmv\n" + b"=cmd|' /C calc'!A0\n" * 100},
        {"r.csv": b"9" * 200_000},
        {"r.exe": noise},
    )
    return _sent(page, sent[int(generator.integers(len(sent)))])


def _bad_name(page: ReviewPage, generator: Generator) -> bool:
    name = _NAMES[int(generator.integers(len(_NAMES)))]
    return _sent(page, {name: generator.bytes(50)})


def _bad_archive(page: ReviewPage, generator: Generator) -> bool:
    out = io.BytesIO()
    kind = int(generator.integers(6))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        if kind == 0:
            archive.writestr("bomb.csv", b"0" * (200 * 2**20))
        elif kind == 1:
            archive.writestr("../../outside.csv", b"x")
        elif kind == 2:  # noqa: PLR2004
            link = zipfile.ZipInfo("link.csv")
            link.external_attr = 0xA1ED0000
            archive.writestr(link, "/etc/passwd")
        elif kind == 3:  # noqa: PLR2004
            for number in range(3000):
                archive.writestr(f"r{number}.csv", b"")
        elif kind == 4:  # noqa: PLR2004
            archive.writestr("r.csv", b"x")
            archive.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    content = out.getvalue()
    if kind == 5:  # noqa: PLR2004
        content = b"PK\x03\x04" + generator.bytes(3000)
    return _sent(page, {"a.zip": content})


#: Of each kind one in turn.
KINDS: tuple[Callable[[ReviewPage, Generator], bool], ...] = (
    _garbage,
    _long_header,
    _other_host,
    _other_origin,
    _no_token,
    _other_method,
    _other_path,
    _false_length,
    _endless,
    _bad_judgement,
    _bad_recording,
    _bad_name,
    _bad_archive,
)
