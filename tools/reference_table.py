"""Write what the reference report shows into README, between its markers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vericase.gate import decide
from vericase.matrix import TraceMatrix, trace
from vericase.report.numbers import measurement_text, number_text
from vericase.schema import load_requirements
from vericase.store import load_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
START, END = "<!-- reference:start -->", "<!-- reference:end -->"
SHOWN = (
    "NET-005",
    "NET-001",
    "NET-002",
    "NET-004",
    "NET-012",
    "ROB-001",
    "ROB-006",
    "ROB-015",
    "ROB-029",
    "ROB-030",
    "ROB-016",
    "OOD-002",
    "OOD-004",
    "UNC-001",
    "UNC-003",
)


def main() -> int:
    """Rewrite the table; 0 if that could be done."""
    evidence = ROOT / "reports" / "reference" / "evidence.json"
    requirements = load_requirements(ROOT / "requirements", named=Path("requirements"))
    log, findings = load_evidence(evidence)
    matrix = trace(requirements, log, findings=findings)
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    table = "\n".join([START, *_lines(matrix), END])
    readme.write_text(before + table + after, encoding="utf-8")
    return 0


def _lines(matrix: TraceMatrix) -> list[str]:
    looks = (ROOT / "reports" / "looks.jsonl").read_text(encoding="utf-8").splitlines()
    number = json.loads(looks[-1])["number"]
    lines = [
        f"The gate says: {decide(matrix).headline}.",
        f"The test split has been opened {number} time{'s' if number > 1 else ''}.",
        "",
        "| criterion | of | measurand | measured | wanted | bound | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    by_id = {row.requirement.id: row for row in matrix.rows}
    pairs = [(by_id[name].requirement, c) for name in SHOWN for c in by_id[name].criteria]
    for requirement, criterion in pairs:
        for item in criterion.judged:
            wanted = criterion.criterion
            threshold = item.judgement.threshold
            value = measurement_text(item.evidence.measurement, threshold)
            bound = item.judgement.bound
            shown = "" if bound is None else number_text(bound, threshold)
            lines.append(
                f"| {wanted.id} | {about(requirement.depends)} | {wanted.measurand} | {value} "
                f"| {wanted.relation.value} {threshold} | {shown} "
                f"| {item.judgement.verdict.name} |"
            )
    return lines


def about(depends: Sequence[str]) -> str:
    """Of which model, or of which models of cross-fitting, a requirement with *depends* tells."""
    told = {
        "certified_model": "certified model",
        "certified": "certified training, cross-fitted",
        "crossfit": "default training, cross-fitted",
        "uncertainty": "default gates, cross-fitted",
    }
    return next((words for name, words in told.items() if name in depends), "default model")


if __name__ == "__main__":
    sys.exit(main())
