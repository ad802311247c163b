"""JSON as it has to be: each key once, and no number that is none."""

import json
from typing import Any

__all__ = ["parse_json", "slip"]

_MOST_LETTERS = 80


def parse_json(text: str) -> Any:  # noqa: ANN401  parsed JSON can be anything
    """The value of a JSON text in which each key stands once and every number is finite.

    Raises:
        ValueError: If it is none.
    """

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        record = dict(pairs)
        if len(record) != len(pairs):
            raise ValueError("expected each key once")
        return record

    def refuse(word: str) -> object:
        raise ValueError(f"expected finite numbers, got {word}")

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


def slip(error: Exception) -> str:
    """What was found in place of a record, in plain words, to stand behind "got"."""
    match error:
        case json.JSONDecodeError():
            return f"no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        case KeyError():
            return f"no field {str(error.args[0])[:_MOST_LETTERS]!r}"
        case RecursionError():
            return "values nested too deeply"
        case ValueError():
            return f"a wrong value: {error!s:.200}"
    # Python's own sentences about types and attributes speak of our code.
    told = str(error)
    return f"a wrong value: {told:.200}" if "expected" in told else "a value of another kind"
