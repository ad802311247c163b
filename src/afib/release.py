"""Whether a model was released, by what stands beside it: the tool itself is never asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from afib.checkpoint import model_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Release", "ReleaseState", "release_of"]

_FILE, _FORMAT, _LARGEST = "release.json", 1, 64 * 1024
_DIGESTS = ("model_sha256", "requirements_digest", "evidence_sha256")
_HEX, _LENGTH = frozenset("0123456789abcdef"), 64


class ReleaseState(Enum):
    """What stands beside a model about it."""

    RELEASED = "released"
    BLOCKED = "blocked"
    FOREIGN = "foreign"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is known of the release of a model.

    Attributes:
        state: Released; blocked, by a decision about this very model; foreign, of another model or
            not readable; or missing.
        told: One sentence for whoever is about to use the model.
        requirements_digest: Of the requirements that it was held to; None unless readable.
    """

    state: ReleaseState
    told: str
    requirements_digest: str | None

    @property
    def allows(self) -> bool:
        """Whether the model may be used without being asked for."""
        return self.state is ReleaseState.RELEASED


def release_of(folder: Path) -> Release:
    """What stands beside the model in *folder*.

    Raises:
        ModelError: If the folder holds no model.
    """
    digest, path = model_digest(folder), folder / _FILE
    if not path.is_file():
        told = "No decision about a release stands beside this model."
        return Release(state=ReleaseState.MISSING, told=told, requirements_digest=None)
    record = _read(path)
    if record is None:
        told = "What stands beside this model is no decision about a release."
        return Release(state=ReleaseState.FOREIGN, told=told, requirements_digest=None)
    requirements = record["requirements_digest"]
    if record["model_sha256"] != digest:
        told = (
            f"The decision beside this model is about another one, {record['model_sha256'][:16]}."
        )
        return Release(state=ReleaseState.FOREIGN, told=told, requirements_digest=requirements)
    state = ReleaseState.RELEASED if record["released"] else ReleaseState.BLOCKED
    return Release(state=state, told=record["headline"], requirements_digest=requirements)


def _read(path: Path) -> dict[str, Any] | None:
    """The decision that *path* states, or None if it states none."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    sound = (
        isinstance(record, dict)
        and record.get("format") == _FORMAT
        and isinstance(record.get("released"), bool)
        and isinstance(record.get("headline"), str)
        and all(_is_digest(record.get(name)) for name in _DIGESTS)
    )
    return record if sound else None


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == _LENGTH and _HEX.issuperset(value)
