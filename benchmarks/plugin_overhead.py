"""What the pytest plugin adds to a run of many trivial cases.

The same cases run with and without it, in processes that take turns; without it, a fixture
stands in that drops every measurement. No other plugin is loaded.
With the plugin, requirements are read, every measurement is judged and journalled, and evidence
is written, so that is what is added. The journal is synced to disk a record, so that nothing
measured is lost; on a slow disk most of the wall time is spent there.

Run in the repository root: ``python benchmarks/plugin_overhead.py``
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_RUNS = 5
_REQUIREMENTS, _CRITERIA = 200, 10
_CASES = _REQUIREMENTS * _CRITERIA
_MODULES = 20
_HEAD = "import pytest\nfrom vericase import Proportion\n"
_CASE = '''
@pytest.mark.verifies("BEN-{requirement:03d}")
def test_{requirement}_{criterion}(measure):
    """One criterion of one requirement."""
    measure("share_{criterion}", Proportion(95, 100))
'''
_STAND_IN = '''
import pytest

def pytest_configure(config):
    config.addinivalue_line("markers", "verifies(id): ignored")

@pytest.fixture
def measure():
    """Drops what is measured."""
    return lambda name, value: None
'''
_REQUIREMENT = """\
- id: BEN-{number:03d}
  title: Show ten shares in situation {number}
  statement: The subject shall show ten shares.
  rationale: A benchmark needs something to show.
  category: tool
  status: approved
  method: test
  acceptance:
"""
_CRITERION = """\
    - {{id: BEN-{number:03d}.{criterion}, measurand: share_{criterion}, relation: ">=", \
threshold: 0.9}}
"""


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run of all cases took."""

    cpu_s: float
    wall_s: float


def main() -> None:
    """Writes both projects, runs them in turn, and prints the table."""
    without: list[_Run] = []
    with_it: list[_Run] = []
    with tempfile.TemporaryDirectory() as folder:
        bare, whole = Path(folder) / "bare", Path(folder) / "whole"
        _write_cases(bare)
        (bare / "conftest.py").write_text(_STAND_IN, encoding="utf-8")
        _write_cases(whole)
        _write_requirements(whole / "requirements")
        for _ in range(_RUNS):
            without.append(_timed(bare, "no:vericase"))
            with_it.append(_timed(whole, "vericase.plugin"))
    print(
        f"{_CASES:,} cases of {_REQUIREMENTS} requirements on {os.cpu_count()} CPUs; "
        f"seconds, median of {_RUNS} runs.\n"
    )
    _print_table(without, with_it)


def _write_cases(folder: Path) -> None:
    folder.mkdir()
    cases = [
        _CASE.format(requirement=requirement, criterion=criterion)
        for requirement in range(1, _REQUIREMENTS + 1)
        for criterion in range(1, _CRITERIA + 1)
    ]
    for module in range(_MODULES):
        text = _HEAD + "\n".join(cases[module::_MODULES])
        (folder / f"test_part_{module:02d}.py").write_text(text, encoding="utf-8")


def _write_requirements(folder: Path) -> None:
    folder.mkdir()
    records = [
        _REQUIREMENT.format(number=number)
        + "".join(
            _CRITERION.format(number=number, criterion=criterion)
            for criterion in range(1, _CRITERIA + 1)
        )
        for number in range(1, _REQUIREMENTS + 1)
    ]
    (folder / "bench.yaml").write_text("".join(records), encoding="utf-8")


def _timed(folder: Path, plugin: str) -> _Run:
    """One run of all cases in a process, all of which have to pass."""
    options = ["-q", f"--rootdir={folder}", "-p", plugin, "-p", "no:cacheprovider"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0 or f"{_CASES} passed" not in done.stdout:
        raise SystemExit(f"{folder}: expected {_CASES} passed, got {done.stdout[-2000:]}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Run(cpu_s, wall_s)


def _print_table(without: list[_Run], with_it: list[_Run]) -> None:
    print("| seconds | without | with | ratio | ms a case |")
    print("|---|---|---|---|---|")
    for name in ("cpu_s", "wall_s"):
        bare, whole = (
            statistics.median(getattr(run, name) for run in runs) for runs in (without, with_it)
        )
        added_ms = 1000 * (whole - bare) / _CASES
        ratio = whole / bare
        word = {"cpu_s": "CPU", "wall_s": "wall"}[name]
        print(f"| {word} | {bare:.2f} | {whole:.2f} | {ratio:.2f} | {added_ms:.2f} |")


if __name__ == "__main__":
    main()
