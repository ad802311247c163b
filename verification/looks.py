"""The record of every opening of the sealed test split."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from afib.dataset import Dataset

__all__ = ["Looks", "recordings_digest"]


def recordings_digest(recordings: Dataset) -> str:
    """The SHA-256 over sorted lines of name, label and sample digest of each recording."""
    columns = (recordings.names, recordings.labels, recordings.digests)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = sorted("\0".join(row) for row in rows)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Looks:
    """Openings of one data set's test split for one model.

    Attributes:
        path: The record, one JSON object a line, only ever appended to.
        scope: Where the recordings come from.
        data: What :func:`recordings_digest` returned for the recordings that were opened.
        model: Digest of the model folder.
    """

    path: Path
    scope: str
    data: str
    model: str

    @property
    def on_record(self) -> bool:
        """Whether this model was judged on these recordings before: a repeat shows nothing new."""
        return any(
            look["data"] == self.data and look["model"] == self.model for look in self._lines()
        )

    def record(self) -> None:
        """The opening is on record, once for each model and these recordings."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            # Of two processes that open it at once, the second finds it on record.
            fcntl.flock(file, fcntl.LOCK_EX)
            if self.on_record:
                return
            file.write(json.dumps(self._look(), sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _look(self) -> dict[str, object]:
        return {
            "format": 1,
            "number": len(self._lines()) + 1,
            "date": datetime.now(UTC).date().isoformat(),
            "split": "test",
            "scope": self.scope,
            "data": self.data,
            "model": self.model,
        }

    def _lines(self) -> list[dict[str, str]]:
        if not self.path.is_file():
            return []
        text = self.path.read_text(encoding="utf-8")
        try:
            looks: list[dict[str, str]] = [json.loads(line) for line in text.splitlines()]
        except ValueError as error:
            raise ValueError(
                f"{self.path}: expected one look a line as JSON, got {error}; "
                "an opening was cut short: mend the line by hand, do not drop it"
            ) from error
        return looks
