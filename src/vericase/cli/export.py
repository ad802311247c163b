"""The command `vericase export`: the matrix for other tools."""

import argparse
from pathlib import Path

from vericase.cli.common import FINE, Commands, add_command, add_evidence, traced
from vericase.errors import InputError
from vericase.gate import decide
from vericase.store import write_atomically

__all__ = ["add_to"]

_FORMATS = ("csv", "json", "junit", "markdown", "reqif", "sarif", "xlsx")


def add_to(commands: Commands) -> None:
    """Declare the command."""
    export = add_command(commands, "export", _export, "write the matrix for other tools")
    add_evidence(export)
    export.add_argument(
        "--format",
        choices=_FORMATS,
        required=True,
        help="csv or xlsx for spreadsheets, json for scripts, junit for servers of test results, "
        "markdown for a page, reqif for tools that manage requirements, sarif for annotations",
    )
    export.add_argument("--out", type=Path, required=True, metavar="F", help="where to")
    export.add_argument(
        "--subject",
        action="append",
        metavar="NAME=PATH",
        help="what is to be released; once one is given, all are compared as by the gate",
    )


def _export(parsed: argparse.Namespace) -> int:
    from vericase.export import EXPORTS  # noqa: PLC0415  others need not pay for it

    if parsed.out.resolve() == parsed.evidence.resolve():
        raise InputError(f"--out: expected another file than the evidence, got {parsed.out}")
    matrix = traced(parsed, subjects=parsed.subject)
    write_atomically(parsed.out, EXPORTS[parsed.format](matrix, decide(matrix)))
    print(f"{parsed.format}: {parsed.out}")
    return FINE
