"""Application: what a technician meets on the review page."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.release import ReleaseState
from vericase import Proportion, Scalar
from verification.browsed import accessibility_faults, walked
from verification.endured import endured, waiting
from verification.front_door import screen, write_recordings
from verification.review_page import csv_of, release_beside, served
from verification.ruled import measured_on
from verification.windowed import browser, missing, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from afib.records import Recording
    from verification.review_page import ReviewPage

Measure = Callable[..., None]
Conditions = Mapping[str, Any]

_FINE = 200
_WORDS = {True: "done", False: "NOT DONE"}
_SAME = ("rhythm", "probability_afib", "prediction_set", "ood_score", "reason", "model_digest")


@pytest.fixture(scope="session")
def review(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewPage]:
    """The page with the model that is verified, which no release names yet."""
    with served(model_folder, tmp_path_factory.mktemp("review"), "--unreleased") as page:
        yield page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser; without one, nothing of it is shown."""
    if (problem := missing()) is not None:
        pytest.skip(problem)
    with browser() as found:
        yield found


@pytest.fixture(scope="session")
def decided(recorded: tuple[Recording, ...], review: ReviewPage) -> dict[str, bytes]:
    """A recording that the device decides, as a file."""
    for each in recorded:
        files = {f"{each.name}.csv": csv_of(each.signal_mv, each.rate_hz)}
        if review.upload(files)[1]["opened"][0]["word"] in {"AFib", "normal"}:
            return files
    pytest.skip("the device decides none of the recordings")


@pytest.mark.verifies("APP-101")
def test_unreleased_models_are_refused(
    measure: Measure, model_folder: Path, decided: dict[str, bytes], tmp_path: Path
) -> None:
    """Of releases that allow nothing, those with which the page decides nothing, and says so."""
    other, copy = "0" * 64, tmp_path / "model"
    refused = []
    for change in (
        {"model_sha256": other},
        {"released": False},
        {"format": 2},
        {"headline": 7},
        None,
    ):
        release_beside(model_folder, copy, **(change or {}))
        if change is None:
            (copy / "release.json").unlink()
        refused.append(_spoken(copy, tmp_path / "page", decided) == (False, "none"))
    measure("unreleased_models_refused", Proportion.of(refused))
    copy = release_beside(model_folder, copy)
    is_released, word = _spoken(copy, tmp_path / "page", decided)
    copy = release_beside(model_folder, copy, released=False)
    is_called_released, asked = _spoken(copy, tmp_path / "page", decided, "--unreleased")
    allowed = [is_released and word != "none", not is_called_released and asked != "none"]
    measure("allowed_models_decide", Proportion.of(allowed))


@pytest.mark.verifies("APP-102")
def test_strip_is_drawn_to_scale(
    measure: Measure, conditions: Conditions, review: ReviewPage, chromium: Browser
) -> None:
    """How far the caliper and the drawing are from a signal of known distances and heights."""
    with opened(chromium, review) as (tab, _):
        found = measured_on(
            tab,
            conditions["distances"],
            speeds=conditions["speeds_mm_s"],
            gains=conditions["gains_mm_mv"],
        )
    measure("caliper_error", Scalar(found.caliper_error_s, "s"))
    measure("caliper_height_error", Scalar(found.caliper_error_mv, "mV"))
    measure("drawn_error", Scalar(found.drawn_error_mm, "mm"))


@pytest.mark.verifies("APP-103")
def test_kept_judgements_stay(
    measure: Measure,
    conditions: Conditions,
    model_folder: Path,
    decided: dict[str, bytes],
    tmp_path: Path,
) -> None:
    """Of judgements that were acknowledged before the app was killed, those that are there."""
    generator = np.random.default_rng(conditions["seed"])
    acknowledged: list[tuple[int, str]] = []
    for _ in range(conditions["kills"]):
        with served(model_folder, tmp_path, "--unreleased") as page:
            acknowledged += _judged_until_killed(
                page, decided, conditions["judgements"], generator.uniform(0, 0.02)
            )
    with closing(sqlite3.connect(tmp_path / "judgements.sqlite")) as file:
        kept = set(file.execute("SELECT number, comment FROM judgements"))
        refused = [
            _is_refused(file, statement)
            for statement in (
                "UPDATE judgements SET verdict = 'confirmed'",
                "DELETE FROM judgements",
                "INSERT OR REPLACE INTO judgements SELECT * FROM judgements",
            )
        ]
    measure("acknowledged_judgements_kept", Proportion.of([each in kept for each in acknowledged]))
    measure("changes_refused", Proportion.of(refused))


@pytest.mark.verifies("APP-104")
def test_hostile_requests_do_nothing(
    measure: Measure, conditions: Conditions, review: ReviewPage, decided: dict[str, bytes]
) -> None:
    """Of hostile requests, those refused, and what became of the app and of others meanwhile."""
    found = endured(review, decided, requests=conditions["requests"], seed=conditions["seed"])
    measure("hostile_requests_refused", Proportion.of([*found.refused, found.serves]))
    measure("files_left", Scalar(len(found.files), "1"))
    measure("memory_growth", Scalar(found.grown_mb, "MB"))
    (content,) = decided.values()
    many = [{f"parallel{number}.csv": content} for number in range(conditions["parallel"])]
    with waiting(review) as waited, ThreadPoolExecutor(len(many)) as pool:
        answers = list(pool.map(review.upload, many))
    served_ones = [status == _FINE and bool(told["opened"]) for status, told in answers]
    measure("parallel_uploads_served", Proportion.of(served_ones))
    measure("longest_wait", Scalar(max(found.longest_wait_s, *waited), "s"))


@pytest.mark.verifies("APP-105")
def test_page_decides_as_the_command(  # noqa: PLR0913, PLR0917  fixtures
    measure: Measure,
    conditions: Conditions,
    review: ReviewPage,
    recorded: tuple[Recording, ...],
    model_folder: Path,
    tmp_path: Path,
) -> None:
    """Of recordings, those on which the page says all that the command says."""
    recorded = recorded[: conditions["most"]]
    write_recordings(recorded, tmp_path)
    told = screen(tmp_path, model_folder)
    agree = []
    for each in recorded:
        files = {f"{each.name}.csv": csv_of(each.signal_mv, each.rate_hz)}
        opened = review.upload(files)[1]["opened"]
        decision = opened[0]["decision"] if opened else {}
        agree.append(all(decision.get(name, ...) == told[each.name][name] for name in _SAME))
    measure("agreeing_pages", Proportion.of(agree))


@pytest.mark.verifies("APP-106")
def test_review_can_be_done(
    measure: Measure, review: ReviewPage, chromium: Browser, decided: dict[str, bytes]
) -> None:
    """Of the steps of a review in a browser, those that did what they should."""
    word = review.upload(decided)[1]["opened"][0]["word"]
    found = walked(chromium, review, decided, decided=word)
    steps = "".join(
        f"{'done' if done else 'NOT DONE'}: {step}\n" for step, done in found.done.items()
    )
    measure(
        "steps_done",
        Proportion.of(list(found.done.values())),
        attachments={"steps.txt": steps.encode()},
    )
    measure("requests_elsewhere", Scalar(found.elsewhere, "1"))


@pytest.mark.verifies("APP-107")
def test_page_can_be_used_by_everybody(
    measure: Measure, review: ReviewPage, chromium: Browser, decided: dict[str, bytes]
) -> None:
    """Serious faults that a checker of accessibility finds."""
    faults = accessibility_faults(chromium, review, decided)
    told = "\n".join(faults) or "none"
    measure("serious_faults", Scalar(len(faults), "1"), attachments={"faults.txt": told.encode()})


def _spoken(model: Path, folder: Path, files: dict[str, bytes], *options: str) -> tuple[bool, str]:
    """Whether the page says that the model is released, and what it says of a recording.

    "none" where it names no rhythm and gives no evidence, and "some" where it gives that alone.
    """
    with served(model, folder, *options) as page:
        state = page.state()["governed"]["release"] == ReleaseState.RELEASED.value
        opened = page.upload(files)[1]["opened"][0]
        asked = [page.ask(f"api/recordings/{opened['key']}/evidence")[0]]
        asked.append(page.ask(f"api/recordings/{opened['key']}/proofs", b"")[0])
        speaks = any(status == _FINE for status in asked)
        return state, opened["word"] if not speaks or opened["word"] != "none" else "some"


def _judged_until_killed(
    page: ReviewPage, files: dict[str, bytes], most: int, pause_s: float
) -> list[tuple[int, str]]:
    """Numbers and comments of judgements that were acknowledged until the app was killed."""
    key = page.upload(files)[1]["opened"][0]["key"]
    acknowledged: list[tuple[int, str]] = []
    end = threading.Event()

    def kill() -> None:
        end.wait()
        threading.Event().wait(pause_s)
        page.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for number in range(10 * most):
            comment = f"{number} of {page.port}"
            status, told = page.judge(key, comment=comment)
            if status == _FINE:
                acknowledged.append((told["number"], comment))
            if len(acknowledged) == most:
                end.set()
    except (OSError, HTTPException):
        # Killed before the answer was whole, so it was not acknowledged.
        pass
    end.set()
    killer.join()
    return acknowledged


def _is_refused(file: sqlite3.Connection, statement: str) -> bool:
    try:
        file.execute(statement)
    except sqlite3.DatabaseError:
        return True
    return False
