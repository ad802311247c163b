"""An XML document from outside as a tree in which every element knows its line.

Built from the parser's events. A document type is refused when it begins, so that no entity is
ever declared, expanded or fetched; size, depth and the number of elements are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from vericase.errors import RequirementError
from vericase.reqif.terms import NAMESPACE, XHTML

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_ELEMENTS", "Element", "read_xml"]

#: One ReqIF file stands for a whole folder of files of 8 MiB, and names each value anew.
MAX_BYTES = 64 * 1024 * 1024
MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 256
_PREFIXES = {NAMESPACE: "", XHTML: "xhtml:"}
_ZIP = b"PK\x03\x04"


@dataclass(slots=True)
class Element:
    """An element; its name is bare in the namespace of ReqIF, and begins `xhtml:` in that one."""

    name: str
    attributes: dict[str, str]
    line: int
    children: "list[Element | str]" = field(default_factory=list)

    def elements(self) -> Iterator["Element"]:
        """The elements right below."""
        return (child for child in self.children if isinstance(child, Element))

    def below(self, *names: str) -> Iterator["Element"]:
        """The elements that are reached by *names*, one a level."""
        if not names:
            yield self
            return
        for child in self.elements():
            if child.name == names[0]:
                yield from child.below(*names[1:])

    def all(self, name: str) -> Iterator["Element"]:
        """Every element called *name*, at any depth, in the order of the document."""
        waiting = [self]
        while waiting:
            found = waiting.pop()
            if found.name == name:
                yield found
            waiting += reversed(list(found.elements()))

    @property
    def text(self) -> str:
        """The text right below, without spaces around."""
        return "".join(child for child in self.children if isinstance(child, str)).strip()


def read_xml(path: Path, name: str) -> Element:
    """The root of the file *path*, which problems call *name*.

    Raises:
        RequirementError: If it cannot be read, is no XML, or is more than a reader should take.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RequirementError(f"{name}: expected a readable file, got {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        raise RequirementError(f"{name}: expected at most {MAX_BYTES} bytes, got more")
    if raw.startswith(_ZIP):
        raise RequirementError(f"{name}: expected XML, got an archive; unpack the .reqif in it")
    return _Builder(name).build(raw)


class _Builder:
    """Turns parser events into elements."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._document = Element("", {}, 1)
        self._open = [self._document]
        self._count = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def build(self, raw: bytes) -> Element:
        try:
            self._parser.Parse(raw, True)
        except expat.ExpatError as error:
            told = f"expected XML, got: {expat.ErrorString(error.code)}"
            raise self._problem(told, error.lineno) from error
        except (LookupError, ValueError) as error:
            # Of an encoding that Python does not know, or that no parser of bytes can follow.
            raise self._problem("expected XML in UTF-8 or UTF-16, got another encoding") from error
        return next(self._document.elements())

    def _doctype(self, *_: object) -> None:
        raise self._problem("expected no document type, got a DOCTYPE")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise self._problem(f"expected at most {MAX_ELEMENTS} elements, got more")
        if len(self._open) > MAX_DEPTH:
            raise self._problem(f"expected at most {MAX_DEPTH} levels of nesting, got more")
        space, _, local = tag.rpartition(" ")
        name = f"{_PREFIXES[space]}{local}" if space in _PREFIXES else tag
        element = Element(name, attributes, self._parser.CurrentLineNumber)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].children.append(text)

    def _problem(self, told: str, line: int | None = None) -> RequirementError:
        return RequirementError(f"{self._name}:{line or self._parser.CurrentLineNumber}: {told}")
