"""Waivers: they let a known, measured deficit through, and nothing else."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from tests.support.tracing import (
    REHEARSED,
    a_case,
    a_criterion,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
    everything_shown,
)
from vericase.evidence import EvidenceLog, Outcome
from vericase.gate import GateDecision, decide
from vericase.matrix import trace
from vericase.measurement import Measurement, Proportion, Sample, Scalar
from vericase.requirement import Relation, Requirement, Source, Status, Waiver
from vericase.verdict import Verdict

ON = date(2026, 3, 31)
BOUNDED = a_criterion(confidence=0.95)
#: 85 of 100 against the threshold 0.9: 0.05 short.
MISSED = Proportion(85, 100)


def a_waiver(requirement: Requirement, **changes: object) -> Waiver:
    """A waiver of the first criterion of *requirement* that holds in March 2026."""
    fields: dict[str, object] = {
        "id": "WVR-001",
        "criterion": requirement.criteria[0].id,
        "reason": "The next model is due in April.",
        "hazards": requirement.hazards,
        "approved_by": "A. Head",
        "approved_on": date(2026, 3, 1),
        "expires_on": ON,
        "max_deficit": 0.05,
        "fingerprint": requirement.fingerprint,
        "source": Source(file="requirements/waivers.yaml", line=1),
    }
    return Waiver(**(fields | changes))  # type: ignore[arg-type]  # fields by name


def decided(
    requirement: Requirement,
    measurement: Measurement,
    *,
    on: date | None = ON,
    log: EvidenceLog | None = None,
    **changes: object,
) -> GateDecision:
    """What the gate makes of *measurement*, with a waiver."""
    requirements = replace(a_set(requirement), waivers=(a_waiver(requirement, **changes),))
    shown = log or a_log(a_record(requirement, measurement), subjects=[a_subject()])
    if log is None:
        shown = everything_shown(
            a_set(requirement), measurement=measurement, subjects=[a_subject()]
        )
    return decide(trace(requirements, shown, on=on))


def objections(decision: GateDecision) -> list[str]:
    """What is said of the waiver."""
    return [b.message for b in decision.blocking if b.what == "waiver"]


def test_a_deficit_that_was_accepted_does_not_block() -> None:
    """The gate opens, the count of what is shown does not grow, and the headline says why."""
    decision = decided(a_requirement(), MISSED)
    assert decision.released
    assert (decision.passed, decision.waived) == (0, ("WVR-001",))
    assert decision.headline == (
        "RELEASED (0 of 1 requirements in force shown, 0 drafts, 0 not applicable to these data, "
        "1 waived by WVR-001)"
    )


def test_the_verdict_stays() -> None:
    """A waiver makes nothing PASS."""
    requirement = a_requirement()
    requirements = replace(a_set(requirement), waivers=(a_waiver(requirement),))
    matrix = trace(requirements, everything_shown(a_set(), measurement=MISSED), on=ON)
    (row,) = matrix.rows
    assert (row.verdict, row.criteria[0].verdict, row.waived) == (Verdict.FAIL, Verdict.FAIL, True)


@pytest.mark.parametrize(
    ("requirement", "measurement", "largest"),
    [
        (a_requirement(), MISSED, 0.05),
        (a_requirement(a_criterion(relation=Relation.AT_MOST)), Proportion(19, 20), 0.05),
        (a_requirement(a_criterion(relation=Relation.EQUAL, unit="s")), Scalar(1.0, "s"), 0.1),
        (a_requirement(a_criterion(unit="s")), Scalar(0.875, "s"), 0.025),
    ],
)
def test_the_largest_deficit_is_accepted_and_a_hair_more_is_not(
    requirement: Requirement, measurement: Measurement, largest: float
) -> None:
    """The written decimals are compared, not their rounded floats."""
    assert decided(requirement, measurement, max_deficit=largest).released
    (told,) = objections(decided(requirement, measurement, max_deficit=largest - 1e-9))
    assert told.startswith("ROB-001.1: expected a deficit of at most")


def test_with_a_confidence_the_deficit_is_that_of_the_bound() -> None:
    """89 of 100 is 0.01 short, its bound more than 0.06."""
    requirement = a_requirement(BOUNDED)
    assert objections(decided(requirement, Proportion(89, 100), max_deficit=0.05))
    assert decided(requirement, Proportion(89, 100), max_deficit=0.08).released


def test_an_inconclusive_bound_can_be_waived() -> None:
    """The value meets it, the bound does not."""
    decision = decided(a_requirement(BOUNDED), Proportion(92, 100), max_deficit=0.05)
    assert (decision.released, decision.passed) == (True, 0)


@pytest.mark.parametrize(
    ("criterion", "measurement"),
    [
        (BOUNDED, Proportion(0, 0)),
        (a_criterion(min_trials=500), MISSED),
        (a_criterion(confidence=0.95, min_trials=500), MISSED),
        (a_criterion(confidence=0.95, unit="s"), Sample((0.5, 0.8), "s")),
    ],
)
def test_too_few_trials_cannot_be_waived(criterion: object, measurement: Measurement) -> None:
    """Nothing says how large the deficit is."""
    decision = decided(a_requirement(criterion), measurement, max_deficit=1.0)  # type: ignore[arg-type]
    (told,) = objections(decision)
    assert "no number says how large the deficit is" in told
    assert not decision.released


def test_what_was_not_measured_cannot_be_waived() -> None:
    """NOT_RUN stays in the way."""
    decision = decided(a_requirement(), MISSED, log=a_log(subjects=[a_subject()]))
    assert objections(decision) == ["ROB-001.1: NOT_RUN cannot be waived: no case verifies it"]
    assert not decision.released


def test_an_error_cannot_be_waived() -> None:
    """A unit that does not fit is no deficit."""
    (told,) = objections(decided(a_requirement(), Scalar(0.8, "s")))
    assert told.startswith("ROB-001.1: ERROR cannot be waived")


def test_stale_evidence_cannot_be_waived() -> None:
    """A miss measured on another text of the requirement says nothing of this one."""
    requirement = a_requirement()
    earlier = a_record(requirement, MISSED, requirement_fingerprint="0" * 64)
    decision = decided(requirement, MISSED, log=a_log(earlier, subjects=[a_subject()]))
    assert objections(decision)[0].startswith("ROB-001.1: stale evidence cannot be waived")


def test_a_case_that_ended_badly_still_blocks() -> None:
    """A waiver accepts a number, not a crash beside it."""
    requirement = a_requirement()
    shown = everything_shown(a_set(requirement), measurement=MISSED, subjects=[a_subject()])
    broken = a_case(case_id="t.py::test_b", outcome=Outcome.ERROR, message="setup")
    decision = decided(requirement, MISSED, log=replace(shown, cases=(*shown.cases, broken)))
    assert not decision.released
    assert ["t.py::test_b" in b.message for b in decision.blocking] == [True]


@pytest.mark.parametrize(
    ("changes", "on", "told"),
    [
        ({}, date(2026, 4, 1), "it expired on 2026-03-31, and is judged on 2026-04-01"),
        ({}, date(2026, 2, 28), "it holds from 2026-03-01, and is judged on 2026-02-28"),
        ({}, None, "no date was given to judge it by"),
        ({"hazards": ("HAZ-001",)}, ON, "expected the hazards that ROB-001 controls (none), got"),
        ({"fingerprint": "0" * 64}, ON, "the requirement is not what was waived"),
    ],
)
def test_a_waiver_that_does_not_hold_blocks(
    changes: dict[str, object], on: date | None, told: str
) -> None:
    """Out of its time, or given for something else."""
    decision = decided(a_requirement(), MISSED, on=on, **changes)  # type: ignore[arg-type]  # fields
    assert any(told in objection for objection in objections(decision))
    assert not decision.released
    assert {b.where for b in decision.blocking} == {"WVR-001", "ROB-001.1"}


def test_a_waiver_of_what_passes_blocks() -> None:
    """It would lie in wait for the next miss."""
    decision = decided(a_requirement(), Proportion(95, 100))
    assert objections(decision) == ["ROB-001.1 passes: there is nothing to waive, withdraw it"]


def test_a_rehearsal_that_passes_leaves_the_waiver_alone() -> None:
    """Generated data are no reason to withdraw it."""
    requirement = a_requirement()
    shown = everything_shown(a_set(requirement), subjects=[REHEARSED])
    decision = decided(requirement, MISSED, log=shown)
    assert (decision.clear, decision.released, decision.waived) == (True, False, ())


@pytest.mark.parametrize("scope_of_criterion", [(), ("clinic",)])
def test_a_criterion_that_does_not_apply_leaves_the_waiver_alone(
    scope_of_criterion: tuple[str, ...],
) -> None:
    """Other data cannot judge it."""
    requirement = a_requirement(
        a_criterion(applies_to=scope_of_criterion),
        a_criterion(id="ROB-001.2", measurand="other"),
        applies_to=() if scope_of_criterion else ("clinic",),
    )
    subjects = [replace(a_subject("data"), scope="ward")]
    decision = decided(requirement, MISSED, log=a_log(subjects=subjects))
    assert objections(decision) == []
    assert decision.waived == ()


def lapsed(statuses: dict[str, str], **changes: object) -> GateDecision:
    """A gate whose requirement is a draft now, with another one that is shown."""
    draft = a_requirement(status=Status.DRAFT)
    other = a_requirement(a_criterion(id="ROB-002.1"), id="ROB-002")
    requirements = replace(a_set(draft, other), waivers=(a_waiver(draft, **changes),))
    shown = replace(everything_shown(a_set(other), subjects=[a_subject()]), statuses=statuses)
    return decide(trace(requirements, shown, on=ON))


def test_a_requirement_may_leave_force_with_a_waiver_alone() -> None:
    """What was approved when the cases ran, and is a draft now, blocks unless that is waived."""
    approved = {"ROB-001": "approved", "ROB-002": "approved"}
    assert lapsed(approved).released
    assert not lapsed(approved, expires_on=date(2026, 3, 2)).released
    (blocker,) = lapsed({"ROB-002": "approved"}).blocking
    assert blocker.message == "ROB-001 is draft: there is nothing to waive, withdraw it"


def every(parameters: Iterable[Proportion]) -> EvidenceLog:
    """One record a parameter, of one case."""
    requirement = a_requirement()
    records = [
        a_record(requirement, measured, subjects=[a_subject()], case_id=f"t.py::test_a[{i}]")
        for i, measured in enumerate(parameters)
    ]
    return a_log(*records, subjects=[a_subject()])


def test_the_worst_parameter_counts() -> None:
    """Each record has its deficit, and the largest is held against the waiver."""
    requirement = a_requirement()
    one, other = Proportion(85, 100), Proportion(86, 100)
    assert decided(requirement, MISSED, log=every([one, other])).released
    assert not decided(requirement, MISSED, log=every([one, Proportion(84, 100)])).released
    assert not decided(requirement, MISSED, log=every([one, Proportion(0, 0)])).released
