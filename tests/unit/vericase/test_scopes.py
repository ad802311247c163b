"""Where the data come from, and what that takes out of force."""

from dataclasses import replace

import pytest

from tests.support.tracing import (
    INTENDED_USE,
    a_criterion,
    a_hazard,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
)
from vericase.matrix import trace
from vericase.requirement import RequirementSet, Status


@pytest.mark.parametrize("rehearsal", [False, True])
def test_what_does_not_apply_holds_no_hazard_back(*, rehearsal: bool) -> None:
    """A release needs a control that applies to its data; a rehearsal releases nothing."""
    other = a_requirement(a_criterion(applies_to=("clinic",)), id="ROB-002", hazards=("HAZ-001",))
    ward = a_requirement(a_criterion(thresholds={"ward": 0.9}), hazards=())
    data = replace(a_subject("data", scope="ward"), rehearsal=rehearsal)
    log = a_log(a_record(ward, subjects=[data]), subjects=[data])
    found = trace(a_set(ward, other, hazards=[a_hazard()]), log).findings
    told = "no approved requirement that controls this hazard applies to these data"
    assert [finding.message for finding in found] == ([] if rehearsal else [told])


def _findings_of(scope: str, requirements: RequirementSet) -> list[tuple[str, str]]:
    log = a_log(subjects=[a_subject("data", scope=scope)])
    return [(found.kind, found.message) for found in trace(requirements, log).findings]


@pytest.mark.parametrize("where", ["requirement", "criterion", "threshold"])
def test_a_slip_in_the_scope_is_found(where: str) -> None:
    """A source that no requirement names would take what asks for another out of force."""
    requirement = {
        "requirement": a_requirement(applies_to=("clinical",)),
        "criterion": a_requirement(a_criterion(applies_to=("clinical",))),
        "threshold": a_requirement(a_criterion(thresholds={"*": 0.9, "clinical": 0.8})),
    }[where]
    told = "expected a data source that requirements name, got 'clincal'; they name clinical"
    assert _findings_of("clincal", a_set(requirement)) == [("scope", told)]
    assert _findings_of("clinical", a_set(requirement)) == []


def test_a_scope_is_known_by_the_intended_use_or_a_draft() -> None:
    """Requirements for one source alone are no slip on data from another that is named."""
    asks = a_requirement(applies_to=("clinical",))
    draft = a_requirement(id="ROB-002", applies_to=("ward",), status=Status.DRAFT)
    use = replace(INTENDED_USE, data_sources=("clinical", "home"))
    assert _findings_of("home", replace(a_set(asks), intended_use=use)) == []
    assert _findings_of("ward", a_set(asks, draft)) == []
    assert [k for k, _ in _findings_of("home", replace(a_set(asks), intended_use=None))] == [
        "scope"
    ]
    assert _findings_of("home", a_set(draft)) == []
