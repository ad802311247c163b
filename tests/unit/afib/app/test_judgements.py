"""What reviewers said is kept as they said it, in order, and is never changed."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afib.app.judgements import Judgement, JudgementError, Judgements, agreement, write_csv

if TYPE_CHECKING:
    from pathlib import Path

SAID = Judgement(
    record="A00001",
    record_digest="r" * 32,
    model_digest="m" * 64,
    decided="AFib",
    verdict="corrected",
    rhythm="normal",
    reviewer="Dr Müller",
    comment="P waves; 心房",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where judgements are to be kept."""
    return tmp_path / "kept.sqlite"


def test_what_is_said_is_kept_in_order(path: Path) -> None:
    """Each has a number and a time; who opens the file anew finds the same."""
    judgements = Judgements(path)
    assert judgements.all() == []
    assert not path.exists()
    kept = [judgements.add(replace(SAID, comment=word)) for word in ("first", "second")]
    kept.append(Judgements(path).add(replace(SAID, verdict="flagged", rhythm=None)))
    assert [each.number for each in kept] == [1, 2, 3]
    assert Judgements(path).all() == judgements.all() == kept
    assert [replace(each, number=0, made_at="") for each in kept] == [
        replace(SAID, comment="first"),
        replace(SAID, comment="second"),
        replace(SAID, verdict="flagged", rhythm=None),
    ]
    assert all(each.made_at.endswith("+00:00") for each in kept)


def test_what_was_kept_is_found_whatever_the_clock_says(path: Path) -> None:
    """Also when two are kept in one tick of the file's clock: its size need not tell them apart."""
    judgements = Judgements(path)
    judgements.add(SAID)
    assert len(judgements.all()) == 1
    before = path.stat()
    judgements.add(SAID)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert len(judgements.all()) == 2


def test_a_reviewer_is_the_same_with_blanks_around(path: Path) -> None:
    """Or else one would count as two."""
    assert Judgements(path).add(replace(SAID, reviewer=" Dr A ")).reviewer == "Dr A"


def test_everything_wrong_is_told_at_once(path: Path) -> None:
    """And nothing is kept, not even a file."""
    wrong = replace(SAID, verdict="yes", rhythm="flutter", reviewer=" ", comment="x" * 2001)
    with pytest.raises(JudgementError) as caught:
        Judgements(path).add(wrong)
    assert caught.value.problems == (
        "verdict: expected one of confirmed, corrected, flagged, got 'yes'",
        "rhythm: expected one of AFib, normal, other, unreadable, got 'flutter'",
        "reviewer: expected a name, got none",
        "comment: expected at most 2000 characters, got 2001",
    )
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rhythm": None}, "rhythm: expected what it is instead, got none"),
        (
            {"rhythm": "AFib"},
            "rhythm: expected another one than was decided; confirm that one",
        ),
        (
            {"verdict": "confirmed", "decided": "none"},
            "verdict: expected a decision to confirm, got none; correct or flag it",
        ),
        ({"comment": "\udc80"}, "comment: expected text, got half a character"),
        ({"reviewer": "\ud800"}, "reviewer: expected text, got half a character"),
        ({"reviewer": "R" * 101}, "reviewer: expected at most 100 characters, got 101"),
    ],
    ids=[
        "no rhythm",
        "the same rhythm",
        "nothing to confirm",
        "half a comment",
        "half a name",
        "long name",
    ],
)
def test_a_judgement_that_says_nothing_is_refused(
    path: Path, change: dict[str, str | None], problem: str
) -> None:
    """With one sentence that tells what it lacks."""
    with pytest.raises(JudgementError) as caught:
        Judgements(path).add(replace(SAID, **change))  # type: ignore[arg-type]
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE judgements SET verdict = 'confirmed'", "a judgement is never changed"),
        ("UPDATE OR REPLACE judgements SET number = 1", "a judgement is never changed"),
        ("DELETE FROM judgements WHERE number = 1", "a judgement is never removed"),
        (
            "INSERT OR REPLACE INTO judgements SELECT * FROM judgements",
            "a judgement is never replaced",
        ),
    ],
    ids=["update", "update or replace", "delete", "insert or replace"],
)
def test_the_file_refuses_to_change(path: Path, statement: str, problem: str) -> None:
    """Whoever asks, also without the app; what was kept stays as it was."""
    judgements = Judgements(path)
    kept = [judgements.add(SAID), judgements.add(replace(SAID, reviewer="Another"))]
    with (
        closing(sqlite3.connect(path)) as file,
        pytest.raises(sqlite3.IntegrityError, match=problem),
        file,
    ):
        file.execute(statement)
    assert judgements.all() == kept


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """No database, a database of other things, or a folder: told before any work is done."""
    text, other = tmp_path / "notes.txt", tmp_path / "other.sqlite"
    text.write_text("what I wanted to say\n" * 100)
    with closing(sqlite3.connect(other)) as file, file:
        file.execute("CREATE TABLE dogs (name TEXT)")
    for path, got in (
        (text, "file is not a database"),
        (other, "no such table: judgements"),
        (tmp_path, "unable to open database file"),
    ):
        with pytest.raises(JudgementError) as caught:
            Judgements(path)
        assert str(caught.value) == f"{path}: expected a file of judgements, got {got}"
    assert text.read_text() == "what I wanted to say\n" * 100


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    """It is told when the app starts, not at the first judgement."""
    path = tmp_path / "nowhere" / "kept.sqlite"
    with pytest.raises(JudgementError) as caught:
        Judgements(path)
    assert str(caught.value) == f"{path}: expected a folder to write into, got none"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_what_may_not_be_written_is_refused(tmp_path: Path) -> None:
    """A folder, or a file of judgements, that is to be read alone."""
    path = tmp_path / "kept.sqlite"
    Judgements(path).add(SAID)
    path.chmod(0o400)
    with pytest.raises(JudgementError, match="expected a file to add to, got one to read alone"):
        Judgements(path)
    tmp_path.chmod(0o500)
    with pytest.raises(JudgementError, match="expected a folder to write into, got none"):
        Judgements(tmp_path / "new.sqlite")
    tmp_path.chmod(0o700)


def test_a_file_that_was_made_and_not_begun_is_begun(path: Path) -> None:
    """Whoever was stopped in between loses nothing by it."""
    path.touch()
    judgements = Judgements(path)
    assert judgements.all() == []
    assert judgements.add(SAID).number == 1


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """A reviewer whose judgement is not on disk is not told that it is."""
    folder = tmp_path / "gone"
    folder.mkdir()
    judgements = Judgements(folder / "kept.sqlite")
    folder.rmdir()
    with pytest.raises(JudgementError, match="expected to keep it, got unable to open"):
        judgements.add(SAID)


def test_agreement_counts_the_last_word_of_each_reviewer() -> None:
    """Also where the device abstained or said nothing, and what was flagged."""
    confirmed = replace(SAID, verdict="confirmed", rhythm="AFib")
    said = [
        SAID,
        confirmed,  # the same reviewer again: agrees
        replace(SAID, reviewer="B"),  # disagrees
        replace(confirmed, reviewer="C"),
        replace(SAID, reviewer="C", verdict="flagged", rhythm=None),  # flagged at last
        replace(SAID, record_digest="2", decided="abstained"),
        replace(SAID, record_digest="3", decided="none", rhythm="other"),
        replace(SAID, record_digest="4", decided="normal", rhythm="unreadable"),  # disagrees
    ]
    assert agreement(said) == {"agree": 1, "disagree": 2, "abstained": 1, "none": 1, "flagged": 1}
    assert set(agreement([]).values()) == {0}


def table(out: io.StringIO) -> list[dict[str, str]]:
    """What a spreadsheet reads."""
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_no_cell_of_the_table_is_a_formula() -> None:
    """What a spreadsheet would reckon with stands as text; the rest is read back as it was."""
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1"]
    said = [replace(SAID, comment=each, reviewer=each, record=each) for each in hostile]
    plain = replace(SAID, comment='says "no", twice\nand 2-1=1', rhythm=None, number=8)
    out = io.StringIO(newline="")
    write_csv([*said, plain], out)
    rows = table(out)
    for row, each in zip(rows, hostile, strict=False):
        assert [row[name] for name in ("comment", "reviewer", "record")] == [f"'{each}"] * 3
    assert (rows[-1]["comment"], rows[-1]["rhythm"]) == ('says "no", twice\nand 2-1=1', "")
    assert list(rows[0])[:3] == ["record", "record_digest", "model_digest"]
    assert rows[-1]["number"] == "8"


@pytest.mark.parametrize("comment", ["x\r=1+1", "x\r\n=1+1", "x\n=1+1", 'x"\r=1+1', "\r=1+1"])
def test_no_line_of_the_table_begins_within_a_cell(comment: str) -> None:
    """A comment that breaks a line stays one cell, or else its rest would be a formula."""
    out = io.StringIO(newline="")
    write_csv([replace(SAID, comment=comment)], out)
    (row,) = table(out)
    assert row["comment"].lstrip("'") == comment
    assert row["number"] == "0"
