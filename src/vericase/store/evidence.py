"""The evidence file: written as a whole, read with what its seal and its journal say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from vericase.chain import chain, chain_findings
from vericase.errors import EvidenceError
from vericase.evidence import EvidenceLog
from vericase.findings import Finding
from vericase.layout import laid_out
from vericase.store.files import write_atomically
from vericase.store.journal import JOURNAL, read_journal
from vericase.store.parsing import parse_json, slip
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

__all__ = ["PREVIOUS", "load_evidence", "save_evidence"]

#: What the last whole run left, while and after another one replaces it.
PREVIOUS = "evidence.previous.json"


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
        raise EvidenceError(f"{path}: expected evidence, got {slip(error)}") from error


def _check_format(path: Path, document: Any) -> None:  # noqa: ANN401  parsed JSON can be anything
    if not isinstance(document, dict):
        raise EvidenceError(f"{path}: expected evidence of format 1, got no JSON object")
    found = document.get("format")
    # True is 1 too, and so is 1.0.
    if type(found) is not int or found != 1:
        raise EvidenceError(f"{path}: expected evidence of format 1, got {found!r:.80}")


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
        "looks": [look_to(look) for look in sorted(log.looks, key=lambda look: look.key)],
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
    looks = {look.key: look for look in log.looks}
    for line in lines:
        case = case_from(line["case"])
        cases[case.case_id] = case
        named = {s.name: s for s in (subject_from(r) for r in line["subjects"])}
        # Which subjects a record depends on is settled at the end; until then, on all of them.
        digests = {name: subject.digest for name, subject in named.items()}
        found = [replace(evidence_from(record), subjects=digests) for record in line["evidence"]]
        records |= {(record.criterion_id, record.case_id): record for record in found}
        subjects |= named
        looks |= {look.key: look for look in (look_from(r) for r in line.get("looks", []))}
    return replace(
        log,
        cases=tuple(cases.values()),
        evidence=tuple(records.values()),
        subjects=tuple(subjects.values()),
        looks=tuple(looks.values()),
    )
