"""A benchmark for verifiers: 200 questions about decisions on generated ECG.

``make`` writes the instances as ONNX and VNN-LIB with a list for runners, ``run`` asks the tools
that are installed, ``score`` gives points for their answers, as the competition of verifiers
does; without a word all three. What was drawn and settled once is committed in ``benchmarks/ecg``;
``draw`` trains the networks anew, and ``settle`` takes the verdicts from what the tools answered.

Run in the repository root: ``python -m benchmarks.ecg_instances``
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.shared.ecg_answers import keep, kept, settled
from benchmarks.shared.ecg_cases import (
    COMMITTED,
    FAMILIES,
    asked,
    instance,
    read_manifest,
    with_digests,
    write_manifest,
)
from benchmarks.shared.ecg_drawing import drawn
from benchmarks.shared.ecg_recordings import write_recordings
from benchmarks.shared.ecg_tools import TOOLS, Tool, ask, installed
from benchmarks.shared.measuring import heading
from benchmarks.shared.scoring import Answer, Verdict, mark, truth_of, witness_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.shared.ecg_cases import Case
    from benchmarks.shared.scoring import Mark

_MANIFEST = COMMITTED / "manifest.csv"
_OURS: Tool = "ours"
_UNSCORED: Tool = "smoothing"


def main() -> None:
    """Does what is asked for, and prints tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = {"make": _make, "run": _run, "score": _score, "draw": _draw, "settle": _settle}
    parser.add_argument("step", nargs="?", choices=[*steps, "all"], default="all")
    parser.add_argument("--out", type=Path, default=Path("artifacts/ecg-instances"))
    parser.add_argument("--tool", choices=list(TOOLS), action="append", help="default: all")
    parser.add_argument(
        "--recordings",
        type=int,
        metavar="N",
        help="make: N real recordings of each rhythm below VERICASE_DATA in place of ours",
    )
    parser.add_argument(
        "--preset", default="physionet2017-certified", help="make: of the shipped model they ask"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    for step in ("make", "run", "score") if options.step == "all" else (options.step,):
        steps[step](options)


def _make(options: argparse.Namespace) -> None:
    """All files, and ``instances.csv``: network, property and seconds a line, as runners take."""
    if options.recordings:
        count = write_recordings(options.out, options.preset, options.recordings)
        _tell(f"{count} instances of real recordings in {options.out}")
        return
    cases, rows = read_manifest(_MANIFEST), []
    for case in tqdm(cases, desc="making", unit="instance"):
        made = instance(case)
        for name, content in ((case.onnx, made.model), (case.vnnlib, made.text.encode())):
            path = options.out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        rows.append(f"{case.onnx},{case.vnnlib},{case.timeout_s}\n")
    (options.out / "instances.csv").write_text("".join(rows), encoding="utf-8")
    _tell(f"{len(cases)} instances in {options.out}")


def _run(options: argparse.Namespace) -> None:
    """Asks each tool about each instance, and keeps its answers."""
    cases = read_manifest(_MANIFEST)
    for tool in options.tool or [tool for tool in TOOLS if installed(tool)]:
        answers = []
        for case in tqdm(cases, desc=tool, unit="instance"):
            answer = ask(tool, case, instance(case))
            answers += [] if answer is None else [answer]
        keep(options.out / "answers", tool, answers)


def _score(options: argparse.Namespace) -> None:
    """Points for the answers that were kept."""
    cases = read_manifest(_MANIFEST)
    answers = {
        tool: told for tool in get_args(Tool) if (told := kept(options.out / "answers", tool))
    }
    marks = _marks(cases, {tool: told for tool, told in answers.items() if tool != _UNSCORED})
    print(heading("Verifiers"))
    _print_cases(cases)
    print("\n| tool | asked | unsat | sat | unknown | late | wrong | score | of | CPU, to ours |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for tool, told in answers.items():
        given = marks.get(tool)
        points = sum(each.points for each in given.values()) if given else None
        wrong = sum(each.is_wrong for each in given.values()) if given else None
        counts = [sum(a.verdict == v for a in told.values()) for v in get_args(Verdict)]
        late = sum(_is_late(case, told[case.name]) for case in cases if case.name in told)
        most = 10 * len(told) if given else None
        cells = [tool, len(told), *counts, late, wrong, points, most, _ratio(told, answers)]
        print(f"| {' | '.join('-' if cell is None else str(cell) for cell in cells)} |")
    print(_FOOT)
    for tool, given in marks.items():
        for name, each in given.items():
            if each.is_wrong:
                print(f"{tool}: {name}: {each.reason}")


_FOOT = """
Ten points for a right verdict, -150 for a wrong one or a counterexample that does not hold, none
for an open one (VNN-COMP; arXiv:2312.16760), and none for one that took more processor time than
the instance allows (late). CPU: processor time on the instances that the tool
was asked about, over that of ours on the same; the tools were asked one after the other. Ours
bounds, attacks and splits; auto_LiRPA bounds by CROWN alone and looks for no counterexample. Of
networks of at most 400 ReLUs auto_LiRPA also optimises, and Marabou is asked about no others.
An unsat that is expected is one that our engine proved, so ours cannot be wrong about those that
no second tool confirms. Smoothing speaks of the vote over noisy copies, with confidence 0.999
each, and not of the network: its unsat is no proof and has no points.
"""


def _print_cases(cases: Sequence[Case]) -> None:
    print("| family | instances | unsat | sat | unknown | unsat confirmed by a second tool |")
    print("|---|---|---|---|---|---|")
    for family in FAMILIES:
        some = [case for case in cases if case.family == family]
        counts = [sum(case.expected == v for case in some) for v in get_args(Verdict)]
        confirmed = sum(case.expected == "unsat" and bool(case.confirmed_by) for case in some)
        print(f"| {family} | {len(some)} | {' | '.join(map(str, counts))} | {confirmed} |")


def _ratio(told: Mapping[str, Answer], answers: Mapping[Tool, Mapping[str, Answer]]) -> str:
    ours = answers.get(_OURS, {})
    both = [name for name in told if name in ours]
    base = sum(ours[name].cpu_s for name in both)
    return f"{sum(told[name].cpu_s for name in both) / base:.2g}" if base else "-"


def _marks(
    cases: Sequence[Case], answers: Mapping[Tool, Mapping[str, Answer]]
) -> dict[Tool, dict[str, Mark]]:
    """The mark of each answer, by tool and by the name of the instance."""
    marks: dict[Tool, dict[str, Mark]] = {tool: {} for tool in answers}
    for case in cases:
        made = instance(case)
        given = {tool: told[case.name] for tool, told in answers.items() if case.name in told}
        found = {
            tool: witness_of(asked(case), made.model, answer.witness)
            for tool, answer in given.items()
            if answer.verdict == "sat"
        }
        truth = truth_of(case.expected, found.values())
        for tool, answer in given.items():
            marks[tool][case.name] = mark(
                answer.verdict,
                found.get(tool, "none"),
                truth=truth,
                is_late=_is_late(case, answer),
            )
    return marks


def _is_late(case: Case, answer: Answer) -> bool:
    # Written so that a time that is none is late as well.
    return not 0 <= answer.cpu_s <= case.timeout_s


def _draw(_: argparse.Namespace) -> None:
    """Networks and cases anew; what is true of them is then to be settled."""
    cases = drawn(COMMITTED)
    write_manifest(_MANIFEST, [with_digests(case) for case in cases])
    _tell(f"{len(cases)} cases drawn; run, then settle")


def _settle(options: argparse.Namespace) -> None:
    """Takes what is true from the answers: proofs of our engine, counterexamples of any tool."""
    cases = read_manifest(_MANIFEST)
    tools = [tool for tool in get_args(Tool) if tool != _UNSCORED]
    answers = {tool: kept(options.out / "answers", tool) for tool in tools}
    decided, stored = [], {}
    for case in tqdm(cases, desc="settling", unit="instance"):
        said = {tool: told[case.name] for tool, told in answers.items() if case.name in told}
        verdict, steps = settled(case, said, ours=_OURS)
        agree = [tool for tool, each in said.items() if tool != _OURS and each.verdict == verdict]
        others = "" if verdict == "unknown" else " ".join(agree)
        decided.append(replace(case, expected=verdict, confirmed_by=others))
        if steps is not None:
            stored[case.name] = steps.astype(np.int16)
    np.savez_compressed(COMMITTED / "witnesses.npz", **stored)  # type: ignore[arg-type]  # arrays by name
    write_manifest(_MANIFEST, decided)
    _tell(f"{len(stored)} counterexamples kept")


def _tell(line: str) -> None:
    """Beside the tables, which are what is printed."""
    print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
