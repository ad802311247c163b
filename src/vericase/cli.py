"""The command `vericase`: check, report, gate, status and schema.

Exit codes: 0 fine or released, 1 findings or blocked, 2 bad input, 3 our bug.
"""

import argparse
import io
import json
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from vericase.code import code_changes, code_root
from vericase.errors import InputError
from vericase.findings import Finding
from vericase.gate import GateDecision, decide
from vericase.matrix import TraceMatrix, trace
from vericase.report.text import readable
from vericase.requirement import RequirementSet
from vericase.schema import json_schemas, load_requirements
from vericase.store import digest_bytes, load_evidence, write_atomically
from vericase.subjects import subject_findings

__all__ = ["entry", "main"]

FINE, BLOCKED, BAD_INPUT, BUG = 0, 1, 2, 3
_MOST_PROBLEMS = 50
_EVIDENCE = "reports/evidence.json"


def entry() -> None:
    """Run the command and leave with its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character still gets the sentence.
        sys.stdout.reconfigure(errors="backslashreplace")
    told = io.StringIO()
    try:
        with redirect_stdout(told):
            code = main(sys.argv[1:])
    finally:
        _deliver(told.getvalue())
    sys.exit(code)


def _deliver(text: str) -> None:
    """Print *text*; a reader of the pipe who has gone changes no exit code."""
    try:
        print(text, end="", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str]) -> int:
    """Run the command with *arguments*; its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.handler(parsed)
    except InputError as error:
        for problem in error.problems[:_MOST_PROBLEMS]:
            print(problem, file=sys.stderr)
        if len(error.problems) > _MOST_PROBLEMS:
            print(f"and {len(error.problems) - _MOST_PROBLEMS} more", file=sys.stderr)
        return BAD_INPUT
    except OSError as error:
        # Of a failed replacement the second name is the one that was asked for.
        place = error.filename2 or error.filename or "vericase"
        print(f"{place}: expected to read or write it, got {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    except Exception as error:  # noqa: BLE001  the last door: a user gets a sentence
        if os.environ.get("VERICASE_DEBUG"):
            traceback.print_exc()
        print(
            f"vericase: internal error: {error!r}; please report it "
            "(VERICASE_DEBUG=1 shows where it happened)",
            file=sys.stderr,
        )
        return BUG
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vericase",
        description="Requirements-driven verification: what is demanded, what is shown, and "
        "whether it may be released.",
        epilog="Exit codes: 0 fine or released, 1 findings or blocked, 2 bad input, 3 our bug.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = _command(commands, "check", _check, "read every requirement file; never writes")
    check.add_argument("folder", nargs="?", type=Path, help="the folder; default requirements")
    report = _command(commands, "report", _report, "write the traceability report")
    _add_evidence(report)
    report.add_argument("--out", type=Path, required=True, metavar="HTML", help="where to")
    gate = _command(commands, "gate", _gate, "decide whether the subject may be released")
    _add_evidence(gate)
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
        "--out", type=Path, metavar="JSON", help="the decision; default gate.json by the evidence"
    )
    status = _command(commands, "status", _status, "one line a requirement")
    _add_evidence(status)
    status.add_argument("--stale", action="store_true", help="only what must be measured again")
    schema = _command(commands, "schema", _schema, "print the JSON Schemas of requirement files")
    schema.add_argument("kind", nargs="?", choices=sorted(json_schemas()))
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    handler: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument(
        "--requirements",
        type=Path,
        default=Path("requirements"),
        metavar="DIR",
        help="folder of requirement files",
    )
    command.set_defaults(handler=handler)
    return command


def _add_evidence(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--evidence", type=Path, default=Path(_EVIDENCE), metavar="F", help="the evidence file"
    )
    command.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="where case ids start: the code there has to be what measured; "
        "default the folder with the requirements in it",
    )


def _check(parsed: argparse.Namespace) -> int:
    requirements = load_requirements(parsed.folder or parsed.requirements)
    states = Counter(requirement.status.value for requirement in requirements)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    hazards = {h for r in requirements if r.in_force for h in r.hazards}
    open_hazards = [hazard for hazard in requirements.hazards if hazard.id not in hazards]
    for hazard in open_hazards:
        print(f"{hazard.source}: {hazard.id}: expected an approved requirement, got none")
    print(
        f"{len(requirements.requirements)} requirements ({told}), "
        f"{len(requirements.criteria())} criteria, {len(requirements.hazards)} hazards: "
        + (f"{len(open_hazards)} findings" if open_hazards else "no problem")
    )
    return BLOCKED if open_hazards else FINE


def _report(parsed: argparse.Namespace) -> int:
    from vericase.report import write_report  # noqa: PLC0415  jinja2 is needed here alone

    if parsed.out.resolve() == parsed.evidence.resolve():
        raise InputError(f"--out: expected another file than the evidence, got {parsed.out}")
    matrix = _traced(parsed)
    write_report(parsed.out, matrix, decide(matrix), parsed.evidence.parent / "attachments")
    print(f"report: {parsed.out}")
    return FINE


def _gate(parsed: argparse.Namespace) -> int:
    out = parsed.out or parsed.evidence.with_name("gate.json")
    if out.resolve() == parsed.evidence.resolve():
        raise InputError(f"--out: expected another file than the evidence, got {out}")
    # An earlier decision must not outlive a gate that cannot decide.
    if out.name == "gate.json":
        out.unlink(missing_ok=True)
    matrix = _traced(parsed, subjects=parsed.subject, run=parsed.run)
    decision = decide(matrix)
    code = FINE if decision.released else BLOCKED
    if parsed.rehearsal and decision.rehearsal and decision.clear:
        code = FINE
    record = _decision_record(parsed, matrix, decision, code)
    write_atomically(out, record.encode())
    print(_shown(parsed.format, matrix.requirements, decision, record))
    return code


def _shown(form: str, requirements: RequirementSet, decision: GateDecision, record: str) -> str:
    if form == "json":
        return record.rstrip()
    lines = [decision.headline]
    sources = {r.id: r.source for r in requirements}
    for blocker in decision.blocking:
        source = sources.get(blocker.where.split(".", 1)[0])
        text = readable(f"{blocker.where}: {blocker.what}, {blocker.message}")
        if form == "github":
            place = f" file={source.file},line={source.line}" if source else ""
            lines.append(f"::error{place}::" + text.replace("%", "%25").replace("\n", "%0A"))
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
        "blocking": [
            {"where": b.where, "what": b.what, "message": b.message} for b in decision.blocking
        ],
        "subjects": {subject.name: subject.digest for subject in matrix.log.subjects},
        "requirements_digest": matrix.requirements.digest,
        "evidence_sha256": digest_bytes(parsed.evidence.read_bytes()),
        "run": matrix.log.run.id,
    }
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _status(parsed: argparse.Namespace) -> int:
    matrix = _traced(parsed)
    stale = False
    for row in matrix.rows:
        reasons = {s for c in row.criteria for item in c.judged for s in item.stale}
        stale = stale or bool(reasons)
        if parsed.stale and not reasons:
            continue
        requirement = row.requirement
        word = row.verdict.name if row.gates else requirement.status.value
        word = word if row.applicable else "not applicable"
        told = "; ".join(sorted(reasons)) if parsed.stale else requirement.title
        print(f"{requirement.id:<10} {word:<14} {told} ({requirement.source})")
    decision = decide(matrix)
    print(decision.headline)
    if stale:
        print("measure again with: pytest --vericase-select=@stale")
    if parsed.stale:
        return BLOCKED if stale else FINE
    return FINE if decision.clear else BLOCKED


def _schema(parsed: argparse.Namespace) -> int:
    schemas = json_schemas()
    chosen = schemas[parsed.kind] if parsed.kind else schemas
    print(json.dumps(chosen, indent=2))
    return FINE


def _traced(
    parsed: argparse.Namespace, *, subjects: Sequence[str] | None = None, run: str | None = None
) -> TraceMatrix:
    requirements = load_requirements(parsed.requirements)
    log, findings = load_evidence(parsed.evidence)
    found = list(findings)
    if run is not None and run != log.run.id:
        found.append(
            Finding(kind="run", where=f"run {log.run.id}", message=f"expected the run {run}")
        )
    if subjects is not None:
        found += subject_findings(log, subjects)
    root = parsed.root or code_root(log, parsed.requirements)
    return trace(requirements, log, findings=found, changed=code_changes(log, root))
