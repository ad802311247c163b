"""What a path holds, as a subject."""

import os
from pathlib import Path
from typing import Any

from vericase.errors import EvidenceError
from vericase.evidence import Subject
from vericase.report.text import readable
from vericase.store import digest_path, parse_json

__all__ = ["DATA", "read_subject"]

DATA = "data"


def read_subject(name: str, path: Path, root: Path) -> Subject:
    """The subject at *path*, told from *root* if it lies below.

    A subject called `data` is given by its manifest, a JSON object: its `scope` says where
    the data come from, and only `"rehearsal": false` makes it fit for a release.

    Raises:
        EvidenceError: If nothing is there, or a data manifest says no scope.
    """
    digest = digest_path(path)
    place = Path(os.path.abspath(path))  # noqa: PTH100  a link is a place of its own
    below = place.relative_to(root).as_posix() if place.is_relative_to(root) else ""
    if name != DATA:
        return Subject(name=name, version=readable(path.name), digest=digest, path=below)
    manifest = _manifest(path)
    scope = manifest.get("scope")
    if not isinstance(scope, str) or not scope:
        raise EvidenceError(f"{path}: expected a manifest that states its scope, got {scope!r}")
    return Subject(
        name=name,
        version=readable(path.name),
        digest=digest,
        scope=scope,
        rehearsal=manifest.get("rehearsal") is not False,
        path=below,
    )


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path}: expected a data manifest in JSON, got {error}") from error
    if not isinstance(manifest, dict):
        raise EvidenceError(f"{path}: expected a data manifest, got {type(manifest).__name__}")
    return manifest
