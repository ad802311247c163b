"""The command `vericase status`."""

import argparse
import json
import shlex

from vericase.cli.common import (
    BLOCKED,
    DEFAULT_EVIDENCE,
    DEFAULT_REQUIREMENTS,
    FINE,
    Commands,
    add_command,
    add_evidence,
    traced,
)
from vericase.gate import GateDecision, decide
from vericase.matrix import CriterionRow, RequirementRow, TraceMatrix
from vericase.signoff import deficit

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    status = add_command(commands, "status", _status, "one line a requirement")
    add_evidence(status)
    status.add_argument("--stale", action="store_true", help="only what must be measured again")
    status.add_argument("--format", choices=("text", "json"), default="text")


def _status(parsed: argparse.Namespace) -> int:
    matrix = traced(parsed)
    decision = decide(matrix)
    if parsed.format == "json":
        print(_as_json(matrix, decision))
        return FINE if decision.clear else BLOCKED
    stale = False
    for row in matrix.rows:
        reasons = {s for c in row.criteria for item in c.judged for s in item.stale}
        stale = stale or bool(reasons)
        if parsed.stale and not reasons:
            continue
        requirement = row.requirement
        word = _word(row)
        told = "; ".join(sorted(reasons)) if parsed.stale else requirement.title
        print(f"{requirement.id:<10} {word:<14} {told} ({requirement.source})")
    print(decision.headline)
    if stale:
        print(f"measure again with: {_again(parsed)}")
    if parsed.stale:
        return BLOCKED if stale else FINE
    return FINE if decision.clear else BLOCKED


def _again(parsed: argparse.Namespace) -> str:
    """The command that would refresh what is stale, for the files that were named."""
    command = ["pytest", "--vericase-select=@stale"]
    if parsed.evidence != DEFAULT_EVIDENCE:
        command.append(f"--vericase-evidence={parsed.evidence}")
    if parsed.requirements != DEFAULT_REQUIREMENTS:
        command.append(f"--vericase-requirements={parsed.requirements}")
    return shlex.join(command)


def _word(row: RequirementRow) -> str:
    if not row.applicable:
        return "not applicable"
    if not row.gates:
        return row.requirement.status.value
    return f"{row.verdict.name} waived" if row.waived else row.verdict.name


def _as_json(matrix: TraceMatrix, decision: GateDecision) -> str:
    rows = [
        {
            "requirement": row.requirement.id,
            "status": row.requirement.status.value,
            "applicable": row.applicable,
            "verdict": row.verdict.name,
            "waived": row.waived,
            "reason": row.reason,
            "fingerprint": row.requirement.fingerprint,
            "criteria": [_criterion(item) for item in row.criteria],
        }
        for row in matrix.rows
    ]
    record = {"format": 1, "headline": decision.headline, "requirements": rows}
    return json.dumps(record, indent=1, ensure_ascii=False)


def _criterion(item: CriterionRow) -> dict[str, object]:
    gaps = [deficit(item.criterion, each.judgement) for each in item.judged]
    known = [gap for gap in gaps if gap is not None]
    return {
        "criterion": item.criterion.id,
        "applicable": item.applicable,
        "verdict": item.verdict.name,
        "reason": item.reason,
        "deficit": float(max(known)) if known and len(known) == len(gaps) else None,
        "waiver": None if item.waiver is None else item.waiver.id,
    }
