"""Reading typed fields out of a mapping, collecting every problem with its place."""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import date
from difflib import get_close_matches
from math import isfinite

from vericase.schema.tree import List, Mapping, Node, Text

__all__ = ["AMBIGUOUS", "Fields", "Hints", "did_you_mean", "shown"]

_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_MOST_DIGITS = 15  # an integer of so many digits is exact in every reader, also as a float
#: Plain scalars that YAML 1.1 or a reader's eye could take for something else than text.
AMBIGUOUS = re.compile(
    r"(?i:y|n|yes|no|on|off|true|false|null|~|[-+]?\.(?:inf|nan))"
    r"|[-+]?[0-9][0-9_]*(?:[.,:eE%/-][-+0-9._:eE%TZtz /-]*)?"
    r"|0[xob][0-9a-fA-F_]+",
)
_UNREADABLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]")


#: Of what is wrong, so much is told again; an id or a digest is shorter.
_MOST_SHOWN = 80
_MOST_HINTS = 20


def shown(text: str) -> str:
    """*text* in quotes, cut where it becomes long."""
    return repr(cut(text))


def cut(text: str) -> str:
    """*text*, or how it begins if it is long."""
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or nothing; long words have none."""
    if len(word) > _MOST_SHOWN:
        return ""
    matches = get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


class Hints:
    """Hints for the first slips of many: each looks through every known word."""

    def __init__(self) -> None:
        self._left = _MOST_HINTS

    def __call__(self, word: str, known: Iterable[str]) -> str:
        """What `did_you_mean` says, or nothing once there were enough."""
        self._left -= 1
        return did_you_mean(word, known) if self._left >= 0 else ""


class Fields:
    """The fields of one mapping; `close` reports the keys that nobody asked for."""

    def __init__(self, node: Node, place: str, path: str, problems: list[str]) -> None:
        self.place, self.path, self.problems = place, path, problems
        self._asked: set[str] = set()
        self.line = node.line
        self._node = node if isinstance(node, Mapping) else None
        if self._node is None:
            self.problem("", f"a mapping, got {describe(node)}", node.line)

    def problem(self, key: str, expected: str, line: int | None = None) -> None:
        """Note that *key* is not what was expected."""
        path = f"{self.path}.{key}" if key else self.path
        self.problems.append(f"{self.place}:{line or self.line}: {path}: expected {expected}")

    def text(self, key: str, *, required: bool = True) -> str:
        """A text; empty when it is missing or wrong."""
        node = self._take(key, required=required)
        return "" if node is None else self._as_text(key, node)

    def word(self, key: str, allowed: Collection[str], *, default: str = "") -> str:
        """One of the *allowed* words."""
        value = self.text(key, required=not default)
        if value and value not in allowed:
            choices = ", ".join(allowed)
            self.problem(
                key,
                f"one of {choices}, got {shown(value)}{did_you_mean(value, allowed)}",
                self._line_of(key),
            )
            return next(iter(allowed))
        return value or default or next(iter(allowed))

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts, none twice."""
        node = self._take(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, List):
            self.problem(key, f"a list of texts, got {describe(node)}", node.line)
            return ()
        values = tuple(self._as_text(f"{key}[{i}]", item) for i, item in enumerate(node.items))
        if len(set(values)) < len(values):
            self.problem(key, f"each entry once, got {cut(', '.join(values))}", node.line)
        return values

    def number(
        self, key: str, accept: Callable[[float], bool], wanted: str, *, required: bool = False
    ) -> float | None:
        """A number for which *accept* holds; *wanted* says which ones."""
        node = self._take(key, required=required)
        return None if node is None else self.as_number(key, node, accept, wanted)

    def as_number(
        self, key: str, node: Node, accept: Callable[[float], bool], wanted: str
    ) -> float | None:
        """The number that *node* is, if *accept* holds for it."""
        if isinstance(node, Text) and not node.quoted and _NUMBER.fullmatch(node.text):
            value = float(node.text)
            if accept(value):
                return value
        self.problem(key, f"{wanted}, got {describe(node)}", node.line)
        return None

    def integer(self, key: str, minimum: int) -> int | None:
        """An integer of at least *minimum*."""
        node = self._take(key, required=False)
        if node is None:
            return None
        if isinstance(node, Text) and not node.quoted and _INTEGER.fullmatch(node.text):
            value = int(node.text) if len(node.text) <= _MOST_DIGITS else minimum - 1
            if value >= minimum:
                return value
        self.problem(key, f"an integer of at least {minimum}, got {describe(node)}", node.line)
        return None

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A date such as 2026-03-31, bare or quoted."""
        node = self._take(key, required=required)
        if node is None:
            return None
        if isinstance(node, Text) and _DATE.fullmatch(node.text):
            try:
                return date.fromisoformat(node.text)
            except ValueError:
                pass
        self.problem(key, f"a date such as 2026-03-31, got {describe(node)}", node.line)
        return None

    def node(self, key: str, *, required: bool = False) -> Node | None:
        """The node itself, for fields with a shape of their own."""
        return self._take(key, required=required)

    def free(self, key: str) -> dict[str, object]:
        """A mapping of names to numbers, booleans, texts and lists of them."""
        node = self._take(key, required=False)
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self.problem(key, f"a mapping, got {describe(node)}", node.line)
            return {}
        return {name: self._value(f"{key}.{name}", value) for name, value in node.entries.items()}

    def close(self) -> None:
        """Report every key that is not known here."""
        if self._node is None:
            return
        hints = Hints()
        for key, line in self._node.key_lines.items():
            if key not in self._asked:
                hint = hints(key, self._asked)
                self.problem("", f"a known key, got {shown(key)}{hint}", line)

    def _take(self, key: str, *, required: bool) -> Node | None:
        self._asked.add(key)
        if self._node is None:
            return None
        node = self._node.entries.get(key)
        if node is None and required:
            self.problem(key, "a value, got nothing")
        return node

    def _line_of(self, key: str) -> int | None:
        node = self._node.entries.get(key) if self._node else None
        return node.line if node else None

    def _as_text(self, key: str, node: Node) -> str:
        if not isinstance(node, Text):
            self.problem(key, f"a text, got {describe(node)}", node.line)
            return ""
        text = node.text.strip()
        if not text:
            self.problem(key, "a text, got an empty one", node.line)
        elif not node.quoted and AMBIGUOUS.fullmatch(node.text):
            self.problem(key, f"a text; quote it: got the bare {shown(node.text)}", node.line)
        elif not node.text.isprintable() and _UNREADABLE.search(node.text):
            self.problem(key, "readable text, got a control or direction character", node.line)
        return text

    def _value(self, key: str, node: Node) -> object:
        if isinstance(node, List):
            return [self._value(f"{key}[{i}]", item) for i, item in enumerate(node.items)]
        if isinstance(node, Mapping):
            return {k: self._value(f"{key}.{k}", v) for k, v in node.entries.items()}
        if not node.quoted:
            if _INTEGER.fullmatch(node.text):
                return self._as_integer(key, node)
            if _NUMBER.fullmatch(node.text):
                return self.as_number(key, node, isfinite, "a number that a float can hold")
            if node.text in {"true", "false"}:
                return node.text == "true"
        return self._as_text(key, node)

    def _as_integer(self, key: str, node: Text) -> int:
        if len(node.text) <= _MOST_DIGITS:
            return int(node.text)
        wanted = f"an integer of at most {_MOST_DIGITS} digits"
        self.problem(key, f"{wanted}, got {describe(node)}", node.line)
        return 0


def describe(node: Node) -> str:
    """What a node is, in a few words."""
    if isinstance(node, List):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    text = node.text if len(node.text) <= 40 else node.text[:37] + "..."  # noqa: PLR2004  a line's worth
    return repr(text) if node.quoted else text or "nothing"
