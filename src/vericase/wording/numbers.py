"""What numbers a sentence states: decimals, exponents, fractions, percentages and words."""

import re
from collections.abc import Iterator
from fractions import Fraction

__all__ = ["numbers_in"]

# fmt: off
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
# fmt: on
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_SMALL)}
_VALUES |= {word: 10 * value for value, word in enumerate(_TENS, start=2)}

_PERCENT = r"(?:%|per ?cent\b)"
_DIGITS = r"(?:\d{1,400}(?:\.\d{1,400})?|\.\d{1,400})"  # what no one writes costs no time
_FIGURES = re.compile(
    rf"(?<![\w.+/-])({_DIGITS}(?:e[+-]?\d{{1,3}})?)(?:\s*(?:/|\bout of\b)\s*({_DIGITS}))?"
    rf"(?![\w./-]*\d)(?:\s*({_PERCENT}|of (?:100|a hundred|one hundred)\b))?",
    re.IGNORECASE,
)
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(_SMALL[1:10])}))?|{'|'.join(_SMALL)})"
_HUNDRED = r"(?:an?|one)\s+hundred"
#: Words are numbers of a demand only as a share: 'one' and 'two' stand in every other sentence.
_WORDS = re.compile(
    rf"\b({_BELOW_100}|{_HUNDRED})(?:\s+point((?:\s+(?:{'|'.join(_SMALL[:10])}))+))?"
    rf"[\s-]+({_PERCENT}|(?:out )?of (?:100|{_HUNDRED})\b)",
    re.IGNORECASE,
)


def numbers_in(text: str) -> Iterator[tuple[str, Fraction]]:
    """Every number that *text* states, with its words; a share in percent is divided by 100."""
    spelled = list(_WORDS.finditer(text))
    for match in spelled:
        yield match.group(), (_spelled(match[1]) + _decimals(match[2])) / 100
    for match in _FIGURES.finditer(text):
        if any(match.start() < each.end() and each.start() < match.end() for each in spelled):
            continue
        value, below = Fraction(match[1]), Fraction(match[2] or 1)
        # A share is at most one; 24/7 and 62304/2015 are no shares.
        if match[2] and not 0 < value <= below:
            continue
        yield match.group().strip(), value / below / (100 if match[3] else 1)


def _spelled(words: str) -> Fraction:
    parts = re.split(r"[\s-]+", words.lower())
    return Fraction(100 if parts[-1] == "hundred" else sum(_VALUES[part] for part in parts))


def _decimals(words: str | None) -> Fraction:
    digits = "".join(str(_VALUES[word]) for word in (words or "").lower().split())
    return Fraction(f"0.{digits or 0}")
