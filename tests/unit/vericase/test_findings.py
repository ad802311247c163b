"""What does not fit in a log, whatever its verdicts say."""

from dataclasses import replace

import pytest

from tests.support.tracing import (
    CASE,
    a_case,
    a_criterion,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
    everything_shown,
)
from vericase.findings import Finding, record_findings, run_findings
from vericase.requirement import ANY_DATA, Status


def test_a_whole_log_has_no_findings() -> None:
    """Evidence that fits its requirements gives nothing to say."""
    log = everything_shown(a_set())
    assert not [*run_findings(a_set(), log), *record_findings(a_set(), log)]


def test_a_run_that_did_not_end_is_told() -> None:
    """Evidence of an unfinished run is never taken as whole."""
    assert list(run_findings(a_set(), a_log(finished=False))) == [
        Finding(kind="unfinished", where="run run-1", message="it did not end; run the cases again")
    ]


def test_other_judging_rules_are_told() -> None:
    """Verdicts made under other rules are not mixed with ours."""
    assert list(run_findings(a_set(), replace(a_log(), judging_rules=0))) == [
        Finding(
            kind="rules",
            where="judging_rules",
            message="expected rules 3, got evidence made under 0",
        )
    ]


def test_two_subjects_of_one_name_are_told() -> None:
    """A run that saw two models verified neither."""
    log = a_log(subjects=[a_subject(digest="a1" * 32), a_subject(digest="b2" * 32)])
    assert list(run_findings(a_set(), log)) == [
        Finding(kind="subject", where="model", message="expected one model, got 2 of them")
    ]


def test_requirements_that_depend_on_the_data_need_to_know_them() -> None:
    """Without a data subject nobody can say which requirements and thresholds hold."""
    expected = [
        Finding(
            kind="scope",
            where="data",
            message="requirements depend on where the data come from, and no data subject says so",
        )
    ]
    for requirement in (
        a_requirement(applies_to=("clinic",)),
        a_requirement(a_criterion(applies_to=("clinic",))),
        a_requirement(a_criterion(thresholds={"clinic": 0.9})),
        a_requirement(a_criterion(thresholds={ANY_DATA: 0.8, "clinic": 0.9})),
    ):
        assert list(run_findings(a_set(requirement), a_log())) == expected
        known = a_log(subjects=[a_subject("data", scope="clinic")])
        assert not list(run_findings(a_set(requirement), known))
        draft = a_set(replace(requirement, status=Status.DRAFT))
        assert not list(run_findings(draft, a_log()))


def test_a_record_of_an_unknown_criterion_is_told() -> None:
    """Evidence for a criterion that was deleted does not vanish."""
    gone = a_record(a_requirement(a_criterion(id="ROB-001.9")))
    assert list(record_findings(a_set(), a_log(gone))) == [
        Finding(
            kind="unknown",
            where="ROB-001.9",
            message=f"no requirement has this criterion, yet {CASE} measured it",
        )
    ]


def test_a_record_of_another_quantity_is_told() -> None:
    """A criterion that asks for something else now is not met by the old quantity."""
    record = a_record(a_requirement(), measurand="specificity")
    assert list(record_findings(a_set(), a_log(record))) == [
        Finding(
            kind="unknown",
            where="ROB-001.1",
            message="asks for 'share', the record holds 'specificity'",
        )
    ]


def test_a_case_of_a_requirement_that_is_gone_is_an_orphan() -> None:
    """A case that names a deleted or retired requirement is told."""
    retired = a_set(a_requirement(status=Status.RETIRED))
    log = a_log(cases=[a_case("ROB-001", "ROB-404")])
    assert [finding.message for finding in record_findings(retired, log)] == [
        "verifies ROB-001, which is retired",
        "verifies ROB-404, which is unknown",
    ]
    assert {finding.kind for finding in record_findings(retired, log)} == {"orphan"}


def test_a_record_or_an_ending_twice_is_told() -> None:
    """Nobody chooses between two records of one case."""
    record = a_record(a_requirement())
    log = a_log(record, record, cases=[a_case(), a_case()])
    assert list(record_findings(a_set(), log)) == [
        Finding(
            kind="duplicate", where="ROB-001.1", message=f"expected one record of {CASE}, got 2"
        ),
        Finding(kind="duplicate", where=CASE, message="expected one ending, got 2"),
    ]


@pytest.mark.parametrize("now", [Status.DRAFT, Status.RETIRED, None])
def test_a_requirement_that_left_approved_is_told(now: Status | None) -> None:
    """A miss cannot be made to go away by asking no more."""
    log = replace(a_log(), statuses={"ROB-001": "approved", "ROB-002": "draft"})
    kept = a_requirement(id="ROB-003")
    requirements = a_set(kept, *([a_requirement(status=now)] if now else []))
    (finding,) = record_findings(requirements, log)
    assert finding == Finding(
        kind="demoted",
        where="ROB-001",
        message=f"was approved when the cases ran, and is {now or 'gone'} now",
    )


def test_a_draft_that_becomes_approved_is_no_finding() -> None:
    """To demand more needs no leave; what is not measured is not shown."""
    log = replace(a_log(), statuses={"ROB-001": "draft"})
    assert not list(record_findings(a_set(), log))


def test_what_is_installed_against_the_lock_is_told() -> None:
    """Each package of its own; an environment that knows of no lock says nothing."""
    environment = {"off_lock": ["torch 2.14.0, locked 2.13.0"]}
    assert list(run_findings(a_set(), replace(a_log(), environment=environment))) == [
        Finding(
            kind="environment",
            where="lock",
            message="expected the locked version, got torch 2.14.0, locked 2.13.0",
        )
    ]
