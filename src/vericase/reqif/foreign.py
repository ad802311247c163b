"""Requirements of other tools, as drafts: what they demand, without criteria and without a claim.

Attributes are known by the names that DOORS, Polarion and the ReqIF implementation guide use,
whatever their case. What has no place here is told, never dropped in silence.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from vericase.report.text import readable
from vericase.reqif.document import Link, SpecObject
from vericase.reqif.ours import entries, texts
from vericase.requirement import Requirement, Status
from vericase.schema.records import ID_PATTERN, read_requirement
from vericase.schema.tree import Node, Text

__all__ = ["Foreign"]

_IDS = ("reqif.foreignid", "id", "identifier", "object identifier", "work item id", "key")
_TITLES = ("reqif.name", "reqif.chaptername", "title", "name", "object heading", "summary")
_STATEMENTS = ("reqif.text", "text", "object text", "description", "reqif.description", "statement")
_RATIONALES = ("rationale", "reqif.rationale", "justification")
#: Kinds of links that run from what refines to what is refined.
_UPWARD = re.compile(r"parent|satisf|refine|derive|implement|decompos|trace", re.IGNORECASE)
_NO_RATIONALE = "The file that it was imported from gives none."
_LONGEST_TITLE = 60


class Foreign:
    """Reads the objects of other tools in one file.

    Args:
        place: What problems and references call the file.
        area: Of the ids that are made for objects without one of our form.
        category: Of all drafts, since other tools have none.
        statement: The attribute that holds the text; one of the usual names if empty.
    """

    def __init__(self, place: str, *, area: str, category: str, statement: str = "") -> None:
        self._place, self._area, self._category = place, area, category
        self._statements = (statement.casefold(),) if statement else _STATEMENTS
        self._lost: Counter[str] = Counter()

    def demanding(self, objects: Sequence[SpecObject]) -> list[SpecObject]:
        """Those of *objects* that demand something; the others are counted."""
        found = [each for each in objects if _first(each, self._statements)]
        for each in objects:
            if not _first(each, self._statements):
                named = _first(each, _TITLES)
                self._lost["a heading" if named else "an object without a text"] += 1
        return found

    def ids(self, objects: Sequence[SpecObject], taken: set[str]) -> dict[str, str]:
        """An id for each object: its own if it has our form and is free, else a made one."""
        ids: dict[str, str] = {}
        for found in objects:
            own = _first(found, _IDS), found.name.strip(), found.identifier.strip()
            fit = [name for name in own if re.fullmatch(ID_PATTERN, name) and name not in taken]
            if fit:
                ids[found.identifier] = fit[0]
                taken.add(fit[0])
        made = self._made(taken)
        for found in objects:
            if found.identifier not in ids:
                ids[found.identifier] = next(made)
        return ids

    def _made(self, taken: set[str]) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            name = f"{self._area}-{number:03d}"
            if name not in taken:
                yield name

    def read(
        self,
        objects: Sequence[SpecObject],
        links: Sequence[Link],
        ids: Mapping[str, str],
        problems: list[str],
    ) -> list[Requirement]:
        """A draft for each of *objects*; *ids* are those of all requirements of the file."""
        parents = self._parents(objects, links, ids)
        return [self._draft(o, ids[o.identifier], parents[o.identifier], problems) for o in objects]

    def remarks(self) -> list[str]:
        """What was not carried over, and how often."""
        return [f"not carried over: {what} ({number})" for what, number in self._lost.items()]

    def _parents(
        self, objects: Sequence[SpecObject], links: Sequence[Link], ids: Mapping[str, str]
    ) -> Mapping[str, list[str]]:
        own = {found.identifier for found in objects}
        parents: dict[str, list[str]] = defaultdict(list)
        for link in links:
            if link.source not in own:
                continue
            if link.target not in ids or not _UPWARD.search(link.kind):
                self._lost[f"a link of the kind {_quoted(link.kind)}"] += 1
            elif ids[link.target] not in parents[link.source]:
                parents[link.source].append(ids[link.target])
        try:
            TopologicalSorter({ids[key]: names for key, names in parents.items()}).prepare()
        except CycleError:
            self._lost["a link, since together they run in a circle"] += sum(
                map(len, parents.values())
            )
            return defaultdict(list)
        return parents

    def _draft(
        self, found: SpecObject, identifier: str, parents: Sequence[str], problems: list[str]
    ) -> Requirement:
        statement = self._clean(_first(found, self._statements))
        title = self._clean(_first(found, _TITLES)) or _shortened(statement)
        foreign = self._clean(_first(found, _IDS) or found.identifier)
        self._count_unused(found)
        told = {
            "id": identifier,
            "title": title,
            "statement": statement,
            "rationale": self._clean(_first(found, _RATIONALES)) or _NO_RATIONALE,
            "category": self._category,
            "status": Status.DRAFT.value,
            "method": "test",
        }
        values: dict[str, Node | None] = {
            name: Text(text, quoted=True, line=found.line) for name, text in told.items()
        }
        values["parents"] = texts(parents, found.line)
        values["references"] = texts([f"{self._place}: {foreign}"], found.line)
        node = entries(values, found.line)
        return read_requirement(node, self._place, identifier, problems)

    def _count_unused(self, found: SpecObject) -> None:
        used = {*_IDS, *_TITLES, *self._statements, *_RATIONALES}
        for name, value in found.values.items():
            if value.strip() and name.casefold() not in used:
                self._lost[f"the attribute {_quoted(name)}"] += 1
        if found.pictured:
            self._lost["a picture or an attached file"] += 1

    def _clean(self, text: str) -> str:
        clean = readable(text.strip())
        if clean != text.strip():
            self._lost["a control character, which is written as its escape"] += 1
        return clean


def _first(found: SpecObject, names: Sequence[str]) -> str:
    """The first value that says something, in the order of *names*."""
    values = {name.casefold(): value.strip() for name, value in found.values.items()}
    return next((values[name] for name in names if values.get(name)), "")


def _shortened(text: str) -> str:
    line = text.splitlines()[0].strip()
    if len(line) <= _LONGEST_TITLE:
        return line
    return line[:_LONGEST_TITLE].rpartition(" ")[0].rstrip() or line[:_LONGEST_TITLE]


def _quoted(text: str) -> str:
    return repr(readable(text))
