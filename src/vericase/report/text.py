"""Text from outside, as text that cannot act on the page or the terminal that shows it."""

import re

__all__ = ["readable"]

_NONCHARACTERS = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
#: Controls but tab and line feed, directions that turn text around, and what is no character.
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    f"{_NONCHARACTERS}]"
)


def readable(text: str) -> str:
    r"""*text* with every unreadable character written as its escape, such as `\x1b`."""
    # What can be printed holds none of them, and is nearly everything.
    if text.isprintable():
        return text
    return _UNREADABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
