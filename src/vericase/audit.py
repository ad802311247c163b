"""Whether a bundle is what was signed, and whether what it holds still says the same.

Signature first, then every file by its digest, then every record by its digest, then the digest
chain; in the end the evidence is judged again, and the decision compared with the signed one.
A truthfully signed failure is genuine and still no release.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vericase.bundle import ENVELOPE, LOOKS, parse_statement, record_digests, unpack
from vericase.envelope import SignatureError, open_envelope
from vericase.errors import InputError
from vericase.evidence import EvidenceLog
from vericase.findings import Finding
from vericase.gate import GateDecision, decide
from vericase.looks import read_looks
from vericase.matrix import trace
from vericase.presence import present
from vericase.schema import load_requirements
from vericase.store import digest_bytes, load_evidence
from vericase.subjects import attachment_findings, subject_findings
from vericase.verdict import JUDGING_RULES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["Audit", "Expected", "audit_bundle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the auditor knows from elsewhere.

    Attributes:
        subjects: What is to be released, as `NAME=PATH`.
        run: The run that was asked for; any if None.
        previous: The bundle that was accepted last; not compared if None.
        on: Judge as of this day; the signed one if None.
    """

    subjects: Sequence[str] = ()
    run: str | None = None
    previous: Path | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found.

    Attributes:
        findings: Everything that does not fit; empty for a genuine bundle.
        decision: What the gate makes of the content now; None if it could not be read.
        signed: The statement that was signed; None if the signature does not hold.
        unheld: Subjects that were held against no file.
    """

    findings: tuple[Finding, ...]
    decision: GateDecision | None = None
    signed: Mapping[str, Any] | None = None
    unheld: tuple[str, ...] = ()

    @property
    def genuine(self) -> bool:
        """Whether it is what the owner of the key signed, and still judged the same."""
        return not self.findings and self.signed is not None and self.decision is not None

    @property
    def released(self) -> bool:
        """Whether it is genuine and a release."""
        decision = self.decision
        return self.genuine and decision is not None and decision.released


def audit_bundle(path: Path, key: "Ed25519PublicKey", expected: Expected) -> Audit:
    """Hold the bundle at *path* against *key* and against what is *expected* of it.

    Raises:
        InputError: If a subject or the previous bundle cannot be read; what is wrong with the
            bundle itself is a finding.
    """
    try:
        files = unpack(path)
    except InputError as error:
        return Audit(findings=tuple(_finding("bundle", path.name, p) for p in error.problems))
    try:
        signed = parse_statement(open_envelope(files[ENVELOPE], key))
    except SignatureError as error:
        return Audit(findings=(_finding("signature", ENVELOPE, str(error)),))
    except InputError as error:
        return Audit(findings=tuple(_finding("signature", ENVELOPE, p) for p in error.problems))
    findings = [*_file_findings(files, signed["files"])]
    findings += _expected_findings(path, key, signed, files, expected)
    with tempfile.TemporaryDirectory(prefix="vericase-audit-") as folder:
        return _judged(Path(folder), files, signed, findings, expected)


def _judged(
    folder: Path,
    files: Mapping[str, bytes],
    signed: Mapping[str, Any],
    findings: list[Finding],
    expected: Expected,
) -> Audit:
    ours = signed["predicate"]["vericase"]
    known = sorted(signed["subject"])
    unheld = tuple(name for name in known if not _given(name, expected.subjects))
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for name in ("requirements", "code"):
        (folder / name).mkdir(exist_ok=True)
    try:
        requirements = load_requirements(folder / "requirements", named=Path("requirements"))
        log, chain = load_evidence(folder / "evidence.json")
        looks = read_looks(files.get(LOOKS, b""), LOOKS)
        now = present(log, folder / "code", given=expected.subjects)
    except InputError as error:
        problems = [text.replace(f"{folder}/", "") for text in error.problems]
        findings += [_finding("content", "bundle", text) for text in problems]
        return Audit(findings=tuple(findings), signed=signed, unheld=unheld)
    findings += chain
    findings += attachment_findings(log, folder / "attachments")
    findings += _record_findings(record_digests(log), ours["records"])
    findings += _subject_mismatches(log, signed["subject"])
    findings += (
        _finding("looks", look.name, "an opening in the evidence is not on the record")
        for look in log.looks
        if look not in looks
    )
    # What is held against no file is named as such; the rest has to match.
    held = replace(log, subjects=tuple(s for s in log.subjects if s.name not in unheld))
    findings += subject_findings(held, expected.subjects)
    on = expected.on or date.fromisoformat(ours["on"])
    matrix = trace(requirements, log, findings=findings, present=now, on=on)
    decision = decide(matrix)
    findings += _verdict_findings(signed, decision, requirements.digest, expected)
    return Audit(findings=tuple(findings), decision=decision, signed=signed, unheld=unheld)


def _file_findings(files: Mapping[str, bytes], signed: Mapping[str, str]) -> Iterator[Finding]:
    found = {name: digest_bytes(content) for name, content in files.items() if name != ENVELOPE}
    for name in sorted(set(found) | set(signed)):
        if name not in found:
            yield _finding("tampered", name, "it was signed, and is not in the bundle")
        elif name not in signed:
            yield _finding("tampered", name, "it is in the bundle, and was not signed")
        elif found[name] != signed[name]:
            yield _finding("tampered", name, "it is not what was signed")


def _record_findings(found: Mapping[str, str], signed: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(set(found) | set(signed)):
        if name not in found:
            yield _finding("tampered", name, "this record was signed, and is gone")
        elif name not in signed:
            yield _finding("tampered", name, "this record was not signed")
        elif found[name] != signed[name]:
            yield _finding("tampered", name, "this record is not what was signed")


def _subject_mismatches(log: EvidenceLog, signed: Mapping[str, str]) -> Iterator[Finding]:
    found = {subject.name: subject.digest for subject in log.subjects}
    for name in sorted(set(found) | set(signed)):
        if found.get(name) != signed.get(name):
            yield _finding(
                "tampered",
                name,
                f"signed for {signed.get(name)}, the evidence is on {found.get(name)}",
            )


def _expected_findings(
    path: Path,
    key: "Ed25519PublicKey",
    signed: Mapping[str, Any],
    files: Mapping[str, bytes],
    expected: Expected,
) -> Iterator[Finding]:
    ours = signed["predicate"]["vericase"]
    if expected.run is not None and ours["run"] != expected.run:
        yield _finding("run", ours["run"], f"expected the run {expected.run}")
    if expected.previous is None:
        return
    earlier = unpack(expected.previous)
    try:
        before = parse_statement(open_envelope(earlier[ENVELOPE], key))
    except SignatureError as error:
        raise InputError(f"{expected.previous}: {error}") from error
    wanted = digest_bytes(expected.previous.read_bytes())
    if ours["sequence"] <= before["predicate"]["vericase"]["sequence"]:
        yield _finding(
            "rollback",
            path.name,
            f"its number is {ours['sequence']}, and the bundle before it has "
            f"{before['predicate']['vericase']['sequence']}",
        )
    elif ours["previous"] != wanted:
        yield _finding(
            "rollback", path.name, f"it follows {ours['previous']}, and the one before is {wanted}"
        )
    if not files.get(LOOKS, b"").startswith(earlier.get(LOOKS, b"")):
        told = "openings that were on the record of the bundle before are not on this one"
        yield _finding("looks", LOOKS, told)


def _verdict_findings(
    signed: Mapping[str, Any], decision: GateDecision, digest: str, expected: Expected
) -> Iterator[Finding]:
    ours = signed["predicate"]["vericase"]
    if ours["judging_rules"] != JUDGING_RULES:
        told = f"expected rules {JUDGING_RULES}, got a decision under {ours['judging_rules']!r:.20}"
        yield _finding("rules", "statement", told)
    if ours["requirements_digest"] != digest:
        yield _finding("tampered", "requirements", "they are not those of the signed decision")
    if ours["released"] is not decision.released and expected.on is None:
        words = {True: "a release", False: "no release"}
        yield _finding(
            "contradiction",
            "decision",
            f"signed as {words.get(ours['released'], 'neither')}, "
            f"judged again as {words[decision.released]}",
        )


def _given(name: str, subjects: Sequence[str]) -> bool:
    return any(entry.partition("=")[0] == name for entry in subjects)


def _finding(kind: str, where: str, message: str) -> Finding:
    return Finding(kind=kind, where=where, message=message)
