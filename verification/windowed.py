"""The review page in a browser: how it is opened, fed and looked at."""

from __future__ import annotations

import contextlib
import io
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Locator, Page

    from verification.review_page import ReviewPage

__all__ = ["box_of", "browser", "dots_of", "missing", "opened", "says", "send", "settled"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_PATIENCE_MS = 20_000


def missing() -> str | None:
    """What is missing for a browser to be driven; None where nothing is."""
    try:
        import playwright.sync_api  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        return "the package playwright is not installed"
    if not any(map(shutil.which, _PROGRAMS)):
        return f"there is no browser: none of {', '.join(_PROGRAMS)}"
    return None


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser of this machine."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    program = next(filter(None, map(shutil.which, _PROGRAMS)))
    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=program, args=list(_OPTIONS))


@contextlib.contextmanager
def opened(
    used: Browser,
    page: ReviewPage,
    **context: Any,  # noqa: ANN401  the browser's own options
) -> Iterator[tuple[Page, list[str]]]:
    """The review page in a window of its own, and the addresses that it asks for."""
    window = used.new_context(**({"viewport": {"width": 1280, "height": 900}} | context))
    window.set_default_timeout(_PATIENCE_MS)
    tab = window.new_page()
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    try:
        tab.goto(page.address)
        yield tab, asked
    finally:
        window.close()


def send(tab: Page, files: Mapping[str, bytes]) -> None:
    """Files are given to the page."""
    from playwright.sync_api import FilePayload  # noqa: PLC0415

    kind = "application/octet-stream"
    tab.locator("#files").set_input_files(
        [FilePayload(name=name, mimeType=kind, buffer=content) for name, content in files.items()]
    )


def says(tab: Page, place: str, words: str) -> bool:
    """Whether words come to stand at a place of the page, which is waited for."""
    from playwright.sync_api import TimeoutError as TooLongError  # noqa: PLC0415

    try:
        tab.locator(place).filter(has_text=words).first.wait_for()
    except TooLongError:
        return False
    return True


def settled(tab: Page, name: str) -> None:
    """The recording is open and its strip is drawn."""
    tab.locator("#record-title").filter(has_text=name).wait_for()
    tab.wait_for_load_state("networkidle")
    tab.wait_for_timeout(300)


def dots_of(canvas: Locator) -> NDArray[np.float64]:
    """A canvas as it is seen, shape (rows, columns, 3), from 0 to 255."""
    from matplotlib.image import imread  # noqa: PLC0415

    return np.asarray(imread(io.BytesIO(canvas.screenshot()))[..., :3] * 255, dtype=np.float64)


def box_of(place: Locator) -> Mapping[str, float]:
    """Where something stands in the window, in dots."""
    found = place.bounding_box()
    return {name: float(found[name]) for name in ("x", "y", "width", "height")} if found else {}
