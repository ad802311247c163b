"""ReqIF in tests: a reader that shares no code with ours, and files as other tools write them."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from vericase.export.table import Line

__all__ = ["Told", "foreign_reqif", "rows_of_reqif", "spec_object", "spec_relation"]

Told = dict[str, str]
NAMESPACE = "http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"
_R = {"r": NAMESPACE}
_OF_REQUIREMENT = {"ForeignID": "requirement", "Name": "title", "Text": "statement"}
_OF_CRITERION = {"ForeignID": "criterion", "Name": "measurand", "Text": "wanted"}
_OF_MEASUREMENT = {"ForeignID": "", "Name": "case", "Text": "measured", "verdict": "shown"}
_FIELDS = {field.name for field in fields(Line)}


def rows_of_reqif(content: bytes) -> list[Told]:
    """The rows of the table, put together again from objects, places and links."""
    root = ET.fromstring(content)  # noqa: S314  our own
    objects = {o.get("IDENTIFIER", ""): _values(o) for o in root.iterfind(".//r:SPEC-OBJECT", _R)}
    hazards: dict[str, list[str]] = {}
    for link in root.iterfind(".//r:SPEC-RELATION[@LONG-NAME='vericase controls']", _R):
        target = objects[link.findtext("r:TARGET/*", "", _R)]["ForeignID"]
        hazards.setdefault(link.findtext("r:SOURCE/*", "", _R), []).append(target)
    rows: list[Told] = []
    path = ".//r:SPECIFICATION[@LONG-NAME='Requirements']/r:CHILDREN/*"
    for place in root.iterfind(path, _R):
        identifier = place.findtext("r:OBJECT/*", "", _R)
        row = _named(objects[identifier], _OF_REQUIREMENT)
        row["hazards"] = " ".join(hazards.get(identifier, []))
        rows += list(_below(place, row, objects, [_OF_CRITERION, _OF_MEASUREMENT]))
    return [{name: value for name, value in row.items() if value} for row in rows]


def _below(
    place: "ET.Element[str]", row: Told, objects: Mapping[str, Told], names: list[Told]
) -> Iterator[Told]:
    """*row* with what stands below *place*, a row for each of the lowest."""
    children = place.findall("r:CHILDREN/*", _R)
    for child in children:
        told = _named(objects[child.findtext("r:OBJECT/*", "", _R)], names[0])
        yield from _below(child, row | told, objects, names[1:])
    if not children:
        yield row


def _named(told: Told, names: Told) -> Told:
    renamed = {names.get(name, name): value for name, value in told.items()}
    return {name: value for name, value in renamed.items() if name in _FIELDS}


def _values(element: "ET.Element[str]") -> Told:
    """The values of an object, by the last word of their attribute."""
    told = {}
    for value in element.iterfind("r:VALUES/*", _R):
        name = value.findtext("r:DEFINITION/*", "", _R).rpartition(".")[2]
        shown = value.find("r:THE-VALUE", _R)
        text = "".join(shown.itertext()).strip() if shown is not None else value.get("THE-VALUE")
        told[name] = str(text)
    return told


def spec_object(identifier: str, name: str = "", **values: str) -> str:
    """An object of another tool; what starts with < is XHTML, and `__` in a name a dot."""
    told = "".join(_value(key.replace("__", "."), value) for key, value in values.items())
    return (
        f'<SPEC-OBJECT IDENTIFIER={quoteattr(identifier)} LAST-CHANGE="2026-01-01T00:00:00Z"'
        f" LONG-NAME={quoteattr(name)}><VALUES>{told}</VALUES>"
        "<TYPE><SPEC-OBJECT-TYPE-REF>kind</SPEC-OBJECT-TYPE-REF></TYPE></SPEC-OBJECT>"
    )


def _value(name: str, value: str) -> str:
    form = "XHTML" if value.startswith("<") else "STRING"
    reference = f"<ATTRIBUTE-DEFINITION-{form}-REF>{form}-{name}</ATTRIBUTE-DEFINITION-{form}-REF>"
    definition = f"<DEFINITION>{reference}</DEFINITION>"
    if form == "XHTML":
        shown = f"<THE-VALUE>{value}</THE-VALUE>"
        return f"<ATTRIBUTE-VALUE-XHTML>{definition}{shown}</ATTRIBUTE-VALUE-XHTML>"
    text = quoteattr(value)
    return f"<ATTRIBUTE-VALUE-STRING THE-VALUE={text}>{definition}</ATTRIBUTE-VALUE-STRING>"


def spec_relation(source: str, target: str, kind: str = "satisfies") -> str:
    """A link between two objects."""
    ends = (("SOURCE", source), ("TARGET", target))
    told = "".join(
        f"<{role}><SPEC-OBJECT-REF>{escape(end)}</SPEC-OBJECT-REF></{role}>" for role, end in ends
    )
    return (
        f'<SPEC-RELATION IDENTIFIER="{source}..{target}" LAST-CHANGE="2026-01-01T00:00:00Z">{told}'
        f"<TYPE><SPEC-RELATION-TYPE-REF>{kind}</SPEC-RELATION-TYPE-REF></TYPE></SPEC-RELATION>"
    )


def foreign_reqif(
    path: Path, *objects: str, links: str = "", names: tuple[str, ...] = (), places: str = ""
) -> Path:
    """The file *path* of another tool, whose objects have attributes of these *names*."""
    when = 'LAST-CHANGE="2026-01-01T00:00:00Z"'
    definitions = "".join(
        f'<ATTRIBUTE-DEFINITION-{form} IDENTIFIER="{form}-{name}" {when} LONG-NAME="{name}"><TYPE>'
        f"<DATATYPE-DEFINITION-{form}-REF>{form}</DATATYPE-DEFINITION-{form}-REF></TYPE>"
        f"</ATTRIBUTE-DEFINITION-{form}>"
        for name in names
        for form in ("STRING", "XHTML")
    )
    kinds = "".join(
        f'<SPEC-RELATION-TYPE IDENTIFIER="{kind}" {when} LONG-NAME="{kind}"/>'
        for kind in ("satisfies", "verifies")
    )
    path.write_text(
        f'<REQ-IF xmlns="{NAMESPACE}" xmlns:xhtml="http://www.w3.org/1999/xhtml">'
        '<THE-HEADER><REQ-IF-HEADER IDENTIFIER="header">'
        "<CREATION-TIME>2026-01-01T00:00:00Z</CREATION-TIME><REQ-IF-TOOL-ID>x</REQ-IF-TOOL-ID>"
        "<REQ-IF-VERSION>1.0</REQ-IF-VERSION><SOURCE-TOOL-ID>x</SOURCE-TOOL-ID><TITLE>x</TITLE>"
        "</REQ-IF-HEADER></THE-HEADER><CORE-CONTENT><REQ-IF-CONTENT><DATATYPES>"
        f'<DATATYPE-DEFINITION-STRING IDENTIFIER="STRING" {when} MAX-LENGTH="9"/>'
        f'<DATATYPE-DEFINITION-XHTML IDENTIFIER="XHTML" {when}/></DATATYPES>'
        f'<SPEC-TYPES><SPEC-OBJECT-TYPE IDENTIFIER="kind" {when} LONG-NAME="Requirement">'
        f"<SPEC-ATTRIBUTES>{definitions}</SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE>{kinds}"
        f'<SPECIFICATION-TYPE IDENTIFIER="document" {when}/></SPEC-TYPES>'
        f"<SPEC-OBJECTS>{''.join(objects)}</SPEC-OBJECTS><SPEC-RELATIONS>{links}</SPEC-RELATIONS>"
        f'<SPECIFICATIONS><SPECIFICATION IDENTIFIER="specification" {when}>'
        "<TYPE><SPECIFICATION-TYPE-REF>document</SPECIFICATION-TYPE-REF></TYPE>"
        f"<CHILDREN>{places}</CHILDREN></SPECIFICATION></SPECIFICATIONS>"
        "</REQ-IF-CONTENT></CORE-CONTENT></REQ-IF>",
        encoding="utf-8",
    )
    return path
