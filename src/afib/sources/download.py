"""Files from a server that publishes their SHA-256 sums, PhysioNet's way.

A file appears under its name only when it is whole and its sum is right.
Until then it grows as ``name.part``, and a later call goes on where an earlier one stopped.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import IO, TYPE_CHECKING

from tqdm import tqdm

from afib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http.client import HTTPMessage, HTTPResponse
    from pathlib import Path

__all__ = ["SUMS", "download", "fetch"]

SUMS = "SHA256SUMS.txt"
"""The file in which PhysioNet publishes the sums of a project's files."""

# PhysioNet writes one blank between sum and path, sha256sum two, or a blank and a star.
_LINE = re.compile(r"(?P<sum>[0-9a-f]{64}) [ *]?(?P<path>[^ *].{0,511})")
_ATTEMPTS = 3
_PAUSE_S = 0.5
_TIMEOUT_S = 60
_CHUNK = 2**16
_MAX_BYTES = 2**32
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PARTIAL, _UNSATISFIABLE, _SERVER_ERROR = 206, 416, 500


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Redirections, but only to addresses that could have been asked for in the first place."""

    def redirect_request(  # noqa: PLR0913, PLR0917  (urllib's signature)
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _require_https(newurl)
        except SourceError:
            fp.close()  # as urllib does where it goes on
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _InterruptedError(Exception):
    """The connection broke; what has arrived is kept and another attempt may go on."""


def fetch(
    base_url: str,
    folder: Path,
    *,
    required: Mapping[str, Sequence[str]],
    optional: Mapping[str, Sequence[str]],
    progress: bool,
) -> None:
    """Every required file, and each optional one that the server lists, is in *folder*.

    What is there already is left alone; if that is everything required, no connection is made.

    Args:
        base_url: Address of the published folder, which holds ``SHA256SUMS.txt``.
        folder: Where the files go; made if need be.
        required: For each file to have, the paths under which the server may list it.
        optional: The same for files that are taken if they are listed.
        progress: Whether to draw a progress bar for each file on standard error.

    Raises:
        SourceError: If a required file is not listed, cannot be loaded, or has a wrong sum.
    """
    if all((folder / name).is_file() for name in required):
        return
    base = base_url.rstrip("/")
    listed = _published_sums(f"{base}/{SUMS}")
    candidates = {**optional, **required}
    wanted = {name: _first_listed(paths, listed) for name, paths in candidates.items()}
    missing = [name for name in required if wanted[name] is None]
    if missing:
        raise SourceError(f"{base}/{SUMS}: expected {', '.join(missing)} in the list, got none")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"{folder}: expected a folder to write, got {error.strerror}") from error
    for name, path in wanted.items():
        if path is not None and not (folder / name).is_file():
            url = f"{base}/{urllib.parse.quote(path)}"
            download(url, folder / name, sha256=listed[path], progress=progress)


def download(url: str, target: Path, *, sha256: str, progress: bool) -> None:
    """*target* holds what *url* serves, and its SHA-256 is *sha256*.

    Raises:
        SourceError: If the server refuses, the connection keeps breaking, or the sum is wrong.
            What has arrived of an interrupted file stays for the next call; a file with a wrong
            sum does not.
    """
    part = target.with_name(f"{target.name}.part")
    if _digest(part) != sha256:
        _load_patiently(url, part, progress=progress)
        found = _digest(part)
        if found != sha256:
            part.unlink()
            raise SourceError(f"{url}: expected SHA-256 {sha256} as published, got {found}")
    part.replace(target)


def _first_listed(paths: Sequence[str], listed: Mapping[str, str]) -> str | None:
    return next((path for path in paths if path in listed), None)


def _published_sums(url: str) -> dict[str, str]:
    """The published SHA-256 of each path."""
    try:
        with _open(url, start=0) as response:
            text = response.read(_MAX_BYTES).decode("utf-8")
    except (_InterruptedError, http.client.HTTPException, OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{url}: expected the published sums, got {error}; without a network, "
            "set VERICASE_DATA to the folder that holds the files"
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    sums = {match["path"].removeprefix("./"): match["sum"] for match in found if match}
    if len(sums) != len(lines) or not sums:
        raise SourceError(
            f"{url}: expected lines of a SHA-256 and a path, got {len(lines)} lines "
            f"of which {len(sums)} are"
        )
    return sums


def _digest(part: Path) -> str:
    if not part.exists():
        return ""
    with part.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load_patiently(url: str, part: Path, *, progress: bool) -> None:
    """*part* is whole; a broken connection is tried again from where it broke."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _load(url, part, progress=progress)
        except _InterruptedError as error:
            if attempt == _ATTEMPTS:
                raise SourceError(
                    f"{url}: expected the whole file, got {error} in {attempt} attempts; "
                    "the next run goes on from there"
                ) from error
            time.sleep(_PAUSE_S * attempt)
        else:
            return


def _load(url: str, part: Path, *, progress: bool) -> None:
    """*part* is as long as the server says the file is."""
    start = part.stat().st_size if part.exists() else 0
    try:
        with _open(url, start=start) as response:
            resumed = response.status == _PARTIAL
            start = start if resumed else 0
            total = _total_bytes(response, start)
            with (
                part.open("ab" if resumed else "wb") as file,
                tqdm(
                    desc=part.stem,
                    initial=start,
                    total=total,
                    unit="B",
                    unit_scale=True,
                    disable=not progress,
                ) as bar,
            ):
                while chunk := response.read(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
    except (http.client.HTTPException, OSError) as error:
        raise _InterruptedError(str(error) or type(error).__name__) from error
    arrived = part.stat().st_size
    if total is not None and arrived != total:
        if arrived > total:
            part.unlink()
        raise _InterruptedError(f"{arrived} of {total} bytes")


def _open(url: str, *, start: int) -> HTTPResponse:
    """The server's answer for *url* from byte *start*, or for all of it if it knows no ranges."""
    _require_https(url)
    headers = {"User-Agent": "vericase", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the scheme is checked above)
    try:
        opener = urllib.request.build_opener(_SafeRedirects)
        response: HTTPResponse = opener.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _UNSATISFIABLE and start:
            return _open(url, start=0)
        if error.code >= _SERVER_ERROR:
            raise _InterruptedError(f"status {error.code}") from error
        raise SourceError(f"{url}: expected the file, got status {error.code}") from error
    except urllib.error.URLError as error:
        raise _InterruptedError(str(error.reason)) from error
    return response


def _require_https(url: str) -> None:
    address = urllib.parse.urlsplit(url)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        raise SourceError(f"{url}: expected an https address, got {address.scheme!r}")


def _total_bytes(response: HTTPResponse, start: int) -> int | None:
    """How long the whole file is, if the server says so."""
    length = response.headers.get("Content-Length", "")
    if not length.isdigit():
        return None
    total = start + int(length)
    if total > _MAX_BYTES:
        raise SourceError(f"{response.url}: expected at most {_MAX_BYTES} bytes, got {total}")
    return total
