"""What changed from one release to the next: demands, what was signed, values, subjects.

Pure. Each change has a kind, by which a predetermined change control plan allows it or not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction

from vericase.changes import Change, Comparison, Kind, Side
from vericase.gaps import gaps
from vericase.matrix import TraceMatrix
from vericase.requirement import (
    AcceptanceCriterion,
    Hazard,
    Inspection,
    Relation,
    Requirement,
    RequirementSet,
    SmallSlices,
    Status,
    Waiver,
)
from vericase.rows import CriterionRow, RequirementRow
from vericase.verdict import Judgement, Verdict

__all__ = ["compare", "criterion_rows"]


def compare(before: Side, after: Side) -> Comparison:
    """What changed between two traced releases."""
    changes = (
        *_requirements(before.matrix, after.matrix),
        *_waivers(before.matrix, after.matrix),
        *_beside(before.matrix.requirements, after.matrix.requirements),
        *_subjects(before.matrix, after.matrix),
        *_measured(before.matrix, after.matrix),
    )
    new, closed = gaps(before, after, changes)
    return Comparison(before=before, after=after, changes=changes, new_gaps=new, closed_gaps=closed)


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
    if criterion.slices:
        text += f", each of {', '.join(criterion.slices)}"
    return text + (f", only {', '.join(criterion.applies_to)}" if criterion.applies_to else "")


def _bent(old: AcceptanceCriterion, new: AcceptanceCriterion) -> Kind:
    """Tightened or loosened only if every number moved to one side and nothing else did."""
    same = ("measurand", "relation", "unit", "applies_to", "paired", "small_slices", "slices")
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


_HAZARDS = (Kind.HAZARD_ADDED, Kind.HAZARD_REMOVED, Kind.HAZARD_CHANGED)
_INSPECTIONS = (Kind.INSPECTION_ADDED, Kind.INSPECTION_REMOVED, Kind.INSPECTION_CHANGED)


def _beside(before: RequirementSet, after: RequirementSet) -> Iterator[Change]:
    """What stands beside the requirements: hazards, inspections, intended use, change plan."""
    yield from _records(_HAZARDS, before.hazards, after.hazards)
    yield from _records(_INSPECTIONS, before.inspections, after.inspections)
    for kind, name in (
        (Kind.INTENDED_USE_CHANGED, "intended_use"),
        (Kind.CHANGE_PLAN_CHANGED, "change_plan"),
    ):
        parts = [getattr(side, name) for side in (before, after)]
        old, new = ({} if part is None else asdict(part) for part in parts)
        for what in [key for key in old or new if old.get(key) != new.get(key)]:
            told = [str(each[what]) if each else "" for each in (old, new)]
            place = name.replace("_", "-")
            yield Change(kind=kind, where=place, what=what, before=told[0], after=told[1])


def _records(
    kinds: tuple[Kind, Kind, Kind],
    before: Sequence[Hazard | Inspection],
    after: Sequence[Hazard | Inspection],
) -> Iterator[Change]:
    """What was added, removed and changed, the last by its fields; a place in a file is none."""
    old, new = ({r.id: asdict(r) for r in side} for side in (before, after))
    for name in _either(old, new):
        if name not in old:
            yield Change(kind=kinds[0], where=name, after=_record(new[name]))
        elif name not in new:
            yield Change(kind=kinds[1], where=name, before=_record(old[name]))
        else:
            for field in old[name]:
                if field != "source":
                    parts = old[name][field], new[name][field]
                    yield from _field(name, field, *parts, kind=kinds[2])


def _record(record: Mapping[str, object]) -> str:
    return str(record.get("title") or f"{record['requirement']} {record['record']}")


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
