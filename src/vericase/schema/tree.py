"""A YAML document as a tree in which every node knows its line.

Built from parser events, so that depth is bounded before anything recurses (the C parser
crashes the process on deeply nested input), and duplicate keys are seen.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from vericase.errors import RequirementError

__all__ = ["MAX_BYTES", "List", "Mapping", "Node", "Text", "read_tree"]

MAX_BYTES = 8 * 1024 * 1024
_MAX_DEPTH = 16
_QUOTED = frozenset("'\"|>")
# A folder has hundreds of thousands of events, and each is asked what it is.
_Scalar, _SequenceEnd, _MappingEnd = yaml.ScalarEvent, yaml.SequenceEndEvent, yaml.MappingEndEvent
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Text:
    """A scalar as it was written; *quoted* scalars are always text."""

    text: str
    quoted: bool
    line: int


@dataclass(slots=True)
class List:
    """A sequence."""

    items: "list[Node]"
    line: int


@dataclass(slots=True)
class Mapping:
    """A mapping; keys in the order of the file, each with its line."""

    entries: "dict[str, Node]"
    key_lines: dict[str, int]
    line: int


Node = Text | List | Mapping


class _RefusedError(Exception):
    """Something in the document cannot be read on."""


def read_tree(path: Path, name: str) -> tuple[Node | None, list[str]]:
    """The tree of the file *path*, and what is wrong with it, placed by *name*.

    The tree is None when the file is empty or reading could not go on.

    Raises:
        RequirementError: If the file cannot be read, is over the cap, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RequirementError(f"{name}: expected a readable file, got {error.strerror}") from error
    if len(raw) > MAX_BYTES:
        size = path.stat().st_size
        raise RequirementError(f"{name}: expected at most {MAX_BYTES} bytes, got {size}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequirementError(
            f"{name}: expected UTF-8 text, got byte {error.start} that is not"
        ) from error
    return _Builder(name).build(text)


class _Builder:
    """Turns parser events into nodes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._problems: list[str] = []
        self._depth = 0

    def build(self, text: str) -> tuple[Node | None, list[str]]:
        try:
            loader = _Loader(text)
            self._next = loader.get_event
            root = self._document()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or str(error).splitlines()[0]
            self._problem(mark.line + 1 if mark else 1, f"expected YAML, got: {what}")
            return None, self._problems
        except _RefusedError:
            return None, self._problems
        return root, self._problems

    def _document(self) -> Node | None:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self._node(self._next())
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, "expected one document, got a second one")
        return root

    def _node(self, event: yaml.Event) -> Node:
        if isinstance(event, _Scalar):
            if event.anchor or event.tag:
                self._refuse(event, "expected plain YAML, got an anchor or a tag")
            return Text(event.value, event.style in _QUOTED, _line(event))
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"expected plain YAML, got the alias *{event.anchor}")
        if not isinstance(event, yaml.CollectionStartEvent) or event.anchor or event.tag:
            self._refuse(event, "expected plain YAML, got an anchor or a tag")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._refuse(event, f"expected at most {_MAX_DEPTH} levels of nesting, got more")
        build = self._list if isinstance(event, yaml.SequenceStartEvent) else self._mapping
        node = build(_line(event))
        self._depth -= 1
        return node

    def _list(self, line: int) -> List:
        items: list[Node] = []
        follow = self._next
        while not isinstance(event := follow(), _SequenceEnd):
            items.append(self._node(event))
        return List(items, line)

    def _mapping(self, line: int) -> Mapping:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        follow = self._next
        while not isinstance(event := follow(), _MappingEnd):
            key = self._key(event)
            at = _line(event)
            value = self._node(follow())
            if key in entries:
                self._problem(at, f"expected each key once, got {key!r} again (line {lines[key]})")
            entries[key] = value
            lines[key] = at
        return Mapping(entries, lines, line)

    def _key(self, event: yaml.Event) -> str:
        if not isinstance(event, _Scalar) or event.anchor or event.tag:
            self._refuse(event, "expected a plain word as key, got something else")
        if event.value == "<<":
            self._refuse(event, "expected plain YAML, got a merge key")
        return event.value

    def _refuse(self, event: yaml.Event, message: str) -> NoReturn:
        self._problem(_line(event), message)
        raise _RefusedError

    def _problem(self, line: int, message: str) -> None:
        self._problems.append(f"{self._name}:{line}: {message}")


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark else 1
