"""What `vericase check` costs, and how that grows with the number of requirements.

Each size is checked by a process of its own, and the sizes take turns, so that a busy machine
slows all of them alike. CPU seconds are those of the process, user and system together.

Run in the repository root: ``python benchmarks/check_cost.py``
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_RUNS = 5
_START, *_SIZES = 1, 1_000, 5_000, 10_000  # a single requirement shows what starting costs
_IN_A_FILE = 500
_COMMAND = "from vericase.cli import entry; entry()"
_HAZARDS = 50
_HAZARD = """\
- id: HAZ-{number:03d}
  title: A wrong decision of kind {number}
  harm: Treatment comes late.
  severity: serious
  sequence_of_events: Noise flips a decision, and nobody looks at the recording.
  control: Decisions are kept under noise.
  residual_risk: Strong noise remains.
"""
_REQUIREMENT = """\
- id: REQ-{number:05d}
  title: Keep what is right in situation {number}
  statement: The classifier shall keep right decision D-{number} under disturbance up to the radius.
  rationale: |
    A decision that flips by a disturbance that no clinician can see is not trusted,
    and what is not trusted is not used.
  category: network
  status: approved
  parents: [REQ-{parent:05d}]
  hazards: [HAZ-{hazard:03d}]
  references: ["IEC 62304:2006, 5.2"]
  method: test
  conditions: {{radius_mv: 0.01}}
  acceptance:
    - id: REQ-{number:05d}.1
      measurand: certified_sensitivity
      relation: ">="
      threshold: 0.80
      unit: "1"
      confidence: 0.95
      min_trials: 200
"""


def main() -> None:
    """Writes the requirements, checks each set in turn, and prints the table."""
    spent: dict[int, list[float]] = {size: [] for size in (_START, *_SIZES)}
    with tempfile.TemporaryDirectory() as folder:
        for size in spent:
            _write(Path(folder) / str(size), size)
        for _ in range(_RUNS):
            for size, seconds in spent.items():
                seconds.append(_cpu_s(Path(folder) / str(size), size))
    print(f"`vericase check` on {os.cpu_count()} CPUs; CPU seconds, median of {_RUNS} runs.\n")
    _print_table(spent)


def _write(folder: Path, count: int) -> None:
    folder.mkdir()
    hazards = (_HAZARD.format(number=number) for number in range(1, _HAZARDS + 1))
    (folder / "hazards.yaml").write_text("".join(hazards), encoding="utf-8")
    records = [
        _REQUIREMENT.format(number=number, parent=number // 2, hazard=number % _HAZARDS + 1)
        for number in range(2, count + 1)
    ]
    # The first one has no parent: all others descend from it.
    top = _REQUIREMENT.format(number=1, parent=1, hazard=1)
    records.insert(0, top.replace("  parents: [REQ-00001]\n", ""))
    for start in range(0, count, _IN_A_FILE):
        text = "".join(records[start : start + _IN_A_FILE])
        (folder / f"part-{start:05d}.yaml").write_text(text, encoding="utf-8")


def _cpu_s(folder: Path, size: int) -> float:
    """The CPU seconds of one `vericase check`, which has to read every requirement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "check", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if f"{size} requirements (" not in done.stdout:
        raise SystemExit(f"{folder}: expected {size} requirements, got {done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _print_table(spent: dict[int, list[float]]) -> None:
    start = statistics.median(spent[_START])
    base = (statistics.median(spent[_SIZES[0]]) - start) / _SIZES[0]
    print("| requirements | CPU s | least to most | ms a requirement beyond start | to 1,000 |")
    print("|---|---|---|---|---|")
    for size, seconds in spent.items():
        median = statistics.median(seconds)
        cells = [f"{size:,}", f"{median:.2f}", f"{min(seconds):.2f} to {max(seconds):.2f}"]
        each = (median - start) / size
        cells += ["", ""] if size == _START else [f"{1000 * each:.3f}", f"{each / base:.2f}"]
        print(f"| {' | '.join(cells)} |")
    print("\nThe last column is 1 where the cost grows as the number of requirements does.")


if __name__ == "__main__":
    main()
