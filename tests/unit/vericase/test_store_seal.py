"""The seal of evidence: what is edited, dropped or called finished is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.tracing import (
    a_log,
    a_set,
    a_subject,
    everything_shown,
)
from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog, Outcome
from vericase.findings import Finding
from vericase.store import (
    load_evidence,
    save_evidence,
)
from vericase.wire import case_to, evidence_to, subject_to


def edited(tmp_path: Path, log: EvidenceLog, **changes: object) -> tuple[Finding, ...]:
    """The findings after fields of the saved document were changed."""
    path = tmp_path / "evidence.json"
    save_evidence(path, log)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return load_evidence(path)[1]


def test_an_edited_record_is_named(tmp_path: Path) -> None:
    """A record that is not the one that was sealed is told by its criterion."""
    log = everything_shown(a_set())
    record = evidence_to(log.evidence[0])
    record["measurement"] = {"kind": "proportion", "successes": 96, "trials": 100}
    assert edited(tmp_path, log, evidence=[record]) == (
        Finding(kind="tampered", where="ROB-001.1", message="it is not what was sealed here"),
    )


def test_an_edited_case_is_named(tmp_path: Path) -> None:
    """An ending that was made up is told by its case."""
    log = everything_shown(a_set())
    case = case_to(replace(log.cases[0], outcome=Outcome.PASSED, message="really"))
    findings = edited(tmp_path, log, cases=[case])
    assert [finding.where for finding in findings] == [log.cases[0].case_id]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subjects", [subject_to(a_subject("model", "b2" * 32))]),
        ("subjects", []),
        ("environment", {}),
        ("requirements_digest", "f" * 64),
        ("judging_rules", 4),
        ("statuses", {"ROB-001": "draft"}),
        ("code", {"trees": [], "files": {"test_cases.py": "f" * 64}}),
    ],
)
def test_an_edited_head_is_told(tmp_path: Path, field: str, value: object) -> None:
    """Subjects, environment and rules are sealed as well."""
    log = everything_shown(a_set(), subjects=[a_subject()])
    assert edited(tmp_path, log, **{field: value}) == (
        Finding(
            kind="tampered",
            where="head",
            message="it is not what was sealed here: format, judging_rules, requirements_digest, "
            "subjects, environment, statuses, code, lock, demands, looks or ending",
        ),
    )


def test_an_unfinished_run_cannot_be_called_finished(tmp_path: Path) -> None:
    """Whether the run ended is sealed; the rest of the run block differs between equal runs."""
    log = replace(everything_shown(a_set()), run=a_log(finished=False).run)
    path = tmp_path / "evidence.json"
    save_evidence(path, log)
    path.write_text(path.read_text().replace('"finished": false', '"finished": true'))
    assert [finding.where for finding in load_evidence(path)[1]] == ["head"]
    save_evidence(path, log)
    path.write_text(path.read_text().replace('"host": ""', '"host": "elsewhere"'))
    assert load_evidence(path)[1] == ()


def test_a_dropped_record_is_told(tmp_path: Path) -> None:
    """Fewer records than were sealed are counted."""
    log = everything_shown(a_set())
    assert edited(tmp_path, log, evidence=[])[0] == Finding(
        kind="tampered", where="chain", message="expected 2 records as sealed, got 1"
    )
    assert edited(tmp_path, log, chain=[])[0] == Finding(
        kind="tampered", where="chain", message="expected 0 records as sealed, got 2"
    )


def test_a_number_too_large_for_a_float_is_refused(tmp_path: Path) -> None:
    """A value that was blown up in the file is bad input, not a crash."""
    log = everything_shown(a_set())
    record = evidence_to(log.evidence[0]) | {
        "measurement": {"kind": "scalar", "value": 10**400, "unit": "1"}
    }
    with pytest.raises(EvidenceError, match="expected a number that a float can hold"):
        edited(tmp_path, log, evidence=[record])
