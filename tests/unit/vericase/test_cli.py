"""What the commands print."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documents import (
    hazard_record,
    inspection_record,
    requirement_record,
    waiver_record,
    write_records,
)
from tests.support.tracing import (
    REHEARSED,
    a_log,
    a_record,
    a_requirement,
    everything_shown,
    with_code,
)
from vericase.cli import main
from vericase.evidence import EvidenceLog, Outcome
from vericase.measurement import Proportion
from vericase.requirement import Requirement
from vericase.schema import load_requirements
from vericase.store import digest_path, save_evidence

HEADLINE = (
    "RELEASED (1 of 1 requirements in force shown, 0 drafts, 0 not applicable to these data, "
    "no subject is named)"
)


class Desk:
    """A folder with requirements and evidence, and the command to ask about them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def requirements(self, *records: object, hazards: tuple[object, ...] = ()) -> list[Requirement]:
        """Write requirement files; what they say."""
        write_records(self.folder / "requirements", "r.yaml", list(records))
        write_records(self.folder / "requirements", "hazards.yaml", list(hazards))
        return list(load_requirements(self.folder / "requirements"))

    def evidence(self, log: EvidenceLog) -> None:
        """Write evidence."""
        save_evidence(self.folder / "reports" / "evidence.json", with_code(log, self.folder))

    def ask(self, *arguments: str) -> tuple[int, list[str], list[str]]:
        """Exit code, lines of output, and lines of error."""
        code = main(arguments)
        told = self._capsys.readouterr()
        return code, told.out.splitlines(), told.err.splitlines()


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """A desk in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


def shown(desk: Desk) -> EvidenceLog:
    """A log that shows all that the files on *desk* demand."""
    return everything_shown(load_requirements(desk.folder / "requirements"))


def test_check_counts_what_it_read(desk: Desk) -> None:
    """A clean folder is told in one line."""
    desk.requirements(
        requirement_record(hazards=["HAZ-001"]),
        requirement_record("ROB-002", status="draft", statement="The device shall warn."),
        hazards=(hazard_record(),),
    )
    assert desk.ask("check") == (
        0,
        ["2 requirements (1 approved, 1 draft), 2 criteria, 1 hazards: no problem"],
        [],
    )
    assert desk.ask("check", "requirements") == desk.ask("check", "--requirements=requirements")


def test_check_tells_a_hazard_that_nothing_holds_back(desk: Desk) -> None:
    """A hazard under drafts alone is a finding with file and line."""
    desk.requirements(
        requirement_record(hazards=["HAZ-001"], status="draft"), hazards=(hazard_record(),)
    )
    assert desk.ask("check") == (
        1,
        [
            "requirements/hazards.yaml:2: HAZ-001: expected an approved requirement, got none",
            "1 requirements (1 draft), 1 criteria, 1 hazards: 1 findings",
        ],
        [],
    )


def test_check_writes_nothing(desk: Desk) -> None:
    """Reading is not reviewing: no file is changed or made."""
    desk.requirements(requirement_record())
    before = {path: path.stat().st_mtime_ns for path in desk.folder.rglob("*")}
    desk.ask("check")
    assert {path: path.stat().st_mtime_ns for path in desk.folder.rglob("*")} == before


def test_problems_are_told_up_to_fifty(desk: Desk) -> None:
    """A broken export does not scroll the first problem away."""
    desk.requirements()
    write_records(desk.folder / "requirements", "r.yaml", [{}] * 10)
    code, out, err = desk.ask("check")
    assert (code, out, len(err)) == (2, [], 51)
    assert err[0] == "requirements/r.yaml:2: $[0].id: expected a value, got nothing"
    assert err[-1] == "and 20 more"


def test_the_gate_tells_what_blocks_and_where_it_stands(desk: Desk) -> None:
    """Each blocker comes with its requirement's file and line."""
    requirement = desk.requirements(requirement_record())[0]
    desk.evidence(a_log(a_record(requirement, Proportion(1, 100))))
    assert desk.ask("gate") == (
        1,
        [
            (
                "BLOCKED (0 of 1 requirements in force shown, 0 drafts, "
                "0 not applicable to these data, no subject is named, 1 blocking)"
            ),
            "  ROB-001.1: FAIL, missed (requirements/r.yaml:2)",
        ],
        [],
    )


def test_the_gate_writes_annotations_for_github(desk: Desk) -> None:
    """A blocker becomes an error at the line of its requirement, with its signs escaped."""
    desk.requirements(requirement_record())
    log = shown(desk)
    case = replace(log.cases[0], outcome=Outcome.ERROR, message="100 %\nfake\r::error::x")
    desk.evidence(replace(log, cases=(case,)))
    _, out, _ = desk.ask("gate", "--format=github")
    assert out[1] == (
        "::error file=requirements/r.yaml,line=2::ROB-001.1: ERROR, "
        "case error: 100 %25%0Afake\\r::error::x"
    )


def test_a_message_cannot_write_a_line_of_its_own(desk: Desk) -> None:
    """A line break in a message does not bring a line that looks like the decision."""
    desk.requirements(requirement_record())
    log = shown(desk)
    case = replace(log.cases[0], outcome=Outcome.ERROR, message="x\nRELEASED\x1b[2K")
    desk.evidence(replace(log, cases=(case,)))
    _, out, _ = desk.ask("gate")
    assert [line for line in out if line.startswith("RELEASED")] == []
    assert "    RELEASED\\x1b[2K (requirements/r.yaml:2)" in out


def test_the_gate_writes_its_decision_beside_the_evidence(desk: Desk) -> None:
    """What was decided, by which requirements and evidence, is kept; JSON output is the same."""
    desk.requirements(requirement_record())
    desk.evidence(shown(desk))
    code, out, _ = desk.ask("gate", "--format=json", "--on=2026-03-31")
    written = (desk.folder / "reports" / "gate.json").read_text()
    assert "\n".join(out) + "\n" == written
    decision = json.loads(written)
    requirements = load_requirements(desk.folder / "requirements")
    assert (code, decision) == (
        0,
        {
            "format": 1,
            "exit": 0,
            "released": True,
            "rehearsal": False,
            "headline": HEADLINE,
            "passed": 1,
            "in_force": 1,
            "drafts": 0,
            "not_applicable": 0,
            "on": "2026-03-31",
            "waived": [],
            "blocking": [],
            "subjects": {},
            "requirements_digest": requirements.digest,
            "evidence_sha256": digest_path(desk.folder / "reports" / "evidence.json"),
            "run": "run-1",
        },
    )


def test_a_date_before_the_run_is_no_way_back(desk: Desk) -> None:
    """A waiver that has expired is not revived by an earlier day; a day that is none is told."""
    desk.requirements(requirement_record())
    log = shown(desk)
    desk.evidence(replace(log, run=replace(log.run, ended="2026-03-31T10:00:00+00:00")))
    code, out, _ = desk.ask("gate", "--on=2026-03-30")
    assert (code, "is judged as of 2026-03-30, before it" in out[1]) == (1, True)
    assert desk.ask("gate", "--on=2026-03-31")[0] == 0
    told = "--on: expected a date such as 2026-03-31, got 'today'"
    assert desk.ask("gate", "--on=today") == (2, [], [told])


def test_the_status_tells_what_a_waiver_needs(desk: Desk) -> None:
    """The fingerprint and the deficit, and after that by which waiver the gate opens."""
    desk.requirements(requirement_record())
    requirement = load_requirements(desk.folder / "requirements").requirements[0]
    missed = a_record(requirement, Proportion(85, 100))
    desk.evidence(a_log(missed))
    code, out, _ = desk.ask("status", "--format=json", "--on=2026-03-31")
    (row,) = json.loads("\n".join(out))["requirements"]
    (measured,) = row["criteria"]
    assert (code, row["fingerprint"], measured["deficit"]) == (1, requirement.fingerprint, 0.05)
    waiver = waiver_record(hazards=[], fingerprint=row["fingerprint"], max_deficit=0.05)
    write_records(desk.folder / "requirements", "waivers.yaml", [waiver])
    code, out, _ = desk.ask("status", "--format=json", "--on=2026-03-31")
    (row,) = json.loads("\n".join(out))["requirements"]
    assert (code, row["verdict"], row["waived"]) == (0, "FAIL", True)
    assert row["criteria"][0]["waiver"] == "WVR-001"
    assert "FAIL waived" in desk.ask("status", "--on=2026-03-31")[1][0]
    assert "waived by WVR-001" in desk.ask("gate", "--on=2026-03-31")[1][0]


def test_a_waiver_of_another_text_is_found_without_evidence(desk: Desk) -> None:
    """The check says what the fingerprint should be."""
    seen = requirement_record(
        "APP-001", method="inspection", statement="The page shall be legible."
    )
    desk.requirements(requirement_record(), seen)
    folder = desk.folder / "requirements"
    write_records(folder, "waivers.yaml", [waiver_record(hazards=[])])
    write_records(folder, "inspections.yaml", [inspection_record()])
    code, out, _ = desk.ask("check")
    assert (code, len(out)) == (1, 3)
    by_id = load_requirements(folder).by_id()
    for line, name in zip(out, ["ROB-001", "APP-001"], strict=False):
        assert f"expected the fingerprint {by_id[name].fingerprint} of {name}" in line


def test_the_decision_goes_where_it_is_asked_to(desk: Desk) -> None:
    """With --out the decision is written there and nowhere else."""
    desk.requirements(requirement_record())
    desk.evidence(shown(desk))
    assert desk.ask("gate", "--out=elsewhere/decision.json")[0] == 0
    assert (desk.folder / "elsewhere" / "decision.json").is_file()
    assert not (desk.folder / "reports" / "gate.json").exists()


def test_the_status_is_one_line_a_requirement(desk: Desk) -> None:
    """Verdict, draft or not applicable, with title and place."""
    shown_one = desk.requirements(
        requirement_record(),
        requirement_record("ROB-002", status="draft", applies_to=["made up"]),
        requirement_record("ROB-003", applies_to=["clinic"]),
    )[0]
    desk.evidence(a_log(a_record(shown_one, subjects=[REHEARSED]), subjects=[REHEARSED]))
    assert desk.ask("status") == (
        0,
        [
            "ROB-001    PASS           Keep what is right (requirements/r.yaml:2)",
            "ROB-002    draft          Keep what is right (requirements/r.yaml:3)",
            "ROB-003    not applicable Keep what is right (requirements/r.yaml:4)",
            (
                "REHEARSAL, nothing is released: all shown (1 of 1 requirements in force shown, "
                "1 drafts, 1 not applicable to these data)"
            ),
        ],
        [],
    )


def test_the_status_lists_what_is_stale(desk: Desk) -> None:
    """Only what must be measured again is listed, with why and how."""
    desk.requirements(requirement_record(), requirement_record("ROB-002"))
    desk.evidence(shown(desk))
    assert desk.ask("status", "--stale")[0] == 0
    desk.requirements(requirement_record(statement="It shall."), requirement_record("ROB-002"))
    code, out, _ = desk.ask("status", "--stale")
    assert code == 1
    assert out[0] == (
        "ROB-001    NOT_RUN        the requirement changed since it was measured "
        "(requirements/r.yaml:2)"
    )
    assert out[-1] == "measure again with: pytest --vericase-select=@stale"
    assert not [line for line in out if line.startswith("ROB-002")]


def test_the_schema_is_printed_whole_or_by_kind(desk: Desk) -> None:
    """Editors take one schema, other tools all."""
    code, out, _ = desk.ask("schema")
    assert (code, sorted(json.loads("\n".join(out)))) == (
        0,
        ["change-plan", "hazards", "inspections", "intended-use", "requirements", "waivers"],
    )
    code, out, _ = desk.ask("schema", "hazards")
    assert json.loads("\n".join(out))["title"] == "Hazards and what controls them"


def test_the_report_is_written_where_it_is_asked_to(desk: Desk) -> None:
    """The command names the file that it wrote."""
    desk.requirements(requirement_record())
    desk.evidence(a_log(a_record(a_requirement())))
    assert desk.ask("report", "--out=out/report.html") == (0, ["report: out/report.html"], [])
    assert (desk.folder / "out" / "report.html").read_text().startswith("<!DOCTYPE html>")
