"""What finds a broken rule in the words of a requirement."""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from vericase.requirement import Requirement
from vericase.wording.numbers import numbers_in

__all__ = ["matches", "shall", "shape", "stray_numbers", "title", "words"]

_SHALL = re.compile(r"\bshall\b", re.IGNORECASE)
_CLAUSE = r"(?:(?:while|when|where|if)\b[^,]+,\s*(?:then\s+)?)"
_EARS = re.compile(
    rf"{_CLAUSE}*(?:the|a|an|each|every|all|no)\s+\S.*?\s+shall\s+\S", re.IGNORECASE | re.DOTALL
)
_IF = re.compile(r"^\s*if\b[^,]+,(?!\s*then\b)", re.IGNORECASE)
#: The start of a phrase that every match of it has: a letter before a `?` is none of it.
_LITERAL = re.compile(r"[a-z -]+(?!\?)")


def words(*phrases: str) -> Callable[[Requirement], Iterator[str]]:
    """What finds *phrases*, each a pattern that begins with plain letters."""
    stems = (_LITERAL.match(phrase) for phrase in phrases)
    pattern = rf"\b(?:{'|'.join(phrases)})\b"
    return matches(pattern, *(stem.group() for stem in stems if stem))


def matches(pattern: str, *signs: str) -> Callable[[Requirement], Iterator[str]]:
    """What finds *pattern*; where none of *signs* stands, in small letters, it is not looked for.

    To look for letters costs a tenth of what a pattern does, and few statements break a rule.
    """
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(requirement: Requirement) -> Iterator[str]:
        statement = requirement.statement
        # Beyond ASCII, letters that are no small form of each other can match all the same.
        if statement.isascii():
            small = statement.lower()
            for sign in signs:
                if sign in small:
                    break
            else:
                return
        for match in compiled.finditer(statement):
            yield repr(match.group())

    return find


def shall(requirement: Requirement) -> Iterator[str]:
    """Another number of 'shall' than one."""
    number = len(_SHALL.findall(requirement.statement))
    if number != 1:
        yield f"{number} times 'shall'"


def shape(requirement: Requirement) -> Iterator[str]:
    """A statement in another order than conditions, subject, shall, response."""
    statement = requirement.statement.strip()
    if _SHALL.search(statement) and not _EARS.match(statement):
        yield "no 'The <subject> shall <response>' after its conditions"
    if _IF.match(statement):
        yield "'If' without 'then'"


def title(requirement: Requirement) -> Iterator[str]:
    """A title that ends like a sentence."""
    if requirement.title.rstrip().endswith("."):
        yield "a full stop"


def stray_numbers(requirement: Requirement) -> Iterator[str]:
    """Numbers of the statement that stand in no criterion and in no condition."""
    if not requirement.criteria:
        return
    known: set[Fraction] = set()
    for told, value in numbers_in(requirement.statement):
        known = known or set(_known_numbers(requirement))
        if value not in known:
            yield repr(told)


def _known_numbers(requirement: Requirement) -> Iterator[Fraction]:
    for criterion in requirement.criteria:
        numbers = [*criterion.thresholds.values(), criterion.confidence, criterion.min_trials]
        known = [Fraction(repr(number)) for number in numbers if number is not None]
        yield from known
        if criterion.paired:
            yield from map(abs, known)
    yield from _numbers_in(requirement.conditions)


def _numbers_in(value: object) -> Iterator[Fraction]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield Fraction(repr(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _numbers_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers_in(item)
