"""Evidence that was made for something else counts for nothing, and says why."""

from dataclasses import replace

from tests.support.tracing import (
    a_case,
    a_criterion,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
    everything_shown,
)
from vericase.evidence import EvidenceLog
from vericase.matrix import CriterionRow, trace
from vericase.requirement import RequirementSet
from vericase.staleness import Present
from vericase.verdict import Verdict


def the_criterion(requirements: RequirementSet, log: EvidenceLog) -> CriterionRow:
    """The first criterion of the first row."""
    return trace(requirements, log).rows[0].criteria[0]


def test_evidence_for_what_was_demanded_before_is_stale() -> None:
    """A new threshold makes the old measurement count for nothing, even where it would pass."""
    easier = a_set(a_requirement(a_criterion(0.8)))
    row = the_criterion(easier, everything_shown(a_set()))
    assert (row.verdict, row.reason) == (
        Verdict.NOT_RUN,
        "stale: the requirement changed since it was measured",
    )


def test_what_was_demanded_before_is_told_field_by_field() -> None:
    """The evidence keeps what was demanded, so that the reader sees what changed."""
    before = a_requirement(hazards=("HAZ-001",))
    after = a_requirement(a_criterion(0.8, min_trials=30), hazards=(), conditions={"lead": "I"})
    log = everything_shown(a_set(before))
    log = replace(log, demands={before.fingerprint: before.meaning})
    assert the_criterion(a_set(after), log).reason == (
        "stale: the requirement changed since it was measured: "
        "hazards ['HAZ-001'] -> [], ROB-001.1.thresholds.* 0.9 -> 0.8, "
        "ROB-001.1.min_trials nothing -> 30, conditions.lead nothing -> I"
    )


def test_many_changes_are_counted() -> None:
    """A whole new demand is not told in a line of its own each."""
    before = a_requirement(conditions={f"c{i}": i for i in range(9)})
    log = everything_shown(a_set(before))
    log = replace(log, demands={before.fingerprint: before.meaning})
    reason = the_criterion(a_set(a_requirement(conditions={})), log).reason
    assert reason.endswith("conditions.c3 3 -> nothing, and 5 more")


def test_evidence_made_on_another_subject_is_stale() -> None:
    """A record keeps the digest of what it was measured on; another digest makes it stale."""
    log = everything_shown(a_set(), subjects=[a_subject("model", "a1" * 32)])
    moved = replace(log, subjects=(a_subject("model", "b2" * 32),))
    assert the_criterion(a_set(), moved).reason == (
        "stale: it was measured on another model (a1a1a1a1a1a1, now b2b2b2b2b2b2)"
    )


def test_a_subject_that_is_another_one_now_makes_its_evidence_stale() -> None:
    """What lies there now is held against the record, whatever the log was about."""
    data, model = a_subject("data", "d1" * 32, scope="clinic"), a_subject("model", "a1" * 32)
    on_data = a_requirement(a_criterion(id="ROB-002.1"), id="ROB-002", depends=("data",))
    requirements = a_set(a_requirement(), on_data)
    records = [
        a_record(requirements.requirements[0], subjects=[data, model]),
        a_record(on_data, subjects=[data]),
    ]
    cases = [a_case("ROB-001", "ROB-002")]
    log = a_log(*records, cases=cases, subjects=[data, model])
    now = Present(code={}, subjects={"model": "b2" * 32})
    rows = trace(requirements, log, present=now).rows
    assert [row.verdict for row in rows] == [Verdict.NOT_RUN, Verdict.PASS]
    assert rows[0].criteria[0].reason == (
        "stale: it was measured on another model (a1a1a1a1a1a1, now b2b2b2b2b2b2)"
    )


def test_evidence_made_before_a_subject_was_named_is_stale() -> None:
    """A record that knows no model says nothing about the model that is named now."""
    log = replace(everything_shown(a_set()), subjects=(a_subject("model"),))
    reason = the_criterion(a_set(), log).reason
    assert reason == "stale: it was measured on another model (none, now a1a1a1a1a1a1)"


def test_a_subject_that_a_requirement_does_not_depend_on_may_change() -> None:
    """A requirement on the data alone survives a new model."""
    requirement = a_requirement(depends=("data",))
    data = a_subject("data", scope="clinic")
    log = everything_shown(a_set(requirement), subjects=[data])
    moved = replace(log, subjects=(data, a_subject("model", "b2" * 32)))
    assert the_criterion(a_set(requirement), moved).verdict is Verdict.PASS


def test_a_requirement_that_depends_on_no_subject_is_not_shown() -> None:
    """A misspelt name in `depends` ties the evidence to nothing, and is told."""
    requirement = a_requirement(depends=("modell",))
    log = everything_shown(a_set(requirement), subjects=[a_subject("model")])
    unbound = replace(log, evidence=tuple(replace(r, subjects={}) for r in log.evidence))
    row = the_criterion(a_set(requirement), unbound)
    assert (row.verdict, row.reason) == (
        Verdict.NOT_RUN,
        "stale: it depends on modell, and no subject has that name",
    )


def test_evidence_made_by_other_code_is_stale() -> None:
    """A case whose code changed since it measured is to be run again."""
    log = everything_shown(a_set())
    edited = replace(log, cases=tuple(replace(case, digest="f00d" * 16) for case in log.cases))
    row = the_criterion(a_set(), edited)
    assert (row.verdict, row.reason) == (
        Verdict.NOT_RUN,
        "stale: the code of its case changed since it was measured",
    )


def test_a_stale_record_is_no_contradiction() -> None:
    """What was judged under another threshold may well have had another verdict."""
    harder = a_set(a_requirement(a_criterion(0.99)))
    matrix = trace(harder, everything_shown(a_set()))
    assert matrix.findings == ()
    assert matrix.rows[0].criteria[0].judged[0].stale
