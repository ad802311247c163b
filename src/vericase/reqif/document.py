"""A ReqIF document as objects with named values, and links between them.

Nothing here knows what the values mean. What a value refers to is resolved, what refers to
nothing is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vericase.errors import RequirementError
from vericase.reqif.terms import folded
from vericase.reqif.tree import Element, read_xml

__all__ = ["Link", "ReqifDocument", "SpecObject", "read_document"]

_BLOCKS = frozenset(
    f"xhtml:{name}"
    for name in (
        *("address", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecObject:
    """One object.

    Attributes:
        kind: The name of its type.
        values: By the name of the attribute; of an enumeration the names of its values.
        pictured: Whether a value holds a picture or another file, which is lost.
    """

    identifier: str
    kind: str
    name: str
    line: int
    values: Mapping[str, str]
    pictured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One relation, from and to the identifiers of objects."""

    kind: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReqifDocument:
    """Objects in the order of the specifications that place them, then the others."""

    objects: tuple[SpecObject, ...]
    links: tuple[Link, ...]


def read_document(path: Path, name: str) -> ReqifDocument:
    """The ReqIF document *path*, which problems call *name*.

    Raises:
        RequirementError: If it is none, or an identifier stands twice.
    """
    root = read_xml(path, name)
    if root.name != "REQ-IF":
        told = root.name.rpartition(" ")[2]
        raise RequirementError(f"{name}:{root.line}: expected the root REQ-IF of ReqIF, got {told}")
    return _Reader(root, name).document()


class _Reader:
    """Reads one document; definitions first, then what refers to them."""

    def __init__(self, root: Element, place: str) -> None:
        self._content = list(root.below("CORE-CONTENT", "REQ-IF-CONTENT"))
        self._place = place
        self._names: dict[str, str] = {}
        self._defaults: dict[str, dict[str, str]] = {}
        self._problems: list[str] = []

    def document(self) -> ReqifDocument:
        for datatype in self._below("DATATYPES"):
            for value in datatype.below("SPECIFIED-VALUES", "ENUM-VALUE"):
                self._name(value)
        for kind in self._below("SPEC-TYPES"):
            self._type(kind)
        objects: dict[str, SpecObject] = {}
        for element in self._below("SPEC-OBJECTS"):
            found = self._object(element)
            if not found.identifier or found.identifier in objects:
                self._problems.append(
                    f"{self._place}:{found.line}: expected an identifier of its own, "
                    f"got {found.identifier!r}"
                )
            objects[found.identifier] = found
        if self._problems:
            raise RequirementError(self._problems)
        placed = dict.fromkeys(name for name in self._placed() if name in objects)
        return ReqifDocument(
            objects=tuple(objects[name] for name in {**placed, **objects}),
            links=tuple(self._link(element) for element in self._below("SPEC-RELATIONS")),
        )

    def _below(self, name: str) -> Iterator[Element]:
        for content in self._content:
            for listed in content.below(name):
                yield from listed.elements()

    def _name(self, element: Element) -> str:
        identifier = element.attributes.get("IDENTIFIER", "")
        self._names[identifier] = element.attributes.get("LONG-NAME") or identifier
        return identifier

    def _type(self, element: Element) -> None:
        defaults = self._defaults.setdefault(self._name(element), {})
        for listed in element.below("SPEC-ATTRIBUTES"):
            for definition in listed.elements():
                name = self._names[self._name(definition)]
                for place in definition.below("DEFAULT-VALUE"):
                    for value in place.elements():
                        defaults[name] = self._value(value)

    def _object(self, element: Element) -> SpecObject:
        kind = _reference(element, "TYPE")
        values = dict(self._defaults.get(kind, {}))
        pictured = False
        for listed in element.below("VALUES"):
            for value in listed.elements():
                definition = _reference(value, "DEFINITION")
                values[self._names.get(definition, definition)] = self._value(value)
                pictured = pictured or any(value.all("xhtml:object"))
        return SpecObject(
            identifier=element.attributes.get("IDENTIFIER", ""),
            kind=self._names.get(kind, kind),
            name=element.attributes.get("LONG-NAME", ""),
            line=element.line,
            values=values,
            pictured=pictured,
        )

    def _value(self, element: Element) -> str:
        if element.name == "ATTRIBUTE-VALUE-XHTML":
            return "\n".join(_xhtml_text(value) for value in element.below("THE-VALUE"))
        if element.name == "ATTRIBUTE-VALUE-ENUMERATION":
            chosen = [value.text for value in element.below("VALUES", "ENUM-VALUE-REF")]
            return ", ".join(self._names.get(name, name) for name in chosen)
        return element.attributes.get("THE-VALUE", "")

    def _placed(self) -> Iterator[str]:
        for specification in self._below("SPECIFICATIONS"):
            for place in specification.all("SPEC-HIERARCHY"):
                yield _reference(place, "OBJECT")

    def _link(self, element: Element) -> Link:
        kind = _reference(element, "TYPE")
        return Link(
            kind=self._names.get(kind, kind),
            source=_reference(element, "SOURCE"),
            target=_reference(element, "TARGET"),
        )


def _reference(element: Element, role: str) -> str:
    """The identifier that *element* refers to in that role; empty if to none."""
    return next((found.text for place in element.below(role) for found in place.elements()), "")


def _xhtml_text(element: Element) -> str:
    """The text of *element*: a line a block, spaces as a browser shows them."""
    lines = [""]
    _collect(element, lines, kept=False)
    # What is kept as it stands is marked, so that folding passes it by.
    shown = [line[1:] if line.startswith("\0") else folded(line) for line in lines]
    return "\n".join(line for line in shown if line)


def _collect(element: Element, lines: list[str], *, kept: bool) -> None:
    is_block = element.name in _BLOCKS
    kept = kept or element.name == "xhtml:pre"
    if is_block and lines[-1]:
        lines.append("")
    if element.name == "xhtml:li":
        lines[-1] += "- "
    for child in element.children:
        if isinstance(child, Element):
            _collect(child, lines, kept=kept)
        elif kept:
            lines[-1] = (lines[-1] or "\0") + child
        else:
            lines[-1] += child
    if is_block:
        lines.append("")
