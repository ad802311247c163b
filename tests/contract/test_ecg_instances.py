"""The benchmark for verifiers: its files are what the manifest says, and its scorer is just."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from benchmarks import ecg_instances
from benchmarks.shared import ecg_answers, ecg_cases
from benchmarks.shared.scoring import Answer, Verdict, Witness, mark, truth_of, witness_of
from nnassure.errors import BoundError, ExchangeError
from nnassure.exchange import Instance, instance_of, read_vnnlib
from tests.support.exchanged import needs_onnx
from tests.support.questions import problem_of, relus, segment

if TYPE_CHECKING:
    from pathlib import Path

_CASES = ecg_cases.read_manifest(ecg_cases.COMMITTED / "manifest.csv")


def test_there_are_two_hundred_instances_of_every_verdict() -> None:
    """Each with a name of its own, and most of them settled."""
    assert len({case.name for case in _CASES}) == 200
    counts = {verdict: sum(case.expected == verdict for case in _CASES) for verdict in
              ("unsat", "sat", "unknown")}  # fmt: skip
    assert min(counts["unsat"], counts["sat"]) >= 50
    assert counts["unknown"] <= 40
    assert {case.family for case in _CASES} == set(ecg_cases.FAMILIES)


@pytest.mark.parametrize("family", ecg_cases.FAMILIES)
def test_files_are_made_again_as_the_manifest_states_them(family: str) -> None:
    """To the byte: a recording follows from its seed and number."""
    case = next(case for case in _CASES if case.family == family)
    made = ecg_cases.instance(case)
    assert ecg_cases.digest(made.text.encode()) == case.vnnlib_sha256
    assert ecg_cases.digest(made.model) == case.onnx_sha256
    assert read_vnnlib(made.text, place=case.name).relation == case.relation


@needs_onnx
def test_every_sat_has_a_counterexample_that_holds() -> None:
    """Each committed one is run again, and no other instance has one."""
    shown = ecg_cases.witnesses(_CASES)
    assert set(shown) == {case.name for case in _CASES if case.expected == "sat"}
    for case in [case for case in _CASES if case.name in shown][::6]:
        model = ecg_cases.instance(case).model
        assert witness_of(ecg_cases.asked(case), model, shown[case.name]) == "exact", case.name


def test_a_file_with_another_digest_is_refused() -> None:
    """Then the instance is another one, and its verdict may be too."""
    changed = replace(_CASES[0], vnnlib_sha256="0" * 64)
    with pytest.raises(ExchangeError, match=r"vnnlib/.*: expected SHA-256 0000"):
        ecg_cases.instance(changed)


@pytest.mark.parametrize(
    ("verdict", "witness", "truth", "points"),
    [
        ("unsat", "none", "unsat", 10),
        ("unsat", "none", "unknown", 10),
        ("unsat", "none", "sat", -150),
        ("sat", "exact", "sat", 10),
        ("sat", "within tolerance", "sat", 10),
        ("sat", "within tolerance", "unknown", 10),
        ("sat", "within tolerance", "unsat", 0),
        ("sat", "none", "sat", -150),
        ("sat", "none", "unsat", -150),
        ("sat", "none", "unknown", -150),
    ],
)
def test_points_are_those_of_the_competition(
    verdict: Verdict, witness: Witness, truth: Verdict, points: int
) -> None:
    """Ten for what is right, minus 150 for what is wrong or has no counterexample."""
    given = mark(verdict, witness, truth=truth)
    assert (given.points, given.is_wrong) == (points, points < 0)


def test_what_is_open_has_no_points() -> None:
    """Whatever is true."""
    witnesses: tuple[Witness, ...] = ("exact", "within tolerance", "none")
    truths: tuple[Verdict, ...] = ("unsat", "sat", "unknown")
    assert {mark("unknown", *each[:1], truth=each[1]).points for each in
            product(witnesses, truths)} == {0}  # fmt: skip


def test_a_late_answer_has_no_points() -> None:
    """Right or wrong: the tool would have been stopped."""
    assert mark("unsat", "none", truth="unsat", is_late=True).points == 0
    assert mark("unsat", "none", truth="sat", is_late=True).points == 0


def test_a_counterexample_outweighs_what_was_expected() -> None:
    """A proof that a replayed counterexample contradicts is wrong."""
    assert truth_of("unsat", ["none", "exact"]) == "sat"
    assert truth_of("unsat", ["none", "within tolerance"]) == "unsat"
    assert truth_of("unknown", []) == "unknown"


def a_line(radius: float = 1.0) -> Instance:
    """One sample x from -radius to radius, whose logit is x; a counterexample is up to 0.5."""
    network = relus([1.0, -1.0], [0.0, 0.0], [1.0, -1.0], 0.0)
    each = segment(torch.zeros(1), radius=radius)
    return instance_of(problem_of(network, each, threshold=0.5), title="t")


@needs_onnx
@pytest.mark.parametrize(
    ("sample", "state"),
    [
        (0.5, "exact"),
        (-1.0, "exact"),
        (0.50005, "within tolerance"),
        (-1.00005, "within tolerance"),
        (0.51, "none"),
        (-1.01, "none"),
        (float("nan"), "none"),
    ],
)
def test_a_counterexample_is_run_again(sample: float, state: Witness) -> None:
    """Inside the box, and on the other side of the threshold, by onnxruntime."""
    made = a_line()
    asked = read_vnnlib(made.text, place="p")
    assert witness_of(asked, made.model, np.array([sample], np.float32)) == state


@needs_onnx
@pytest.mark.parametrize(("lower", "upper"), [(0.50000001, 1.0), (0.50000001, 0.50000002)])
def test_a_point_beside_the_box_proves_nothing_of_it(lower: float, upper: float) -> None:
    """The nearest samples of the box are none; or it holds none that float32 has."""
    made = a_line()
    asked = replace(
        read_vnnlib(made.text, place="p"), lower=np.array([lower]), upper=np.array([upper])
    )
    point = np.array([0.5], np.float32)
    assert witness_of(asked, made.model, point) == "within tolerance"
    inside = replace(asked, lower=np.array([0.4]))
    assert witness_of(inside, made.model, point) == "exact"


@needs_onnx
def test_a_counterexample_of_another_length_is_none() -> None:
    """Nor is one that was not given."""
    made = a_line()
    asked = read_vnnlib(made.text, place="p")
    assert witness_of(asked, made.model, np.zeros(2, np.float32)) == "none"
    assert witness_of(asked, made.model, None) == "none"


@needs_onnx
def test_a_proof_that_is_contradicted_settles_nothing() -> None:
    """It is an error of ours, to be told and not to be averaged."""
    case = next(case for case in _CASES if case.expected == "sat")
    witness = ecg_cases.witnesses([case])[case.name]
    said = {
        "ours": Answer(name=case.name, verdict="unsat", witness=None, cpu_s=1.0),
        "other": Answer(name=case.name, verdict="sat", witness=witness, cpu_s=1.0),
    }
    with pytest.raises(BoundError, match="expected no counterexample of a proof, got other's"):
        ecg_answers.settled(case, said, ours="ours")


@needs_onnx
def test_a_wrong_verdict_costs_in_the_table() -> None:
    """A tool that proves everything, and one whose counterexamples are none."""
    sat, unsat = (next(c for c in _CASES if c.expected == v) for v in ("sat", "unsat"))
    flat = np.zeros_like(ecg_cases.asked(unsat).lower, dtype=np.float32)
    answers = {
        "ours": {c.name: Answer(name=c.name, verdict="unsat", witness=None, cpu_s=1.0)
                 for c in (sat, unsat)},
        "Marabou": {
            unsat.name: Answer(name=unsat.name, verdict="sat", witness=flat, cpu_s=1.0)
        },
    }  # fmt: skip
    marks = ecg_instances._marks([sat, unsat], answers)  # type: ignore[arg-type]  # names of tools
    assert sum(each.points for each in marks["ours"].values()) == 10 - 150
    assert marks["Marabou"][unsat.name].points == -150


@needs_onnx
@pytest.mark.parametrize("cpu_s", [10.5, -1.0, float("nan")])
def test_time_beyond_that_of_the_instance_is_late(cpu_s: float) -> None:
    """So is a time below 0, and one that is no number."""
    case = next(c for c in _CASES if c.expected == "unsat")
    assert case.timeout_s == 10
    said = {case.name: Answer(name=case.name, verdict="unsat", witness=None, cpu_s=cpu_s)}
    marks = ecg_instances._marks([case], {"ours": said})
    assert (marks["ours"][case.name].points, marks["ours"][case.name].reason) == (0, "out of time")


def test_answers_are_kept_with_their_counterexamples(tmp_path: Path) -> None:
    """What is read is what was kept; of a tool that was not asked there is nothing."""
    folder = tmp_path
    shown = np.array([0.25, -1.0], np.float32)
    given = [
        Answer(name="a", verdict="sat", witness=shown, cpu_s=0.25),
        Answer(name="b", verdict="unknown", witness=None, cpu_s=1.0),
    ]
    ecg_answers.keep(folder, "t", given)
    found = ecg_answers.kept(folder, "t")
    assert [(each.verdict, each.cpu_s) for each in found.values()] == [
        ("sat", 0.25),
        ("unknown", 1.0),
    ]
    assert found["a"].witness is not None
    assert found["a"].witness.tolist() == [0.25, -1.0]
    assert ecg_answers.kept(folder, "other") == {}
    (folder / "t.csv").write_text("a,maybe,1\n")
    with pytest.raises(ExchangeError, match=r"t\.csv:1: expected unsat, sat or unknown, got maybe"):
        ecg_answers.kept(folder, "t")
