"""Write what single decisions on the test split look like: `docs/test-decisions.md`.

Decisions come from the reference report, remarks from `docs/test-decisions.csv`, where those who
looked at the pictures of `afib explain` wrote them down.
Run it as `make decisions`.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from vericase.store import load_evidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "reports" / "reference"
REMARKS, PAGE = ROOT / "docs" / "test-decisions.csv", ROOT / "docs" / "test-decisions.md"
_REQUIREMENT, _NAME = "UNC-004", "decisions.csv"
_LOOKED = (
    "Every recording of the test split whose rhythm the network gets wrong, and some that it gets",
    "right, drawn by seed, were looked at as `afib explain` draws them.",
    "Those who looked are engineers, not cardiologists: a remark says what can be seen on the",
    "strip, and no diagnosis.",
    "Labels are those of the challenge.",
    "Sets hold the true rhythm of many such recordings at the stated rate, never of one patient.",
)
_COLUMNS = (
    *("record", "device", "P(AFib) by the network", "not ruled out", "strangeness"),
    *("what is seen", "looked at"),
)
_UNSEEN = {"looked_on": "", "kind": "not looked at", "remark": ""}


def main() -> int:
    """Write the page; 1 if a decision was not looked at, and the page says which."""
    decisions = decisions_of(REFERENCE)
    with REMARKS.open(encoding="utf-8", newline="") as file:
        remarks = {row["record"]: row for row in csv.DictReader(file)}
    PAGE.write_text(page_of(decisions, remarks), encoding="utf-8")
    unseen = [row["record"] for row in decisions if row["record"] not in remarks]
    if unseen:
        print(f"not looked at: {', '.join(unseen)}; write what is seen into {REMARKS}")
    return 1 if unseen else 0


def decisions_of(reference: Path) -> list[dict[str, str]]:
    """The single decisions that the report in *reference* lists.

    Raises:
        SystemExit: If it lists none.
    """
    log, _ = load_evidence(reference / "evidence.json")
    for record in log.evidence:
        if record.requirement_id != _REQUIREMENT:
            continue
        for each in record.attachments:
            if each.name == _NAME:
                text = (reference / "attachments" / each.sha256).read_text(encoding="utf-8")
                return list(csv.DictReader(io.StringIO(text)))
    raise SystemExit(f"{reference}: expected {_NAME} of {_REQUIREMENT}, got none; make reference")


def page_of(
    decisions: Sequence[Mapping[str, str]], remarks: Mapping[str, Mapping[str, str]]
) -> str:
    """The page of *decisions*, each with what was seen."""
    wrong = [row for row in decisions if _wrong(row)]
    right = [row for row in decisions if not _wrong(row)]
    taken = [row for row in wrong if row["device"] in {"AFib", "normal"}]
    parts = [
        "# Single decisions on the test split",
        "",
        (
            "Written by `tools/looked_at.py` from the "
            "[reference report](../reports/reference/traceability.html); not for diagnostic use."
        ),
        "",
        *_LOOKED,
        "",
        (
            f"Of {len(wrong)} wrong calls the device takes {len(taken)} and abstains on "
            f"{len(wrong) - len(taken)}."
        ),
    ]
    for title, rows in (
        ("Normal by label, called AFib", [row for row in wrong if row["label"] == "N"]),
        ("AFib by label, called normal", [row for row in wrong if row["label"] == "A"]),
        ("Called as labelled", right),
    ):
        parts += ["", f"## {title}", "", *_table(rows, remarks)]
    return "\n".join(parts) + "\n"


def _wrong(row: Mapping[str, str]) -> bool:
    return (row["label"] == "A") != (row["network"] == "AFib")


def _table(
    rows: Sequence[Mapping[str, str]], remarks: Mapping[str, Mapping[str, str]]
) -> list[str]:
    seen = [remarks.get(row["record"], _UNSEEN) for row in rows]
    kinds = Counter(each["kind"] for each in seen)
    lines = [
        ", ".join(f"{kind}: {count}" for kind, count in kinds.most_common()) + ".",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
    ]
    for row, remark in zip(rows, seen, strict=True):
        cells = (
            row["record"],
            row["device"],
            row["probability of AFib by the network"],
            row["set"],
            row["strangeness"],
            f"{remark['kind']}: {remark['remark']}" if remark["remark"] else remark["kind"],
            remark["looked_on"],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
