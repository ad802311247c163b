"""The command `vericase report`."""

import argparse
from pathlib import Path

from vericase.cli.common import FINE, Commands, add_command, add_evidence, traced
from vericase.errors import InputError
from vericase.gate import decide

__all__ = ["add_to"]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    report = add_command(commands, "report", _report, "write the traceability report")
    add_evidence(report)
    report.add_argument("--out", type=Path, required=True, metavar="HTML", help="where to")


def _report(parsed: argparse.Namespace) -> int:
    from vericase.report import write_report  # noqa: PLC0415  jinja2 is needed here alone

    if parsed.out.resolve() == parsed.evidence.resolve():
        raise InputError(f"--out: expected another file than the evidence, got {parsed.out}")
    matrix = traced(parsed)
    write_report(parsed.out, matrix, decide(matrix), parsed.evidence.parent / "attachments")
    print(f"report: {parsed.out}")
    return FINE
