"""Criteria that compare with the last release, record by record."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documents import criterion_record, requirement_record
from tests.support.projects import Project
from vericase.bundle import ENVELOPE, pack
from vericase.cli import main
from vericase.evidence import EvidenceLog, Outcome, Subject
from vericase.store import digest_path, load_evidence, save_evidence
from vericase.verdict import Verdict

CASES = """
    WRONG = {wrong}

    @pytest.mark.verifies("ROB-001")
    def test_right(measure):
        names = [f"r{{i}}" for i in range(100)]
        measure("right", Sample([float(i >= WRONG) for i in range(100)], "1", names))
"""
NO_WORSE = criterion_record(measurand="right", threshold=None, margin=0.05, confidence=0.95)


@pytest.fixture
def released(project: Project) -> tuple[Project, Path]:
    """A project whose first release was wrong on four of a hundred records, and its evidence."""
    project.register(model=project.write("model.bin", "weights"))
    project.demand(requirement_record(acceptance=[NO_WORSE], status="draft"))
    project.cases(CASES.format(wrong=4))
    project.run()
    kept = project.write("last/evidence.json", project.evidence_file.read_text())
    project.demand(requirement_record(acceptance=[NO_WORSE]))
    return project, kept


@pytest.mark.parametrize(
    ("wrong", "verdict"), [(4, Verdict.PASS), (7, Verdict.INCONCLUSIVE), (20, Verdict.FAIL)]
)
def test_the_next_release_may_be_a_little_worse(
    released: tuple[Project, Path], wrong: int, verdict: Verdict
) -> None:
    """Up to the margin, and with the stated confidence."""
    project, last = released
    project.cases(CASES.format(wrong=wrong))
    project.run(f"--vericase-reference={last}")
    assert project.verdicts() == {"ROB-001": verdict}
    assert [subject.name for subject in project.log().subjects] == ["last_release", "model"]


def test_without_a_last_release_nothing_is_shown(released: tuple[Project, Path]) -> None:
    """The reason says what to do."""
    project, _ = released
    assert project.run().ret == pytest.ExitCode.TESTS_FAILED
    assert project.criteria()["ROB-001.1"] == (
        Verdict.NOT_RUN,
        "no last release to compare with: name its evidence with --vericase-reference=",
    )


def test_the_gate_hashes_the_last_release_again(
    released: tuple[Project, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one, made up to be easy to beat, is a finding, and makes the record stale."""
    project, last = released
    project.run(f"--vericase-reference={last}")
    monkeypatch.chdir(project.folder)
    given = ["--subject", "model=model.bin", "--subject"]
    assert main(["gate", *given, f"last_release={last}"]) == 0
    assert main(["gate", "--subject", "model=model.bin"]) == 1
    last.write_text(last.read_text() + " ")
    assert main(["gate", *given, f"last_release={last}"]) == 1


def test_the_last_release_may_be_a_bundle(released: tuple[Project, Path]) -> None:
    """What `vericase sign` wrote holds the evidence."""
    project, last = released
    bundle = project.folder / "last.bundle"
    bundle.write_bytes(pack({ENVELOPE: b"{}", "evidence.json": last.read_bytes()}))
    project.run(f"--vericase-reference={bundle}")
    assert project.verdicts() == {"ROB-001": Verdict.PASS}


def test_workers_compare_as_one_process_does(released: tuple[Project, Path]) -> None:
    """Two processes write the same evidence."""
    project, last = released
    project.run(f"--vericase-reference={last}")
    alone = json.loads(project.evidence_file.read_text())
    project.run_apart(f"--vericase-reference={last}", "-n2")
    together = json.loads(project.evidence_file.read_text())
    for document in (alone, together):
        del document["run"]
    assert alone == together


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "expected evidence, got no JSON: "),
        ("{}", "expected evidence of format 1, got None"),
        ("PK\x03\x04", "expected a bundle, got no whole archive: "),
    ],
)
def test_what_is_no_last_release_stops_the_run(
    released: tuple[Project, Path], content: str, told: str
) -> None:
    """With one sentence, before anything is written."""
    project, last = released
    before = project.evidence_file.read_bytes()
    last.write_text(content)
    result = project.run(f"--vericase-reference={last}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert told in result.stderr.str()
    assert project.evidence_file.read_bytes() == before


def test_a_missing_or_edited_last_release_stops_the_run(released: tuple[Project, Path]) -> None:
    """As does one of a run that did not end."""
    project, last = released
    result = project.run("--vericase-reference=nowhere.json")
    assert "--vericase-reference: expected evidence or a bundle, got nothing at" in (
        result.stderr.str()
    )
    whole = last.read_text()
    last.write_text(whole.replace(" 0.0,", " 1.0,", 1))
    assert "expected evidence as it was sealed, got ROB-001.1: it is not what was sealed here" in (
        project.run(f"--vericase-reference={last}").stderr.str()
    )
    last.write_text(whole.replace('"finished": true', '"finished": false'))
    assert project.run(f"--vericase-reference={last}").ret == pytest.ExitCode.USAGE_ERROR


DATA = Subject(name="data", version="1", digest="da" * 32, scope="clinic")


def _run(**changes: object) -> Callable[[EvidenceLog], EvidenceLog]:
    return lambda log: replace(log, run=replace(log.run, **changes))  # type: ignore[arg-type]


def _judged(verdict: Verdict) -> Callable[[EvidenceLog], EvidenceLog]:
    return lambda log: replace(log, evidence=(replace(log.evidence[0], verdict=verdict),))


def _after(log: EvidenceLog) -> EvidenceLog:
    (record,) = log.evidence
    return replace(log, evidence=(replace(record, reference=record.measurement),))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_run(finished=False), "a run that did not end"),
        (_run(partial=True), "a partial run, which keeps earlier evidence"),
        (
            lambda log: replace(log, subjects=(replace(DATA, rehearsal=True),)),
            "a rehearsal",
        ),
        (_judged(Verdict.FAIL), "FAIL for ROB-001.1"),
        (_after, "NOT_RUN for ROB-001.1"),
        (
            lambda log: replace(log, cases=(replace(log.cases[0], outcome=Outcome.ERROR),)),
            "ROB-001.1 of a case that did not pass: test_cases.py::test_right",
        ),
        (
            lambda log: replace(log, cases=()),
            "ROB-001.1 of a case that did not pass: test_cases.py::test_right",
        ),
    ],
)
def test_what_was_no_release_stops_the_run(
    released: tuple[Project, Path], change: Callable[[EvidenceLog], EvidenceLog], told: str
) -> None:
    """Evidence that can release nothing is nothing to be compared with."""
    project, last = released
    save_evidence(last, change(load_evidence(last)[0]))
    result = project.run(f"--vericase-reference={last}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{last}: expected the last release, got {told}" in result.stderr.str()


def test_what_is_not_compared_may_be_anything(released: tuple[Project, Path]) -> None:
    """Only criteria with a margin ask whether the last release had shown them."""
    project, last = released
    log = load_evidence(last)[0]
    other = replace(log.evidence[0], criterion_id="ROB-009.1", verdict=Verdict.FAIL)
    save_evidence(last, replace(log, evidence=(*log.evidence, other)))
    project.run(f"--vericase-reference={last}")
    assert project.verdicts() == {"ROB-001": Verdict.PASS}
    assert project.log().subjects[0].version == (
        f"evidence.json: run {log.run.id}, signature not verified"
    )


@pytest.mark.parametrize(("same", "outcome"), [(True, Outcome.PASSED), (False, Outcome.ERROR)])
def test_the_last_release_was_measured_on_the_same_data(
    released: tuple[Project, Path], *, same: bool, outcome: Outcome
) -> None:
    """Records of one name in other data are other records."""
    project, last = released
    manifest = project.data()
    digest = digest_path(manifest) if same else DATA.digest
    log = load_evidence(last)[0]
    save_evidence(last, replace(log, subjects=(replace(DATA, digest=digest),)))
    result = project.run(f"--vericase-reference={last}")
    assert project.outcomes() == {"test_right": outcome}
    told = f"expected a last release that was measured on these data ({digest_path(manifest)})"
    assert (told in result.stdout.str()) is not same
