"""What scripts and people rely on at `afib screen`: keys, forms, and that nothing is silent."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from dataclasses import replace

import pytest
import torch

from afib.launch import entry
from tests.support.device_desk import GOOD, DeviceDesk
from tests.support.models import tiny_checkpoint
from tests.support.recordings import wfdb_record, write_files, write_zip
from tests.support.terminals import StopsAt
from tests.support.uncertain import tiny_uncertainty

KEYS = [
    *("record", "duration_s", "rhythm", "probability_afib", "prediction_set"),
    *("alpha", "ood_score", "ood_threshold", "abstained", "reason", "model_digest"),
]
CUT = {name: data[:3000] for name, data in wfdb_record("A00002").items()}


def test_screen_writes_the_published_keys(desk: DeviceDesk) -> None:
    """One JSON object a line, in the order of names, with these keys and no others; exit 0."""
    code, out, err = desk.screen()
    lines = [json.loads(line) for line in out]
    assert (code, err) == (0, [])
    assert [list(line) for line in lines] == [KEYS, KEYS]
    assert [line["record"] for line in lines] == ["A00001", "A00003"]
    assert {line["rhythm"] for line in lines} <= {"AFib", "normal"}
    assert {line["model_digest"] for line in lines} == {desk.digest}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_who_watches_is_told_what_a_set_promises(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Beside the records and never among them; who reads both as a program is told nothing."""
    unwatched = desk.screen(form=form)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    code, out, err = desk.screen(form=form)
    assert (code, out, []) == unwatched
    assert len(err) == 1
    assert "98 % of recordings" in err[0]
    assert "never for one patient" in err[0]


def test_an_unreadable_record_is_named_and_the_rest_go_on(desk: DeviceDesk) -> None:
    """It gives its name and the reason, the others are decided as without it; exit 1."""
    sound = desk.screen()[1]
    write_files(desk.records, CUT)
    code, out, err = desk.screen()
    assert (code, err) == (1, [])
    assert [out[0], out[2]] == sound
    assert list(json.loads(out[1])) == ["record", "error"]
    assert json.loads(out[1])["record"] == "A00002"
    assert json.loads(out[1])["error"].startswith(f"{desk.records / 'A00002'}.")


def test_an_abstention_is_no_failure(desk: DeviceDesk) -> None:
    """A recording too short is abstained on with a reason; that is an answer, so exit 0."""
    (desk.folder / "short.csv").write_text("# rate_hz: 300\nmv\n" + "0.1\n0.2\n" * 300)
    code, out, _ = desk.screen(desk.folder / "short.csv")
    line = json.loads(out[0])
    assert (code, line["rhythm"], line["abstained"]) == (0, None, True)
    assert line["reason"] == "too short: 2.0 s of at least 9 s"


def test_an_archive_is_screened_like_its_folder(desk: DeviceDesk) -> None:
    """A zip archive, the folder and its files give the same lines."""
    archive = write_zip(desk.folder / "records.zip", GOOD)
    files = sorted(desk.records.glob("*.hea"))
    assert desk.screen(archive) == desk.screen() == desk.screen(*files)


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("empty", "{}: expected at least one record, got none"),
        ("nowhere", "{}.hea: expected a file, got no such file or directory"),
        ("notes.txt", "{}: expected one of .hea, .csv, .edf, got '.txt'"),
        ("empty.zip", "{}: expected a zip archive, got File is not a zip file"),
    ],
)
def test_a_path_without_records_is_told(desk: DeviceDesk, place: str, error: str) -> None:
    """An empty folder, a missing path and files of other kinds are errors, never silence."""
    path = desk.folder / place
    (desk.folder / "empty").mkdir()
    write_files(desk.folder, {"notes.txt": b"", "empty.zip": b""})
    code, out, _ = desk.screen(path)
    assert (code, json.loads(out[0])["error"]) == (1, error.format(path))
    assert len(out) == 1


def test_the_table_is_for_people(desk: DeviceDesk) -> None:
    """A line a record, what could not be read among them, and a line that counts and warns."""
    write_files(desk.records, CUT)
    code, out, _ = desk.screen(form="table")
    assert code == 1
    assert out[0].split()[:5] == ["record", "seconds", "decision", "P(AFib)", "strange"]
    assert out[0].endswith("not ruled out, or why not decided")
    assert [line.split()[:3] for line in out[1:4]][1] == ["A00002", "not", "read"]
    assert [line.split()[1] for line in (out[1], out[3])] == ["10.0", "10.0"]
    assert out[4].endswith("1 not read. Not for diagnostic use: review every decision.")
    assert out[5] == "Above 0, a recording is too strange to decide."
    assert out[6].endswith("never for one patient.")
    table = desk.ask("screen", desk.records, "--model", desk.model)
    assert table == (1, out, [])


def test_csv_has_the_columns_of_json(desk: DeviceDesk) -> None:
    """A header, then the same values as in JSON; the error has a column of its own."""
    write_files(desk.records, CUT)
    decided = [json.loads(line) for line in desk.screen()[1]]
    code, out, _ = desk.screen(form="csv")
    rows = list(csv.DictReader(out))
    assert code == 1
    assert list(rows[0]) == [*KEYS, "error"]
    for row, line in zip(rows, decided, strict=True):
        shown = {
            key: " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
            for key, value in line.items()
        }
        assert {key: value for key, value in row.items() if value} == {
            key: value for key, value in shown.items() if value
        }


def test_no_cell_of_csv_is_a_formula(desk: DeviceDesk) -> None:
    """A file named like a formula does not become one in a spreadsheet."""
    names = ["=1+1", "@SUM(A1)", "+1", "-1"]
    folder = desk.folder / "names"
    write_files(folder, {f"{name}.csv": b"broken" for name in names})
    _, out, _ = desk.screen(folder, form="csv")
    assert {row["record"] for row in csv.DictReader(out)} == {f"'{name}" for name in names}


def test_a_missing_model_is_one_sentence(desk: DeviceDesk) -> None:
    """It says where none is and how to make one; nothing is decided; exit 2."""
    missing = desk.folder / "no-model"
    assert desk.ask("screen", desk.records, "--model", missing) == (
        2,
        [],
        [f"{missing}: expected a model folder, got none; make one with afib train"],
    )


def test_torch_that_computes_with_less_precision_decides_nothing(desk: DeviceDesk) -> None:
    """What proofs say of decisions would not hold; exit 2 and no decision."""
    torch.set_float32_matmul_precision("medium")
    try:
        code, out, err = desk.screen()
    finally:
        torch.set_float32_matmul_precision("highest")
    assert (code, out) == (2, [])
    assert any("get_float32_matmul_precision(): expected highest" in line for line in err)


def test_a_damaged_model_decides_nothing(desk: DeviceDesk) -> None:
    """A changed threshold is noticed before the first recording; exit 2."""
    file = desk.model / "model.json"
    file.write_text(file.read_text().replace('"threshold": 0.25', '"threshold": 0.75'))
    code, out, err = desk.screen()
    assert (code, out) == (2, [])
    assert err == [
        (
            f"{desk.model}: model.json: expected the bytes that this version of the software "
            "writes for this model, got others; the file was edited or damaged"
        )
    ]


def test_a_model_that_answers_no_number_fails_by_record(desk: DeviceDesk) -> None:
    """What such a model says is an error that names the recording, never a rhythm; exit 1."""
    checkpoint = tiny_checkpoint()
    with torch.no_grad():
        for values in checkpoint.network.parameters():
            values.copy_(torch.full_like(values, 1e30))
    broken = replace(checkpoint, threshold=0.0)
    broken.save(desk.model)
    tiny_uncertainty(broken).save(desk.model)
    code, out, err = desk.screen()
    assert (code, err, len(out)) == (1, [], 2)
    assert json.loads(out[0]) == {
        "record": "A00001",
        "error": f"{desk.records / 'A00001.hea'}: pooled: expected finite values, "
        "got 6 of 6 that are not, the first at (0, 0)",
    }


def test_an_interrupted_screening_keeps_what_it_said(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends with one sentence and exit 130; the decisions before it stand."""
    terminal = StopsAt("A00003", KeyboardInterrupt())
    monkeypatch.setattr(sys, "stdout", terminal)
    code, _, err = desk.screen()
    assert (code, err) == (130, ["interrupted; the decisions above stand"])
    assert [json.loads(line)["record"] for line in terminal.getvalue().splitlines()] == ["A00001"]


def test_a_file_name_that_is_no_text_is_told_all_the_same(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a terminal cannot show is escaped, and the recordings around it are decided."""
    write_files(desk.records, {os.fsdecode(b"\xff.csv"): b"", "\u5fc3.csv": b""})
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    monkeypatch.setattr(sys, "argv", ["afib", "screen", str(desk.records), f"--model={desk.model}"])
    with pytest.raises(SystemExit, match=r"^1$"):
        entry()
    lines = shown.getvalue().decode("ascii").splitlines()
    names = [line.split()[0] for line in lines[1:-3]]
    assert names == ["A00001", "A00003", "\\u5fc3", "\\udcff"]


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_reader_who_leaves_is_no_crash(
    desk: DeviceDesk, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """A closed pipe ends the run without a word; the exit code says that not all was told."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        code, _, err = desk.screen(form=form)
    assert code == 141
    assert err == []
