"""What the commands share: exit codes, common options, and the matrix they ask for."""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from vericase.errors import InputError
from vericase.requirement import Source
from vericase.schema import load_requirements

if TYPE_CHECKING:
    from vericase.evidence import EvidenceLog
    from vericase.findings import Finding
    from vericase.matrix import TraceMatrix

__all__ = [
    "BAD_INPUT",
    "BLOCKED",
    "BUG",
    "DEFAULT_EVIDENCE",
    "DEFAULT_REQUIREMENTS",
    "FINE",
    "Commands",
    "add_command",
    "add_evidence",
    "add_looks",
    "annotation",
    "day",
    "other_run",
    "traced",
]

FINE, BLOCKED, BAD_INPUT, BUG = 0, 1, 2, 3
DEFAULT_EVIDENCE = Path("reports/evidence.json")
DEFAULT_REQUIREMENTS = Path("requirements")

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  its one name


def add_command(
    commands: Commands,
    name: str,
    handler: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    """A command called *name*, which *handler* runs; it has the option that all have."""
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument(
        "--requirements",
        type=Path,
        default=DEFAULT_REQUIREMENTS,
        metavar="DIR",
        help="folder of requirement files",
    )
    command.set_defaults(handler=handler)
    return command


def annotation(level: str, source: Source | None, text: str) -> str:
    """A workflow command of GitHub: *text* beside the line of *source*; *level* is error or so."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    if source is None:
        return f"::{level}::{escaped}"
    file = source.file.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} file={file},line={source.line}::{escaped}"


def add_evidence(command: argparse.ArgumentParser) -> None:
    """The options of a command that reads evidence."""
    command.add_argument(
        "--evidence", type=Path, default=DEFAULT_EVIDENCE, metavar="F", help="the evidence file"
    )
    command.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="where case ids start: the code there has to be what measured; "
        "default the folder with the requirements in it",
    )
    command.add_argument(
        "--on",
        type=day,
        metavar="DATE",
        help="judge waivers and inspections as of this day, such as 2026-03-31; default today, UTC",
    )


def add_looks(command: argparse.ArgumentParser) -> None:
    """The option of a command that holds openings against their record."""
    command.add_argument(
        "--looks",
        type=Path,
        metavar="F",
        help="record of openings of held-out data; default reports/looks.jsonl of the project",
    )


def traced(
    parsed: argparse.Namespace, *, subjects: Sequence[str] | None = None, run: str | None = None
) -> "TraceMatrix":
    """What the evidence that is named shows of the requirements that are named.

    Args:
        parsed: With `requirements`, `evidence`, `root` and `on`; with `looks`, openings are held
            against their record.
        subjects: What is to be released, as `NAME=PATH`; not compared if None.
        run: The run whose evidence is wanted; any if None.

    Raises:
        InputError: If requirements, evidence, code or a subject cannot be read.
    """
    # Half of the start of a command, and those that read no evidence need none of it.
    from vericase.code import code_root  # noqa: PLC0415  see above
    from vericase.looks import look_findings, record_place  # noqa: PLC0415  see above
    from vericase.matrix import trace  # noqa: PLC0415  see above
    from vericase.presence import present  # noqa: PLC0415  see above
    from vericase.store import load_evidence  # noqa: PLC0415  see above
    from vericase.subjects import attachment_findings, subject_findings  # noqa: PLC0415  see above

    requirements = load_requirements(parsed.requirements)
    log, findings = load_evidence(parsed.evidence)
    found = list(findings)
    found += other_run(log, run)
    if subjects is not None:
        found += subject_findings(log, subjects)
    found += attachment_findings(log, parsed.evidence.parent / "attachments")
    root = parsed.root or code_root(log, parsed.requirements)
    if "looks" in parsed:
        found += look_findings(requirements, log, parsed.looks or record_place(root))
    now = present(log, root, root=root, given=subjects or ())
    on = parsed.on or datetime.now(UTC).date()
    found += _before_its_end(log, on)
    return trace(requirements, log, findings=found, present=now, on=on)


def _before_its_end(log: "EvidenceLog", on: date) -> "list[Finding]":
    """That the evidence is judged as of a day before its run ended, if it is."""
    from vericase.findings import Finding  # noqa: PLC0415  see `traced`

    if not log.run.ended or str(on) >= log.run.ended[: len(str(on))]:
        return []
    message = f"it ended on {log.run.ended}, and is judged as of {on}, before it"
    return [Finding(kind="date", where=f"run {log.run.id}", message=message)]


def other_run(log: "EvidenceLog", run: str | None) -> "list[Finding]":
    """A finding if *run* is wanted, and *log* is not all of it."""
    from vericase.findings import Finding  # noqa: PLC0415  as above

    if run is None or (run == log.run.id and not log.run.partial):
        return []
    told = f"expected the run {run}"
    if run == log.run.id:
        told = "expected all of it from this run, got a partial one that keeps earlier evidence"
    return [Finding(kind="run", where=f"run {log.run.id}", message=told)]


def day(text: str) -> date:
    """The date that *text* is.

    Raises:
        InputError: If it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--on: expected a date such as 2026-03-31, got {text!r}") from None
