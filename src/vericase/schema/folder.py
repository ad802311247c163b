"""A folder of requirement files as one requirement set."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from vericase.errors import RequirementError
from vericase.garbage import no_collection
from vericase.requirement import (
    ChangePlan,
    Hazard,
    Inspection,
    IntendedUse,
    Requirement,
    RequirementSet,
    Waiver,
)
from vericase.schema.links import INTENDED_USE, cross_checks
from vericase.schema.records import read_hazard, read_intended_use, read_requirement
from vericase.schema.signed import read_change_plan, read_inspection, read_waiver
from vericase.schema.tree import List, Node, read_tree

__all__ = ["load_requirements"]

_HAZARDS = "hazards.yaml"
_CHANGE_PLAN = "change-plan.yaml"
_WAIVERS = "waivers.yaml"
_INSPECTIONS = "inspections.yaml"
#: Nobody reads more, and a hostile file of a few MiB could give millions.
_MOST_PROBLEMS = 10_000

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
    with no_collection():
        found = _read_files(folder, named or folder, problems)
        problems += cross_checks(found)
    if problems:
        raise RequirementError(problems)
    return found


def _read_files(folder: Path, named: Path, problems: list[str]) -> RequirementSet:
    requirements: list[Requirement] = []
    hazards: list[Hazard] = []
    waivers: list[Waiver] = []
    inspections: list[Inspection] = []
    use: IntendedUse | None = None
    plan: ChangePlan | None = None
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in {".yaml", ".yml"}:
            continue
        if path.parent != folder or path.suffix not in {".yaml", ".yml"} or not path.is_file():
            below = named / path.relative_to(folder)
            problems.append(f"{below}: expected requirement files as *.yaml in {named} itself")
            continue
        place = str(named / path.name)
        tree = _tree(path, place, problems)
        if path.name == _CHANGE_PLAN:
            plan = None if tree is None else read_change_plan(tree, place, problems)
        elif path.name == INTENDED_USE:
            use = None if tree is None else read_intended_use(tree, place, problems)
        elif path.name == _HAZARDS:
            hazards += _records(tree, place, problems, read_hazard)
        elif path.name == _WAIVERS:
            waivers += _records(tree, place, problems, read_waiver)
        elif path.name == _INSPECTIONS:
            inspections += _records(tree, place, problems, read_inspection)
        else:
            requirements += _records(tree, place, problems, read_requirement)
    return RequirementSet(
        requirements=tuple(requirements),
        hazards=tuple(hazards),
        intended_use=use,
        waivers=tuple(waivers),
        inspections=tuple(inspections),
        change_plan=plan,
    )


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
    records = []
    for i, item in enumerate(tree.items):
        if len(problems) > _MOST_PROBLEMS:
            told = f"expected a file that can be mended, got over {_MOST_PROBLEMS} problems so far"
            problems.append(f"{place}:{item.line}: $[{i}]: {told}; the rest was not read")
            break
        records.append(read(item, place, f"$[{i}]", problems))
    return records
