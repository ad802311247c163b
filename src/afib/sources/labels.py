"""Label files: one recording a line, ``name,label``, as PhysioNet 2017 publishes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["LABELS", "chosen_labels", "read_labels"]

LABELS = ("N", "A", "O", "~")
"""Normal, atrial fibrillation, other rhythm, too noisy to read."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_BYTES = 64 * 2**20
_SHOWN = 10


def read_labels(path: Path) -> dict[str, str]:
    """The label of each recording that the file names, sorted by name.

    Raises:
        SourceError: With every line that is no ``name,label`` or names a recording again.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES)
        lines = content.decode("ascii").splitlines()
    except OSError as error:
        raise SourceError(f"{path}: expected a label file, got {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: expected ASCII text, got other bytes") from error
    labels: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, start=1):
        name, _, label = line.strip().partition(",")
        if not _NAME.fullmatch(name) or label not in LABELS:
            known = ", ".join(LABELS)
            problems.append(
                f"{path}:{number}: expected name,label with one of {known}, got {line[:40]!r}"
            )
        elif name in labels:
            problems.append(f"{path}:{number}: expected each name once, got {name} again")
        else:
            labels[name] = label
    if not lines:
        problems.append(f"{path}: expected at least one label, got none")
    if problems:
        raise SourceError(*problems[:_SHOWN])
    return dict(sorted(labels.items()))


def chosen_labels(
    versions: Mapping[str, Mapping[str, str]], version: str, place: str
) -> Mapping[str, str]:
    """The labels of *version*.

    Raises:
        SourceError: If *versions* does not hold it.
    """
    if version not in versions:
        known = ", ".join(sorted(versions)) or "none"
        raise SourceError(f"{place}: expected labels {version}, got {known}")
    return versions[version]
