"""What people rely on at `afib monitor` and `afib calibrate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.checkpoint import UNCERTAINTY, Checkpoint
from afib.uncertainty import Uncertainty
from tests.support.device_desk import DeviceDesk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DeviceDesk:
    """A desk with a model and two recordings."""
    return DeviceDesk(tmp_path, capsys)


def usual_scores(desk: DeviceDesk) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the model on the desk was calibrated on."""
    found = Uncertainty.load(desk.model, Checkpoint.load(desk.model))
    return np.asarray(found.ordinary_scores, np.float64)


def write_log(desk: DeviceDesk, scores: list[float]) -> Path:
    """A log as `afib screen` writes it, with these scores."""
    _, lines, _ = desk.screen()
    decision = json.loads(lines[0])
    path = desk.folder / "screened.jsonl"
    told = [json.dumps(decision | {"ood_score": score}) for score in scores]
    path.write_text("\n".join([*told, json.dumps({"record": "x", "error": "damaged"})]) + "\n")
    return path


def test_a_log_of_the_device_gives_a_page(desk: DeviceDesk) -> None:
    """What screen wrote is what monitor reads; the page loads nothing and names every alarm."""
    _, lines, _ = desk.screen()
    log = desk.folder / "screened.jsonl"
    log.write_text("\n".join(lines) + "\n")
    code, out, err = desk.ask("monitor", log, "--model", desk.model)
    assert (code, err) == (0, [])
    page = (desk.folder / "screened.jsonl.html").read_text(encoding="utf-8")
    assert out[0].startswith("2 lines, 2 looked at: too few to tell")
    assert "http" not in page
    assert "<script" not in page
    for words in (
        "cumulative sum",
        "one bet on all recordings",
        "No label was used",
        "the first alarm would come after",
    ):
        assert words in page


def test_a_change_raises_an_alarm(desk: DeviceDesk) -> None:
    """Usual recordings raise none; strange ones after them do, and the line says where."""
    usual = usual_scores(desk)
    quiet = np.random.default_rng(1).choice(usual, 150).tolist()
    code, out, _ = desk.ask("monitor", write_log(desk, quiet), "--model", desk.model)
    assert (code, "no alarm" in out[0]) == (0, True)
    changed = quiet + [float(usual[-1])] * 100
    page = desk.folder / "drift.html"
    code, out, _ = desk.ask(
        "monitor", write_log(desk, changed), "--model", desk.model, "--out", page
    )
    assert code == 1
    assert "ALARM" in out[0]
    assert "no longer like" in page.read_text(encoding="utf-8")


def test_recordings_without_a_rhythm_raise_an_alarm(desk: DeviceDesk) -> None:
    """An electrode that is off gives no score, and is still noticed; the alarm names the line."""
    quiet = np.random.default_rng(1).choice(usual_scores(desk), 60).tolist()
    log = write_log(desk, quiet)
    flat = json.loads(log.read_text().splitlines()[0]) | {
        "rhythm": None,
        "abstained": True,
        "ood_score": None,
        "prediction_set": None,
        "reason": "flat line in 100% of the recording",
    }
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines, *[json.dumps(flat)] * 60]) + "\n")
    code, out, _ = desk.ask("monitor", log, "--model", desk.model)
    assert code == 1
    assert "121 lines, 120 looked at: ALARM" in out[0]
    at = int(out[0].split("cumulative sum at line ")[1].split(";")[0])
    assert 61 < at < 90


def test_a_log_of_nothing_but_errors_tells_nothing(desk: DeviceDesk) -> None:
    """No sign of a change would be more than is known."""
    log = desk.folder / "errors.jsonl"
    log.write_text('{"record": "x", "error": "damaged", "ood_score": 99.0}\n' * 100)
    code, out, _ = desk.ask("monitor", log, "--model", desk.model)
    assert (code, "100 lines, 0 looked at: too few to tell" in out[0]) == (0, True)
    assert "Too few recordings" in (desk.folder / "errors.jsonl.html").read_text()


def test_a_log_that_is_no_text_is_bad_input(desk: DeviceDesk) -> None:
    """Told with the place of the first byte that is none."""
    log = desk.folder / "log.jsonl"
    log.write_bytes(b'{"record": "a"}\n\xff\n')
    code, _, err = desk.ask("monitor", log, "--model", desk.model)
    assert code == 2
    assert "expected UTF-8 text" in err[0]


WHOLE = (
    '{"record": "a", "rhythm": "AFib", "abstained": false, "ood_score": 1.0, "model_digest": "f00"}'
)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (WHOLE, "line 2: expected the model"),
        (WHOLE.replace('"AFib"', "[]"), "line 2: expected a decision"),
        (WHOLE.replace("false", "true"), "line 2: expected a decision"),
        (WHOLE.replace("1.0", '"x"'), "line 2: expected a decision"),
        (WHOLE.replace("1.0", "1e300"), "line 2: expected a decision"),
        (WHOLE.replace(', "model_digest": "f00"', ""), "line 2: expected a decision"),
        (WHOLE.replace('"record": "a"', '"error": 1'), "line 2: expected a decision"),
        ("[" * 100_000, "line 2: expected a decision"),
        ("not JSON", "line 2: expected a decision"),
        ('{"record": "a"}', "line 2: expected a decision"),
        (WHOLE.replace("1.0", "NaN"), "line 2: expected a decision"),
    ],
)
def test_a_log_of_something_else_is_bad_input(desk: DeviceDesk, line: str, told: str) -> None:
    """Lines that are no decisions, or of another model, are told by number; no page is written."""
    log = write_log(desk, [0.1])
    content = log.read_text().splitlines()
    log.write_text("\n".join([content[0], line, *content[1:]]) + "\n")
    code, out, err = desk.ask("monitor", log, "--model", desk.model)
    assert (code, out) == (2, [])
    assert told in err[0]
    assert not (desk.folder / "screened.jsonl.html").exists()


def test_an_empty_log_is_bad_input(desk: DeviceDesk) -> None:
    """There is nothing to say of it; nor of one that is not there."""
    log = desk.folder / "empty.jsonl"
    log.write_text("")
    for path in (log, desk.folder / "missing.jsonl"):
        code, out, err = desk.ask("monitor", path, "--model", desk.model)
        assert (code, out, len(err)) == (2, [], 1)


@pytest.mark.parametrize("name", UNCERTAINTY)
def test_a_network_alone_is_not_screened_with(desk: DeviceDesk, name: str) -> None:
    """No decision is printed; the sentence says what to do."""
    (desk.model / name).unlink()
    code, out, err = desk.screen()
    assert (code, out) == (2, [])
    assert "afib calibrate" in err[0]


def test_the_page_says_how_soon_a_shift_is_noticed(desk: DeviceDesk) -> None:
    """As soon as the log itself shows it, where every score rises by the shift that is stated."""
    usual = usual_scores(desk)
    risen = np.random.default_rng(5).choice(usual, 400) + usual.std()
    code, out, _ = desk.ask("monitor", write_log(desk, risen.tolist()), "--model", desk.model)
    page = (desk.folder / "screened.jsonl.html").read_text(encoding="utf-8")
    stated = int(page.split("would come after ")[1].split(" ")[0])
    first = min(int(words.split("<")[0]) for words in page.split("ALARM at line ")[1:])
    assert code == 1, out
    assert stated / 4 <= first <= 4 * stated
