"""Gaps that come with a release: also those that nothing is in the way of any more."""

from dataclasses import replace
from datetime import date

import pytest

from tests.support.tracing import (
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
from vericase.changes import Comparison, Kind, Side
from vericase.comparison import compare
from vericase.evidence import EvidenceLog, Outcome
from vericase.gate import decide
from vericase.matrix import trace
from vericase.measurement import Measurement, Proportion, Scalar
from vericase.requirement import (
    Claim,
    Inspection,
    IntendedUse,
    Relation,
    Requirement,
    RequirementSet,
    Source,
    Status,
)

MISSED = Proportion(85, 100)
Told = tuple[str, ...]


def side(requirements: RequirementSet, log: EvidenceLog) -> Side:
    """What was traced, and decided of it."""
    matrix = trace(requirements, log)
    return Side(matrix=matrix, decision=decide(matrix))


def of(requirement: Requirement, *measured: Measurement) -> Side:
    """A release in which one case each measured these values."""
    on = [a_subject()]
    records = [
        a_record(requirement, value, subjects=on, case_id=f"t.py::test[{number}]")
        for number, value in enumerate(measured)
    ]
    return side(a_set(requirement), a_log(*records, subjects=on))


def found(before: Side, after: Side) -> tuple[Told, Told]:
    """New gaps and closed ones."""
    compared = compare(before, after)
    return compared.new_gaps, compared.closed_gaps


WIDER = ("ROB-001.1: FAIL, missed by more than before",)


@pytest.mark.parametrize(
    ("relation", "before", "after", "told"),
    [
        (Relation.AT_LEAST, 0.85, 0.0, WIDER),
        (Relation.AT_LEAST, 0.0, 0.85, ()),
        (Relation.ABOVE, 0.85, 0.85, ()),
        (Relation.AT_MOST, 1.0, 2.0, WIDER),
        (Relation.BELOW, 2.0, 1.0, ()),
        (Relation.EQUAL, 0.85, 0.5, WIDER),
        (Relation.EQUAL, 1.0, 2.0, WIDER),
        (Relation.EQUAL, 2.0, -0.1, ()),
        (Relation.AT_LEAST, 0.95, 0.1, ("ROB-001.1: FAIL",)),
    ],
)
def test_a_gap_that_widened_is_new(
    relation: Relation, before: float, after: float, told: Told
) -> None:
    """In the sense of the relation; one that narrowed is neither new nor closed."""
    requirement = a_requirement(a_criterion(relation=relation))
    sides = [of(requirement, Scalar(value)) for value in (before, after)]
    assert found(sides[0], sides[1]) == (told, ())


def test_each_case_that_misses_counts_by_itself() -> None:
    """A second one that got worse does not hide behind the worst, and one that passes is free."""
    requirement = a_requirement()
    old = of(requirement, Proportion(50, 100), MISSED, Proportion(99, 100))
    worse = of(requirement, Proportion(60, 100), Proportion(70, 100), Proportion(91, 100))
    assert found(old, worse) == (WIDER, ())
    free = of(requirement, Proportion(60, 100), MISSED, Proportion(91, 100))
    assert found(old, free) == ((), ())


def test_a_bound_that_moved_away_widens_what_it_leaves_open() -> None:
    """Where the value itself is met; without any bound there is nothing to compare."""
    bounded = a_requirement(a_criterion(confidence=0.95))
    old, new = of(bounded, Proportion(95, 100)), of(bounded, Proportion(19, 20))
    told = "ROB-001.1: INCONCLUSIVE, missed by more than before"
    assert found(old, new) == ((told,), ())
    assert found(new, old) == ((), ())
    failed = of(bounded, MISSED)
    assert found(failed, old) == (("ROB-001.1: INCONCLUSIVE",), ("ROB-001.1: FAIL",))
    short = a_requirement(a_criterion(min_trials=500))
    assert found(of(short, Proportion(95, 100)), of(short, Proportion(91, 100))) == ((), ())


def test_another_measurand_is_no_value_to_compare_with() -> None:
    """The criterion was changed, and that is the gap."""
    old, new = (
        of(a_requirement(a_criterion(unit=unit)), Scalar(value, unit))
        for unit, value in (("s", 0.8), ("mV", 0.1))
    )
    assert found(old, new) == (("ROB-001.1: criterion changed",), ())


def test_one_more_of_a_kind_at_a_place_is_new() -> None:
    """Such as a second case that crashes."""
    log = everything_shown(a_set())
    crashed = [
        a_case(case_id=f"t.py::test_{n}", outcome=Outcome.ERROR, message="x") for n in (1, 2)
    ]
    old = side(a_set(), replace(log, cases=(*log.cases, crashed[0])))
    new = side(a_set(), replace(log, cases=(*log.cases, *crashed)))
    assert found(old, new) == (("ROB-001: ERROR",), ())


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ([], "removed"),
        ([a_requirement(status=Status.DRAFT)], "draft"),
        ([a_requirement(status=Status.RETIRED)], "retired"),
    ],
)
def test_what_is_no_longer_demanded_is_never_closed(now: list[Requirement], told: str) -> None:
    """Whether it was missed or shown."""
    other = a_requirement(a_criterion(id="ROB-002.1"), id="ROB-002")
    after = side(a_set(*now, other), everything_shown(a_set(other)))
    for value in (MISSED, Proportion(99, 100)):
        everything = a_set(a_requirement(), other)
        before = side(everything, everything_shown(everything, measurement=value))
        new, closed = found(before, after)
        assert f"ROB-001: no longer demanded, {told}" in new
        assert not [gap for gap in closed if gap.startswith("ROB-001")]


@pytest.mark.parametrize(
    ("criterion", "kind"),
    [
        (a_criterion(0.1), "criterion loosened"),
        (a_criterion(0.1, measurand="other"), "criterion changed"),
        (None, "criterion removed"),
        (a_criterion(0.8, confidence=0.5), "criterion changed"),
    ],
)
def test_a_criterion_that_asks_for_less_is_no_closed_gap(criterion: object, kind: str) -> None:
    """It is a new one; of a draft it is none."""
    second = a_criterion(id="ROB-001.2")
    old = a_requirement(a_criterion(), second)
    kept = [c for c in (criterion, second) if c is not None]
    new = replace(old, criteria=tuple(kept))  # type: ignore[arg-type]  # criteria
    new_gaps, closed = found(
        *(side(a_set(r), everything_shown(a_set(r), measurement=MISSED)) for r in (old, new))
    )
    assert f"ROB-001.1: {kind}" in new_gaps
    assert not [gap for gap in closed if gap.startswith("ROB-001.1")]
    drafts = [replace(r, status=Status.DRAFT) for r in (old, new)]
    assert found(*(side(a_set(r), everything_shown(a_set(r))) for r in drafts)) == ((), ())


def test_a_criterion_that_asks_for_more_is_no_gap() -> None:
    """As long as it is met."""
    tighter = a_requirement(a_criterion(0.95))
    assert found(of(a_requirement(), Proportion(99, 100)), of(tighter, Proportion(99, 100))) == (
        (),
        (),
    )


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ({}, {"applies_to": ("ward",)}, "applies_to"),
        ({"applies_to": ("ward", "home")}, {"applies_to": ("ward",)}, "applies_to"),
        ({"applies_to": ("ward",)}, {}, ""),
        ({"applies_to": ("ward",)}, {"applies_to": ("ward", "home")}, ""),
        ({}, {"claim": Claim.ANY}, "claim"),
        ({"claim": Claim.ANY}, {}, ""),
        ({"conditions": {"radius_mv": 0.1}}, {"conditions": {"radius_mv": 0.01}}, "conditions"),
        ({"first_look": "held-out"}, {}, "first_look"),
        ({}, {"first_look": "held-out"}, ""),
        ({"hazards": ("HAZ-001",)}, {}, "hazards"),
        ({}, {"method": "analysis"}, "method"),
        ({}, {"title": "Other"}, ""),
    ],
)
def test_a_requirement_that_asks_for_less_is_a_new_gap(
    old: dict[str, object], new: dict[str, object], field: str
) -> None:
    """As far as its fields tell."""
    before, after = (
        replace(a_requirement(), **fields)  # type: ignore[arg-type]  # fields by name
        for fields in (old, new)
    )
    told = {gap for gap in found(of(before), of(after))[0] if "demanded" in gap}
    assert told == ({f"ROB-001: demanded otherwise, {field}"} if field else set())


def test_what_stands_beside_the_requirements_is_compared() -> None:
    """Hazards and the intended use, by their fields; a hazard that is gone is a new gap."""
    log = everything_shown(a_set())
    use = IntendedUse(user="u", population="p", input="i", output="o", prohibited_use=())
    old = replace(a_set(hazards=[a_hazard(severity="critical")]), intended_use=use)

    def changed(**fields: object) -> Comparison:
        now = replace(old, **fields)  # type: ignore[arg-type]  # fields by name
        return compare(side(old, log), side(now, log))

    minor = changed(hazards=(a_hazard(severity="minor"),))
    (change,) = minor.changes
    assert (change.kind, change.where, change.what) == (Kind.HAZARD_CHANGED, "HAZ-001", "severity")
    assert (change.before, change.after) == ("critical", "minor")
    gone = changed(hazards=())
    assert [c.kind for c in gone.changes] == [Kind.HAZARD_REMOVED]
    assert (gone.new_gaps, gone.closed_gaps) == (("HAZ-001: hazard removed",), ())
    more = changed(hazards=(*old.hazards, a_hazard(id="HAZ-002")))
    assert [c.kind for c in more.changes] == [Kind.HAZARD_ADDED]
    other = changed(intended_use=replace(use, user="v"))
    assert [(c.where, c.what, c.before, c.after) for c in other.changes] == [
        ("intended-use", "user", "u", "v")
    ]
    seen = Inspection(
        id="INS-001",
        requirement="ROB-001",
        accepted=True,
        record="QM-1",
        inspected_by="A. Head",
        inspected_on=date(2026, 3, 1),
        fingerprint="0" * 64,
        source=Source(file="inspections.yaml", line=1),
    )
    told = [(c.kind, c.where, c.after) for c in changed(inspections=(seen,)).changes]
    assert told == [(Kind.INSPECTION_ADDED, "INS-001", "ROB-001 QM-1")]
    none = changed(intended_use=None)
    assert {c.kind for c in none.changes} == {Kind.INTENDED_USE_CHANGED}
    assert len(none.changes) > 1
