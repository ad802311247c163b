"""What every source of recordings offers, and what its reading has in common."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

from afib.errors import RecordError, SourceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from afib.records import Recording

__all__ = [
    "Source",
    "digest_of",
    "file_digest",
    "in_short",
    "require_known",
    "sound_recordings",
]

_SHOWN = 10


class Source(Protocol):
    """Labelled recordings from one place; ``len`` counts them."""

    @property
    def name(self) -> str:
        """What reports call the source: ``synthetic``, ``physionet2017`` or ``folder``."""
        ...

    def __len__(self) -> int: ...

    def file_digests(self) -> Mapping[str, str]:
        """The SHA-256 of what was read, by file; a folder or archive of records counts as one."""
        ...

    def fingerprint(self) -> str:
        """A digest that changes whenever a recording or label may have changed."""
        ...

    def label_versions(self) -> Mapping[str, Mapping[str, str]]:
        """Every version of the labels: label by recording, by version."""
        ...

    def recordings(self) -> Iterator[Recording]:
        """The recordings with their chosen labels, sorted by name.

        Raises:
            SourceError: With every recording that could not be read, after the last sound one.
        """
        ...

    def some(self, names: Collection[str]) -> Iterator[Recording]:
        """Those of :meth:`recordings` with these *names*, without reading the others.

        Raises:
            SourceError: With every one that could not be read, or that the source lacks, after
                the last sound one.
        """
        ...


def sound_recordings(results: Iterable[Recording | RecordError], place: str) -> Iterator[Recording]:
    """The recordings among *results*, until the errors among them are raised together.

    Raises:
        SourceError: After the last recording, if there was an error or a name came twice.
    """
    problems: list[str] = []
    seen: set[str] = set()
    for result in results:
        if isinstance(result, RecordError):
            problems += result.problems
        elif result.name in seen:
            problems.append(f"{result.origin}: expected each name once, got {result.name} again")
        else:
            seen.add(result.name)
            yield result
    if problems:
        hidden = len(problems) - _SHOWN
        rest = [f"{place}: {hidden} more problems like these"] if hidden > 0 else []
        raise SourceError(*problems[:_SHOWN], *rest)


def require_known(names: Collection[str], known: Collection[str], place: str) -> None:
    """Hold every one of *names* to be *known*.

    Raises:
        SourceError: If one is not.
    """
    if strangers := set(names) - set(known):
        raise SourceError(f"{place}: expected recordings of the source, got {in_short(strangers)}")


def digest_of(document: Mapping[str, object]) -> str:
    """The SHA-256 of *document* as canonical JSON."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        SourceError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{path}: expected a readable file, got {error.strerror}") from error


def in_short(names: Iterable[str]) -> str:
    """The first few of *names*, sorted, and how many there are."""
    ordered = sorted(names)
    few = ", ".join(ordered[:3])
    return few if len(ordered) <= 3 else f"{few} and {len(ordered) - 3} more"  # noqa: PLR2004  (as many as are shown)
