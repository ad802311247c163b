"""The record of every opening of held-out data: one line each, only ever appended to.

Each line holds the digest of the line before, so that one that was edited or dropped inside of
the record is seen; one that was dropped at its end is seen beside the last signed bundle.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from vericase.environment import now
from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog, Look
from vericase.findings import Finding
from vericase.requirement import RequirementSet
from vericase.store import parse_json
from vericase.wire import text_map, typed

__all__ = ["Opening", "look_at", "look_findings", "read_looks", "record_place"]

_FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One opening as it was written, and the digest of its text."""

    name: str
    data: str
    subject: str
    on: str
    demands: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Held-out data to be opened.

    Attributes:
        name: What is opened, such as `test`.
        data: The digest of the recordings.
        subject: The digest of what is judged by them.
        demands: By requirement, the fingerprint to freeze if nobody opened these data before.
    """

    name: str
    data: str
    subject: str
    demands: Mapping[str, str] = field(default_factory=dict)


def look_at(path: Path, opening: Opening, *, may_open: bool) -> Look | None:
    """The *opening* as it is on record; put there if it is not, and if that may be.

    Args:
        path: The record.
        opening: What is opened.
        may_open: Whether an opening that is not on record may be put there.

    Returns:
        None if it is not on record and may not be put there.

    Raises:
        EvidenceError: If the record cannot be read, or is not as it was written.
    """
    if not may_open:
        return _found(_read(path), opening.data, opening.subject)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # Of two processes that open it at once, the second finds it on record.
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = _read(path)
        found = _found(lines, opening.data, opening.subject)
        if found is None:
            _append(file, _record(lines, opening))
            found = _found(_read(path), opening.data, opening.subject)
    return found


def read_looks(content: bytes, place: str) -> tuple[Look, ...]:
    """All openings that the record holds.

    Args:
        content: The record.
        place: What to call it where it is wrong.

    Raises:
        EvidenceError: If it is no record, or is not as it was written.
    """
    lines = list(_lines(content, place))
    return tuple(
        look for line in lines if (look := _found(lines, line.data, line.subject)) is not None
    )


def record_place(root: Path) -> Path:
    """Where the record lies in the project at *root*, unless somebody says otherwise."""
    return root / "reports" / "looks.jsonl"


def look_findings(requirements: RequirementSet, log: EvidenceLog, path: Path) -> Iterator[Finding]:
    """Openings that *requirements* ask for and that are not on the record at *path* as in *log*.

    Raises:
        EvidenceError: If the record cannot be read, or is not as it was written.
    """
    asked = {requirement.first_look for requirement in requirements if requirement.in_force}
    looks = [look for look in log.looks if look.name in asked]
    if not looks:
        return
    if not path.is_file():
        told = f"expected the record of openings, got nothing at {path}; give it with --looks"
        yield Finding(kind="looks", where=looks[0].name, message=told)
        return
    record = read_looks(path.read_bytes(), str(path))
    for look in looks:
        if look not in record:
            told = f"an opening in the evidence is not on the record at {path} as it stands there"
            yield Finding(kind="looks", where=look.name, message=told)


def _read(path: Path) -> list[_Line]:
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise EvidenceError(f"{path}: expected a record of openings, got {error}") from error
    return list(_lines(content, str(path)))


def _found(lines: list[_Line], data: str, subject: str) -> Look | None:
    openings = [line for line in lines if line.data == data]
    for number, line in enumerate(openings, start=1):
        if line.subject == subject:
            return Look(
                name=line.name,
                data=data,
                subject=subject,
                number=number,
                on=line.on,
                demands=openings[0].demands,
            )
    return None


def _record(lines: list[_Line], opening: Opening) -> dict[str, object]:
    first = not any(line.data == opening.data for line in lines)
    return {
        "format": _FORMAT,
        "number": len(lines) + 1,
        "date": now()[: len("2026-03-31")],
        "name": opening.name,
        "data": opening.data,
        "subject": opening.subject,
        "demands": dict(opening.demands) if first else {},
        "previous": lines[-1].digest if lines else "",
    }


def _append(file: IO[bytes], record: Mapping[str, object]) -> None:
    file.seek(0)
    content = file.read()
    line_break = b"" if content.endswith(b"\n") or not content else b"\n"
    text = json.dumps(record, sort_keys=True, ensure_ascii=False)
    file.write(line_break + text.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _lines(content: bytes, place: str) -> Iterator[_Line]:
    previous = ""
    for number, raw in enumerate(content.splitlines(), start=1):
        try:
            line = _line(parse_json(raw.decode("utf-8")), raw, number, previous)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EvidenceError(
                f"{place}:{number}: expected one opening a line as it was written, got {error}; "
                "put the line back as it was, do not drop it"
            ) from error
        previous = line.digest
        yield line


def _line(record: dict[str, Any], raw: bytes, number: int, previous: str) -> _Line:
    if record["number"] != number:
        raise ValueError(f"number {record['number']}")
    plain = record["format"] == 1  # before lines held the digest of the one before
    if not plain and record["previous"] != previous:
        raise ValueError("a line that does not follow the one before")
    return _Line(
        name=typed(record, "split" if plain else "name", str),
        data=typed(record, "data", str),
        subject=typed(record, "model" if plain else "subject", str),
        on=typed(record, "date", str),
        demands={} if plain else text_map(record, "demands"),
        digest=hashlib.sha256(raw).hexdigest(),
    )
