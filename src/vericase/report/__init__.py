"""The traceability report: one HTML file made from the matrix and the decision alone."""

from pathlib import Path

from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.html import render
from vericase.report.page import page
from vericase.store import digest_bytes, write_atomically

__all__ = ["write_report"]


def write_report(
    path: Path, matrix: TraceMatrix, decision: GateDecision, attachments: Path
) -> None:
    """The file *path* holds the report; attachments are read from their folder.

    An attachment that is missing, or is not what was sealed, is named and not shown.
    """
    wanted = {a.sha256 for record in matrix.log.evidence for a in record.attachments}
    found = {digest: _content(attachments / digest) for digest in sorted(wanted)}
    kept = {digest: content for digest, content in found.items() if content is not None}
    write_atomically(path, render(page(matrix, decision, kept)).encode())


def _content(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if digest_bytes(content) == path.name else None
