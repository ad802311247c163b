"""What the HTML report of many requirements costs to make, how large it is, and how it opens.

Each requirement has a criterion that was measured, with a bound or on the value alone: an exact
bound costs more than all else that is done for a requirement. The report is made by `vericase
report` from files, in a process of its own. The page is then opened in a headless Chromium, which
tells how long its main thread was blocked at a stretch (Long Tasks API), and how long it was busy.

Run in the repository root: ``python -m benchmarks.report_scale``
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

from benchmarks.shared import formats
from benchmarks.shared.browser import Opened, browser
from benchmarks.shared.measuring import Spent, heading, median, span, spend
from vericase import Proportion
from vericase.evidence import CaseOutcome, Evidence, EvidenceLog, Outcome, Run
from vericase.schema import load_requirements
from vericase.store import save_evidence
from vericase.verdict import Verdict

_RUNS = 5
#: Number of requirements, and whether their criteria have a confidence.
_SETS = ((1_000, False), (5_000, False), (5_000, True))
_MEGABYTE = 1_000_000
_CODE = "from vericase.cli import entry; entry()"
_TRIALS = 1_000

_Set: TypeAlias = tuple[int, bool]


def main() -> None:
    """Writes requirements and evidence, makes each report in turn, opens them, prints the table."""
    print(heading("Report"))
    spent: dict[_Set, list[Spent]] = {each: [] for each in _SETS}
    opened: dict[_Set, list[Opened]] = {each: [] for each in _SETS}
    sizes: dict[_Set, int] = {}
    with tempfile.TemporaryDirectory() as scratch, browser() as chromium:
        folders = {each: Path(scratch) / f"{each[0]}-{each[1]}" for each in _SETS}
        for (count, bounded), folder in folders.items():
            _write(folder, count, bounded=bounded)
        for _ in range(_RUNS):
            for each, folder in folders.items():
                spent[each].append(_made(folder))
                sizes[each] = (folder / "report.html").stat().st_size
                if chromium is not None:
                    opened[each].append(chromium.open(folder / "report.html"))
    _print_table(spent, sizes, opened)
    if chromium is None:
        print("The pages were not opened: there is no Chromium with its driver here.\n")
    else:
        print(f"Opened in Chromium {chromium.version}, headless.\n")


def _write(folder: Path, count: int, *, bounded: bool) -> None:
    formats.vericase(folder / "requirements", count, bounded=bounded)
    requirements = load_requirements(folder / "requirements", named=Path("requirements"))
    module = b"a case a requirement\n"
    (folder / "test_all.py").write_bytes(module)
    listing = f"test_all.py\0{hashlib.sha256(module).hexdigest()}"
    digest = hashlib.sha256(listing.encode()).hexdigest()
    cases, evidence = [], []
    for number, requirement in enumerate(requirements):
        case = f"test_all.py::test_{requirement.id.replace('-', '_').lower()}"
        cases.append(
            CaseOutcome(
                case_id=case,
                requirement_ids=(requirement.id,),
                outcome=Outcome.PASSED,
                digest=digest,
                title="Of the recordings, the share whose decision is certified.",
            )
        )
        evidence += [
            Evidence(
                criterion_id=criterion.id,
                requirement_id=requirement.id,
                requirement_fingerprint=requirement.fingerprint,
                measurand=criterion.measurand,
                case_id=case,
                case_digest=digest,
                measurement=Proportion(900 + number % 97, _TRIALS),
                verdict=Verdict.PASS,
            )
            for criterion in requirement.criteria
        ]
    log = EvidenceLog(
        run=Run(id="benchmark", finished=True),
        cases=tuple(cases),
        evidence=tuple(evidence),
        requirements_digest=requirements.digest,
        statuses={r.id: r.status.value for r in requirements},
        code={"test_all.py": hashlib.sha256(module).hexdigest()},
    )
    save_evidence(folder / "evidence.json", log)


def _made(folder: Path) -> Spent:
    files = ("--evidence", "evidence.json", "--out", "report.html")
    run = spend((sys.executable, "-c", _CODE, "report", *files), folder)
    if run.code != 0:
        raise SystemExit(f"{folder}: expected a report, got {run.told[-2000:]}")
    return run


def _print_table(
    spent: dict[_Set, list[Spent]], sizes: dict[_Set, int], opened: dict[_Set, list[Opened]]
) -> None:
    print("| requirements | CPU s | least to most | MB | longest block s | busy s | loaded s |")
    print("|---|---|---|---|---|---|---|")
    for each, runs in spent.items():
        told = f"{each[0]:,}, {'with bounds' if each[1] else 'values alone'}"
        cells = [told, f"{median(runs):.2f}", span(runs), f"{sizes[each] / _MEGABYTE:.2f}"]
        for name in ("longest_s", "busy_s", "loaded_s"):
            seen = [getattr(one, name) for one in opened[each]]
            cells.append(f"{statistics.median(seen):.2f}" if seen else "not measured")
        print(f"| {' | '.join(cells)} |")
    print(
        f"\n`vericase report` with evidence, medians of {_RUNS} runs; for 5,000 requirements the "
        "targets are under 5 s, under 5 MB, and no block of a second.\n"
    )


if __name__ == "__main__":
    main()
