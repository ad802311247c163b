"""A folder of requirement files as one requirement set."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeVar

from vericase.errors import RequirementError
from vericase.requirement import (
    ANY_DATA,
    Hazard,
    IntendedUse,
    Requirement,
    RequirementSet,
    Status,
)
from vericase.schema.fields import did_you_mean
from vericase.schema.records import read_hazard, read_intended_use, read_requirement
from vericase.schema.tree import List, Node, read_tree

__all__ = ["load_requirements"]

_HAZARDS = "hazards.yaml"
_INTENDED_USE = "intended-use.yaml"
#: Reserved for records that this version cannot read: refused, since they could hide a waiver.
_NOT_YET_READ = ("change-plan.yaml", "inspections.yaml", "waivers.yaml")

_MOST_HINTS = 20

_Record = TypeVar("_Record")


def load_requirements(folder: Path, *, named: Path | None = None) -> RequirementSet:
    """Every requirement, hazard and the intended use of *folder*.

    Args:
        folder: Where the files are.
        named: What places in problems and sources call the folder; as given if None.

    Raises:
        RequirementError: With every problem of every file.
    """
    if not folder.is_dir():
        raise RequirementError(
            f"{folder}: expected a folder of requirement files, got nothing there; "
            "name it with --requirements"
        )
    problems: list[str] = []
    with _no_collection():
        requirements, hazards, use = _read_files(folder, named or folder, problems)
        problems += _cross_checks(requirements, hazards)
        problems += _unknown_sources(requirements, use)
    if problems:
        raise RequirementError(problems)
    return RequirementSet(requirements=requirements, hazards=hazards, intended_use=use)


def _read_files(
    folder: Path, named: Path, problems: list[str]
) -> tuple[tuple[Requirement, ...], tuple[Hazard, ...], IntendedUse | None]:
    requirements: list[Requirement] = []
    hazards: list[Hazard] = []
    use: IntendedUse | None = None
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in {".yaml", ".yml"}:
            continue
        if path.parent != folder or path.suffix not in {".yaml", ".yml"} or not path.is_file():
            below = named / path.relative_to(folder)
            problems.append(f"{below}: expected requirement files as *.yaml in {named} itself")
            continue
        place = str(named / path.name)
        tree = _tree(path, place, problems)
        if path.name in _NOT_YET_READ:
            if tree is not None and (not isinstance(tree, List) or tree.items):
                problems.append(f"{place}: expected nothing, since this version cannot read it")
        elif path.name == _INTENDED_USE:
            use = None if tree is None else read_intended_use(tree, place, problems)
        elif path.name == _HAZARDS:
            hazards += _records(tree, place, problems, read_hazard)
        else:
            requirements += _records(tree, place, problems, read_requirement)
    return tuple(requirements), tuple(hazards), use


def _tree(path: Path, place: str, problems: list[str]) -> Node | None:
    try:
        tree, found = read_tree(path, place)
    except RequirementError as error:
        problems += error.problems
        return None
    problems += found
    if tree is None and not found:
        problems.append(f"{place}: expected records, got an empty file")
    return tree


def _records(
    tree: Node | None,
    place: str,
    problems: list[str],
    read: Callable[[Node, str, str, list[str]], _Record],
) -> list[_Record]:
    if tree is None:
        return []
    if not isinstance(tree, List):
        problems.append(f"{place}:{tree.line}: $: expected a list of records, got something else")
        return []
    return [read(item, place, f"$[{i}]", problems) for i, item in enumerate(tree.items)]


def _cross_checks(
    requirements: tuple[Requirement, ...], hazards: tuple[Hazard, ...]
) -> Iterator[str]:
    yield from _duplicates(requirements, hazards)
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


def _duplicates(
    requirements: tuple[Requirement, ...], hazards: tuple[Hazard, ...]
) -> Iterator[str]:
    seen: dict[str, str] = {}
    entries = [(r.id, str(r.source)) for r in requirements]
    entries += [(h.id, str(h.source)) for h in hazards]
    entries += [(c.id, str(r.source)) for r in requirements for c in r.criteria]
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
    for number, (requirement, field, target, known) in enumerate(links):
        # A hint looks through every id: past the first ones it would only cost time.
        hint = did_you_mean(target, known) if number < _MOST_HINTS else ""
        yield (
            f"{requirement.source}: {requirement.id}.{field}: expected a known id, "
            f"got {target!r}{hint}"
        )


def _unknown_sources(
    requirements: tuple[Requirement, ...], use: IntendedUse | None
) -> Iterator[str]:
    """A slip in the name of a source would take a requirement out of force without a word."""
    if use is None or not use.data_sources:
        return
    for requirement in requirements:
        places = [("applies_to", requirement.applies_to)]
        for criterion in requirement.criteria:
            place = f"acceptance[{criterion.id}]"
            stated = tuple(key for key in criterion.thresholds if key != ANY_DATA)
            places += [(f"{place}.applies_to", criterion.applies_to)]
            places += [(f"{place}.threshold", stated)]
        for place, names in places:
            for name in names:
                if name not in use.data_sources:
                    yield (
                        f"{requirement.source}: {requirement.id}.{place}: expected one of the "
                        f"data_sources of {_INTENDED_USE}, got {name!r}"
                        f"{did_you_mean(name, use.data_sources)}"
                    )


def _cycles(by_id: dict[str, Requirement]) -> Iterator[str]:
    graph = {key: [p for p in r.parents if p in by_id] for key, r in by_id.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        first = by_id[error.args[1][0]]
        yield f"{first.source}: {first.id}.parents: expected no cycle, got {ring}"


@contextmanager
def _no_collection() -> Iterator[None]:
    # Loading allocates many small objects and drops none: the collector only costs time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
