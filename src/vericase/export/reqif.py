"""ReqIF: requirements, criteria, measurements and hazards for tools that manage requirements.

Identifiers follow from ids, and the only date is the day by which the matrix was judged, so that
the same matrix gives the same bytes.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from datetime import date

from vericase.export.entries import Entry, hazard_entries, requirement_entries
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.text import readable
from vericase.reqif.terms import (
    CONTROLS,
    KINDS,
    NAMESPACE,
    PARENT,
    SPECIFICATION,
    XHTML,
    Form,
    folded,
)
from vericase.requirement import RequirementSet

__all__ = ["as_reqif"]

_UNDATED = date(1970, 1, 1)
_DATATYPES: Mapping[Form, Mapping[str, str]] = {
    Form.BOOLEAN: {},
    Form.INTEGER: {"MIN": "-9007199254740991", "MAX": "9007199254740991"},
    Form.REAL: {
        "ACCURACY": "17",
        "MIN": "-1.7976931348623157E308",
        "MAX": "1.7976931348623157E308",
    },
    Form.STRING: {"MAX-LENGTH": "2147483647"},
    Form.XHTML: {},
}


def as_reqif(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """One document: a specification of requirements and one of hazards."""
    return _Writer(matrix.on or _UNDATED).document(matrix, decision)


class _Writer:
    """Makes elements that all bear one date."""

    def __init__(self, day: date) -> None:
        self._moment = f"{day}T00:00:00Z"

    def document(self, matrix: TraceMatrix, decision: GateDecision) -> bytes:
        root = ET.Element("REQ-IF", {"xmlns": NAMESPACE, "xmlns:xhtml": XHTML})
        self._header(ET.SubElement(root, "THE-HEADER"), decision)
        content = ET.SubElement(ET.SubElement(root, "CORE-CONTENT"), "REQ-IF-CONTENT")
        self._datatypes(ET.SubElement(content, "DATATYPES"))
        self._types(ET.SubElement(content, "SPEC-TYPES"))
        requirements, hazards = requirement_entries(matrix), hazard_entries(matrix)
        objects = ET.SubElement(content, "SPEC-OBJECTS")
        for entry in (*requirements, *hazards):
            for each in entry.flat():
                self._object(objects, each)
        self._relations(ET.SubElement(content, "SPEC-RELATIONS"), matrix.requirements)
        specifications = ET.SubElement(content, "SPECIFICATIONS")
        told = {
            "headline": decision.headline,
            "released": str(decision.released).lower(),
            "rehearsal": str(decision.rehearsal).lower(),
            "blocking": "\n".join(
                f"{b.where}: {b.what}, {' '.join(b.message.split())}" for b in decision.blocking
            ),
        }
        self._specification(specifications, "Requirements", told, requirements)
        self._specification(specifications, "Hazards", {}, hazards)
        ET.indent(root, space="")
        written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return written + b"\n"

    def _header(self, place: "ET.Element[str]", decision: GateDecision) -> None:
        header = ET.SubElement(place, "REQ-IF-HEADER", {"IDENTIFIER": "vericase.header"})
        for name, text in (
            ("COMMENT", readable(decision.headline)),
            ("CREATION-TIME", self._moment),
            ("REQ-IF-TOOL-ID", "vericase"),
            ("REQ-IF-VERSION", "1.0"),  # of the schema, which fixes it
            ("SOURCE-TOOL-ID", "vericase"),
            ("TITLE", "Requirements and what is shown of them"),
        ):
            ET.SubElement(header, name).text = text

    def _named(
        self, place: "ET.Element[str]", tag: str, identifier: str, name: str, **more: str
    ) -> "ET.Element[str]":
        known = {"IDENTIFIER": identifier, "LAST-CHANGE": self._moment, "LONG-NAME": readable(name)}
        return ET.SubElement(place, tag, known | more)

    def _datatypes(self, place: "ET.Element[str]") -> None:
        for form, limits in _DATATYPES.items():
            tag = f"DATATYPE-DEFINITION-{form}"
            self._named(place, tag, _datatype(form), form.lower(), **limits)

    def _types(self, place: "ET.Element[str]") -> None:
        for kind, attributes in KINDS.items():
            tag = "SPECIFICATION-TYPE" if kind == SPECIFICATION else "SPEC-OBJECT-TYPE"
            found = self._named(place, tag, _identifier(kind), kind)
            listed = ET.SubElement(found, "SPEC-ATTRIBUTES")
            for name, form in attributes.items():
                defined = self._named(
                    listed, f"ATTRIBUTE-DEFINITION-{form}", _attribute(kind, name), name
                )
                _refer(defined, "TYPE", f"DATATYPE-DEFINITION-{form}-REF", _datatype(form))
        for kind in (PARENT, CONTROLS):
            self._named(place, "SPEC-RELATION-TYPE", _identifier(kind), kind)

    def _object(self, place: "ET.Element[str]", entry: Entry) -> None:
        found = self._named(place, "SPEC-OBJECT", _identifier(entry.key), entry.name)
        _values(found, entry.kind, entry.values)
        _refer(found, "TYPE", "SPEC-OBJECT-TYPE-REF", _identifier(entry.kind))

    def _relations(self, place: "ET.Element[str]", requirements: RequirementSet) -> None:
        for requirement in requirements:
            for kind, targets in ((PARENT, requirement.parents), (CONTROLS, requirement.hazards)):
                for target in targets:
                    key = f"{kind} {requirement.id} {target}"
                    found = self._named(place, "SPEC-RELATION", _identifier(key), kind)
                    _refer(found, "SOURCE", "SPEC-OBJECT-REF", _identifier(requirement.id))
                    _refer(found, "TARGET", "SPEC-OBJECT-REF", _identifier(target))
                    _refer(found, "TYPE", "SPEC-RELATION-TYPE-REF", _identifier(kind))

    def _specification(
        self,
        place: "ET.Element[str]",
        title: str,
        values: Mapping[str, object],
        entries: Iterable[Entry],
    ) -> None:
        found = self._named(place, "SPECIFICATION", _identifier(f"specification {title}"), title)
        _values(found, SPECIFICATION, values)
        _refer(found, "TYPE", "SPECIFICATION-TYPE-REF", _identifier(SPECIFICATION))
        self._children(found, entries)

    def _children(self, place: "ET.Element[str]", entries: Iterable[Entry]) -> None:
        children = ET.SubElement(place, "CHILDREN")
        for entry in entries:
            key = _identifier(f"place {entry.key}")
            found = ET.SubElement(
                children, "SPEC-HIERARCHY", {"IDENTIFIER": key, "LAST-CHANGE": self._moment}
            )
            _refer(found, "OBJECT", "SPEC-OBJECT-REF", _identifier(entry.key))
            if entry.children:
                self._children(found, entry.children)


def _values(place: "ET.Element[str]", kind: str, values: Mapping[str, object]) -> None:
    """The values that are there, in the order of the definitions."""
    listed = ET.SubElement(place, "VALUES")
    for name, form in KINDS[kind].items():
        value = values.get(name)
        if value is None or value == "":
            continue
        text = readable(str(value))
        found = ET.SubElement(listed, f"ATTRIBUTE-VALUE-{form}")
        if form is Form.XHTML:
            block = ET.SubElement(ET.SubElement(found, "THE-VALUE"), "xhtml:div")
            # Where white space counts, only this element keeps it.
            (block if folded(text) == text else ET.SubElement(block, "xhtml:pre")).text = text
        else:
            found.set("THE-VALUE", text)
        _refer(found, "DEFINITION", f"ATTRIBUTE-DEFINITION-{form}-REF", _attribute(kind, name))


def _refer(place: "ET.Element[str]", role: str, tag: str, identifier: str) -> None:
    ET.SubElement(ET.SubElement(place, role), tag).text = identifier


def _datatype(form: Form) -> str:
    return f"vericase.{form.lower()}"


def _attribute(kind: str, name: str) -> str:
    return f"{_identifier(kind)}.{_identifier(name).removeprefix('vericase.')}"


def _identifier(key: str) -> str:
    """*key* as an XML id; no two keys have one."""
    words = key.removeprefix("vericase ").replace(" ", "..")
    return "vericase." + re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found[0]):x}_", words)
