"""Mutate what decides, and hold the share of mutants that its tests notice against a floor.

Runs mutmut in a copy of the repository, so that nothing is left here, and prints the counts.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FLOOR = Fraction(95, 100)
_NOTICED = {"killed", "timeout", "suspicious", "segfault"}
_COPIED = (
    *("benchmarks", "constraints.txt", "pyproject.toml", "requirements", "src", "tests"),
    *("tools", "verification"),
)


def main() -> int:
    """0 if enough mutants are noticed, else 1."""
    with tempfile.TemporaryDirectory() as folder:
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
            copy(ROOT / name, Path(folder) / name)
        print("mutating; this takes a few minutes", flush=True)
        run = _mutmut(folder, "run")
        done = _mutmut(folder, "results", "--all", "true")
    if run.returncode or done.returncode:
        print(run.stdout[-2000:], run.stderr, done.stderr, sep="\n")
        return 1
    ends = [line.strip().partition(": ") for line in done.stdout.splitlines() if ": " in line]
    return _told({name: end for name, _, end in ends})


def _mutmut(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)  # noqa: S603  our own command


def _told(ends: dict[str, str]) -> int:
    modules: dict[str, Counter[bool]] = {}
    for name, end in ends.items():
        module = name.rpartition(".")[0]
        modules.setdefault(module, Counter())[end in _NOTICED] += 1
        if end not in _NOTICED:
            print(f"{name}: {end}")
    for module, counts in modules.items():
        print(f"{module}: {counts[True]} of {counts.total()} mutants noticed")
    enough = [Fraction(c[True], c.total()) >= _FLOOR for c in modules.values()]
    if not enough:
        print("expected mutants, got none")
    return 0 if enough and all(enough) else 1


if __name__ == "__main__":
    sys.exit(main())
