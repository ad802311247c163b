"""The command `vericase gate`: the decision, told and written down."""

import argparse
import json
from pathlib import Path

from vericase.cli.common import (
    BLOCKED,
    FINE,
    Commands,
    add_command,
    add_evidence,
    add_looks,
    annotation,
    traced,
)
from vericase.errors import InputError
from vericase.gate import GateDecision, decide
from vericase.matrix import TraceMatrix
from vericase.report.text import readable
from vericase.requirement import RequirementSet
from vericase.store import digest_bytes, write_atomically

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    gate = add_command(commands, "gate", _gate, "decide whether the subject may be released")
    add_evidence(gate)
    add_looks(gate)
    gate.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="what is to be released, hashed again; one for every subject in the evidence",
    )
    gate.add_argument("--run", metavar="ID", help="accept evidence of this run alone")
    gate.add_argument(
        "--rehearsal", action="store_true", help="exit 0 if a rehearsal shows all that applies"
    )
    gate.add_argument("--format", choices=("text", "json", "github"), default="text")
    gate.add_argument(
        "--out",
        type=Path,
        metavar="JSON",
        help="the decision, removed if there is none; default gate.json by the evidence",
    )


def _gate(parsed: argparse.Namespace) -> int:
    out = parsed.out or parsed.evidence.with_name("gate.json")
    if out.resolve() == parsed.evidence.resolve():
        raise InputError(f"--out: expected another file than the evidence, got {out}")
    _clear(out)
    matrix = traced(parsed, subjects=parsed.subject, run=parsed.run)
    decision = decide(matrix)
    code = FINE if decision.released else BLOCKED
    if parsed.rehearsal and decision.rehearsal and decision.clear:
        code = FINE
    record = _decision_record(parsed, matrix, decision, code)
    write_atomically(out, record.encode())
    print(_shown(parsed.format, matrix.requirements, decision, record))
    return code


def _clear(out: Path) -> None:
    """Remove an earlier decision, which must not outlive a gate that cannot decide."""
    if out.exists():
        content = out.read_bytes() if out.is_file() else b"none"
        if content.strip() and b'"released"' not in content:
            raise InputError(f"--out: expected a new file or a decision to replace, got {out}")
        out.unlink()


def _shown(form: str, requirements: RequirementSet, decision: GateDecision, record: str) -> str:
    if form == "json":
        return record.rstrip()
    lines = [decision.headline]
    sources = {r.id: r.source for r in requirements} | {
        w.id: w.source for w in requirements.waivers
    }
    for blocker in decision.blocking:
        source = sources.get(blocker.where.split(".", 1)[0])
        text = readable(f"{blocker.where}: {blocker.what}, {blocker.message}")
        if form == "github":
            lines.append(annotation("error", source, text))
        else:
            place = f" ({source})" if source else ""
            lines.append("  " + text.replace("\n", "\n    ") + place)
    return "\n".join(lines)


def _decision_record(
    parsed: argparse.Namespace, matrix: TraceMatrix, decision: GateDecision, code: int
) -> str:
    record = {
        "format": 1,
        "exit": code,
        "released": decision.released,
        "rehearsal": decision.rehearsal,
        "headline": decision.headline,
        "passed": decision.passed,
        "in_force": decision.in_force,
        "drafts": decision.drafts,
        "not_applicable": decision.not_applicable,
        "on": str(matrix.on),
        "waived": list(decision.waived),
        "blocking": [
            {"where": b.where, "what": b.what, "message": b.message} for b in decision.blocking
        ],
        "subjects": {subject.name: subject.digest for subject in matrix.log.subjects},
        "requirements_digest": matrix.requirements.digest,
        "evidence_sha256": digest_bytes(parsed.evidence.read_bytes()),
        "run": matrix.log.run.id,
    }
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
