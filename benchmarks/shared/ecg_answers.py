"""What tools answered, kept as files; and what of it settles a case."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, get_args

import numpy as np

from benchmarks.shared.ecg_cases import asked, instance, moved, witness_steps
from benchmarks.shared.scoring import Answer, Verdict, witness_of
from nnassure.errors import BoundError, ExchangeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.shared.ecg_cases import Case
    from nnassure.arrays import IntArray

__all__ = ["keep", "kept", "settled"]


def keep(folder: Path, tool: str, answers: Sequence[Answer]) -> None:
    """*answers* as a table, and their counterexamples beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{tool}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([each.name, each.verdict, f"{each.cpu_s:.4f}"] for each in answers)
    shown = {each.name: each.witness for each in answers if each.witness is not None}
    np.savez_compressed(folder / f"{tool}.npz", **shown)  # type: ignore[arg-type]  # arrays by name


def kept(folder: Path, tool: str) -> dict[str, Answer]:
    """What :func:`keep` wrote, by the name of the instance; nothing if it wrote nothing.

    Raises:
        ExchangeError: If a line states no verdict that there is.
    """
    table, answers = folder / f"{tool}.csv", dict[str, Answer]()
    if not table.is_file():
        return answers
    with (
        np.load(folder / f"{tool}.npz", allow_pickle=False) as shown,
        table.open(encoding="utf-8") as file,
    ):
        for line, (name, verdict, cpu_s) in enumerate(csv.reader(file), 1):
            if verdict not in get_args(Verdict):
                raise ExchangeError(
                    f"{table.name}:{line}: expected unsat, sat or unknown, got {verdict}"
                )
            witness = shown.get(name)
            said: Verdict = verdict  # type: ignore[assignment]  # held above
            answers[name] = Answer(name=name, verdict=said, witness=witness, cpu_s=float(cpu_s))
    return answers


def settled(
    case: Case, said: Mapping[str, Answer], *, ours: str
) -> tuple[Verdict, IntArray | None]:
    """What is true of *case*: a proof of our engine, or a counterexample of any tool.

    Returns:
        The verdict, and the counterexample that shows ``sat``, in tenths of a step from the
        recording: in that form it is run again here.

    Raises:
        BoundError: If our engine proves what a counterexample contradicts.
    """
    proven = ours in said and said[ours].verdict == "unsat"
    for tool, answer in said.items():
        if answer.verdict != "sat" or answer.witness is None:
            continue
        steps = witness_steps(case, answer.witness)
        if witness_of(asked(case), instance(case).model, moved(case, steps)) != "exact":
            continue
        if proven:
            raise BoundError(f"{case.name}: expected no counterexample of a proof, got {tool}'s")
        return "sat", steps
    return ("unsat" if proven else "unknown"), None
