"""What `vericase check` costs, how that grows with the number of requirements, and beside peers.

Each set is checked by a process of its own, and sets and tools take turns, so that a busy machine
slows all of them alike. CPU seconds are those of the process and what it starts, user and system
together. The check reads, validates and links every record and holds its wording against rules.

Peers read the same requirements in their own format, each by its cheapest command that reads and
validates all of them; none of them lints wording or reads criteria. Run in the repository root:
``python -m benchmarks.check_cost [--peers=DIR]``
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared import formats
from benchmarks.shared.measuring import heading, median, peers_folder, span, spend
from benchmarks.shared.peers import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.shared.measuring import Spent
    from benchmarks.shared.peers import Installed

_RUNS = 5
_START, *_SIZES = 1, 1_000, 5_000, 10_000  # a single requirement shows what starting costs
_TARGET_S = {1_000: 0.35, 5_000: 1.2, 10_000: 2.5}
_PEER_SIZES = (1_000, 5_000)
_PEER_RUNS = 3
_ONCE_FROM_S = 5.0  # what takes longer than this is measured once


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contestant:
    """One tool: how it is told, who writes its files, what checks them, and what it leaves there.

    Attributes:
        sign: What its output has when it did read *count* requirements.
        codes: Exit codes that say it did its work.
    """

    told: str
    write: Callable[[Path, int], None]
    command: tuple[str, ...]
    leavings: str = ""


def main() -> None:
    """Checks each set in turn, and prints the tables."""
    folder = peers_folder(__doc__ or "")
    with tempfile.TemporaryDirectory() as scratch:
        print(heading("Check"))
        _print_growth(_growth(Path(scratch)))
        if folder is not None:
            _against(install(folder), Path(scratch))


def _growth(scratch: Path) -> dict[int, list[Spent]]:
    spent: dict[int, list[Spent]] = {size: [] for size in (_START, *_SIZES)}
    for size in spent:
        formats.vericase(scratch / str(size), size)
    for _ in range(_RUNS):
        for size, runs in spent.items():
            runs.append(_checked(_ours(), scratch / str(size), size))
    return spent


def _ours() -> _Contestant:
    code = "from vericase.cli import entry; entry()"
    return _Contestant(
        told="vericase check",
        write=formats.vericase,
        command=(sys.executable, "-c", code, "check", "."),
    )


def _peers(installed: dict[str, Installed]) -> Iterable[_Contestant]:
    """Each peer by the cheapest of its commands that reads and validates every requirement."""
    reqcov, sphinx = ("reqcov", "check", "--quiet"), ("sphinx-build", "-q", "-b", "needs")
    strictdoc = ("strictdoc", "export", "--formats", "json", "--output-dir", "out", ".")
    commands: tuple[tuple[str, Callable[[Path, int], None], tuple[str, ...]], ...] = (
        ("reqcov", formats.reqcov, (*reqcov, "--no-report")),
        # What it does by default: it also writes HTML, CSV, JSON and Markdown.
        ("reqcov", formats.reqcov, (*reqcov, "--out", "out")),
        ("jamb", formats.jamb, ("jamb", "validate", "-S", "-W")),
        ("doorstop", formats.doorstop, ("doorstop", "-F", "-S", "-W")),
        ("sphinx-needs", formats.sphinx_needs, (*sphinx, ".", "out")),
        ("strictdoc", formats.strictdoc, strictdoc),
    )
    for name, write, (program, *options) in commands:
        found = installed[name]
        if not found.problem:
            yield _Contestant(
                told=f"{found.told}: `{program} {' '.join(options)}`",
                write=write,
                command=(found.command(program), *options),
                leavings="out",
            )


def _checked(contestant: _Contestant, folder: Path, size: int) -> Spent:
    """One check, from cold: what an earlier one left there is gone."""
    if contestant.leavings:
        shutil.rmtree(folder / contestant.leavings, ignore_errors=True)
    run = spend(contestant.command, folder)
    ours = contestant.write is formats.vericase
    if run.code != 0 or (ours and f"{size} requirements (" not in run.told):
        raise SystemExit(f"{contestant.told}: expected {size} checked, got {run.told[-2000:]}")
    return run


def _against(installed: dict[str, Installed], scratch: Path) -> None:
    contestants = (_ours(), *_peers(installed))
    spent: dict[tuple[str, int], list[Spent]] = {}
    for turn in range(_PEER_RUNS):
        for size in _PEER_SIZES:
            for number, contestant in enumerate(contestants):
                folder = scratch / f"peer-{number}-{size}"
                if not folder.exists():
                    contestant.write(folder, size)
                runs = spent.setdefault((contestant.told, size), [])
                if turn == 0 or runs[0].cpu_s < _ONCE_FROM_S:
                    runs.append(_checked(contestant, folder, size))
    _print_peers(contestants, spent)
    for found in installed.values():
        if found.problem:
            print(f"{found.told} was not measured: {found.problem}")


def _print_growth(spent: dict[int, list[Spent]]) -> None:
    start = median(spent[_START])
    base = (median(spent[_SIZES[0]]) - start) / _SIZES[0]
    print("| requirements | CPU s | least to most | target | ms each beyond start | to 1,000 |")
    print("|---|---|---|---|---|---|")
    for size, runs in spent.items():
        cells = [f"{size:,}", f"{median(runs):.2f}", span(runs)]
        each = (median(runs) - start) / size
        grown = [f"{1000 * each:.3f}", f"{each / base:.2f}"]
        cells += ["", "", ""] if size == _START else [f"{_TARGET_S[size]}", *grown]
        print(f"| {' | '.join(cells)} |")
    print(
        f"\n`vericase check`; CPU seconds, median of {_RUNS} runs. "
        "The last column is 1 where the cost grows as the number of requirements does.\n"
    )


def _print_peers(
    contestants: Iterable[_Contestant], spent: dict[tuple[str, int], list[Spent]]
) -> None:
    print(f"| tool | {' | '.join(f'{size:,}' for size in _PEER_SIZES)} |")
    print("|---|" + "---|" * len(_PEER_SIZES))
    for contestant in contestants:
        cells = []
        for size in _PEER_SIZES:
            runs = spent[contestant.told, size]
            once = " (once)" if len(runs) < _PEER_RUNS else ""
            cells.append(f"{median(runs):.2f}{once}")
        print(f"| {contestant.told} | {' | '.join(cells)} |")
    print(
        f"\nCPU seconds by number of requirements, median of {_PEER_RUNS} runs in turn; "
        f"what takes over {_ONCE_FROM_S:.0f} s ran once.\n"
    )


if __name__ == "__main__":
    main()
