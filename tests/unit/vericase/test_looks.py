"""The record of openings of held-out data."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.tracing import a_log, a_requirement, a_set
from vericase.errors import EvidenceError
from vericase.evidence import Look
from vericase.findings import Finding
from vericase.looks import Opening, look_at, look_findings, read_looks, record_place
from vericase.requirement import Status

DATA, MODEL = "da" * 32, "a0" * 32
FIRST = Opening(name="test", data=DATA, subject=MODEL, demands={"ROB-001": "f1" * 32})
OTHER = Opening(name="test", data=DATA, subject="b0" * 32, demands={"ROB-001": "f2" * 32})


def opened(path: Path, opening: Opening) -> Look:
    """The opening, put on record."""
    look = look_at(path, opening, may_open=True)
    assert look is not None
    return look


def test_a_first_opening_freezes_what_is_demanded(tmp_path: Path) -> None:
    """The fingerprints of then are on record, whatever the requirements become."""
    path = tmp_path / "reports" / "looks.jsonl"
    look = opened(path, FIRST)
    assert (look.number, look.demands) == (1, {"ROB-001": "f1" * 32})
    later = opened(path, OTHER)
    assert (later.number, later.demands) == (2, {"ROB-001": "f1" * 32})


def test_judging_again_is_no_new_opening(tmp_path: Path) -> None:
    """The same model on the same data shows nothing new, and adds no line."""
    path = tmp_path / "looks.jsonl"
    assert opened(path, FIRST) == opened(path, FIRST)
    assert len(path.read_text().splitlines()) == 1


def test_other_data_are_counted_apart(tmp_path: Path) -> None:
    """Fresh data can be looked at first, however often others were."""
    path = tmp_path / "looks.jsonl"
    opened(path, FIRST)
    fresh = Opening(name="field", data="fe" * 32, subject=MODEL)
    assert opened(path, fresh).number == 1
    assert [look.name for look in read_looks(path.read_bytes(), "looks")] == ["test", "field"]


def test_sealed_data_stay_sealed(tmp_path: Path) -> None:
    """Whoever may not open them gets nothing, and leaves no trace."""
    path = tmp_path / "looks.jsonl"
    assert look_at(path, FIRST, may_open=False) is None
    assert not path.exists()
    opened(path, FIRST)
    assert look_at(path, FIRST, may_open=False) == opened(path, FIRST)
    assert look_at(path, OTHER, may_open=False) is None


def test_an_opening_is_a_line_of_its_own(tmp_path: Path) -> None:
    """Also where the last line has no end, as an editor may leave it."""
    path = tmp_path / "looks.jsonl"
    opened(path, FIRST)
    path.write_bytes(path.read_bytes().rstrip())
    assert opened(path, OTHER).number == 2
    assert len(path.read_text().splitlines()) == 2


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Its lines name a split and a model, and froze nothing; the next line follows them."""
    path = tmp_path / "looks.jsonl"
    line = {"format": 1, "number": 1, "date": "2026-01-01", "split": "test", "scope": "clinic"}
    path.write_text(json.dumps(line | {"data": DATA, "model": MODEL}) + "\n")
    assert look_at(path, FIRST, may_open=False) == Look(
        name="test", data=DATA, subject=MODEL, number=1, on="2026-01-01"
    )
    assert opened(path, OTHER).number == 2
    assert opened(path, OTHER).demands == {}


def _edited(line: str) -> str:
    return line.replace("test", "field")


@pytest.mark.parametrize("damage", ["drop", "edit", "swap", "cut", "twice"])
def test_a_record_that_was_tampered_with_is_told(tmp_path: Path, damage: str) -> None:
    """Each line holds the digest of the one before: what was done inside of it is seen."""
    path = tmp_path / "looks.jsonl"
    for subject in ("a0", "b0", "c0"):
        opened(path, Opening(name="test", data=DATA, subject=subject * 32))
    one, two, three = path.read_text().splitlines()
    lines = {
        "drop": [one, three],
        "edit": [one, _edited(two), three],
        "swap": [one, three, two],
        "cut": [one, two, three[:-9]],
        "twice": [one, two, two, three],
    }[damage]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(EvidenceError) as error:
        look_at(path, FIRST, may_open=True)
    assert "expected one opening a line as it was written, got " in str(error.value)
    assert "put the line back as it was, do not drop it" in str(error.value)


def test_a_record_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in its place is none."""
    with pytest.raises(EvidenceError, match=r": expected a record of openings, got "):
        look_at(tmp_path, FIRST, may_open=False)


def test_what_is_no_record_is_told() -> None:
    """The place is named with its line."""
    with pytest.raises(EvidenceError, match=r"^looks:1: expected one opening a line"):
        read_looks(b"[]\n", "looks")
    with pytest.raises(EvidenceError, match=r"^looks:1: expected one opening a line"):
        read_looks(b"\xff\n", "looks")


def test_the_record_has_to_hold_what_a_first_look_rests_on(tmp_path: Path) -> None:
    """Whether it is gone, another one, or of openings that the evidence does not number so."""
    path = record_place(tmp_path)
    assert path == tmp_path / "reports" / "looks.jsonl"
    demanded = a_set(a_requirement(first_look="test"))
    look = opened(tmp_path / "elsewhere.jsonl", FIRST)
    log = replace(a_log(), looks=(look,))
    gone = f"expected the record of openings, got nothing at {path}; give it with --looks"
    other = f"an opening in the evidence is not on the record at {path} as it stands there"
    assert _told(look_findings(demanded, log, path)) == [("looks", "test", gone)]
    opened(path, OTHER)
    assert _told(look_findings(demanded, log, path)) == [("looks", "test", other)]
    opened(path, FIRST)
    assert _told(look_findings(demanded, log, path)) == [("looks", "test", other)]
    assert not _told(look_findings(demanded, log, tmp_path / "elsewhere.jsonl"))


def test_without_a_first_look_nobody_asks_for_the_record(tmp_path: Path) -> None:
    """Neither does one that is not in force, nor evidence without openings."""
    look = opened(tmp_path / "elsewhere.jsonl", FIRST)
    log = replace(a_log(), looks=(look,))
    draft = a_requirement(first_look="test", status=Status.DRAFT)
    for requirements in (a_set(), a_set(draft)):
        assert not _told(look_findings(requirements, log, tmp_path / "gone"))
    demanded = a_set(a_requirement(first_look="test"))
    assert not _told(look_findings(demanded, a_log(), tmp_path / "gone"))


def _told(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.kind, finding.where, finding.message) for finding in findings]
