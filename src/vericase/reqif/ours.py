"""Requirements and hazards that were exported by us, read by the rules of requirement files.

What was edited elsewhere since is known by its fingerprint: it comes back as a draft, since nobody
here approved that text.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite

from vericase.reqif.document import Link, SpecObject
from vericase.reqif.terms import (
    CONTROLS,
    CRITERION,
    HAZARD,
    ID,
    KINDS,
    MEASUREMENT,
    NAME,
    PARENT,
    REQUIREMENT,
    TEXT,
)
from vericase.requirement import Hazard, Requirement, SmallSlices, Status
from vericase.schema.fields import did_you_mean
from vericase.schema.records import read_hazard, read_requirement
from vericase.schema.tree import List, Node, Text
from vericase.schema.tree import Mapping as Entries
from vericase.schema.written import decimal_text
from vericase.store import parse_json

__all__ = ["Ours", "entries", "texts"]

_MOST_DEPTH = 14  # the levels that a requirement file has left where conditions begin
_DIGITS = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
_TOLD = {"id": ID, "title": NAME, "statement": TEXT}
_WORDS = ("rationale", "category", "method", "claim", "first_look")
_LISTS = ("references", "applies_to", "depends", "conditions")
_HAZARD = ("severity", "sequence_of_events", "control", "residual_risk")
_LINKS = {PARENT: "parents", CONTROLS: "hazards"}


def entries(values: Mapping[str, Node | None], line: int) -> Entries:
    """A record of those *values* that are there."""
    found = {name: value for name, value in values.items() if value is not None}
    return Entries(found, dict.fromkeys(found, line), line)


def texts(values: Sequence[str], line: int) -> Node | None:
    """A list of texts; None for none."""
    return List([Text(value, quoted=True, line=line) for value in values], line) if values else None


class Ours:
    """Reads the objects of one file; what is wrong joins *problems*, what is lost *remarks*."""

    def __init__(self, place: str, problems: list[str], remarks: list[str]) -> None:
        self._place, self._problems, self._remarks = place, problems, remarks

    def read(
        self, objects: Sequence[SpecObject], links: Sequence[Link], ids: Mapping[str, str]
    ) -> tuple[list[Requirement], list[Hazard]]:
        """The requirements and hazards among *objects*; *ids* are those of all objects."""
        kinds: dict[str, list[SpecObject]] = {kind: [] for kind in KINDS}
        for found in objects:
            kinds[found.kind].append(found)
        hazards = [self._hazard(found) for found in kinds[HAZARD]]
        criteria = self._criteria(kinds[CRITERION], {o.values.get(ID) for o in kinds[REQUIREMENT]})
        linked = self._linked(links, objects, ids)
        requirements = [
            self._requirement(found, criteria[found.values.get(ID, "")], linked[found.identifier])
            for found in kinds[REQUIREMENT]
        ]
        if kinds[MEASUREMENT]:
            number = len(kinds[MEASUREMENT])
            self._remarks.append(f"{number} measurements: they are evidence, and stay behind")
        return requirements, hazards

    def _linked(
        self, links: Sequence[Link], objects: Sequence[SpecObject], ids: Mapping[str, str]
    ) -> Mapping[str, dict[str, list[str]]]:
        """By requirement, its parents and hazards; a link out of the file is told."""
        kinds = {found.identifier: found.kind for found in objects}
        linked: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for link in links:
            if link.kind not in _LINKS or kinds.get(link.source) != REQUIREMENT:
                continue
            is_hazard = kinds.get(link.target) == HAZARD
            if link.target in ids and is_hazard == (link.kind == CONTROLS):
                linked[link.source][_LINKS[link.kind]].append(ids[link.target])
            else:
                self._remarks.append(
                    f"{ids[link.source]}: a link to {link.target or 'nothing'}, "
                    f"which is not in the file as {_LINKS[link.kind]}"
                )
        return linked

    def _criteria(
        self, objects: Sequence[SpecObject], owners: set[str | None]
    ) -> Mapping[str, list[Node]]:
        criteria: dict[str, list[Node]] = defaultdict(list)
        for found in objects:
            identifier = found.values.get(ID, "")
            owner = identifier.rpartition(".")[0]
            if owner not in owners:
                self._problem(found, ID, f"a criterion of a requirement here, got {identifier!r}")
            criteria[owner].append(self._criterion(found))
        return criteria

    def _criterion(self, found: SpecObject) -> Node:
        return entries(
            {
                "id": self._text(found, ID),
                "measurand": self._text(found, NAME),
                "relation": self._text(found, "relation"),
                "threshold": self._json(found, "threshold"),
                "margin": self._json(found, "margin"),
                "small_slices": self._small(found),
                "slices": self._json(found, "slices"),
                "unit": self._text(found, "unit"),
                "confidence": self._number(found, "confidence"),
                "min_trials": self._number(found, "min_trials"),
                "applies_to": self._json(found, "applies_to"),
            },
            found.line,
        )

    def _requirement(
        self, found: SpecObject, criteria: list[Node], linked: Mapping[str, list[str]]
    ) -> Requirement:
        values: dict[str, Node | None] = {
            name: self._text(found, told) for name, told in _TOLD.items()
        }
        values |= {name: self._text(found, name) for name in _WORDS}
        values |= {name: self._json(found, name) for name in _LISTS}
        values |= {name: texts(linked.get(name, []), found.line) for name in _LINKS.values()}
        values["acceptance"] = List(criteria, found.line) if criteria else None
        # Read as a draft, which may lack what an edit took away.
        values["status"] = Text(Status.DRAFT.value, quoted=True, line=found.line)
        node = entries(values, found.line)
        read = read_requirement(node, self._place, self._path(found), self._problems)
        return self._standing(found, read)

    def _standing(self, found: SpecObject, read: Requirement) -> Requirement:
        """*read* with the status that the file states, if it is the text that had it."""
        stated = found.values.get("status", "")
        if stated not in tuple(Status):
            words = ", ".join(Status)
            hint = did_you_mean(stated, Status)
            self._problem(found, "status", f"one of {words}, got {stated!r}{hint}")
            return read
        status = Status(stated)
        if status is Status.APPROVED and read.fingerprint != found.values.get("fingerprint"):
            self._remarks.append(
                f"{read.id}: its meaning is not that of its fingerprint, so it is a draft"
            )
            return read
        return replace(read, status=status)

    def _hazard(self, found: SpecObject) -> Hazard:
        values: dict[str, Node | None] = {name: self._text(found, name) for name in _HAZARD}
        told = {"id": ID, "title": NAME, "harm": TEXT}
        values |= {name: self._text(found, key) for name, key in told.items()}
        node = entries(values, found.line)
        return read_hazard(node, self._place, self._path(found), self._problems)

    def _text(self, found: SpecObject, name: str) -> Node | None:
        value = found.values.get(name, "")
        return Text(value, quoted=True, line=found.line) if value else None

    def _number(self, found: SpecObject, name: str) -> Node | None:
        """A number; other tools may write it with an exponent."""
        text = found.values.get(name, "")
        if not text:
            return None
        if not _DIGITS.fullmatch(text):
            try:
                value = float(text)
            except ValueError:
                value = float("nan")
            text = decimal_text(value) if isfinite(value) else text
        return Text(text, quoted=False, line=found.line)

    def _small(self, found: SpecObject) -> Node | None:
        """The rule for small slices; the usual one may stand where no slice is small."""
        usual = found.values.get("small_slices") == SmallSlices.BLOCK
        return None if usual else self._text(found, "small_slices")

    def _json(self, found: SpecObject, name: str) -> Node | None:
        text = found.values.get(name, "")
        if not text:
            return None
        try:
            return _node(parse_json(text), found.line, _MOST_DEPTH)
        except (ValueError, RecursionError):
            self._problem(found, name, f"plain JSON, got {text[:40]!r}")
            return None

    def _problem(self, found: SpecObject, name: str, expected: str) -> None:
        place = f"{self._place}:{found.line}: {self._path(found)}.{name}"
        self._problems.append(f"{place}: expected {expected}")

    @staticmethod
    def _path(found: SpecObject) -> str:
        return found.values.get(ID) or found.identifier


def _node(value: object, line: int, depth: int) -> Node:
    """*value* of JSON as a node of a requirement file.

    Raises:
        ValueError: If it is nested too deep, or holds null or an infinite number.
    """
    if not depth and isinstance(value, dict | list):
        raise ValueError("expected less nesting")
    if isinstance(value, dict):
        return entries({str(k): _node(v, line, depth - 1) for k, v in value.items()}, line)
    if isinstance(value, list):
        return List([_node(item, line, depth - 1) for item in value], line)
    if isinstance(value, str):
        return Text(value, quoted=True, line=line)
    if isinstance(value, bool):
        return Text(str(value).lower(), quoted=False, line=line)
    if isinstance(value, int):
        return Text(str(value), quoted=False, line=line)
    if isinstance(value, float) and isfinite(value):
        return Text(decimal_text(value), quoted=False, line=line)
    raise ValueError("expected no null")
