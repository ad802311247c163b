"""The exports: all of one matrix, so that no two of them tell different things."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from tests.support.documents import requirement_record, write_records
from tests.support.matrices import mixed
from tests.support.reqif_files import Told, rows_of_reqif
from tests.support.strategies import logs, requirement_sets
from tests.support.tracing import (
    a_case,
    a_criterion,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
    everything_shown,
    with_code,
)
from vericase.cli import main
from vericase.cli.export import _FORMATS
from vericase.evidence import EvidenceLog, Outcome
from vericase.export import EXPORTS
from vericase.export.table import lines
from vericase.findings import Finding
from vericase.gate import decide
from vericase.matrix import TraceMatrix, trace
from vericase.measurement import Proportion
from vericase.requirement import Claim, Requirement, RequirementSet, Source, Waiver
from vericase.store import save_evidence


def expected(matrix: TraceMatrix) -> Told:
    """By criterion, or requirement without any, the verdict of the matrix."""
    told = {}
    for row in matrix.rows:
        for item in row.criteria:
            applies = row.applicable and item.applicable
            told[item.criterion.id] = item.verdict.name if applies else "not applicable"
        if not row.criteria:
            told[row.requirement.id] = row.verdict.name
    return told


def from_csv(content: bytes) -> Told:
    """What the table says."""
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return {
        r["criterion"] or r["requirement"]: r["verdict"] or r["standing"]
        for r in rows
        if r["requirement"]
    }


def from_json(content: bytes) -> Told:
    """What the rows say."""
    rows = json.loads(content)["rows"]
    return {r["criterion"] or r["requirement"]: r["verdict"] or r["standing"] for r in rows}


def from_markdown(content: bytes) -> Told:
    """What the last table says."""
    lines = content.decode().rpartition("|---|\n")[2].splitlines()
    cells = [[cell.strip() for cell in line[2:-2].split(" | ")] for line in lines]
    told = {c[2] or c[0].split()[0]: c[-1] if c[2] else c[1] for c in cells}
    return {name: text.replace("\\_", "_") for name, text in told.items()}


def from_junit(content: bytes) -> Told:
    """What the cases say: nothing is a pass; a verdict stands in the type."""
    told = {}
    for case in ET.fromstring(content).iterfind("testsuite/testcase"):  # noqa: S314  our own
        ended = case.find("failure"), case.find("error")
        bad = next((end for end in ended if end is not None), None)
        skipped = case.find("skipped")
        word = "PASS" if bad is None else bad.get("type", "")
        told[case.get("name", "")] = word if skipped is None else skipped.get("message", "")
    return told


def from_xlsx(content: bytes) -> Told:
    """What the sheet with the matrix says."""
    header, *rows = load_workbook(io.BytesIO(content))["Matrix"].iter_rows(values_only=True)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    return {
        str(r["criterion"] or r["requirement"]): str(r["verdict"] or r["standing"])
        for r in told
        if r["requirement"]
    }


def from_reqif(content: bytes) -> Told:
    """What the objects say."""
    return {
        r.get("criterion") or r["requirement"]: r.get("verdict") or r["standing"]
        for r in rows_of_reqif(content)
    }


READERS: dict[str, Callable[[bytes], Told]] = {
    "csv": from_csv,
    "json": from_json,
    "markdown": from_markdown,
    "junit": from_junit,
    "reqif": from_reqif,
    "xlsx": from_xlsx,
}


@pytest.mark.parametrize("form", READERS)
def test_every_export_says_what_the_matrix_says(form: str) -> None:
    """Criterion by criterion, with nothing left out."""
    matrix, decision = mixed()
    told = READERS[form](EXPORTS[form](matrix, decision))
    wanted = expected(matrix)
    if form == "junit":
        # A draft was measured perhaps, and is not asked for: it is skipped, as what it is.
        wanted["ROB-004.1"] = "draft"
        told.pop("HAZ-001: hazard")
    assert told == wanted
    assert set(wanted.values()) >= {"PASS", "FAIL", "NOT_RUN", "ERROR", "not applicable"}


def test_reqif_holds_every_field_of_every_row() -> None:
    """The table can be put together again, and is the one that the spreadsheet has."""
    matrix, decision = mixed()
    rows = [
        {field: str(value) for field, value in asdict(line).items() if value not in {None, ""}}
        for line in lines(matrix)
    ]
    assert rows_of_reqif(EXPORTS["reqif"](matrix, decision)) == rows


def test_sarif_names_every_blocker_at_its_line() -> None:
    """As many results as reasons, each with its file."""
    matrix, decision = mixed()
    (run,) = json.loads(EXPORTS["sarif"](matrix, decision))["runs"]
    told = [(r["ruleId"], r["message"]["text"]) for r in run["results"]]
    assert told == [(b.what, f"{b.where}: {b.message}") for b in decision.blocking]
    places = [r["locations"][0]["physicalLocation"] for r in run["results"]]
    assert {p["artifactLocation"]["uri"] for p in places} == {
        "requirements/network.yaml",
        "requirements/hazards.yaml",
    }
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {
        b.what for b in decision.blocking
    }


def test_an_open_gate_has_no_result() -> None:
    """Nothing to annotate."""
    matrix = trace(a_set(), everything_shown(a_set()))
    (run,) = json.loads(EXPORTS["sarif"](matrix, decide(matrix)))["runs"]
    assert (run["results"], run["properties"]["released"]) == ([], True)


def test_no_cell_is_a_formula() -> None:
    """Text that a spreadsheet would compute is text; numbers of ours stay numbers."""
    rows = list(csv.DictReader(io.StringIO(EXPORTS["csv"](*mixed()).decode(), newline="")))
    assert rows[0]["title"] == "'=1+1"
    assert rows[0]["statement"] == "'+shall|`<b>`"
    assert rows[-2]["observed"] == "-0.5"
    assert rows[-1]["blocking"] == "HAZ-001: hazard, no approved requirement controls this hazard"
    texts = [
        value for row in rows for key, value in row.items() if key not in {"observed", "bound"}
    ]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_no_cell_of_markdown_is_markup() -> None:
    """A title cannot break out of its cell."""
    matrix = trace(a_set(a_requirement(title="a|b\n# c [x](y) <b>")), a_log())
    text = EXPORTS["markdown"](matrix, decide(matrix)).decode()
    assert "ROB-001 a\\|b \\# c \\[x\\](y) &lt;b&gt;" in text


def test_a_met_criterion_of_a_requirement_that_is_not_shown_is_no_pass_in_junit() -> None:
    """A crash beside it must not vanish in a green suite."""
    log = everything_shown(a_set())
    broken = a_case(case_id="t.py::test_b", outcome=Outcome.ERROR, message="setup")
    matrix = trace(a_set(), replace(log, cases=(*log.cases, broken)))
    assert from_junit(EXPORTS["junit"](matrix, decide(matrix))) == {"ROB-001.1": "ERROR"}


def a_waiver(requirement: Requirement) -> Waiver:
    """It lets 0.05 go in March 2026."""
    return Waiver(
        id="WVR-001",
        criterion=requirement.criteria[0].id,
        reason="The next model is due in April.",
        hazards=requirement.hazards,
        approved_by="A. Head",
        approved_on=date(2026, 3, 1),
        expires_on=date(2026, 3, 31),
        max_deficit=0.05,
        fingerprint=requirement.fingerprint,
        source=Source(file="requirements/waivers.yaml", line=1),
    )


ATTACHMENT = Finding(kind="attachment", where="ROB-001.1", message="it is damaged")


@pytest.mark.parametrize("where", ["ROB-001.1", "ROB-001", "ROB-001.9", "HAZ-009", "run r"])
def test_what_fits_in_no_row_is_red_in_junit_and_in_sight_in_csv(where: str) -> None:
    """Wherever it is, also at a criterion whose verdict is PASS."""
    found = [replace(ATTACHMENT, where=where), replace(ATTACHMENT, where=where, message="twice")]
    matrix = trace(a_set(), everything_shown(a_set()), findings=found)
    content = EXPORTS["junit"](matrix, decide(matrix))
    assert from_junit(content)[f"{where}: attachment"] == "attachment"
    assert b"it is damaged\ntwice" in content.replace(b"&#10;", b"\n")
    told = EXPORTS["csv"](matrix, decide(matrix)).decode()
    assert "attachment, it is damaged" in told


def test_a_rehearsal_is_told_where_no_headline_is() -> None:
    """It releases nothing, and neither the table nor JUnit looks as if it did."""
    log = everything_shown(a_set(), subjects=[replace(a_subject(), rehearsal=True)])
    matrix = trace(a_set(), log)
    assert decide(matrix).clear
    assert reds(matrix) == 1
    assert b"run: rehearsal" in EXPORTS["csv"](matrix, decide(matrix))


def reds(matrix: TraceMatrix) -> int:
    """How many failures and errors JUnit counts."""
    root = ET.fromstring(EXPORTS["junit"](matrix, decide(matrix)))  # noqa: S314  our own
    return sum(int(suite.get(word, "")) for suite in root for word in ("failures", "errors"))


@settings(deadline=None, max_examples=60)
@given(world=requirement_sets().flatmap(lambda r: st.tuples(st.just(r), logs(r))))
def test_junit_is_red_exactly_if_the_gate_is_closed(
    world: tuple[RequirementSet, EvidenceLog],
) -> None:
    """Whatever was demanded, measured and found."""
    matrix = trace(*world)
    assert (reds(matrix) > 0) is not decide(matrix).released
    found = trace(*world, findings=[ATTACHMENT])
    assert reds(found) > 0


def test_junit_is_green_where_a_waiver_or_another_criterion_opens_the_gate() -> None:
    """What is let go is skipped, and told as what it is; a crash beside it is an error."""
    requirement = a_requirement()
    on = [a_subject()]
    short = everything_shown(a_set(requirement), measurement=Proportion(85, 100), subjects=on)
    waived = replace(a_set(requirement), waivers=(a_waiver(requirement),))
    matrix = trace(waived, short, on=date(2026, 3, 31))
    assert (decide(matrix).released, reds(matrix)) == (True, 0)
    content = EXPORTS["junit"](matrix, decide(matrix))
    assert from_junit(content) == {"ROB-001.1": "FAIL, waived by WVR-001"}
    broken = a_case(case_id="t.py::test_b", outcome=Outcome.ERROR, message="setup")
    crashed = replace(short, cases=(*short.cases, broken))
    assert reds(trace(waived, crashed, on=date(2026, 3, 31))) == 1
    either = a_requirement(
        a_criterion(confidence=0.95),
        a_criterion(id="ROB-001.2", measurand="b", confidence=0.95),
        claim=Claim.ANY,
    )
    records = [
        a_record(either, count, criterion=place, subjects=on)
        for place, count in enumerate([Proportion(60, 60), Proportion(5, 10)])
    ]
    matrix = trace(a_set(either), a_log(*records, subjects=on))
    assert (decide(matrix).released, reds(matrix)) == (True, 0)
    content = EXPORTS["junit"](matrix, decide(matrix))
    assert from_junit(content)["ROB-001.2"] == "FAIL, others suffice"


def test_the_counts_of_junit_add_up() -> None:
    """What a server shows on its first page."""
    root = ET.fromstring(EXPORTS["junit"](*mixed()))  # noqa: S314  our own
    for suite in root:
        for word, name in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(word, "-1")) == len(suite.findall(f"testcase/{name}"))
        assert int(suite.get("tests", "-1")) == len(suite.findall("testcase"))


def test_the_same_matrix_is_the_same_bytes() -> None:
    """No clock, no order of a set."""
    for make in EXPORTS.values():
        assert make(*mixed()) == make(*mixed())


def test_the_command_offers_every_export() -> None:
    """Its choices are written out, so that its help needs no import."""
    assert tuple(EXPORTS) == _FORMATS


def test_the_command_writes_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And names it; the evidence itself is never overwritten."""
    monkeypatch.chdir(tmp_path)
    write_records(tmp_path / "requirements", "r.yaml", [requirement_record()])
    save_evidence(tmp_path / "e.json", with_code(everything_shown(a_set()), tmp_path))
    assert main(["export", "--evidence=e.json", "--format=csv", "--out=m.csv"]) == 0
    assert capsys.readouterr().out == "csv: m.csv\n"
    assert from_csv((tmp_path / "m.csv").read_bytes()) == {"ROB-001.1": "PASS"}
    assert main(["export", "--evidence=e.json", "--format=csv", "--out=e.json"]) == 2
