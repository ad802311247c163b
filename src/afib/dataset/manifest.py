"""The manifest: a small file that says exactly which recordings, labels and splits were used.

It holds digests instead of recordings, so it can be published, registered as the subject of a
verification, and held against anybody's copy of the data.
Equal datasets give equal bytes, whether they came from an archive or from its unpacked folder.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from afib.dataset.atomic import replacing
from afib.dataset.table import SPLITS
from afib.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afib.dataset.table import Dataset
    from afib.settings import Settings
    from afib.sources import Source

__all__ = ["check_against", "manifest", "manifest_digest", "read_manifest", "write_manifest"]

_FORMAT = 1
_COLUMNS = ["name", "label", "split", "fold", "sha256"]
_KINDS: dict[str, type] = {
    "format": int,
    "scope": str,
    "rehearsal": bool,
    "label_version": str,
    "split": dict,
    "files": dict,
    "counts": dict,
    "columns": list,
    "recordings": list,
}
_MAX_BYTES = 256 * 2**20
_SHOWN = 20


def manifest(dataset: Dataset, source: Source, settings: Settings) -> dict[str, Any]:
    """The manifest of *dataset* as plain values, recordings sorted by name."""
    rows = sorted(
        [name, label, split, fold, digest]
        for name, label, split, fold, digest in zip(
            dataset.names.tolist(),
            dataset.labels.tolist(),
            dataset.splits.tolist(),
            dataset.folds.tolist(),
            dataset.digests.tolist(),
            strict=True,
        )
    )
    counts = {split: Counter(row[1] for row in rows if row[2] == split) for split in SPLITS}
    return {
        "format": _FORMAT,
        "scope": dataset.source,
        "rehearsal": dataset.rehearsal,
        "label_version": settings.data.label_version,
        "split": dataclasses.asdict(settings.data.split),
        "files": dict(sorted(source.file_digests().items())),
        "counts": {split: dict(sorted(found.items())) for split, found in counts.items()},
        "columns": _COLUMNS,
        "recordings": rows,
    }


def write_manifest(document: Mapping[str, Any], path: Path) -> None:
    """*path* holds *document* as JSON, one recording a line, at once and completely.

    Raises:
        OSError: If it cannot be written; *path* is then as it was.
    """
    with replacing(path) as file:
        file.write(_content(document))


def manifest_digest(document: Mapping[str, Any]) -> str:
    """The SHA-256, in hexadecimal, of the file that :func:`write_manifest` writes."""
    return hashlib.sha256(_content(document)).hexdigest()


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest that *path* holds.

    Raises:
        ManifestError: If there is no such file, or with what is wrong with it.
    """
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MAX_BYTES))
    except OSError as error:
        raise ManifestError(f"{path}: expected a manifest, got {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: expected JSON, got {error}") from error
    problems = _problems(document)
    if problems:
        raise ManifestError(*(f"{path}: {problem}" for problem in problems[:_SHOWN]))
    checked: dict[str, Any] = document
    return checked


def check_against(dataset: Dataset, document: Mapping[str, Any]) -> list[str]:
    """How *dataset* differs from the manifest *document*; an empty list means not at all.

    Compared are the recordings with their samples, labels, splits and folds, and what source and
    kind of run they are; files are not, since an archive may have been packed anew.
    """
    place = "manifest"
    differences = [
        f"{place}: expected {key} {document[key]!r}, got {found!r}"
        for key, found in (("scope", dataset.source), ("rehearsal", dataset.rehearsal))
        if document[key] != found
    ]
    stated = {row[0]: row for row in document["recordings"]}
    columns = (dataset.labels, dataset.splits, dataset.folds, dataset.digests)
    values = zip(*(column.tolist() for column in columns), strict=True)
    found_rows = {
        name: [name, *row] for name, row in zip(dataset.names.tolist(), values, strict=True)
    }
    for name in sorted(stated.keys() | found_rows.keys()):
        if name not in found_rows:
            differences.append(f"{name}: expected this recording, got none")
        elif name not in stated:
            differences.append(f"{name}: expected no such recording, got one")
        else:
            differences += [
                f"{name}: expected {column} {was}, got {found}"
                for column, was, found in zip(_COLUMNS, stated[name], found_rows[name], strict=True)
                if was != found
            ]
    return differences


def _content(document: Mapping[str, Any]) -> bytes:
    head = {key: value for key, value in document.items() if key != "recordings"}
    lines = [f"  {json.dumps(key)}: {_text(value)},\n" for key, value in head.items()]
    rows = ",\n".join(f"    {_text(row)}" for row in document["recordings"])
    return "".join(["{\n", *lines, '  "recordings": [\n', rows, "\n  ]\n}\n"]).encode()


def _problems(document: object) -> list[str]:
    """What keeps *document* from being a manifest, without its place."""
    if not isinstance(document, dict):
        return ["expected an object, got another value"]
    problems = [f"{key}: expected no such key" for key in document.keys() - _KINDS.keys()]
    problems += [
        f"{key}: expected a value of kind {kind.__name__}, got {type(document.get(key)).__name__}"
        for key, kind in _KINDS.items()
        if type(document.get(key)) is not kind
    ]
    if problems:
        return sorted(problems)
    if document["format"] != _FORMAT:
        return [f"format: expected {_FORMAT}, got {document['format']}"]
    if document["columns"] != _COLUMNS:
        return [f"columns: expected {_COLUMNS}, got {document['columns']}"]
    rows: list[object] = document["recordings"]
    problems = [
        f"recordings[{number}]: expected {', '.join(_COLUMNS)}, got {_text(row)[:80]}"
        for number, row in enumerate(rows)
        if not _is_row(row)
    ]
    names = [row[0] for row in rows if isinstance(row, list) and row]
    if not problems and names != sorted(set(names)):
        problems.append("recordings: expected each name once, sorted, got another order")
    return problems


def _is_row(row: object) -> bool:
    kinds = [str, str, str, int, str]
    return (
        isinstance(row, list)
        and [type(value) for value in row] == kinds
        and row[2] in SPLITS
        and len(row[4]) == 64  # noqa: PLR2004  (hexadecimal digits of SHA-256)
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
