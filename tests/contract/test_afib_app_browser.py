"""What a reviewer meets in a browser at the page of `afib app`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from afib.synthetic import generate_recording
from tests.support.uncertain import tiny_device
from verification.browsed import accessibility_faults, walked
from verification.review_page import csv_of, release_beside, served
from verification.ruled import RATE_HZ, measured_on, ruler
from verification.windowed import browser, missing, opened, says, send, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from verification.review_page import ReviewPage

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "nothing is missing")

#: A sample, and what a screen can tell apart.
SAMPLE_S, HEIGHT_MV, DRAWN_MM = 1 / RATE_HZ, 0.03, 0.3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a size that tests can afford, without a release."""
    return tiny_device(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture(scope="module")
def review(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewPage]:
    """The app with a released model."""
    released = release_beside(model, model.parent / "released")
    with served(released, tmp_path_factory.mktemp("review")) as page:
        yield page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of this machine."""
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def heart() -> dict[str, bytes]:
    """Half a minute of a heart that beats."""
    one = generate_recording(seed=3, number=2).recording
    return {"heart.csv": csv_of(one.signal_mv, one.rate_hz)}


def test_the_strip_is_true_to_its_scale(review: ReviewPage, chromium: Browser) -> None:
    """Calipers are within a sample, and paper within what the eye can tell."""
    with opened(chromium, review) as (tab, _):
        found = measured_on(tab, 2)
    assert found.caliper_error_s <= SAMPLE_S
    assert found.caliper_error_mv <= HEIGHT_MV
    assert found.drawn_error_mm <= DRAWN_MM


def test_a_review_can_be_done(
    review: ReviewPage, chromium: Browser, heart: dict[str, bytes]
) -> None:
    """From a file that is dropped to a judgement that is handed out; nobody else is asked."""
    word = review.upload(heart)[1]["opened"][0]["word"]
    assert word in {"AFib", "normal"}
    found = walked(chromium, review, heart, decided=word)
    assert [step for step, done in found.done.items() if not done] == []
    assert found.elsewhere == 0


def test_everybody_can_use_it(
    review: ReviewPage, chromium: Browser, heart: dict[str, bytes]
) -> None:
    """A checker of accessibility finds nothing serious, wide or narrow, light or dark."""
    assert accessibility_faults(chromium, review, heart) == []


def test_a_narrow_window_is_enough(
    review: ReviewPage, chromium: Browser, heart: dict[str, bytes]
) -> None:
    """Nothing has to be moved sideways on a telephone."""
    with opened(chromium, review, viewport={"width": 390, "height": 800}) as (tab, _):
        send(tab, heart)
        settled(tab, "heart")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_keys_move_the_caliper_by_a_sample(review: ReviewPage, chromium: Browser) -> None:
    """One leg or the other, one sample or ten, and with no pointer at all."""
    with opened(chromium, review) as (tab, _):
        send(tab, {"ruler.csv": ruler()})
        settled(tab, "ruler")
        strip = tab.locator("#strip")
        strip.press("c")
        strip.press("ArrowRight")
        # A second apart, as whole samples go.
        first = between(tab)
        assert abs(first - RATE_HZ) <= 1
        samples = []
        for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft", "x", "ArrowRight"):
            strip.press(key)
            samples.append(between(tab) - first)
        assert samples == [1, 11, 10, 10, 9]


def between(tab: Page) -> int:
    """Samples that the caliper tells between its legs."""
    told = re.search(r"Δt ([\d.]+) ms", tab.locator("#measured").inner_text())
    return round(float(told[1]) / 1000 * RATE_HZ) if told else -1


def test_a_bad_file_is_told_in_the_page(review: ReviewPage, chromium: Browser) -> None:
    """By its name and its place, and the page goes on; markup in a name is read, not done."""
    with opened(chromium, review) as (tab, _):
        faults: list[str] = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("dialog", lambda dialog: faults.append(dialog.message))
        send(tab, {"broken.csv": b"no recording"})
        assert says(tab, "#told", "not read: upload!broken.csv:1: expected the header")
        name = "<img src=x onerror=alert(1)>"
        send(tab, {f"{name}.csv": ruler()})
        settled(tab, name)
        assert says(tab, "#worklist .name", name)
        assert tab.locator("main img").count() == 0
        assert faults == []


def test_an_unreleased_model_is_seen_to_be_one(
    model: Path, chromium: Browser, heart: dict[str, bytes], tmp_path: Path
) -> None:
    """The banner says so, nothing is decided, and there is nothing to prove."""
    with (
        served(model, tmp_path) as page,
        opened(chromium, page) as (tab, _),
    ):
        assert says(tab, "#banner", "This model is not released (missing).")
        assert says(tab, "#banner", "It decides nothing.")
        send(tab, heart)
        settled(tab, "heart")
        words = "Not decided: the model was not released, so the device says nothing"
        assert says(tab, "#decision", words)
        assert tab.locator("#prove").is_disabled()
        assert tab.locator("#numbers").inner_text() == ""


def test_a_released_model_has_no_banner(review: ReviewPage, chromium: Browser) -> None:
    """What is always there is soon not seen."""
    with opened(chromium, review) as (tab, _):
        assert says(tab, "#footer", "released: RELEASED (for a case)")
        assert tab.locator("#banner").is_hidden()
