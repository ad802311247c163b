"""What the tools of the benchmark for verifiers answer about instances that are settled."""

from __future__ import annotations

import pytest

from benchmarks.shared import ecg_cases
from benchmarks.shared.ecg_tools import TOOLS, Tool, ask, installed
from benchmarks.shared.scoring import witness_of
from tests.support.engines import needs_auto_lirpa
from tests.support.exchanged import needs_onnx
from tests.support.marabou import needs_marabou

pytestmark = needs_onnx

_CASES = ecg_cases.read_manifest(ecg_cases.COMMITTED / "manifest.csv")
_UNSAT, _SAT = (
    next(case for case in _CASES if case.family == "tiny" and case.expected == verdict)
    for verdict in ("unsat", "sat")
)


@pytest.mark.parametrize(
    "tool",
    [
        "ours",
        pytest.param("auto_LiRPA", marks=needs_auto_lirpa),
        pytest.param("Marabou", marks=needs_marabou),
    ],
)
def test_what_is_proven_is_proven_again(tool: Tool) -> None:
    """By each verifier, from the files alone."""
    answer = ask(tool, _UNSAT, ecg_cases.instance(_UNSAT))
    assert answer is not None
    assert (answer.name, answer.verdict, answer.witness) == (_UNSAT.name, "unsat", None)
    assert answer.cpu_s > 0


@pytest.mark.parametrize("tool", ["ours", pytest.param("Marabou", marks=needs_marabou)])
def test_what_is_contradicted_comes_with_a_counterexample(tool: Tool) -> None:
    """One that holds when it is run again."""
    made = ecg_cases.instance(_SAT)
    answer = ask(tool, _SAT, made)
    assert answer is not None
    assert answer.verdict == "sat"
    assert witness_of(ecg_cases.asked(_SAT), made.model, answer.witness) != "none"


def test_the_vote_over_noisy_copies_is_never_a_counterexample() -> None:
    """It proves nothing and contradicts nothing."""
    answer = ask("smoothing", _SAT, ecg_cases.instance(_SAT))
    assert answer is not None
    assert (answer.verdict, answer.witness) == ("unknown", None)


@pytest.mark.parametrize("family", ["ten", "recorder"])
def test_marabou_is_not_asked_what_it_cannot_decide(family: str) -> None:
    """Thousands of ReLUs, or a filter."""
    case = next(case for case in _CASES if case.family == family)
    assert ask("Marabou", case, ecg_cases.instance(case)) is None


def test_ours_needs_no_other_verifier() -> None:
    """It is there wherever the package is."""
    assert installed("ours")
    assert set(TOOLS) == {"ours", "auto_LiRPA", "Marabou", "smoothing"}
