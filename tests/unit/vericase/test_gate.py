"""The release decision: closed unless everything in force is shown."""

from dataclasses import replace

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
from vericase.findings import Finding
from vericase.gate import Blocker, GateDecision, decide
from vericase.matrix import trace
from vericase.measurement import Proportion
from vericase.requirement import RequirementSet, Status


def the_decision(requirements: RequirementSet, log: EvidenceLog) -> GateDecision:
    """What the gate makes of *log*."""
    return decide(trace(requirements, log))


def test_everything_shown_is_released() -> None:
    """A run that shows all that is in force opens the gate, and says of how much."""
    decision = the_decision(a_set(), everything_shown(a_set(), subjects=[a_subject()]))
    assert (decision.released, decision.rehearsal, decision.clear) == (True, False, True)
    assert decision.blocking == ()
    assert decision.headline == (
        "RELEASED (1 of 1 requirements in force shown, 0 drafts, 0 not applicable to these data)"
    )


def test_a_miss_blocks_and_is_named() -> None:
    """A criterion that is not met is named with its verdict and reason."""
    requirement = a_requirement()
    decision = the_decision(a_set(), a_log(a_record(requirement, Proportion(1, 100))))
    assert decision.blocking == (Blocker(where="ROB-001.1", what="FAIL", message="missed"),)
    assert decision.headline == (
        "BLOCKED (0 of 1 requirements in force shown, 0 drafts, "
        "0 not applicable to these data, no subject is named, 1 blocking)"
    )


def test_an_approved_requirement_without_a_case_blocks() -> None:
    """Silence is not success."""
    decision = the_decision(a_set(), a_log())
    assert decision.blocking == (
        Blocker(where="ROB-001.1", what="NOT_RUN", message="no case verifies it"),
    )


def test_a_requirement_without_criteria_blocks() -> None:
    """What asks for nothing measurable is not shown by nothing."""
    for method, told in (
        ("test", "nothing was measured"),
        ("inspection", "no inspection is on record"),
    ):
        empty = replace(a_requirement(method=method), criteria=())
        assert the_decision(a_set(empty), a_log()).blocking == (
            Blocker(where="ROB-001", what="NOT_RUN", message=told),
        )


def test_a_case_that_ended_badly_is_named() -> None:
    """The case that stands in the way is told with its ending and its message."""
    log = everything_shown(a_set())
    broken = a_case(case_id="t.py::test_b", outcome=Outcome.ERROR, message="setup: no file")
    decision = the_decision(a_set(), replace(log, cases=(*log.cases, broken)))
    assert decision.blocking == (
        Blocker(where="ROB-001", what="ERROR", message="t.py::test_b: error setup: no file"),
    )


def test_every_finding_blocks() -> None:
    """A finding keeps the gate closed though every requirement is shown."""
    finding = Finding(kind="tampered", where="chain", message="edited")
    decision = decide(trace(a_set(), everything_shown(a_set()), findings=[finding]))
    assert (decision.released, decision.passed, decision.in_force) == (False, 1, 1)
    assert decision.blocking == (Blocker(where="chain", what="tampered", message="edited"),)


@pytest.mark.parametrize("status", [Status.DRAFT, Status.RETIRED])
def test_nothing_in_force_releases_nothing(status: Status) -> None:
    """A set in which nothing gates has nothing to show, and stays closed."""
    requirements = a_set(a_requirement(status=status))
    decision = the_decision(requirements, everything_shown(requirements))
    assert decision.released is False
    assert decision.blocking[-1] == Blocker(
        where="requirements",
        what="empty",
        message="no approved requirement applies: there is nothing to show",
    )


def test_an_empty_set_releases_nothing() -> None:
    """No requirements at all open no gate."""
    decision = decide(trace(RequirementSet(requirements=()), a_log()))
    assert (decision.released, decision.in_force) == (False, 0)


def test_data_to_which_nothing_applies_release_nothing() -> None:
    """If no requirement applies to the data, the gate stays closed."""
    requirements = a_set(a_requirement(applies_to=("clinic",)))
    log = a_log(subjects=[a_subject("data", scope="ward")])
    decision = the_decision(requirements, log)
    assert (decision.released, decision.not_applicable, decision.in_force) == (False, 1, 0)


def test_a_draft_does_not_block_and_is_counted() -> None:
    """A missed draft changes nothing but the number of drafts in the headline."""
    draft = a_requirement(id="ROB-002", status=Status.DRAFT)
    requirements = a_set(a_requirement(), draft)
    log = everything_shown(a_set())
    missed = a_record(draft, Proportion(0, 100), case_id="t.py::test_draft")
    with_draft = replace(
        log,
        evidence=(*log.evidence, missed),
        cases=(*log.cases, a_case("ROB-002", case_id="t.py::test_draft")),
    )
    decision = the_decision(requirements, with_draft)
    assert (decision.released, decision.drafts) == (True, 1)
    assert ", 1 drafts," in decision.headline


def test_a_rehearsal_releases_nothing_even_if_all_is_shown() -> None:
    """On data that are marked as a rehearsal the gate is clear at best, never released."""
    decision = the_decision(a_set(), everything_shown(a_set(), subjects=[REHEARSED]))
    assert (decision.released, decision.rehearsal, decision.clear) == (False, True, True)
    assert decision.headline.startswith("REHEARSAL, nothing is released: all shown (1 of 1 ")


def test_a_rehearsal_that_misses_says_so() -> None:
    """The headline of a rehearsal tells a miss from a success."""
    decision = the_decision(a_set(), a_log(subjects=[REHEARSED]))
    assert decision.headline.startswith("REHEARSAL, nothing is released: not shown (0 of 1 ")


def test_blockers_stand_in_the_order_of_the_requirements() -> None:
    """Requirements come as they are written, and findings after them."""
    requirements = a_set(
        a_requirement(id="ROB-002"),
        a_requirement(a_criterion(id="ROB-001.1"), a_criterion(id="ROB-001.2", measurand="b")),
    )
    decision = the_decision(requirements, a_log(finished=False))
    assert [blocker.where for blocker in decision.blocking] == [
        "ROB-002.1",
        "ROB-001.1",
        "ROB-001.2",
        "run run-1",
    ]


def test_a_case_that_ended_badly_without_a_word_is_named_plainly() -> None:
    """Nothing stands behind the ending, not even a space."""
    requirement = a_requirement()
    log = a_log(a_record(requirement), cases=[a_case(outcome=Outcome.ERROR)])
    last = the_decision(a_set(requirement), log).blocking[-1]
    assert last.message == f"{a_case().case_id}: error"
