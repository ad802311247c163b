"""What the pytest plugin adds to a run of many trivial cases, and what peers add to theirs.

The same cases run with and without it, in processes that take turns; without it, a fixture
stands in that drops every measurement. No plugin is loaded but the one that is measured.
With the plugin, requirements are read, every measurement is judged and journalled, and evidence
and report are written into a folder that is empty, so that is what is added; no criterion has a
confidence. The journal is synced to disk a record, so that nothing measured is lost; what that
costs is the difference to the run whose evidence lies in memory.

Peers run as many cases that only pass, with their marker, and write their reports; they are held
against such cases without a plugin. Run in the repository root:
``python -m benchmarks.plugin_overhead [--peers=DIR]``
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared import projects
from benchmarks.shared.measuring import heading, median, peers_folder, span, spend
from benchmarks.shared.peers import install
from benchmarks.shared.projects import CASES, REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.shared.measuring import Spent
    from benchmarks.shared.peers import Installed

_RUNS = 5
_MEMORY = Path("/dev/shm")  # noqa: S108  a file system in memory, where there is one
_QUIET = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
_PLAIN, _PLAIN_PEERS = "plain pytest", "plain pytest, cases of the peers"
#: Who writes the project of a peer, its plugin, its options, and what it writes at the end.
_RUNS_OF_PEERS: dict[str, tuple[Callable[[Path], None], str, tuple[str, ...], str]] = {
    "jamb": (
        projects.jamb,
        "jamb.pytest_plugin.plugin",
        ("--jamb", "--jamb-trace-matrix=out/matrix.html", "--trace-from=BEN"),
        "HTML",
    ),
    "pytest-gxp": (
        projects.gxp,
        "pytest_gxp.plugin",
        ("--gxp", "--gxp-report-files=out", "--gxp-output-formats=csv,json,md"),
        "CSV, JSON, Markdown",
    ),
    "pytest-verifies": (
        projects.verifies,
        "pytest_verifies.plugin",
        (
            "--verifies-baseline=base.json",
            *("--verifies-json=out/matrix.json", "--verifies-html=out/matrix.html"),
        ),
        "JSON, HTML",
    ),
    "reqcov": (
        projects.reqcov,
        "no:vericase",
        ("--junitxml=out/junit.xml",),
        "JUnit, then HTML, CSV, JSON, Markdown",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contestant:
    """One way to run the cases: the folder, the commands in turn, and what it is held against."""

    told: str
    folder: Path
    commands: tuple[tuple[str, ...], ...]
    against: str
    target: str = ""
    leavings: tuple[Path, ...] = ()


def main() -> None:
    """Writes the projects, runs them in turn, and prints the table."""
    folder = peers_folder(__doc__ or "")
    with tempfile.TemporaryDirectory() as scratch, _in_memory() as kept:
        print(heading("Plugin"))
        contestants = list(_ours(Path(scratch), kept))
        if folder is not None:
            contestants += _peers(install(folder), Path(scratch))
        spent: dict[str, list[Spent]] = {contestant.told: [] for contestant in contestants}
        for _ in range(_RUNS):
            for contestant in contestants:
                spent[contestant.told].append(_timed(contestant))
    _print_table(contestants, spent)


@contextmanager
def _in_memory() -> Iterator[Path | None]:
    """A folder in memory, where the system has a place for one."""
    if not os.access(_MEMORY, os.W_OK):
        yield None
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        yield Path(folder) / "reports"


def _ours(scratch: Path, kept: Path | None) -> Iterator[_Contestant]:
    bare, whole = scratch / "bare", scratch / "whole"
    projects.ours(bare, active=False)
    projects.ours(whole, active=True)
    yield _Contestant(
        told=_PLAIN, folder=bare, commands=(_pytest(bare, "no:vericase"),), against=_PLAIN
    )
    yield _Contestant(
        told="vericase, inactive: no requirements",
        folder=bare,
        commands=(_pytest(bare, "vericase.plugin"),),
        against=_PLAIN,
        target="+2 %",
    )
    yield _active("vericase, evidence and HTML report", whole, whole / "reports")
    if kept is not None:
        yield _active("the same, evidence in memory", whole, kept)


def _active(told: str, whole: Path, reports: Path) -> _Contestant:
    options = (
        f"--vericase-evidence={reports}/evidence.json",
        f"--vericase-report={reports}/r.html",
    )
    return _Contestant(
        told=told,
        folder=whole,
        commands=(_pytest(whole, "vericase.plugin", *options),),
        against=_PLAIN,
        target="+25 %",
        leavings=(reports,),
    )


def _peers(installed: dict[str, Installed], scratch: Path) -> Iterator[_Contestant]:
    there = {name: found for name, found in installed.items() if not found.problem}
    for found in installed.values():
        if found.problem:
            print(f"{found.told} was not measured: {found.problem}\n")
    for found in list(there.values())[:1]:
        plain = scratch / "plain"
        projects.plain(plain)
        command = _pytest(plain, "no:cacheprovider", python=found.command("python"))
        yield _Contestant(
            told=_PLAIN_PEERS, folder=plain, commands=(command,), against=_PLAIN_PEERS
        )
    for name, (write, plugin, options, written) in _RUNS_OF_PEERS.items():
        if name in there:
            write(scratch / name)
            yield _peer(there[name], scratch / name, plugin, options, written)


def _peer(
    found: Installed, folder: Path, plugin: str, options: tuple[str, ...], written: str
) -> _Contestant:
    run = _pytest(folder, plugin, *options, python=found.command("python"))
    # It is no plugin: it reads what pytest wrote.
    report = (found.command("reqcov"), "report", "--junit=out/junit.xml", "--out=out", "--quiet")
    return _Contestant(
        told=f"{found.told}: {written}",
        folder=folder,
        commands=(run, report) if found.peer.name == "reqcov" else (run,),
        against=_PLAIN_PEERS,
        leavings=(folder / "out",),
    )


def _pytest(
    folder: Path, plugin: str, *options: str, python: str = sys.executable
) -> tuple[str, ...]:
    fixed = ("-q", f"--rootdir={folder}", "-p", plugin, "-p", "no:cacheprovider")
    return (python, "-m", "pytest", *fixed, *options)


def _timed(contestant: _Contestant) -> Spent:
    """One run of all cases, all of which have to pass, into folders that are empty."""
    for folder in contestant.leavings:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    run, *others = (spend(command, contestant.folder, _QUIET) for command in contestant.commands)
    if run.code != 0 or f"{CASES} passed" not in run.told:
        raise SystemExit(f"{contestant.told}: expected {CASES} passed, got {run.told[-2000:]}")
    if any(other.code for other in others):
        raise SystemExit(f"{contestant.told}: expected a report, got {others[0].told[-2000:]}")
    if contestant.leavings and not any(contestant.leavings[0].iterdir()):
        raise SystemExit(f"{contestant.told}: expected a report, got none")
    return run.plus(others)


def _print_table(contestants: Iterable[_Contestant], spent: dict[str, list[Spent]]) -> None:
    print("| run | CPU s | least to most | over plain | target | wall s |")
    print("|---|---|---|---|---|---|")
    for contestant in contestants:
        runs = spent[contestant.told]
        over = median(runs) / median(spent[contestant.against]) - 1
        shown = "" if contestant.told == contestant.against else f"{over:+.0%}".replace("%", " %")
        wall_s = sorted(run.wall_s for run in runs)[len(runs) // 2]
        cells = [contestant.told, f"{median(runs):.2f}", span(runs), shown, contestant.target]
        print(f"| {' | '.join([*cells, f'{wall_s:.1f}'])} |")
    print(
        f"\n{CASES:,} trivial cases of {REQUIREMENTS} requirements; "
        f"CPU seconds, median of {_RUNS} runs in turn.\n"
    )


if __name__ == "__main__":
    main()
