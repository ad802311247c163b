"""A release bundle: everything that a decision rests on, in one file of deterministic bytes.

A bundle is an uncompressed zip of sorted names without times. Its first file is the envelope; the
signed statement lists every other file with its SHA-256, so that none can be changed, dropped or
slipped in.
"""

import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from vericase.errors import EvidenceError
from vericase.evidence import CaseOutcome, Evidence, EvidenceLog
from vericase.findings import Finding
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.requirement import canonical
from vericase.store import digest_bytes, load_evidence, parse_json, slip
from vericase.verdict import JUDGING_RULES, Verdict
from vericase.wire import case_to, evidence_to

__all__ = [
    "ENVELOPE",
    "LOOKS",
    "STATEMENT_TYPE",
    "Place",
    "collect",
    "pack",
    "parse_statement",
    "read_evidence",
    "record_digests",
    "statement",
    "unpack",
]

ENVELOPE = "attestation.dsse.json"
#: The record of openings of held-out data, as far as there was one.
LOOKS = "looks.jsonl"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
_FORMAT = 1
_MOST_BYTES = 1 << 30
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_UNIX = 3
_ZIP = b"PK"


def collect(
    evidence: Path, requirements: Path, code: Mapping[str, str], root: Path
) -> dict[str, bytes]:
    """What goes into a bundle, by name: evidence, attachments, requirements, and code from *root*.

    Raises:
        EvidenceError: If a file cannot be read.
    """
    try:
        files = {"evidence.json": evidence.read_bytes()}
        for path in sorted((evidence.parent / "attachments").glob("*")):
            files[f"attachments/{path.name}"] = path.read_bytes()
        for path in sorted(requirements.glob("*")):
            if path.suffix in {".yaml", ".yml"}:
                files[f"requirements/{path.name}"] = path.read_bytes()
        for name in sorted(code):
            _check_name(name)
            if (root / name).is_file():
                files[f"code/{name}"] = (root / name).read_bytes()
    except OSError as error:
        raise EvidenceError(f"{error.filename}: expected a readable file, got {error}") from error
    return files


def pack(files: Mapping[str, bytes]) -> bytes:
    """The bundle of *files*; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=lambda name: (name != ENVELOPE, name)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr, entry.create_system = _FILE_MODE, _UNIX
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """The files of the bundle at *path*, which is in the one form that `pack` gives.

    Raises:
        EvidenceError: If it is no bundle.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise EvidenceError(f"{path}: expected a bundle, got {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise EvidenceError(f"{path}: expected at most {_MOST_BYTES} bytes, got more")
    try:
        files = _entries(content)
        same = pack(files) == content
    except EvidenceError as error:
        raise EvidenceError([f"{path}: {problem}" for problem in error.problems]) from error
    except Exception as error:  # what zipfile raises on hostile bytes is not one type
        raise EvidenceError(
            f"{path}: expected a bundle, got no whole archive: {error!s:.200}"
        ) from error
    if not same:
        raise EvidenceError(f"{path}: expected the one form of a bundle, got another archive")
    if ENVELOPE not in files:
        raise EvidenceError(f"{path}: expected {ENVELOPE} in the bundle, got none")
    return files


def read_evidence(path: Path) -> tuple[EvidenceLog, tuple[Finding, ...]]:
    """The log in the evidence file or bundle at *path*, and what is wrong with its chain.

    Raises:
        EvidenceError: If it is neither.
    """
    try:
        with path.open("rb") as file:
            is_bundle = file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        raise EvidenceError(f"{path}: expected evidence, got {error.strerror}") from error
    if not is_bundle:
        return load_evidence(path)
    files = unpack(path)
    with tempfile.TemporaryDirectory(prefix="vericase-") as folder:
        evidence = Path(folder) / "evidence.json"
        evidence.write_bytes(files.get(evidence.name, b""))
        return load_evidence(evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a bundle stands among those before it.

    Attributes:
        on: The day of the decision.
        sequence: One more than that of the bundle before.
        previous: The SHA-256 of the bundle before; None for the first.
    """

    on: date
    sequence: int = 1
    previous: str | None = None


def statement(
    matrix: TraceMatrix, decision: GateDecision, files: Mapping[str, bytes], place: Place
) -> bytes:
    """The in-toto test result to be signed.

    Args:
        matrix: What was traced.
        decision: What the gate made of it.
        files: The bundle without its envelope.
        place: Its day and its number.
    """
    gating = [row for row in matrix.rows if row.gates]
    words = {True: "PASSED", False: "FAILED"}
    result = "WARNED" if decision.released and decision.waived else words[decision.released]
    log = matrix.log
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": s.name, "digest": {"sha256": s.digest}}
            for s in sorted(log.subjects, key=lambda s: s.name)
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": result,
            "configuration": [
                {"name": name, "digest": {"sha256": digest_bytes(files[name])}}
                for name in sorted(files)
            ],
            "passedTests": [r.requirement.id for r in gating if r.verdict is Verdict.PASS],
            "warnedTests": [r.requirement.id for r in gating if r.waived],
            "failedTests": [
                r.requirement.id for r in gating if r.verdict is not Verdict.PASS and not r.waived
            ],
            "vericase": {
                "format": _FORMAT,
                "released": decision.released,
                "rehearsal": decision.rehearsal,
                "headline": decision.headline,
                "on": str(place.on),
                "run": log.run.id,
                "judging_rules": JUDGING_RULES,
                "requirements_digest": matrix.requirements.digest,
                "sequence": place.sequence,
                "previous": place.previous,
                "records": record_digests(log),
            },
        },
    }
    return canonical(document).encode()


def record_digests(log: EvidenceLog) -> dict[str, str]:
    """By its name, the SHA-256 of every record and of every ending of a case."""
    named: dict[str, list[dict[str, object]]] = {}
    items: Iterable[Evidence | CaseOutcome] = (*log.cases, *log.evidence)
    for item in items:
        if isinstance(item, CaseOutcome):
            named.setdefault(item.case_id, []).append(case_to(item))
        else:
            named.setdefault(f"{item.criterion_id} {item.case_id}", []).append(evidence_to(item))
    return {name: digest_bytes(canonical(records).encode()) for name, records in named.items()}


def parse_statement(payload: bytes) -> dict[str, Any]:
    """The statement that was signed.

    Raises:
        EvidenceError: If it is no statement of this format.
    """
    try:
        document = parse_json(payload.decode("utf-8"))
        ours = document["predicate"]["vericase"]
        kinds = (document["_type"], document["predicateType"], ours["format"])
        document["subject"] = {s["name"]: s["digest"]["sha256"] for s in document["subject"]}
        listed = document["predicate"]["configuration"]
        document["files"] = {f["name"]: f["digest"]["sha256"] for f in listed}
        date.fromisoformat(ours["on"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"{ENVELOPE}: expected a statement, got {slip(error)}") from error
    numbers = {type(ours["format"]), type(ours["sequence"])}  # a bool is none
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE, _FORMAT) or numbers != {int}:
        raise EvidenceError(f"{ENVELOPE}: expected a test result of format 1, got {kinds!r:.200}")
    found: dict[str, Any] = document
    return found


def _entries(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > _MOST_BYTES:
            raise EvidenceError(f"expected at most {_MOST_BYTES} bytes, got more")
        for entry in entries:
            _check_name(entry.filename)
        return {entry.filename: archive.read(entry) for entry in entries}


def _check_name(name: str) -> None:
    """A name from a bundle is written below a folder: it must stay there."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or str(path) != name:
        raise EvidenceError(f"{name!r}: expected a plain path inside the bundle, got another")
