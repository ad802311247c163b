"""Whether the records of one folder fit together: ids, links, sources, what people signed."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from vericase.requirement import (
    ANY_DATA,
    SIGNED_OFF,
    IntendedUse,
    Requirement,
    RequirementSet,
    Status,
)
from vericase.schema.fields import Hints, shown

__all__ = ["INTENDED_USE", "cross_checks"]

INTENDED_USE = "intended-use.yaml"


def cross_checks(found: RequirementSet) -> Iterator[str]:
    """What does not fit between the records of a folder."""
    requirements, hazards = found.requirements, found.hazards
    yield from _duplicates(found)
    by_id = {requirement.id: requirement for requirement in requirements}
    hazard_ids = {hazard.id for hazard in hazards}
    yield from _dangling(requirements, by_id, hazard_ids)
    for requirement in requirements:
        for parent in requirement.parents:
            if parent in by_id and by_id[parent].status is Status.RETIRED and requirement.in_force:
                yield (
                    f"{requirement.source}: {requirement.id}.parents: expected a requirement "
                    f"in force, got {parent}, which is retired"
                )
    yield from _cycles(by_id)
    yield from _unknown_sources(requirements, found.intended_use)
    yield from _unknown_signed(found)


def _duplicates(found: RequirementSet) -> Iterator[str]:
    seen: dict[str, str] = {}
    entries = [(r.id, str(r.source)) for r in found.requirements]
    entries += [(h.id, str(h.source)) for h in found.hazards]
    entries += [(c.id, str(r.source)) for r in found.requirements for c in r.criteria]
    entries += [(w.id, str(w.source)) for w in found.waivers]
    entries += [(i.id, str(i.source)) for i in found.inspections]
    for identifier, source in entries:
        if identifier and identifier in seen:
            yield (
                f"{source}: expected an id of its own, got {identifier} again ({seen[identifier]})"
            )
        seen.setdefault(identifier, source)


def _dangling(
    requirements: tuple[Requirement, ...], by_id: dict[str, Requirement], hazard_ids: set[str]
) -> Iterator[str]:
    known_ids = set(by_id)
    links = (
        (requirement, field, target, known)
        for requirement in requirements
        for field, targets, known in (
            ("parents", requirement.parents, known_ids),
            ("hazards", requirement.hazards, hazard_ids),
        )
        for target in targets
        if target not in known
    )
    hints = Hints()
    for requirement, field, target, known in links:
        yield (
            f"{requirement.source}: {requirement.id}.{field}: expected a known id, "
            f"got {shown(target)}{hints(target, known)}"
        )


def _unknown_sources(
    requirements: tuple[Requirement, ...], use: IntendedUse | None
) -> Iterator[str]:
    """A slip in the name of a source would take a requirement out of force without a word."""
    if use is None or not use.data_sources:
        return
    hints, known = Hints(), set(use.data_sources)
    for requirement in requirements:
        places = [("applies_to", requirement.applies_to)]
        for criterion in requirement.criteria:
            place = f"acceptance[{criterion.id}]"
            stated = tuple(key for key in criterion.thresholds if key != ANY_DATA)
            places += [(f"{place}.applies_to", criterion.applies_to)]
            places += [(f"{place}.threshold", stated)]
        for place, names in places:
            for name in names:
                if name not in known:
                    yield (
                        f"{requirement.source}: {requirement.id}.{place}: expected one of the "
                        f"data_sources of {INTENDED_USE}, got {shown(name)}"
                        f"{hints(name, use.data_sources)}"
                    )


def _cycles(by_id: dict[str, Requirement]) -> Iterator[str]:
    graph = {key: [p for p in r.parents if p in by_id] for key, r in by_id.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        first = by_id[error.args[1][0]]
        yield f"{first.source}: {first.id}.parents: expected no cycle, got {ring}"


def _unknown_signed(found: RequirementSet) -> Iterator[str]:
    criteria, by_id = found.criteria(), found.by_id()
    waived: dict[str, str] = {}
    hints = Hints()
    for waiver in found.waivers:
        name = waiver.criterion
        place = f"{waiver.source}: {waiver.id}.criterion"
        if name not in criteria:
            hint = hints(name, criteria)
            yield f"{place}: expected a known criterion, got {shown(name)}{hint}"
        if name in waived:
            yield f"{place}: expected one waiver a criterion, got {name} again ({waived[name]})"
        waived.setdefault(name, str(waiver.source))
    plan = found.change_plan
    for name in plan.acceptance if plan else ():
        if name not in criteria:
            told = f"{shown(name)}{hints(name, criteria)}"
            yield f"change-plan.yaml: acceptance: expected a known criterion, got {told}"
    for inspection in found.inspections:
        name = inspection.requirement
        place = f"{inspection.source}: {inspection.id}.requirement"
        if name not in by_id:
            yield f"{place}: expected a known id, got {shown(name)}{hints(name, by_id)}"
        elif by_id[name].method not in SIGNED_OFF:
            methods = " or ".join(sorted(SIGNED_OFF))
            yield f"{place}: expected a requirement shown by {methods}, got {by_id[name].method}"
