"""Evidence on disk: one JSON file, a journal, attachments, and digests over bytes.

A file is replaced as a whole or not at all; a journal line counts once it is fsynced.
"""

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from vericase.chain import chain, chain_findings
from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog
from vericase.findings import Finding
from vericase.layout import laid_out
from vericase.requirement import canonical
from vericase.wire import (
    case_from,
    case_to,
    evidence_from,
    evidence_to,
    look_from,
    look_to,
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
    "Journal",
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


class Journal:
    """The journal in the file *path*, which is opened for its first line and stays open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def append(self, record: Mapping[str, object]) -> None:
        """*record* is on disk as the last line."""
        line = canonical(record).encode() + b"\n"
        # A file that somebody took away would swallow it.
        if self._file is not None and not os.fstat(self._file.fileno()).st_nlink:
            self.close()
        try:
            file = self._file = self._file or self._opened()
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            # Half a line may be there: who opens it anew begins another one.
            self.close()
            raise

    def close(self) -> None:
        """The file is closed."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _opened(self) -> IO[bytes]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        file = self._path.open("a+b")
        file.write(_line_break(file))
        if is_new:
            _sync_folder(self._path.parent)
        return file


def append_line(path: Path, record: Mapping[str, object]) -> None:
    """*record* is on disk as the last line of the journal *path*."""
    journal = Journal(path)
    try:
        journal.append(record)
    finally:
        journal.close()


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
        findings = tuple(chain_findings(document))
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
    document = {
        **head,
        "cases": cases,
        "evidence": records,
        "chain": chain({**head, "finished": log.run.finished}, [*cases, *records]),
        "run": run_to(log.run),
    }
    return laid_out(document) + "\n"


def _head(log: EvidenceLog) -> dict[str, object]:
    return {
        "format": log.format,
        "judging_rules": log.judging_rules,
        "requirements_digest": log.requirements_digest,
        "subjects": [subject_to(s) for s in sorted(log.subjects, key=lambda s: (s.name, s.digest))],
        "environment": dict(log.environment),
        "statuses": dict(log.statuses),
        "code": {"trees": list(log.code_trees), "files": dict(log.code)},
        "lock": {file: dict(pins) for file, pins in log.lock.items()},
        "demands": {mark: dict(meaning) for mark, meaning in log.demands.items()},
        "looks": [look_to(look) for look in sorted(log.looks, key=lambda look: look.name)],
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
        # Evidence of earlier versions of the tool has none of these.
        lock=_nested(document, "lock"),
        demands=_nested(document, "demands"),
        looks=tuple(look_from(record) for record in document.get("looks", [])),
        format=typed(document, "format", int),
        judging_rules=typed(document, "judging_rules", int),
    )


def _nested(document: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    return {name: typed(document[key], name, dict) for name in document.get(key, {})}


def _with_journal(log: EvidenceLog, path: Path) -> EvidenceLog:
    if log.run.finished:
        return log
    lines = [r for r in read_journal(path.with_name(JOURNAL)) if r.get("run") == log.run.id]
    cases = {case.case_id: case for case in log.cases}
    records = {(record.criterion_id, record.case_id): record for record in log.evidence}
    subjects = {subject.name: subject for subject in log.subjects}
    looks = {look.name: look for look in log.looks}
    for line in lines:
        case = case_from(line["case"])
        cases[case.case_id] = case
        named = {s.name: s for s in (subject_from(r) for r in line["subjects"])}
        # Which subjects a record depends on is settled at the end; until then, on all of them.
        digests = {name: subject.digest for name, subject in named.items()}
        found = [replace(evidence_from(record), subjects=digests) for record in line["evidence"]]
        records |= {(record.criterion_id, record.case_id): record for record in found}
        subjects |= named
        looks |= {look.name: look for look in (look_from(r) for r in line.get("looks", []))}
    return replace(
        log,
        cases=tuple(cases.values()),
        evidence=tuple(records.values()),
        subjects=tuple(subjects.values()),
        looks=tuple(looks.values()),
    )


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
