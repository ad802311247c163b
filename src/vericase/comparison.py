"""What changed from one release to the next: demands, measured values, waivers, subjects.

Pure. Each change has a kind, by which a predetermined change control plan allows it or not.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.requirement import (
    AcceptanceCriterion,
    Relation,
    Requirement,
    SmallSlices,
    Status,
    Waiver,
)
from vericase.rows import CriterionRow, RequirementRow
from vericase.verdict import Judgement, Verdict

__all__ = ["Change", "Comparison", "Kind", "Side", "compare", "criterion_rows"]


class Kind(StrEnum):
    """What sort of change it is; a change control plan names these."""

    REQUIREMENT_ADDED = "requirement added"
    REQUIREMENT_REMOVED = "requirement removed"
    REQUIREMENT_REWORDED = "requirement reworded"
    REQUIREMENT_CHANGED = "requirement changed"
    STATUS_RAISED = "status raised"
    STATUS_LOWERED = "status lowered"
    CRITERION_ADDED = "criterion added"
    CRITERION_REMOVED = "criterion removed"
    CRITERION_TIGHTENED = "criterion tightened"
    CRITERION_LOOSENED = "criterion loosened"
    CRITERION_CHANGED = "criterion changed"
    WAIVER_ADDED = "waiver added"
    WAIVER_REMOVED = "waiver removed"
    WAIVER_CHANGED = "waiver changed"
    SUBJECT_CHANGED = "subject changed"
    CODE_CHANGED = "code changed"
    ENVIRONMENT_CHANGED = "environment changed"
    VERDICT_BETTER = "verdict better"
    VERDICT_WORSE = "verdict worse"
    VALUE_CHANGED = "value changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.

    Attributes:
        where: A requirement, a criterion, a waiver, a subject or a file.
        before: As text; empty if it was not there.
        after: As text; empty if it is gone.
        what: The field that differs, if it is one.
    """

    kind: Kind
    where: str
    before: str = ""
    after: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: what was traced and decided."""

    matrix: TraceMatrix
    decision: GateDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All changes, and the gaps that only one side has: what is in the way of its release."""

    before: Side
    after: Side
    changes: tuple[Change, ...]
    new_gaps: tuple[str, ...]
    closed_gaps: tuple[str, ...]


def compare(before: Side, after: Side) -> Comparison:
    """What changed between two traced releases."""
    old, new = _gaps(before.decision), _gaps(after.decision)
    changes = (
        *_requirements(before.matrix, after.matrix),
        *_waivers(before.matrix, after.matrix),
        *_subjects(before.matrix, after.matrix),
        *_measured(before.matrix, after.matrix),
    )
    return Comparison(
        before=before,
        after=after,
        changes=changes,
        new_gaps=tuple(sorted(new - old)),
        closed_gaps=tuple(sorted(old - new)),
    )


def _gaps(decision: GateDecision) -> set[str]:
    """What is in the way, by place and word: a FAIL that becomes an ERROR is another gap."""
    return {f"{blocker.where}: {blocker.what}" for blocker in decision.blocking}


def _requirements(before: TraceMatrix, after: TraceMatrix) -> Iterator[Change]:
    old, new = before.requirements.by_id(), after.requirements.by_id()
    for name in _either(old, new):
        if name not in old:
            yield Change(kind=Kind.REQUIREMENT_ADDED, where=name, after=new[name].title)
        elif name not in new:
            yield Change(kind=Kind.REQUIREMENT_REMOVED, where=name, before=old[name].title)
        else:
            yield from _requirement(old[name], new[name])


_RANK = {Status.RETIRED: 0, Status.DRAFT: 1, Status.APPROVED: 2}


def _requirement(old: Requirement, new: Requirement) -> Iterator[Change]:
    if old.status is not new.status:
        raised = _RANK[new.status] > _RANK[old.status]
        yield Change(
            kind=Kind.STATUS_RAISED if raised else Kind.STATUS_LOWERED,
            where=new.id,
            before=old.status.value,
            after=new.status.value,
            what="status",
        )
    # What a fingerprint leaves out is how it is told; everything else is what is demanded.
    for field in ("title", "rationale", "category", "references"):
        parts = (getattr(old, field), getattr(new, field))
        yield from _field(new.id, field, *parts, kind=Kind.REQUIREMENT_REWORDED)
    for field in ("statement", "method", "claim", "first_look"):
        yield from _field(new.id, field, getattr(old, field), getattr(new, field))
    for field in ("parents", "hazards", "applies_to", "depends"):
        yield from _field(new.id, field, sorted(getattr(old, field)), sorted(getattr(new, field)))
    yield from _field(new.id, "conditions", dict(old.conditions), dict(new.conditions))
    criteria = {c.id: c for c in old.criteria}, {c.id: c for c in new.criteria}
    for name in _either(*criteria):
        yield from _criterion(name, criteria[0].get(name), criteria[1].get(name))


def _field(
    where: str, what: str, old: object, new: object, *, kind: Kind = Kind.REQUIREMENT_CHANGED
) -> Iterator[Change]:
    if old != new:
        yield Change(kind=kind, where=where, what=what, before=str(old), after=str(new))


def _criterion(
    name: str, old: AcceptanceCriterion | None, new: AcceptanceCriterion | None
) -> Iterator[Change]:
    if old is None or new is None:
        kind = Kind.CRITERION_ADDED if old is None else Kind.CRITERION_REMOVED
        told = ("", _wanted(new)) if old is None else (_wanted(old), "")
        yield Change(kind=kind, where=name, before=told[0], after=told[1])
    elif old != new:
        yield Change(kind=_bent(old, new), where=name, before=_wanted(old), after=_wanted(new))


def _wanted(criterion: AcceptanceCriterion | None) -> str:
    if criterion is None:
        return ""
    limits = ", ".join(f"{k} {v:g}" for k, v in sorted(criterion.thresholds.items()))
    text = f"{criterion.measurand} {criterion.relation.value} {limits} {criterion.unit}"
    if criterion.paired:
        text += " from the last release"
    if criterion.confidence is not None:
        text += f", confidence {criterion.confidence:g}"
    if criterion.min_trials is not None:
        text += f", at least {criterion.min_trials} trials"
    if criterion.small_slices is SmallSlices.POOL:
        text += ", small slices pooled"
    return text + (f", only {', '.join(criterion.applies_to)}" if criterion.applies_to else "")


def _bent(old: AcceptanceCriterion, new: AcceptanceCriterion) -> Kind:
    """Tightened or loosened only if every number moved to one side and nothing else did."""
    same = ("measurand", "relation", "unit", "applies_to", "paired", "small_slices")
    if any(getattr(old, field) != getattr(new, field) for field in same):
        return Kind.CRITERION_CHANGED
    if set(old.thresholds) != set(new.thresholds) or old.relation is Relation.EQUAL:
        return Kind.CRITERION_CHANGED
    sign = 1 if old.relation.wants_more else -1
    moves = [sign * (new.thresholds[key] - old.thresholds[key]) for key in old.thresholds]
    moves += [(new.confidence or 0) - (old.confidence or 0)]
    moves += [(new.min_trials or 0) - (old.min_trials or 0)]
    if all(move >= 0 for move in moves):
        return Kind.CRITERION_TIGHTENED
    return Kind.CRITERION_LOOSENED if all(move <= 0 for move in moves) else Kind.CRITERION_CHANGED


def _waivers(before: TraceMatrix, after: TraceMatrix) -> Iterator[Change]:
    old = {waiver.id: waiver for waiver in before.requirements.waivers}
    new = {waiver.id: waiver for waiver in after.requirements.waivers}
    for name in _either(old, new):
        told = tuple(_waiver(each.get(name)) for each in (old, new))
        kind = Kind.WAIVER_CHANGED
        if name not in old or name not in new:
            kind = Kind.WAIVER_ADDED if name not in old else Kind.WAIVER_REMOVED
        if told[0] != told[1]:
            yield Change(kind=kind, where=name, before=told[0], after=told[1])


def _waiver(waiver: Waiver | None) -> str:
    if waiver is None:
        return ""
    return (
        f"{waiver.criterion} up to {waiver.max_deficit:g}, {waiver.approved_on} to "
        f"{waiver.expires_on}, by {waiver.approved_by}: {waiver.reason} "
        f"({waiver.fingerprint[:16]}, {', '.join(waiver.hazards) or 'no hazard'})"
    )


def _subjects(before: TraceMatrix, after: TraceMatrix) -> Iterator[Change]:
    old = {s.name: f"{s.version} {s.digest}" for s in before.log.subjects}
    new = {s.name: f"{s.version} {s.digest}" for s in after.log.subjects}
    yield from _mapped(Kind.SUBJECT_CHANGED, old, new)
    yield from _mapped(Kind.CODE_CHANGED, before.log.code, after.log.code)
    environments = [
        {key: str(value) for key, value in _flat(side.log.environment)} for side in (before, after)
    ]
    yield from _mapped(Kind.ENVIRONMENT_CHANGED, *environments)


def _flat(environment: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in environment.items():
        if isinstance(value, Mapping):
            yield from value.items()
        elif key not in {"commit", "dirty"}:
            yield key, value


def _mapped(kind: Kind, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in _either(old, new):
        if old.get(name) != new.get(name):
            yield Change(kind=kind, where=name, before=old.get(name, ""), after=new.get(name, ""))


def _measured(before: TraceMatrix, after: TraceMatrix) -> Iterator[Change]:
    old, new = criterion_rows(before), criterion_rows(after)
    for name in _either(old, new):
        told = tuple(_shown(each.get(name)) for each in (old, new))
        if told[0] == told[1]:
            continue
        ends = (old.get(name), new.get(name))
        passed, passes = (row is not None and row.verdict is Verdict.PASS for row in ends)
        kind = Kind.VALUE_CHANGED
        if passed is not passes:
            kind = Kind.VERDICT_BETTER if passes else Kind.VERDICT_WORSE
        yield Change(kind=kind, where=name, before=told[0], after=told[1])


def criterion_rows(matrix: TraceMatrix) -> dict[str, CriterionRow]:
    """By id, the criteria that these data can show."""
    return {
        item.criterion.id: item
        for row in matrix.rows
        for item in row.criteria
        if _counts(row, item)
    }


def _counts(row: RequirementRow, item: CriterionRow) -> bool:
    return row.applicable and item.applicable


def _shown(row: CriterionRow | None) -> str:
    if row is None:
        return ""
    values = ", ".join(_value(judged.judgement) for judged in row.judged)
    return f"{row.verdict.name} {values}".rstrip()


def _value(judgement: Judgement) -> str:
    if judgement.observed is None:
        return "nothing"
    text = f"{_number(judgement.observed)}"
    return text if judgement.bound is None else f"{text} (bound {_number(judgement.bound)})"


def _number(value: float) -> str:
    return f"{float(Fraction(repr(value))):.6g}"


def _either(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return sorted({*old, *new})
