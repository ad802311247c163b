"""How benchmarks measure: CPU seconds of a process, in runs that take turns."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import resource
import statistics
import subprocess
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Spent", "heading", "median", "peers_folder", "span", "spend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one run took, and what it printed."""

    cpu_s: float
    wall_s: float
    code: int
    told: str

    def plus(self, others: Sequence[Spent]) -> Spent:
        """This and what ran after it, as one."""
        return replace(
            self,
            cpu_s=self.cpu_s + sum(other.cpu_s for other in others),
            wall_s=self.wall_s + sum(other.wall_s for other in others),
        )


def spend(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Spent:
    """What *command* takes in *folder*: user and system seconds of it and of what it waited for."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=inherited | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(cpu_s=cpu_s, wall_s=wall_s, code=done.returncode, told=done.stdout + done.stderr)


def median(runs: Sequence[Spent]) -> float:
    """The median of the CPU seconds."""
    return statistics.median(run.cpu_s for run in runs)


def span(runs: Sequence[Spent]) -> str:
    """The least and the most CPU seconds."""
    seconds = [run.cpu_s for run in runs]
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


def heading(title: str) -> str:
    """A heading, and on what the figures below it were measured."""
    day = dt.datetime.now(dt.UTC).date()
    return (
        f"## {title}\n\nMeasured on {day} with Python {platform.python_version()} and "
        f"pytest {version('pytest')}, on {os.cpu_count()} CPUs ({platform.machine()}).\n"
    )


def peers_folder(text: str) -> Path | None:
    """The folder that `--peers=DIR` names; None without the option."""
    parser = argparse.ArgumentParser(
        description=text, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--peers",
        type=Path,
        metavar="DIR",
        help="also measure the peers, installed below DIR (needs a package index)",
    )
    folder: Path | None = parser.parse_args().peers
    return folder
