"""JSON as people read it, an entry a line: the text of `json.dumps` with an indent of one, sooner.

The standard library lays such text out value by value; here only what holds others is laid out.
"""

import json
from json.encoder import encode_basestring as quoted

__all__ = ["laid_out"]

_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def laid_out(value: object, line: str = "\n") -> str:
    """The text of *value* with sorted keys; *line* begins a line of what is around it.

    Raises:
        ValueError: If a number is not finite.
        TypeError: If a key is no text, or something has no JSON text.
    """
    if type(value) is str:
        return quoted(value)
    inner = line + " "
    if isinstance(value, dict) and value:
        entries = [f"{quoted(key)}: {laid_out(value[key], inner)}" for key in sorted(value)]
        return "{" + inner + f",{inner}".join(entries) + line + "}"
    if isinstance(value, list | tuple) and value:
        return (
            "[" + inner + f",{inner}".join([laid_out(item, inner) for item in value]) + line + "]"
        )
    return _plain(value)
