"""JSON as it has to be: each key once, and no number that is none."""

import json
from typing import Any

__all__ = ["parse_json"]


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
