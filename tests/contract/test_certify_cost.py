"""What the benchmark of bounds asks is one question, and what it prints can be read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from benchmarks import certify_cost
from benchmarks.shared import proving
from benchmarks.shared.cascade import cascade
from benchmarks.shared.engines import Answers, Case, answers
from nnassure.certify.arithmetic import REAL
from tests.support.engines import needs_auto_lirpa
from tests.support.networks import random_network

if TYPE_CHECKING:
    from torch import nn

_SAMPLES = 60


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    """A small network in the place of both, and signals as short."""
    monkeypatch.delenv("VERICASE_DATA", raising=False)
    monkeypatch.setattr(certify_cost, "_SAMPLES", _SAMPLES)
    return Case(told="a small one", network=_network(), threshold=0.1, radius_mv=0.05, target=1.0)


def _network() -> nn.Sequential:
    return random_network(3, _SAMPLES)


def _signal(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=_SAMPLES).astype(np.float32)


@needs_auto_lirpa
def test_both_engines_are_asked_the_same(case: Case) -> None:
    """In real arithmetic both give one margin; soundness for float32 takes some of it."""
    found = [answers(case, _signal(seed)) for seed in range(4)]
    assert [one.real for one in found] == pytest.approx([one.theirs for one in found], abs=1e-3)
    assert all(one.sound < one.real for one in found)
    assert all(min(one.sound_s, one.unrounded_s, one.theirs_s) > 0 for one in found)


@needs_auto_lirpa
def test_what_soundness_costs_is_a_pass_without_rounding(case: Case) -> None:
    """Without it the margin is that of real numbers, but for the engine's own error."""
    found = answers(case, _signal(1))
    assert found.unrounded == pytest.approx(found.real, abs=1e-6)
    assert found.sound < found.unrounded - 1e-6


def test_a_looser_bound_is_counted(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """One of three is looser by more than is let pass, one tighter, and one proof is lost."""

    def answer(real: float, theirs: float) -> Answers:
        return Answers(
            sound=real - 0.5,
            real=real,
            unrounded=real,
            theirs=theirs,
            sound_s=0.5,
            unrounded_s=0.4,
            theirs_s=6.0,
            open_share=0.25,
        )

    found = {"small": [answer(0.4, 0.9), answer(2.0, 1.0), answer(-1.0, -1.00001)]}
    certify_cost._print_passes({"small": case}, found)
    certify_cost._print_soundness({"small": case}, found)
    told = capsys.readouterr().out
    assert "| a small one | 3 | 25 % | 0.50 | 6.00 | 12.0 | 1 | 1 | 0.5 | 1 | 1 |" in told
    assert "| a small one | 3 | 2 | 1 | 0.5 | +25 % |" in told


def test_the_cascade_tells_what_decided(case: Case) -> None:
    """A box around nothing is proven by intervals; one that reaches everywhere is attacked."""
    ends = [
        cascade(
            case.network,
            _signal(1),
            radius_mv=radius_mv,
            threshold=case.threshold,
            segment=_SAMPLES,
            seconds=5.0,
        )
        for radius_mv in (1e-6, 50.0)
    ]
    assert [end.told for end in ends] == ["interval", "an attack"]


def test_the_options_ask_for_little_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that all benchmarks can be run one after the other."""
    monkeypatch.setattr(sys, "argv", ["certify_cost"])
    asked = certify_cost._options()
    assert (asked.recordings, asked.unstable, asked.cascade) == (2, 1, 4)


def test_signals_are_those_of_the_cohort(case: Case) -> None:
    """Two rhythms in turn at the network's rate, the same for the same seed."""
    del case
    first, again = proving.signals(5, 2), proving.signals(5, 2)
    assert all(map(np.array_equal, first, again))
    assert {signal.dtype for signal in first} == {np.dtype(np.float32)}
    assert proving.joined(first, 7000).shape == (7000,)


def test_a_pass_tells_how_many_relus_are_open() -> None:
    """None at a radius of almost nothing, most of them at a large one."""
    shares = []
    for radius_mv in (1e-9, 100.0):
        asked = proving.problem(
            _network(),
            _signal(2),
            radius_mv=radius_mv,
            threshold=0.0,
            side=1.0,
            arithmetic=REAL,
        )
        with torch.no_grad():
            shares.append(proving.linear_pass(asked)[1])
    assert shares[0] < 0.05
    assert shares[1] > 0.9
