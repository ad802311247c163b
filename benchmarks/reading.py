"""How long PhysioNet 2017 takes to read: the first time, and from the cache.

Both end with every recording as an array at the network's rate, with labels and splits, and both
look at the content of what is there: the cache is keyed by it.
The operating system may hold the files in memory either way.

Run in the repository root, with VERICASE_DATA naming the folder that holds ``physionet2017/``:
``python benchmarks/reading.py``
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from afib.dataset import prepare
from afib.settings import Settings, load_settings
from afib.sources import open_source

_CACHED_RUNS = 5


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one reading came to."""

    recordings: int
    wall_s: float
    cpu_s: float


def main() -> None:
    """Reads once without and several times with the cache, and prints the table."""
    root = os.environ.get("VERICASE_DATA")
    if not root or not (Path(root) / "physionet2017").is_dir():
        print("nothing to read: VERICASE_DATA names no folder that holds physionet2017/")
        return
    settings = load_settings("physionet2017")
    with tempfile.TemporaryDirectory() as cache:
        cold = _read(Path(root), settings, Path(cache))
        cached = [_read(Path(root), settings, Path(cache)) for _ in range(_CACHED_RUNS)]
    print(f"PhysioNet 2017 on {os.cpu_count()} CPUs, in one process.\n")
    print("| reading | recordings | wall s | CPU s |")
    print("|---|---|---|---|")
    _print_row("the first time", [cold])
    _print_row(f"from the cache, median of {_CACHED_RUNS}", cached)


def _read(root: Path, settings: Settings, cache: Path) -> _Reading:
    wall, cpu = time.perf_counter(), time.process_time()
    source = open_source(settings.data, root, progress=False)
    dataset = prepare(source, settings, cache, progress=False)
    return _Reading(len(dataset), time.perf_counter() - wall, time.process_time() - cpu)


def _print_row(name: str, readings: list[_Reading]) -> None:
    wall_s = statistics.median(reading.wall_s for reading in readings)
    cpu_s = statistics.median(reading.cpu_s for reading in readings)
    print(f"| {name} | {readings[0].recordings:,} | {wall_s:.2f} | {cpu_s:.2f} |")


if __name__ == "__main__":
    main()
