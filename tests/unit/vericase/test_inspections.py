"""Inspections: what a person signed counts for what was inspected, and for nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from tests.support.tracing import a_log, a_record, a_requirement, a_set, a_subject
from vericase.gate import GateDecision, decide
from vericase.matrix import trace
from vericase.measurement import Proportion
from vericase.requirement import Inspection, Requirement, Source
from vericase.verdict import Verdict

ON = date(2026, 3, 31)
MODEL = a_subject("model")
SEEN = replace(a_requirement(method="inspection", depends=("model",)), criteria=())
WITH_CRITERION = a_requirement(method="demonstration", depends=("model",))


def an_inspection(requirement: Requirement, **changes: object) -> Inspection:
    """An accepted inspection of *requirement* on the model."""
    fields: dict[str, object] = {
        "id": "INS-001",
        "requirement": requirement.id,
        "accepted": True,
        "record": "Minutes of 2 March, page 3",
        "inspected_by": "A. Reader",
        "inspected_on": date(2026, 3, 2),
        "fingerprint": requirement.fingerprint,
        "subjects": {"model": MODEL.digest},
        "source": Source(file="requirements/inspections.yaml", line=1),
    }
    return Inspection(**(fields | changes))  # type: ignore[arg-type]  # fields by name


def decided(requirement: Requirement, *inspections: Inspection, on: date = ON) -> GateDecision:
    """What the gate makes of *inspections*."""
    requirements = replace(a_set(requirement), inspections=inspections)
    return decide(trace(requirements, a_log(subjects=[MODEL]), on=on))


@pytest.mark.parametrize("requirement", [SEEN, WITH_CRITERION])
def test_what_was_accepted_is_shown(requirement: Requirement) -> None:
    """With criteria and without."""
    decision = decided(requirement, an_inspection(requirement))
    assert (decision.released, decision.passed) == (True, 1)


@pytest.mark.parametrize("requirement", [SEEN, WITH_CRITERION])
def test_what_nobody_inspected_is_not_shown(requirement: Requirement) -> None:
    """Silence is not success."""
    (blocker,) = decided(requirement).blocking
    assert (blocker.what, blocker.message) == (
        "NOT_RUN",
        f"no {requirement.method} is on record",
    )


def test_what_was_rejected_fails() -> None:
    """And says by whom."""
    (blocker,) = decided(SEEN, an_inspection(SEEN, accepted=False)).blocking
    assert (blocker.what, blocker.message) == (
        "FAIL",
        "INS-001: rejected by A. Reader on 2026-03-02",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fingerprint": "0" * 64}, "the requirement changed since it was inspected"),
        ({"subjects": {"model": "0" * 64}}, "another model was inspected"),
        ({"subjects": {}}, "it does not say which model was inspected"),
        (
            {"subjects": {"model": MODEL.digest, "page": "0" * 64}},
            "it depends on page, and no subject has that name",
        ),
        ({"expires_on": date(2026, 3, 30)}, "it expired on 2026-03-30"),
        ({"inspected_on": date(2026, 4, 1)}, "it holds from 2026-04-01"),
    ],
)
def test_an_inspection_of_something_else_does_not_count(
    changes: dict[str, object], told: str
) -> None:
    """Other text, other subjects, another time."""
    (blocker,) = decided(SEEN, an_inspection(SEEN, **changes)).blocking
    assert blocker.what == "NOT_RUN"
    assert told in blocker.message


def test_without_depends_every_subject_has_to_be_named() -> None:
    """As for evidence: silence about a subject is no statement on it."""
    anything = replace(SEEN, depends=())
    assert not decided(anything, an_inspection(anything, subjects={})).released
    assert decided(anything, an_inspection(anything)).released


def test_the_worst_inspection_counts() -> None:
    """A rejection is not outvoted, and an old record has to be withdrawn."""
    accepted = an_inspection(SEEN)
    assert not decided(SEEN, accepted, an_inspection(SEEN, id="INS-002", accepted=False)).released
    assert not decided(SEEN, accepted, an_inspection(SEEN, id="INS-002", subjects={})).released


def test_a_case_cannot_show_it() -> None:
    """What a case measures for such a requirement is no inspection."""
    record = a_record(WITH_CRITERION, Proportion(1, 1), subjects=[MODEL])
    matrix = trace(a_set(WITH_CRITERION), a_log(record, subjects=[MODEL]), on=ON)
    assert matrix.rows[0].verdict is Verdict.NOT_RUN
