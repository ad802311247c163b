"""CSV, JSON and Markdown."""

import csv
import io
import json
from dataclasses import asdict

from vericase.export.table import lines, told_rows
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.text import readable

__all__ = ["as_csv", "as_json", "as_markdown", "inert", "markdown_row"]

#: What a spreadsheet takes for the start of a formula (OWASP, CSV injection).
_FORMULA = tuple("=+-@\t\r\n")


def inert(value: object) -> object:
    """*value* as a cell that no spreadsheet computes; a number of ours stays one."""
    if isinstance(value, str):
        text = readable(value)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return "" if value is None else value


def as_csv(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """Comma-separated values (RFC 4180), UTF-8, one row a measurement, and what blocks."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerows([inert(value) for value in row] for row in told_rows(matrix, decision))
    return buffer.getvalue().encode()


def as_json(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """The table with the decision, numbers as numbers."""
    record = {
        "format": 1,
        "headline": decision.headline,
        "released": decision.released,
        "rehearsal": decision.rehearsal,
        "blocking": [
            {"where": b.where, "what": b.what, "message": b.message} for b in decision.blocking
        ],
        "subjects": {subject.name: subject.digest for subject in matrix.log.subjects},
        "rows": [asdict(line) for line in lines(matrix)],
    }
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def as_markdown(matrix: TraceMatrix, decision: GateDecision) -> bytes:
    """A summary for a page of a forge: headline, what blocks, one row a measurement."""
    text = [f"# {_cell(decision.headline)}", ""]
    if decision.blocking:
        text += ["| where | what | why |", "|---|---|---|"]
        text += [markdown_row(b.where, b.what, b.message) for b in decision.blocking]
        text.append("")
    text += [
        "| requirement | standing | criterion | wanted | measured | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines(matrix):
        verdict = f"{line.verdict}, waived by {line.waiver}" if line.waiver else line.verdict
        name = f"{line.requirement} {line.title}"
        text.append(
            markdown_row(name, line.standing, line.criterion, line.wanted, line.measured, verdict)
        )
    return ("\n".join(text) + "\n").encode()


def markdown_row(*cells: str) -> str:
    """One row of a table, whatever the cells hold."""
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Text that is no markup of a table, a link or a page."""
    flat = " ".join(readable(text).split())
    for sign in ("\\", "|", "`", "*", "_", "[", "]", "#"):
        flat = flat.replace(sign, f"\\{sign}")
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
