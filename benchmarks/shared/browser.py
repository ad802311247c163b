"""How a page opens in a headless Chromium, asked through its driver; nothing but HTTP is needed."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Browser", "Opened", "browser"]

_DRIVER = "chromedriver"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900")
_PATIENCE_S = 20.0
#: Everything that blocked the main thread for 50 ms or more since the page began to load.
_LONG_TASKS = """
const done = arguments[0];
new PerformanceObserver(list => done(list.getEntries().map(entry => entry.duration)))
  .observe({type: "longtask", buffered: true});
setTimeout(() => done([]), 1000);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a browser told of opening a page.

    Attributes:
        longest_s: The longest stretch for which the page answered nothing; 0 if none was 50 ms.
        busy_s: All tasks of its main thread together.
        loaded_s: From the start of the navigation to the load event.
    """

    longest_s: float
    busy_s: float
    loaded_s: float


class Browser:
    """A Chromium that is driven over HTTP."""

    def __init__(self, port: int, program: str) -> None:
        self._root = f"http://127.0.0.1:{port}"
        options = {"binary": program, "args": list(_OPTIONS)}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}"
        self.version = str(session["capabilities"]["browserVersion"])

    def open(self, page: Path) -> Opened:
        """Open *page* anew."""
        self._post("/url", {"url": "about:blank"})
        self._cdp("Performance.enable")
        before = self._busy_s()
        self._post("/url", {"url": page.absolute().as_uri()})
        tasks = self._post("/execute/async", {"script": _LONG_TASKS, "args": []})
        script = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
        loaded_ms = self._post("/execute/sync", {"script": script, "args": []})
        return Opened(
            longest_s=max(tasks, default=0.0) / 1000,
            busy_s=self._busy_s() - before,
            loaded_s=loaded_ms / 1000,
        )

    def close(self) -> None:
        """It has ended."""
        self._ask("DELETE", self._session, None)

    def _busy_s(self) -> float:
        metrics = self._cdp("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

    def _cdp(self, command: str) -> Any:  # noqa: ANN401  what the browser answers
        return self._post("/goog/cdp/execute", {"cmd": command, "params": {}})

    def _post(self, path: str, body: object) -> Any:  # noqa: ANN401  see above
        return self._ask("POST", self._session + path, body)

    def _ask(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401  see above
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._root + path, data=data, method=method)  # noqa: S310  our own driver
        with urlopen(request, timeout=120) as answer:  # noqa: S310  see above
            return json.load(answer)["value"]


@contextmanager
def browser() -> Iterator[Browser | None]:
    """A browser with its driver; None if there is none here."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    driver = shutil.which(_DRIVER)
    if program is None or driver is None:
        yield None
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen((driver, f"--port={port}"), stdout=quiet, stderr=quiet)
    try:
        driven = _driven(port, program)
        try:
            yield driven
        finally:
            driven.close()
    finally:
        process.terminate()
        process.wait()


def _driven(port: int, program: str) -> Browser:
    for _ in range(int(_PATIENCE_S / 0.1)):
        try:
            return Browser(port, program)
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise SystemExit(f"{_DRIVER}: expected it to answer within {_PATIENCE_S:.0f} s, got nothing")
