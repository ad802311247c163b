"""What is to be released, held against what was verified."""

from collections.abc import Sequence
from pathlib import Path

from vericase.errors import InputError
from vericase.evidence import EvidenceLog
from vericase.findings import Finding
from vericase.store import digest_path

__all__ = ["attachment_findings", "given_paths", "subject_findings"]


def subject_findings(log: EvidenceLog, given: Sequence[str]) -> list[Finding]:
    """How what is *given*, as `NAME=PATH`, differs from what *log* is about.

    Raises:
        InputError: If an entry has another form, or a name is given twice.
        EvidenceError: If there is nothing readable at a path.
    """
    paths = given_paths(given)
    known = {subject.name: subject.digest for subject in log.subjects}
    findings = [
        _other(name, f"expected a path, got none; give it with --subject {name}=PATH")
        for name in sorted(set(known) - set(paths))
    ]
    for name, path in sorted(paths.items()):
        if name not in known:
            findings.append(_other(name, "the evidence knows no such subject"))
        elif (digest := digest_path(path)) != known[name]:
            findings.append(
                _other(name, f"expected {known[name]} as in the evidence, got {digest} at {path}")
            )
    return findings


def given_paths(given: Sequence[str]) -> dict[str, Path]:
    """The paths of subjects by their name.

    Raises:
        InputError: If an entry is not `NAME=PATH`, or a name is given twice.
    """
    paths = dict(_split(entry) for entry in given)
    if len(paths) != len(given):
        raise InputError("--subject: expected each name once, got one twice")
    return paths


def attachment_findings(log: EvidenceLog, folder: Path) -> list[Finding]:
    """Attachments of *log* that are not in *folder* as they were when they were sealed."""
    findings = []
    seen: dict[str, bool] = {}
    for record in log.evidence:
        for attachment in record.attachments:
            digest = attachment.sha256
            if digest not in seen:
                path = folder / digest
                seen[digest] = path.is_file() and digest_path(path) == digest
            if not seen[digest]:
                told = f"{attachment.name}: expected it beside the evidence as it was measured"
                where = record.criterion_id
                findings.append(Finding(kind="attachment", where=where, message=told))
    return findings


def _other(name: str, message: str) -> Finding:
    return Finding(kind="other subject", where=name, message=message)


def _split(entry: str) -> tuple[str, Path]:
    name, separator, path = entry.partition("=")
    if not separator or not name or not path:
        raise InputError(f"--subject: expected NAME=PATH, got {entry!r}")
    return name, Path(path)
