"""Write the model card from what the reference holds: docs/model-card.md.

Every number is of the reference report; `tools/gate_reference.py` fails for a card that says
something else.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vericase.gate import decide
from vericase.matrix import TraceMatrix, trace
from vericase.report.numbers import measurement_text, number_text
from vericase.schema import load_requirements
from vericase.store import load_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vericase.requirement import RequirementSet

__all__ = ["CARD", "card_of", "main"]

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reports" / "reference"
CARD = ROOT / "docs" / "model-card.md"
_REPORT = "[the reference report](../reports/reference)"
_LIMITS = (
    (
        "Nothing that is proven here is proven of the model of this card, but for the few "
        "certificates of ROB-008: proofs are of the certified training and of its model."
    ),
    (
        "Cross-fitted figures (NET-005, ROB-006 and what follows it but for ROB-015, ROB-018, "
        "ROB-019, ROB-029 and ROB-030, XAI but for XAI-002, and OOD and UNC but for OOD-009, "
        "OOD-013, UNC-004, UNC-005 and UNC-009) show the procedure on recordings that no model had "
        "seen, and no single model."
    ),
    (
        "A prediction set holds the true rhythm at the stated rate over many accepted recordings "
        "like those of calibration, never for one patient, and not under shift; recordings of 9 to "
        "15 s are covered less often than it states (UNC-010)."
    ),
    (
        "Sets of cross-fitted recordings hold by how they are calibrated (UNC-001); what speaks "
        "for the sets of this model is UNC-004. Probabilities between 0.05 and 0.3 are stated too "
        "high: the table of bands beside UNC-002 has what was found."
    ),
    (
        "ECG whose sampling rate is told wrong by less than half or twice is refused in part only, "
        "and some of the rest is decided wrongly (table beside OOD-014): the rate has to be the "
        "recorder's."
    ),
    (
        "The settings of the gate were compared on recordings that are among those of OOD-001 to "
        "OOD-007, by networks and gates that had not seen them; the test split had no part in it "
        "(OOD-009)."
    ),
    (
        "The gate knows what it was shown and what is like it. Some signals that no heart made, "
        "such as the sum of two people's leads or a regular wave at a heart's rate, were seen "
        "to pass."
    ),
    (
        "The recordings carry no patient ids, and neither age nor sex: nothing is known of "
        "subgroups of people."
    ),
    (
        "The networks look at when beats come, and hardly at P waves: "
        "[what the network looks at](explanations.md)."
    ),
    "Drafts are demanded and not claimed; a verdict other than PASS stands as it was measured.",
)
_NOTES = {
    "What the certified training proves, cross-fitted": (
        "Of other models than the one of this card: five that were trained by the preset of the "
        "certified model, each on what it judges not."
    ),
    "What is proven of the certified model": (
        "Of `src/afib/models/physionet2017-certified`, digest `{certified_model}`, which ships "
        "beside the model of this card. It is the second of its kind: the first missed ROB-015 on "
        "the test split, which was then opened for this one too "
        "([decision 0019](decisions/0019-certified-model.md))."
    ),
}
_TABLE = "intention-to-diagnose.csv"
_SHOWN = {
    "How often it is right": ("NET-005", "NET-001", "NET-002", "NET-004", "NET-011", "NET-012"),
    "Robustness": ("ROB-001",),
    "What the certified training proves, cross-fitted": (
        *("ROB-006", "ROB-017", "ROB-021", "ROB-007", "ROB-024", "ROB-009", "ROB-010", "ROB-011"),
        *("ROB-012", "ROB-027", "ROB-028", "ROB-013", "ROB-022", "ROB-026", "ROB-023", "ROB-016"),
    ),
    "What is proven of the certified model": ("ROB-015", "ROB-029", "ROB-030"),
    "What it abstains on": (
        *("OOD-001", "OOD-002", "OOD-003", "OOD-004", "OOD-005", "OOD-006", "OOD-007"),
        *("OOD-008", "OOD-009", "OOD-011", "OOD-012", "OOD-013", "OOD-014"),
    ),
    "How sure it says it is": (
        *("UNC-001", "UNC-002", "UNC-003", "UNC-004", "UNC-005", "UNC-006", "UNC-007"),
        *("UNC-009", "UNC-010"),
    ),
    "What explains it": (
        *("XAI-001", "XAI-002", "XAI-003", "XAI-004", "XAI-005", "XAI-006", "XAI-007"),
        *("XAI-008", "XAI-009", "XAI-010", "XAI-011", "XAI-012", "XAI-013"),
        "XAI-014",
    ),
    "In the field": ("UNC-008",),
}


def main() -> int:
    """Write the card; 0 if that could be done."""
    CARD.write_text(card_of(REFERENCE), encoding="utf-8")
    return 0


def card_of(reference: Path) -> str:
    """The card that *reference* gives."""
    requirements = load_requirements(ROOT / "requirements", named=Path("requirements"))
    log, findings = load_evidence(reference / "evidence.json")
    matrix = trace(requirements, log, findings=findings)
    gate = json.loads((reference / "gate.json").read_text(encoding="utf-8"))
    subjects = {subject.name: subject.digest for subject in log.subjects}
    manifest = json.loads((reference / "data-manifest.json").read_text(encoding="utf-8"))
    parts = [
        "# Model card",
        "",
        f"Written by `tools/model_card.py` from {_REPORT}; not for diagnostic use.",
        "",
        f"- Model: `src/afib/models/physionet2017`, digest `{subjects['model']}`",
        f"- Release: {decide(matrix).headline}",
        f"- Requirements: digest `{gate['requirements_digest']}`",
        f"- Data: {_counts(manifest)}",
        "",
        *_use(requirements),
        *_intention(matrix, reference),
        *(
            line
            for title, names in _SHOWN.items()
            for line in _section(matrix, title, names, _NOTES.get(title, "").format(**subjects))
        ),
        "## Limits",
        "",
        *(f"- {limit}" for limit in _LIMITS),
    ]
    return "\n".join(parts) + "\n"


def _counts(manifest: dict[str, Any]) -> str:
    counts = manifest["counts"]
    told = [
        f"{split} {', '.join(f'{number} {label}' for label, number in found.items())}"
        for split, found in counts.items()
    ]
    return f"PhysioNet/CinC Challenge 2017, labels {manifest['label_version']}: {'; '.join(told)}"


def _use(requirements: RequirementSet) -> list[str]:
    use = requirements.intended_use
    if use is None:
        return []
    return [
        "## Intended use",
        "",
        f"- User: {use.user}",
        f"- Population: {use.population}",
        f"- Input: {use.input}",
        f"- Output: {use.output}",
        *(f"- Prohibited: {each}" for each in use.prohibited_use),
        "",
    ]


def _intention(matrix: TraceMatrix, reference: Path) -> list[str]:
    """The tables of every label against what the device says, as they are attached."""
    lines: list[str] = []
    titles = {"OOD-008": "cross-fitted", "UNC-004": "the test split"}
    for name, title in titles.items():
        lines += [f"## Intention to diagnose, {title}", "", *_attached(matrix, reference, name), ""]
    return lines


def _attached(matrix: TraceMatrix, reference: Path, name: str) -> list[str]:
    for record in matrix.log.evidence:
        for attachment in record.attachments:
            if record.criterion_id.startswith(f"{name}.") and attachment.name == _TABLE:
                content = (reference / "attachments" / attachment.sha256).read_text("utf-8")
                rows = list(csv.reader(io.StringIO(content)))
                head = "|---" * len(rows[0]) + "|"
                told = [f"| {' | '.join(row)} |" for row in rows]
                return [told[0], head, *told[1:]]
    raise FileNotFoundError(f"{name}: expected {_TABLE} beside its evidence, got none")


def _section(matrix: TraceMatrix, title: str, names: Sequence[str], note: str) -> list[str]:
    by_id = {row.requirement.id: row for row in matrix.rows}
    lines = [
        f"## {title}",
        "",
        *([note, ""] if note else []),
        "| criterion | of | measured | wanted | bound | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        row = by_id[name]
        status = "" if row.requirement.status.value == "approved" else ", draft"
        lines.append(f"| | **{name}{status}: {row.requirement.title}** | | | | |")
        for criterion in row.criteria:
            wanted = criterion.criterion
            for item in criterion.judged:
                threshold = item.judgement.threshold
                bound = item.judgement.bound
                shown = "" if bound is None else number_text(bound, threshold)
                case = item.evidence.case_id.rpartition("[")[2].rstrip("]")
                of = wanted.measurand.replace("_", " ")
                of += f", {case.partition('-OOD-')[0]}" if "[" in item.evidence.case_id else ""
                lines.append(
                    f"| {wanted.id} | {of} "
                    f"| {measurement_text(item.evidence.measurement, threshold)} "
                    f"| {wanted.relation.value} {threshold} | {shown} "
                    f"| {item.judgement.verdict.name} |"
                )
            if not criterion.judged:
                lines.append(f"| {wanted.id} | {wanted.measurand} | not measured | | | NOT_RUN |")
    return [*lines, ""]


if __name__ == "__main__":
    sys.exit(main())
