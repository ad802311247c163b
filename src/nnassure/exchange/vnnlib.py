"""The property of an instance as VNN-LIB 1.0: a box of inputs, and one comparison of the output.

Of the format that is what a question about a box needs (https://www.vnnlib.org): declarations of
real constants ``X_i`` and ``Y_0``, and asserted comparisons of one of them with a number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from nnassure.arrays import DoubleArray, require_finite, require_same_length, require_shape
from nnassure.errors import ExchangeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Property", "Relation", "read_vnnlib", "write_vnnlib"]

#: How the logit of a counterexample stands to the threshold.
Relation: TypeAlias = Literal["<=", ">="]

_RELATIONS: tuple[Relation, ...] = get_args(Relation)
_PIECE = re.compile(r"\n|;[^\n]*|[()]|[^\s();]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"(X|Y)_(0|[1-9][0-9]*)")
_Tree: TypeAlias = "str | list[_Tree]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Property:
    """What a counterexample is: samples in a box, and a logit on the other side.

    Attributes:
        lower: The least value of each sample in mV, shape (samples,), float64.
        upper: The greatest, likewise.
        relation: How its logit stands to the threshold: ``<=`` where the decision is AFib, ``>=``
            where it is normal.
        threshold: What the logit is compared with.

    Raises:
        ShapeError: If the two ends are not of the same samples.
        NotFiniteError: If an end or the threshold is NaN or infinite.
        ExchangeError: If there is no sample, an end is beyond the other, or the relation is none.
    """

    lower: DoubleArray
    upper: DoubleArray
    relation: Relation
    threshold: float

    def __post_init__(self) -> None:
        for name in ("lower", "upper"):
            require_shape(name, getattr(self, name), "samples")
            require_finite(name, getattr(self, name))
        require_same_length(lower=self.lower, upper=self.upper)
        require_finite("threshold", np.array([self.threshold]))
        if len(self.lower) == 0:
            raise ExchangeError("property: expected at least one sample, got none")
        if not bool((self.lower <= self.upper).all()):
            first = int(np.argmin(self.lower <= self.upper))
            raise ExchangeError(
                f"X_{first}: expected a lower end up to {self.upper[first]}, "
                f"got {self.lower[first]}"
            )
        if self.relation not in _RELATIONS:
            raise ExchangeError(f"relation: expected <= or >=, got {self.relation!r}")


def write_vnnlib(asked: Property, *, title: str) -> str:
    """*asked* as the text of a file; *title* is its first line, a comment.

    Numbers are written so that float64 reads the same again.
    """
    inputs = range(len(asked.lower))
    lines = [
        *(f"; {line}" for line in title.splitlines()),
        *(f"(declare-const X_{place} Real)" for place in inputs),
        "(declare-const Y_0 Real)",
    ]
    for place in inputs:
        lines.append(f"(assert (>= X_{place} {_decimal(asked.lower[place])}))")
        lines.append(f"(assert (<= X_{place} {_decimal(asked.upper[place])}))")
    lines.append(f"(assert ({asked.relation} Y_0 {_decimal(asked.threshold)}))")
    return "\n".join(lines) + "\n"


def read_vnnlib(text: str, *, place: str) -> Property:
    """The property that *text* states.

    Args:
        text: What the file holds.
        place: What messages call it, such as its name.

    Raises:
        ExchangeError: With everything that is not a box of all declared inputs and one comparison
            of ``Y_0`` with a number.
    """
    reading = _Reading(place)
    for line, command in _commands(text, reading.problems, place):
        reading.take(line, command)
    return reading.property()


def _decimal(value: float) -> str:
    # VNN-LIB has SMT-LIB's decimals, which know no exponent.
    return np.format_float_positional(value, trim="0")


def _commands(text: str, problems: list[str], place: str) -> Iterator[tuple[int, _Tree]]:
    """Each command with the line on which it starts."""
    open_: list[list[_Tree]] = []
    start, line = 1, 1
    for found in _PIECE.finditer(text):
        piece = found[0]
        if piece.startswith(";"):
            continue
        if piece == "\n":
            line += 1
        elif piece == "(":
            start = start if open_ else line
            open_.append([])
        elif not open_:
            problems.append(f"{place}:{line}: expected a command in parentheses, got {piece}")
        elif piece == ")":
            done = open_.pop()
            if open_:
                open_[-1].append(done)
            else:
                yield start, done
        else:
            open_[-1].append(piece)
    if open_:
        problems.append(f"{place}:{start}: expected a closing parenthesis, got the end")


@dataclass(slots=True)
class _Reading:
    """What was declared and asserted so far."""

    place: str
    problems: list[str] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    ends: dict[tuple[str, str], float] = field(default_factory=dict)

    def take(self, line: int, command: _Tree) -> None:
        match command:
            case ["declare-const", str(name), "Real"] if _NAME.fullmatch(name):
                if name in self.declared:
                    self._problem(line, "each constant declared once", f"{name} again")
                self.declared.add(name)
            case ["assert", [str(relation), str(left), str(right)]]:
                self._compare(line, relation, left, right)
            case _:
                self._problem(line, "a declaration of X_i or Y_0, or a comparison", _shown(command))

    def _compare(self, line: int, relation: str, left: str, right: str) -> None:
        if _NAME.fullmatch(right):
            # A number that is below a constant.
            left, right = right, left
            relation = {"<=": ">=", ">=": "<="}.get(relation, relation)
        value = _number(right)
        if left not in self.declared:
            self._problem(line, "a constant that is declared", left)
        elif value is None:
            self._problem(line, "a finite number", right)
        elif relation in _RELATIONS:
            if (left, relation) in self.ends:
                self._problem(line, f"one {relation} for {left}", "a second")
            self.ends[left, relation] = value
        else:
            self._problem(line, "<= or >=", relation)

    def _problem(self, line: int, wanted: str, got: str) -> None:
        self.problems.append(f"{self.place}:{line}: expected {wanted}, got {got}")

    def property(self) -> Property:
        """All together.

        Raises:
            ExchangeError: If there were problems, or something is missing.
        """
        inputs = sorted((each for each in self.declared if each[0] == "X"), key=_number_of)
        wanted = [f"X_{place}" for place in range(len(inputs))]
        if inputs != wanted or not inputs:
            self.problems.append(
                f"{self.place}: expected X_0 and those that follow, got {len(inputs)} inputs "
                f"{'with gaps' if inputs else ''}".rstrip()
            )
        missing = [
            f"{name} {relation}"
            for name in inputs
            for relation in _RELATIONS
            if (name, relation) not in self.ends
        ]
        if missing:
            self.problems.append(
                f"{self.place}: expected both ends of each input, got none for "
                f"{', '.join(missing[:3])}{' and others' if missing[3:] else ''}"
            )
        asked = [relation for relation in _RELATIONS if ("Y_0", relation) in self.ends]
        outputs = {name for name in self.declared if name[0] == "Y"}
        if outputs != {"Y_0"} or len(asked) != 1:
            self.problems.append(
                f"{self.place}: expected one comparison of the one output Y_0, "
                f"got {len(asked)} of {len(outputs)}"
            )
        if self.problems:
            raise ExchangeError(*self.problems)
        return Property(
            lower=np.array([self.ends[name, ">="] for name in inputs]),
            upper=np.array([self.ends[name, "<="] for name in inputs]),
            relation=asked[0],
            threshold=self.ends["Y_0", asked[0]],
        )


def _number_of(name: str) -> int:
    return int(name[2:])


def _number(text: str) -> float | None:
    """A finite decimal as SMT-LIB has it, or with a sign or an exponent; None for all else."""
    value = float(text) if _DECIMAL.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def _shown(command: _Tree) -> str:
    text = command if isinstance(command, str) else f"({' '.join(map(_shown, command))})"
    most = 60
    return text if len(text) <= most else f"{text[:most]}..."
