"""Strict reading: YAML into plain values, and plain values into dataclasses.

Nothing is guessed, filled in or left over.
A key is stated once and known, a value has the type of its field and keeps its :class:`Rule`,
and whatever is wrong is collected, so that a reader hears of all of it at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, is_dataclass
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import yaml

from afib.errors import SettingsError

__all__ = ["Rule", "parse_yaml", "structure"]

_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value of a field has to be, in words and as a test of a value of its type."""

    expected: str
    holds: Callable[[Any], bool]


def structure(cls: type, document: object, place: str, problems: list[str]) -> Any:  # noqa: ANN401  (an instance of cls, which mypy cannot follow through the fields' types)
    """An instance of the dataclass *cls* with the values of *document*.

    Args:
        cls: A dataclass whose fields are annotated with a type and, if need be, a :class:`Rule`.
        document: What was read; anything but a mapping is a problem.
        place: Where *document* stands; it opens every message.
        problems: Receives one sentence for everything that is wrong.

    Returns:
        The instance, or None if a problem was found.
    """
    if not isinstance(document, Mapping):
        problems.append(f"{place}: expected a mapping of keys to values, got {_shown(document)}")
        return None
    found = len(problems)
    hints = get_type_hints(cls, include_extras=True)
    problems.extend(_key_problems(document, list(hints), place))
    values = {
        key: _value(hint, document[key], f"{place}.{key}", problems)
        for key, hint in hints.items()
        if key in document
    }
    return cls(**values) if len(problems) == found else None


def parse_yaml(place: str, content: bytes) -> object:
    """The plain values of a YAML document; keys are unique, anchors and aliases refused.

    Raises:
        SettingsError: If *content* is too large, no UTF-8, no YAML or uses what is refused.
    """
    if len(content) > _MAX_BYTES:
        raise SettingsError(f"{place}: expected at most {_MAX_BYTES} bytes, got {len(content)}")
    try:
        # A text, because from bytes YAML would also accept UTF-16.
        return yaml.load(content.decode("utf-8"), Loader=_StrictLoader)  # noqa: S506  (a SafeLoader)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{place}: expected UTF-8 text, got {error.reason}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        detail = " ".join(str(error).split())
        raise SettingsError(f"{place}: expected a plain YAML document, got {detail}") from error


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe subset without what makes a file mean something other than it seems to."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if getattr(event, "anchor", None) is not None:
            raise yaml.constructor.ConstructorError(
                None, None, "an anchor or an alias; write the value out", event.start_mark
            )
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise yaml.constructor.ConstructorError(
                None, None, f"values nested deeper than {_MAX_DEPTH}", event.start_mark
            )
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  (PyYAML's signature)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen or key.tag.endswith(":merge"):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} twice or as a merge", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _key_problems(document: Mapping[Any, object], known: list[str], place: str) -> list[str]:
    problems = []
    for key in document:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.append(f"{place}.{key}: expected no such key{hint}")
    missing = [key for key in known if key not in document]
    return problems + [f"{place}.{key}: expected a value, got none" for key in missing]


def _value(hint: Any, value: object, place: str, problems: list[str]) -> Any:  # noqa: ANN401  (see structure)
    """*value* as the type *hint* says."""
    if get_origin(hint) is UnionType or NoneType in get_args(hint):
        if value is None:
            return None
        hint = next(arm for arm in get_args(hint) if arm is not NoneType)
    if is_dataclass(hint):
        return structure(hint, value, place, problems)  # type: ignore[arg-type]  # hint is a class
    kind, rule = get_args(hint)
    typed = _typed(kind, value)
    if typed is None or not rule.holds(typed):
        problems.append(f"{place}: expected {rule.expected}, got {_shown(value)}")
    return typed


def _typed(kind: Any, value: object) -> Any:  # noqa: ANN401  (see structure)
    """*value* as a *kind*, or None; a whole number is a number, but true is no integer."""
    if get_origin(kind) is tuple:
        item_kind = get_args(kind)[0]
        ok = isinstance(value, list | tuple) and all(type(item) is item_kind for item in value)
        return tuple(value) if ok else None  # type: ignore[arg-type]  # ok says it is a sequence
    if kind is float and type(value) in {int, float}:
        number = float(value)  # type: ignore[arg-type]  # the line above says it is a number
        return number if math.isfinite(number) else None
    return value if type(value) is kind else None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004  (a line's worth)
