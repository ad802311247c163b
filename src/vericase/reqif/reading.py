"""A ReqIF file as requirements and hazards, ours as they were and others as drafts."""

from dataclasses import dataclass
from pathlib import Path

from vericase.errors import RequirementError
from vericase.report.text import readable
from vericase.reqif.document import ReqifDocument, SpecObject, read_document
from vericase.reqif.foreign import Foreign
from vericase.reqif.ours import Ours
from vericase.reqif.terms import HAZARD, ID, KINDS, REQUIREMENT
from vericase.requirement import Hazard, Requirement, RequirementSet
from vericase.schema.links import cross_checks

__all__ = ["Imported", "read_reqif"]

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file holds, and in *remarks* what of it is not there any more."""

    requirements: tuple[Requirement, ...]
    hazards: tuple[Hazard, ...]
    remarks: tuple[str, ...]


def read_reqif(
    path: Path, *, area: str = "REQ", category: str = "application", statement: str = ""
) -> Imported:
    """The requirements and hazards of the file *path*.

    Args:
        path: A ReqIF file, ours or of another tool.
        area: Of the ids that are made for requirements of other tools.
        category: Of requirements of other tools.
        statement: The attribute in which other tools keep the text; the usual ones if empty.

    Raises:
        RequirementError: With every problem, if the file cannot be read as requirements.
    """
    place = str(path)
    document = read_document(path, place)
    problems: list[str] = []
    remarks: list[str] = []
    own = [found for found in document.objects if found.kind in KINDS]
    foreign = Foreign(path.name, area=area, category=category, statement=statement)
    others = foreign.demanding([found for found in document.objects if found.kind not in KINDS])
    ids = {o.identifier: _own_id(o) for o in own if o.kind in {REQUIREMENT, HAZARD}}
    hazardous = {o.identifier for o in own if o.kind == HAZARD}
    ids |= foreign.ids(others, set(ids.values()))
    requirements, hazards = Ours(place, problems, remarks).read(own, document.links, ids)
    refinable = {key: name for key, name in ids.items() if key not in hazardous}
    requirements += foreign.read(others, document.links, refinable, problems)
    if not requirements and not problems:
        problems.append(_nothing(place, document))
    found = RequirementSet(requirements=tuple(requirements), hazards=tuple(hazards))
    problems += cross_checks(found) if not problems else ()
    if problems:
        raise RequirementError(problems)
    return Imported(
        requirements=found.requirements,
        hazards=found.hazards,
        remarks=(*remarks, *foreign.remarks()),
    )


def _nothing(place: str, document: ReqifDocument) -> str:
    names = sorted({readable(name) for found in document.objects for name in found.values})
    told = f"{place}: expected requirements with a text in ReqIF.Text or the like, got "
    if not names:
        return f"{told}none"
    listed = ", ".join(names[:_MOST_NAMES])
    return f"{told}the attributes {listed}; name the one that holds it with --statement"


def _own_id(found: SpecObject) -> str:
    return found.values.get(ID) or found.identifier
