"""What others read: the files that a run leaves, key by key."""

import hashlib
import json
from typing import Any

import pytest

from tests.support.documents import requirement_record
from tests.support.projects import Project
from vericase.requirement import canonical


@pytest.fixture
def project_with_evidence(project: Project) -> Project:
    """A project after a run with every kind of measurement and an attachment."""
    project.write("model.bin", "weights")
    project.register(data=project.data(), model=project.folder / "model.bin")
    criteria = [
        {"id": f"ROB-001.{i}", "measurand": name, "relation": ">=", "threshold": 0, "unit": unit}
        for i, (name, unit) in enumerate([("share", "1"), ("delay", "s"), ("drift", "mK")], start=1)
    ]
    project.demand(requirement_record(acceptance=criteria))
    project.cases("""
        @pytest.mark.verifies("ROB-001")
        def test_share(measure):
            "The share within tolerance."
            measure("share", Proportion(95, 100), attachments={"note.txt": "kept"})
            measure("delay", Scalar(0.5, "s"))
            measure("drift", Sample([1.0, 2.0], "mK", ["a", "b"]))
    """)
    assert project.run("--vericase-run=named").ret == pytest.ExitCode.OK
    return project


def document(project: Project) -> dict[str, Any]:
    """The evidence file as plain JSON."""
    loaded: dict[str, Any] = json.loads(project.evidence_file.read_text(encoding="utf-8"))
    return loaded


def test_the_evidence_file_has_these_keys(project_with_evidence: Project) -> None:
    """Format number, subjects, environment, cases, records, seal and run: no more, no less."""
    evidence = document(project_with_evidence)
    assert sorted(evidence) == [
        *("cases", "chain", "code", "demands", "environment", "evidence", "format"),
        *("judging_rules", "lock", "looks", "requirements_digest", "run", "statuses", "subjects"),
    ]
    assert (evidence["format"], evidence["judging_rules"]) == (1, 3)


def test_a_case_has_these_keys(project_with_evidence: Project) -> None:
    """Id, requirements, outcome, message, digest of the code and title."""
    (case,) = document(project_with_evidence)["cases"]
    digest = case.pop("digest")
    assert len(digest) == 64
    assert case == {
        "case_id": "test_cases.py::test_share",
        "requirement_ids": ["ROB-001"],
        "outcome": "passed",
        "message": "",
        "title": "The share within tolerance.",
    }


def test_a_record_has_these_keys(project_with_evidence: Project) -> None:
    """Criterion, requirement and fingerprint, case and digest, measurement, verdict, subjects."""
    records = document(project_with_evidence)["evidence"]
    subjects = {s.name: s.digest for s in project_with_evidence.log().subjects}
    (requirement,) = project_with_evidence.matrix().requirements
    first = records[0]
    assert first.pop("case_digest") == project_with_evidence.case().digest
    assert first == {
        "criterion_id": "ROB-001.1",
        "requirement_id": "ROB-001",
        "requirement_fingerprint": requirement.fingerprint,
        "measurand": "share",
        "case_id": "test_cases.py::test_share",
        "measurement": {"kind": "proportion", "successes": 95, "trials": 100},
        "verdict": "PASS",
        "subjects": subjects,
        "attachments": [
            {"name": "note.txt", "sha256": hashlib.sha256(b"kept").hexdigest(), "bytes": 4}
        ],
    }
    assert [record["measurement"] for record in records[1:]] == [
        {"kind": "scalar", "value": 0.5, "unit": "s"},
        {"kind": "sample", "values": [1.0, 2.0], "unit": "mK", "clusters": ["a", "b"]},
    ]


def test_a_subject_has_these_keys(project_with_evidence: Project) -> None:
    """Name, version, digest, scope, whether it is a rehearsal, and where it lay."""
    data, model = document(project_with_evidence)["subjects"]
    assert len(data.pop("digest")) == len(model.pop("digest")) == 64
    assert data == {
        "name": "data",
        "version": "manifest.json",
        "scope": "clinic",
        "rehearsal": False,
        "path": "manifest.json",
    }
    assert model == {
        "name": "model",
        "version": "model.bin",
        "scope": None,
        "rehearsal": False,
        "path": "model.bin",
    }


def test_the_environment_says_what_ran(project_with_evidence: Project) -> None:
    """Python, platform, processors, packages, commit and whether the tree was dirty."""
    environment = document(project_with_evidence)["environment"]
    assert sorted(environment) == [
        *("commit", "cpus", "dirty", "implementation", "machine", "off_lock", "packages"),
        *("platform", "python"),
    ]
    assert {"pytest", "scipy", "PyYAML", "vericase"} <= set(environment["packages"])


def test_the_seal_can_be_checked_with_a_dozen_lines(project_with_evidence: Project) -> None:
    """Each link is the SHA-256 of the one before, a line feed, and the record as JSON."""
    evidence = document(project_with_evidence)
    run = evidence["run"]
    head = {
        key: evidence[key]
        for key in (
            *("code", "demands", "environment", "format", "judging_rules", "lock", "looks"),
            *("requirements_digest", "statuses", "subjects"),
        )
    }
    head["finished"] = run["finished"]

    def canonical_json(value: object) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    links = [hashlib.sha256(canonical_json(head).encode()).hexdigest()]
    for record in [*evidence["cases"], *evidence["evidence"]]:
        text = f"{links[-1]}\n{canonical_json(record)}"
        links.append(hashlib.sha256(text.encode()).hexdigest())
    assert evidence["chain"] == links
    assert canonical_json(head) == canonical(head)


def test_the_run_block_has_these_keys(project_with_evidence: Project) -> None:
    """What differs between equal runs stands apart."""
    run = document(project_with_evidence)["run"]
    assert (run["id"], run["finished"], run["partial"]) == ("named", True, False)
    assert sorted(run) == [
        *("durations_s", "ended", "finished", "host", "id", "partial", "started"),
    ]
    assert list(run["durations_s"]) == ["test_cases.py::test_share"]


def test_a_line_of_the_journal_has_these_keys(project_with_evidence: Project) -> None:
    """Each line is the run, a case with its records, and the subjects and openings so far."""
    journal = project_with_evidence.evidence_file.with_name("journal.jsonl")
    (line,) = map(json.loads, journal.read_text().splitlines())
    assert sorted(line) == ["case", "evidence", "looks", "run", "subjects"]
    evidence = document(project_with_evidence)
    assert (line["run"], [line["case"]]) == ("named", evidence["cases"])
    assert len(line["evidence"]) == 3


def test_files_lie_where_others_look_for_them(project_with_evidence: Project) -> None:
    """Evidence, journal and attachments stand beside each other, and nothing else does."""
    folder = project_with_evidence.evidence_file.parent
    assert sorted(path.name for path in folder.iterdir()) == [
        *("attachments", "evidence.json", "journal.jsonl"),
    ]
    kept = folder / "attachments" / hashlib.sha256(b"kept").hexdigest()
    assert kept.read_bytes() == b"kept"


def test_the_file_is_json_of_one_style(project_with_evidence: Project) -> None:
    """Sorted keys, one space of indent, letters as they are, and a line feed at the end."""
    text = project_with_evidence.evidence_file.read_text(encoding="utf-8")
    again = json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert text == again
