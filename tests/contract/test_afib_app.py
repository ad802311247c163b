"""What people rely on at `afib app`, asked from outside as a page or a script would."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch

from afib.cli import main
from tests.support.recordings import recording, steps, wfdb_record, write_files
from tests.support.uncertain import tiny_device
from verification.review_page import csv_of, form_of, release_beside, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from verification.review_page import ReviewPage

    Refused = Callable[..., list[str]]

UNRELEASED = "the model was not released, so the device says nothing"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a size that tests can afford, without a release."""
    return tiny_device(tmp_path_factory.mktemp("models") / "model")


@pytest.fixture(scope="module")
def page(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewPage]:
    """The app with a released model, started with a folder to open."""
    folder = tmp_path_factory.mktemp("app")
    write_files(folder / "ward", wfdb_record("W00001", steps(seed=7)))
    released = release_beside(model, model.parent / "released")
    with served(released, folder, "ward") as page:
        yield page


@pytest.fixture
def refused(
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Refused]:
    """Why the command does not start the app, line by line."""
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()

    def refused(*options: str) -> list[str]:
        assert main(["app", "--model", str(model), *options]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        return told.err.splitlines()

    yield refused
    # What the app does to torch in its own process is undone in this one.
    torch.set_num_threads(threads)


def opened(page: ReviewPage, name: str, *, seed: int = 0, samples: int = 3000) -> dict[str, Any]:
    """What is told of a recording that was sent."""
    files = wfdb_record(name, steps(samples, seed=seed))
    status, told = page.upload(files)
    assert (status, told["problems"]) == (200, [])
    return dict(told["opened"][0])


def waited(comes: Callable[[], bool]) -> bool:
    """Whether something that is worked on behind the page comes about."""
    until = time.monotonic() + 60
    while not (came := comes()) and time.monotonic() < until:
        time.sleep(0.02)
    return came


def test_a_decision_is_what_the_command_says(
    page: ReviewPage, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every key of it, of a record that was sent as its two files."""
    one = opened(page, "A00001")
    records = write_files(tmp_path / "records", wfdb_record("A00001"))
    assert main(["screen", str(records), "--model", str(model), "--format", "json"]) == 0
    assert one["decision"] == json.loads(capsys.readouterr().out)
    assert one["word"] == one["decision"]["rhythm"] in {"AFib", "normal"}
    assert (one["record"], one["samples"], one["rate_hz"]) == ("A00001", 3000, 300.0)


def test_what_it_was_started_with_is_open(page: ReviewPage) -> None:
    """By its own name, and only what comes after what was seen is told again."""
    assert waited(lambda: not page.state()["loading"])
    told = page.state()
    assert "W00001" in {each["record"] for each in told["recordings"]}
    numbers = [each["number"] for each in told["recordings"]]
    assert numbers == list(range(len(numbers)))
    assert json.loads(page.ask(f"api/state?since={len(numbers)}")[1])["recordings"] == []
    governed = told["governed"]
    assert (governed["speaks"], governed["release"]) == (True, "released")


def test_a_stretch_is_the_signal(page: ReviewPage) -> None:
    """As little-endian numbers in mV; filtered only if asked; what is not there is refused."""
    key = opened(page, "tile", seed=2)["key"]
    content = page.ask(f"api/recordings/{key}/tile/0")[1]
    wanted = recording(seed=2).signal_mv
    np.testing.assert_array_equal(np.frombuffer(content, "<f4"), wanted)
    filtered = page.ask(f"api/recordings/{key}/tile/0?shown=monitor")[1]
    assert (len(filtered), filtered == content) == (len(content), False)
    outline = np.frombuffer(page.ask(f"api/recordings/{key}/outline?columns=3")[1], "<f4")
    np.testing.assert_array_equal(
        outline.reshape(3, 2), [(each.min(), each.max()) for each in np.split(wanted, 3)]
    )
    status, content = page.ask(f"api/recordings/{key}/tile/1")
    problem = "stretch: expected one inside the recording, got 1"
    assert (status, json.loads(content)) == (422, {"problems": [problem]})


def test_reasons_are_of_the_decision(page: ReviewPage) -> None:
    """Heights from -1 to 1 over the whole recording, by a method that is named."""
    key = opened(page, "reasons", seed=3)["key"]
    status, content = page.ask(f"api/recordings/{key}/evidence")
    told = json.loads(content)
    assert (status, told["method"], told["start_s"]) == (200, "grad-cam", 0.0)
    assert len(told["heights"]) / told["rate_hz"] == pytest.approx(10.0, abs=0.1)
    assert max(map(abs, told["heights"])) == 1.0


def test_a_report_can_be_kept(page: ReviewPage) -> None:
    """A page that loads nothing: strip, decision, judgements; and one of the whole session."""
    one = opened(page, "report", seed=4)
    page.judge(one["key"], verdict="confirmed", reviewer="Dr <b>", comment="seen & signed")
    told = page.ask(f"api/recordings/{one['key']}/report.html")[1].decode()
    (svg,) = re.findall(r"<svg.*</svg>", told, re.DOTALL)
    ET.fromstring(svg)  # noqa: S314  our own picture
    for words in (f"report: {one['word']}", "Dr &lt;b&gt;", "seen &amp; signed", "Not for diag"):
        assert words in told
    assert not re.search(r'(?:src|href)="(?!#)|url\((?!#)|<script|@import', told)
    assert "confirmed: " + one["word"] in page.ask("api/summary.html")[1].decode()


def test_a_judgement_is_kept_and_handed_out(page: ReviewPage) -> None:
    """With what the device had said; a table of all has it, and so has its file."""
    one = opened(page, "judged", seed=5)
    status, told = page.judge(
        one["key"], verdict="corrected", rhythm="other", reviewer="Dr B", comment="=flutter"
    )
    assert status == 200
    content = page.ask("api/judgements.csv")[1].decode()
    row = list(csv.DictReader(io.StringIO(content)))[told["number"] - 1]
    assert row["made_at"] == told["made_at"]
    assert row["model_digest"] == one["decision"]["model_digest"]
    said = ("record", "record_digest", "decided", "verdict", "rhythm", "reviewer", "comment")
    assert [row[name] for name in said] == [
        *(
            "judged",
            recording(seed=5).digest,
            one["word"],
            "corrected",
            "other",
            "Dr B",
            "'=flutter",
        )
    ]
    (kept,) = page.about(one["key"])["judgements"]
    assert (kept["number"], kept["comment"]) == (told["number"], "=flutter")


def test_a_judgement_that_says_nothing_is_refused(page: ReviewPage) -> None:
    """With all that is wrong; of a recording that is not open, or in words that are none."""
    key = opened(page, "unsaid", seed=6)["key"]
    before = page.state()["judgements"]
    status, told = page.judge(key, verdict="corrected", reviewer=" ")
    assert (status, told["problems"]) == (
        422,
        ["rhythm: expected what it is instead, got none", "reviewer: expected a name, got none"],
    )
    assert page.judge("0" * 32)[1]["problems"] == ["recording: expected one that is open, got none"]
    assert page.judge(key, made_at="2020-01-01")[0] == 422
    for body in (b"", b"[]", b"{", b'{"key": 7}'):
        assert page.ask("api/judgements", body, {"content-type": "application/json"})[0] == 422
    assert page.state()["judgements"] == before


def test_what_cannot_be_read_is_told(page: ReviewPage) -> None:
    """Beside what can be; nothing sent is a mistake as well."""
    sound = csv_of(recording(seed=8).signal_mv, 300.0)
    status, told = page.upload({"sound.csv": sound, "broken.csv": b"no recording"})
    assert (status, [each["record"] for each in told["opened"]]) == (200, ["sound"])
    assert told["problems"] == [
        "upload!broken.csv:1: expected the header 'time_s,mv' or 'mv', got 'no recording'"
    ]
    assert page.upload({})[1]["problems"] == ["upload: expected at least one file, got none"]


def test_a_long_recording_is_decided_by_windows(page: ReviewPage) -> None:
    """They are told as they are decided; there is nothing to prove of the whole."""
    one = opened(page, "holter", seed=9, samples=100 * 300)
    assert (one["word"], one["is_long"], one["windows_in_all"]) == ("none", True, 4)
    assert waited(lambda: len(page.about(one["key"])["windows"]) == 4)
    windows = page.about(one["key"])["windows"]
    assert [each["end_s"] - each["start_s"] for each in windows] == pytest.approx([30] * 4)
    assert {each["word"] for each in windows} <= {"AFib", "normal", "abstained"}
    status, content = page.ask(f"api/recordings/{one['key']}/proofs", b"")
    problem = "proofs: expected a decision to prove, got none"
    assert (status, json.loads(content)) == (422, {"problems": [problem]})
    assert b'"start_s":70.0' in page.ask(f"api/recordings/{one['key']}/evidence?window=3")[1]


def test_a_place_beyond_all_numbers_is_no_fault(page: ReviewPage) -> None:
    """It is refused or taken for an end."""
    key = opened(page, "beyond", samples=62 * 300)["key"]
    asked = [f"{path}{'9' * 400}" for path in ("tile/", "evidence?window=", "outline?columns=")]
    assert [page.ask(f"api/recordings/{key}/{each}")[0] for each in asked] == [422, 200, 200]


def test_who_asks_from_elsewhere_is_refused(page: ReviewPage) -> None:
    """Another page, without the token, too much, or by another name."""
    kind, body = form_of({"elsewhere.csv": csv_of(recording(seed=11).signal_mv, 300.0)})
    for own in ({"x-afib-token": "guessed"}, {"origin": "http://evil.example"}):
        assert page.ask("api/recordings", body, {"content-type": kind} | own)[0] == 403
    assert page.ask("api/state", headers={"host": "evil.example"})[0] == 421
    # Others may still be on their way, from the folder that the app was started with.
    assert "elsewhere" not in {each["record"] for each in page.state()["recordings"]}
    assert page.ask("openapi.json")[0] == page.ask("static/../server.py")[0] == 404


def test_too_long_a_body_is_refused(page: ReviewPage) -> None:
    """Whatever it is of: the reason is its length."""
    body = json.dumps({"key": "x" * 70_000}).encode()
    status, content = page.ask("api/judgements", body, {"content-type": "application/json"})
    assert (status, json.loads(content)["problems"]) == (
        413,
        ["body: expected at most 65536 bytes, got more"],
    )


def test_an_unreleased_model_decides_nothing(model: Path, tmp_path: Path) -> None:
    """Whatever is sent; it says so, gives no reasons, and can be corrected all the same."""
    with served(model, tmp_path) as page:
        one = opened(page, "A00001")
        governed = page.state()["governed"]
        assert (governed["speaks"], governed["release"]) == (False, "missing")
        assert (one["word"], one["decision"], one["problem"]) == ("none", None, UNRELEASED)
        told = page.ask(f"api/recordings/{one['key']}/report.html")[1].decode()
        assert "not released (missing)." in told
        assert page.judge(one["key"], verdict="confirmed")[1]["problems"] == [
            "verdict: expected a decision to confirm, got none; correct or flag it"
        ]
        assert page.judge(one["key"], verdict="corrected", rhythm="AFib")[0] == 200
        assert [each for each in page.temporary.rglob("*") if each.is_file()] == []
        assert (page.folder / "log.txt").read_text(encoding="utf-8") == ""


def test_it_may_be_asked_to_decide_all_the_same(model: Path, tmp_path: Path) -> None:
    """And says that it was: the banner stays."""
    blocked = release_beside(model, tmp_path / "model", released=False, headline="BLOCKED: all")
    with served(blocked, tmp_path / "app", "--unreleased") as page:
        governed = page.state()["governed"]
        told = tuple(governed[name] for name in ("speaks", "release", "told"))
        assert told == (True, "blocked", "BLOCKED: all")
        assert opened(page, "A00001")["word"] in {"AFib", "normal"}


def test_a_port_that_is_taken_is_told(refused: Refused) -> None:
    """In one sentence; a number that is no port is a wrong option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (told,) = refused("--port", str(port))
    assert told.startswith(f"--port {port}: expected a port that is free, got ")
    with pytest.raises(SystemExit, match="2"):
        refused("--port=65536")


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (["nowhere.csv"], "nowhere.csv: expected a recording, got nothing"),
        (["--judgements", "no/such.sqlite"], "no/such.sqlite: expected a folder to write into"),
        (["--model", "no-model"], "no-model"),
    ],
)
def test_what_is_missing_is_told(refused: Refused, option: list[str], problem: str) -> None:
    """Before anything is served."""
    told = refused("--port", "0", *option)
    assert problem in told[0]
