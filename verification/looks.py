"""Which recordings an opening of held-out data was of."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afib.dataset import Dataset

__all__ = ["recordings_digest"]


def recordings_digest(recordings: Dataset) -> str:
    """The SHA-256 over sorted lines of name, label and sample digest of each recording."""
    columns = (recordings.names, recordings.labels, recordings.digests)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = sorted("\0".join(row) for row in rows)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
