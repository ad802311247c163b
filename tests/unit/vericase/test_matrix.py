"""Requirements and evidence side by side."""

from dataclasses import replace

import pytest

from tests.support.tracing import (
    CASE,
    SHOWN,
    a_case,
    a_criterion,
    a_hazard,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
    everything_shown,
)
from vericase.evidence import CaseOutcome, EvidenceLog, Outcome
from vericase.findings import Finding
from vericase.matrix import CriterionRow, trace
from vericase.measurement import Proportion
from vericase.requirement import Requirement, RequirementSet, Status
from vericase.verdict import Verdict

MISSED = Proportion(1, 100)


def the_criterion(requirements: RequirementSet, log: EvidenceLog) -> CriterionRow:
    """The first criterion of the first row."""
    return trace(requirements, log).rows[0].criteria[0]


def by_parameters(
    requirement: Requirement, *measured: Proportion
) -> tuple[EvidenceLog, list[CaseOutcome]]:
    """A log with one parameter of one case a measurement."""
    records = [
        a_record(requirement, value, case_id=f"{CASE}[{i}]") for i, value in enumerate(measured)
    ]
    log = a_log(*records)
    return log, list(log.cases)


def test_what_is_shown_passes_from_criterion_to_requirement() -> None:
    """A measurement that meets its criterion shows the requirement."""
    matrix = trace(a_set(), everything_shown(a_set()))
    row = matrix.rows[0]
    assert (row.verdict, row.criteria[0].verdict, row.criteria[0].reason) == (
        Verdict.PASS,
        Verdict.PASS,
        "shown",
    )
    assert (row.gates, row.applicable, matrix.findings) == (True, True, ())


def test_a_stored_verdict_is_only_compared() -> None:
    """A record that says PASS over a miss is judged again: FAIL, and a contradiction."""
    requirement = a_requirement()
    matrix = trace(a_set(), a_log(a_record(requirement, MISSED, verdict=Verdict.PASS)))
    assert matrix.rows[0].verdict is Verdict.FAIL
    assert matrix.findings == (
        Finding(
            kind="contradiction",
            where="ROB-001.1",
            message="stored as PASS, judged again as FAIL",
        ),
    )


@pytest.mark.parametrize("method", ["inspection", "demonstration"])
def test_what_a_person_has_to_show_no_case_shows(method: str) -> None:
    """A measurement is no inspection, whatever it measured."""
    requirement = a_requirement(method=method)
    (row,) = trace(a_set(requirement), a_log(a_record(requirement))).rows
    assert (row.verdict, row.criteria[0].reason) == (
        Verdict.NOT_RUN,
        f"no {method} is on record",
    )


@pytest.mark.parametrize(
    ("method", "cases", "reason"),
    [
        ("test", [], "no case verifies it"),
        ("inspection", [], "no inspection is on record"),
        ("demonstration", [], "no demonstration is on record"),
        ("test", [a_case()], "no case measured it (passed)"),
        (
            "test",
            [
                a_case(case_id=f"{CASE}[1]", outcome=Outcome.SKIPPED, message="no data"),
                a_case(case_id=f"{CASE}[2]", outcome=Outcome.DESELECTED),
            ],
            "no case measured it (deselected; skipped no data)",
        ),
    ],
)
def test_silence_is_told_with_its_reason(
    method: str, cases: list[CaseOutcome], reason: str
) -> None:
    """Where nothing was measured the verdict is NOT_RUN, and says what happened instead."""
    row = the_criterion(a_set(a_requirement(method=method)), a_log(cases=cases))
    assert (row.verdict, row.reason) == (Verdict.NOT_RUN, reason)


def test_the_worst_parameter_decides() -> None:
    """A criterion is as good as the worst parameter of its case."""
    log, _ = by_parameters(a_requirement(), SHOWN, MISSED, SHOWN)
    assert the_criterion(a_set(), log).verdict is Verdict.FAIL


def test_a_parameter_that_measured_nothing_is_seen() -> None:
    """A parameter that ended well but did not measure keeps the criterion at NOT_RUN."""
    log, cases = by_parameters(a_requirement(), SHOWN)
    silent = a_case(case_id=f"{CASE}[silent]", outcome=Outcome.MISSED)
    row = the_criterion(a_set(), replace(log, cases=(*cases, silent)))
    assert (row.verdict, row.reason) == (Verdict.NOT_RUN, f"{CASE}[silent] did not measure it")


def test_another_case_of_the_requirement_need_not_measure_the_same() -> None:
    """Two cases may share the criteria of a requirement between them."""
    requirement = a_requirement(
        a_criterion(), a_criterion(id="ROB-001.2", measurand="kept_after_noise")
    )
    log = a_log(
        a_record(requirement, case_id="t.py::test_a"),
        a_record(requirement, criterion=1, case_id="t.py::test_b"),
    )
    assert trace(a_set(requirement), log).rows[0].verdict is Verdict.PASS


def test_two_cases_on_one_criterion_are_an_error() -> None:
    """Nobody picks the better of two measurements: the criterion is ERROR and names both."""
    requirement = a_requirement()
    log = a_log(
        a_record(requirement, case_id="t.py::test_b"), a_record(requirement, case_id="t.py::test_a")
    )
    row = the_criterion(a_set(), log)
    assert (row.verdict, row.reason) == (
        Verdict.ERROR,
        "measured by two cases: t.py::test_a, t.py::test_b",
    )


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [(outcome, outcome.verdict) for outcome in Outcome if outcome.verdict is not Verdict.PASS],
)
def test_a_good_measurement_does_not_outweigh_a_bad_ending(
    outcome: Outcome, verdict: Verdict
) -> None:
    """A case that measured well and then was skipped, failed or rerun shows nothing."""
    case = a_case(outcome=outcome, message="why")
    row = the_criterion(a_set(), a_log(a_record(a_requirement()), cases=[case]))
    assert (row.verdict, row.reason) == (verdict, f"case {outcome.value}: why")


def test_a_case_that_ended_badly_counts_even_without_a_record() -> None:
    """A requirement is as good as the worst ending of all its cases."""
    log = everything_shown(a_set())
    crashed = a_case(case_id="t.py::test_other", outcome=Outcome.ERROR)
    matrix = trace(a_set(), replace(log, cases=(*log.cases, crashed)))
    assert (matrix.rows[0].criteria[0].verdict, matrix.rows[0].verdict) == (
        Verdict.PASS,
        Verdict.ERROR,
    )


def test_a_record_without_its_case_is_an_error() -> None:
    """A measurement whose case left no ending is not trusted."""
    row = the_criterion(a_set(), a_log(a_record(a_requirement()), cases=[]))
    assert (row.verdict, row.reason) == (Verdict.ERROR, "its case is missing")


@pytest.mark.parametrize("where", ["requirement", "criterion"])
def test_what_these_data_cannot_show_does_not_gate(where: str) -> None:
    """A requirement, or its only criterion, that applies to other data is not applicable."""
    requirement = (
        a_requirement(applies_to=("clinic",))
        if where == "requirement"
        else a_requirement(a_criterion(applies_to=("clinic",)))
    )
    log = a_log(subjects=[a_subject("data", scope="ward")])
    row = trace(a_set(requirement), log).rows[0]
    assert (row.applicable, row.gates) == (False, False)


def test_the_criteria_that_apply_still_gate() -> None:
    """A requirement with one criterion that applies is held to that one."""
    requirement = a_requirement(
        a_criterion(), a_criterion(id="ROB-001.2", measurand="other", applies_to=("clinic",))
    )
    data = a_subject("data", scope="ward")
    log = a_log(a_record(requirement, subjects=[data]), subjects=[data])
    row = trace(a_set(requirement), log).rows[0]
    assert (row.verdict, row.gates, row.criteria[1].applicable) == (Verdict.PASS, True, False)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETIRED])
def test_only_what_is_in_force_gates(status: Status) -> None:
    """A draft is judged and shown, and does not gate."""
    requirement = a_requirement(status=status)
    row = trace(a_set(requirement), a_log(a_record(requirement, MISSED))).rows[0]
    assert (row.verdict, row.gates) == (Verdict.FAIL, False)


def test_the_matrix_reads_both_ways() -> None:
    """Backward, every case is listed with the criteria that it measured."""
    requirement = a_requirement(a_criterion(), a_criterion(id="ROB-001.2", measurand="other"))
    silent = a_case(case_id="t.py::test_silent")
    log = a_log(
        a_record(requirement, criterion=1),
        a_record(requirement),
        cases=[a_case(), silent],
    )
    assert trace(a_set(requirement), log).backward == (
        (a_case(), ("ROB-001.1", "ROB-001.2")),
        (silent, ()),
    )


def test_hazards_know_what_holds_them_back() -> None:
    """The rows that control a hazard are found, and a hazard without any is a finding."""
    held, loose = a_hazard(), a_hazard(id="HAZ-002")
    requirement = a_requirement(hazards=("HAZ-001",))
    requirements = a_set(requirement, hazards=[held, loose])
    matrix = trace(requirements, everything_shown(requirements))
    assert [row.requirement for row in matrix.controls(held)] == [requirement]
    assert matrix.controls(loose) == ()
    assert matrix.findings == (
        Finding(
            kind="hazard",
            where="HAZ-002",
            message="no approved requirement controls this hazard",
        ),
    )


def test_a_draft_holds_no_hazard_back() -> None:
    """A hazard that only drafts control is not controlled."""
    requirement = a_requirement(hazards=("HAZ-001",), status=Status.DRAFT)
    matrix = trace(a_set(requirement, hazards=[a_hazard()]), a_log())
    assert [finding.kind for finding in matrix.findings] == ["hazard"]


def test_only_what_gates_is_counted() -> None:
    """The counts by verdict leave out drafts."""
    requirements = a_set(a_requirement(), a_requirement(id="ROB-002", status=Status.DRAFT))
    assert trace(requirements, everything_shown(requirements)).counts() == {Verdict.PASS: 1}


def test_findings_of_the_reading_come_along() -> None:
    """What was seen while the log was read joins what was seen while tracing."""
    seen = Finding(kind="tampered", where="chain", message="edited")
    assert trace(a_set(), everything_shown(a_set()), findings=[seen]).findings == (seen,)
