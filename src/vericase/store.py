"""Evidence on disk: one JSON file, a journal, attachments, and digests over bytes.

A file is replaced as a whole or not at all; a journal line counts once it is fsynced. The
digest chain runs over whether the run ended and everything outside the `run` block, record by
record, so that an edited, dropped or reordered record is named. Without a key it shows
accidents, not a forger.
"""

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog
from vericase.findings import Finding
from vericase.requirement import canonical
from vericase.wire import (
    case_from,
    case_to,
    evidence_from,
    evidence_to,
    run_from,
    run_to,
    subject_from,
    subject_to,
    text_map,
    texts,
    typed,
)

__all__ = [
    "JOURNAL",
    "PREVIOUS",
    "append_line",
    "digest_bytes",
    "digest_path",
    "load_evidence",
    "parse_json",
    "read_journal",
    "save_evidence",
    "write_atomically",
]

JOURNAL = "journal.jsonl"
#: What the last whole run left, while and after another one replaces it.
PREVIOUS = "evidence.previous.json"
_CHUNK = 1 << 20
#: What the chain seals before the first record.
_HEAD = (
    *("format", "judging_rules", "requirements_digest", "subjects", "environment"),
    *("statuses", "code"),
)
#: Beside a model, and written after it: what was decided is no part of what was verified.
_NOT_CONTENT = frozenset({"release.json"})


def digest_bytes(content: bytes) -> str:
    """The SHA-256 of *content*, as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def digest_path(path: Path) -> str:
    """The SHA-256 of a file, or of a folder's sorted `relative-path NUL sha256` lines.

    A file called `.zip` that is an archive has the digest of the folder it unpacks to.

    Raises:
        EvidenceError: If there is nothing at *path*, it cannot be read, or what it holds is told
            twice or elsewhere (a name in an archive, a linked folder).
    """
    try:
        if path.is_dir():
            links = [file for file in path.rglob("*") if file.is_dir() and file.is_symlink()]
            if links:
                raise EvidenceError(f"{links[0]}: expected a folder of its own, got a link to one")
            files = sorted(file for file in path.rglob("*") if file.is_file())
            return _digest_listing((f.relative_to(path).as_posix(), _digest_file(f)) for f in files)
        if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if len(set(names)) < len(names):
                    raise EvidenceError(f"{path}: expected each name once, got one twice")
                return _digest_listing((name, digest_bytes(archive.read(name))) for name in names)
        return _digest_file(path)
    # A damaged archive also raises EOFError or zlib.error, an encrypted one RuntimeError.
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise EvidenceError(f"{path}: expected a readable file or folder, got {error}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """*path* holds *content*, or, after a crash, what it held before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def append_line(path: Path, record: Mapping[str, object]) -> None:
    """*record* is on disk as the last line of the journal *path*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a+b") as file:
        file.write(_line_break(file) + canonical(record).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync_folder(path.parent)


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; a last line that was cut short was never acknowledged."""
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            record = parse_json(line.decode("utf-8"))
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def save_evidence(path: Path, log: EvidenceLog) -> None:
    """The file *path* holds *log*; the same log gives the same bytes."""
    write_atomically(path, _document(log).encode())


def load_evidence(path: Path) -> tuple[EvidenceLog, tuple[Finding, ...]]:
    """The log in the file *path*, and what is wrong with its chain.

    Of a run that did not end, the journal beside the file gives what was acknowledged.

    Raises:
        EvidenceError: If the file is missing, or is no evidence of a format known here.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError(
            f"{path}: expected evidence, got {error}; run the verification cases first"
        ) from error
    try:
        document = parse_json(text)
        _check_format(path, document)
        findings = tuple(_chain_findings(document))
        return _with_journal(_log(document), path), findings
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"{path}: expected evidence, got {error!r}") from error


def _line_break(journal: IO[bytes]) -> bytes:
    # A run that died while it wrote left half a line; it must not swallow the next one.
    size = journal.seek(0, os.SEEK_END)
    if size == 0:
        return b""
    journal.seek(size - 1)
    return b"" if journal.read(1) == b"\n" else b"\n"


def _check_format(path: Path, document: Any) -> None:  # noqa: ANN401  parsed JSON can be anything
    if not isinstance(document, dict) or document.get("format") != 1:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise EvidenceError(f"{path}: expected evidence of format 1, got {found!r}")


def _document(log: EvidenceLog) -> str:
    head = _head(log)
    cases = [case_to(case) for case in sorted(log.cases, key=lambda case: case.case_id)]
    records = [
        evidence_to(record)
        for record in sorted(log.evidence, key=lambda e: (e.criterion_id, e.case_id))
    ]
    chain = _chain({**head, "finished": log.run.finished}, [*cases, *records])
    document = {
        **head,
        "cases": cases,
        "evidence": records,
        "chain": chain,
        "run": run_to(log.run),
    }
    return (
        json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def _head(log: EvidenceLog) -> dict[str, object]:
    return {
        "format": log.format,
        "judging_rules": log.judging_rules,
        "requirements_digest": log.requirements_digest,
        "subjects": [subject_to(s) for s in sorted(log.subjects, key=lambda s: (s.name, s.digest))],
        "environment": dict(log.environment),
        "statuses": dict(log.statuses),
        "code": {"trees": list(log.code_trees), "files": dict(log.code)},
    }


def _log(document: dict[str, Any]) -> EvidenceLog:
    return EvidenceLog(
        run=run_from(document["run"]),
        subjects=tuple(subject_from(record) for record in document["subjects"]),
        environment=typed(document, "environment", dict),
        cases=tuple(case_from(record) for record in document["cases"]),
        evidence=tuple(evidence_from(record) for record in document["evidence"]),
        requirements_digest=typed(document, "requirements_digest", str),
        statuses=text_map(document, "statuses"),
        code_trees=texts(typed(document, "code", dict), "trees"),
        code=text_map(document["code"], "files"),
        format=typed(document, "format", int),
        judging_rules=typed(document, "judging_rules", int),
    )


def _with_journal(log: EvidenceLog, path: Path) -> EvidenceLog:
    if log.run.finished:
        return log
    lines = [r for r in read_journal(path.with_name(JOURNAL)) if r.get("run") == log.run.id]
    cases = {case.case_id: case for case in log.cases}
    records = {(record.criterion_id, record.case_id): record for record in log.evidence}
    subjects = {subject.name: subject for subject in log.subjects}
    for line in lines:
        case = case_from(line["case"])
        cases[case.case_id] = case
        named = {s.name: s for s in (subject_from(r) for r in line["subjects"])}
        # Which subjects a record depends on is settled at the end; until then, on all of them.
        digests = {name: subject.digest for name, subject in named.items()}
        found = [replace(evidence_from(record), subjects=digests) for record in line["evidence"]]
        records |= {(record.criterion_id, record.case_id): record for record in found}
        subjects |= named
    return replace(
        log,
        cases=tuple(cases.values()),
        evidence=tuple(records.values()),
        subjects=tuple(subjects.values()),
    )


def _chain(head: Mapping[str, object], records: Iterable[Mapping[str, object]]) -> list[str]:
    links = [digest_bytes(canonical(head).encode())]
    for record in records:
        links.append(digest_bytes(f"{links[-1]}\n{canonical(record)}".encode()))
    return links


def _chain_findings(document: dict[str, Any]) -> Iterator[Finding]:
    head = {key: document[key] for key in _HEAD} | {"finished": document["run"]["finished"]}
    records = [*document["cases"], *document["evidence"]]
    expected, found = _chain(head, records), document["chain"]
    if len(expected) != len(found):
        yield Finding(
            kind="tampered",
            where="chain",
            message=f"expected {max(len(found) - 1, 0)} records as sealed, got {len(records)}",
        )
    for position, (want, have) in enumerate(zip(expected, found, strict=False)):
        if want != have:
            record = records[position - 1] if position else {}
            name = record.get("criterion_id") or record.get("case_id") or "head"
            yield Finding(
                kind="tampered",
                where=str(name),
                message="it is not what was sealed here"
                + ("" if position else f": {', '.join(_HEAD)} or ending"),
            )
            return


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


def _digest_listing(entries: Iterable[tuple[str, str]]) -> str:
    lines = sorted(f"{name}\0{digest}" for name, digest in entries if name not in _NOT_CONTENT)
    return digest_bytes("".join(f"{line}\n" for line in lines).encode())


def _digest_file(path: Path) -> str:
    content = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            content.update(chunk)
    return content.hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
