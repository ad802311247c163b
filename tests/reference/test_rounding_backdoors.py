"""What real arithmetic proves and float32 breaks is refused."""

from __future__ import annotations

import copy
from functools import cache

import numpy as np
import pytest

from nnassure.bounds import margin_bounds
from nnassure.certify.arithmetic import FLOAT32, REAL, Arithmetic
from nnassure.certify.proving import proof
from nnassure.perturbation import Ball
from tests.support.backdoors import BACKDOORS, Backdoor
from tests.support.engines import needs_auto_lirpa
from tests.support.orders import ORDERS, logits_in, mean_in
from tests.support.questions import budget, margins_of, problem_of

# The door knows a box around one segment, and no other set.
_FOR_THE_DOOR = [
    name
    for name in BACKDOORS
    if name
    not in {
        "along a direction",
        "behind a filter",
        "in the mean over segments",
        "a sample that stands twice",
    }
]


@cache
def _backdoor(name: str) -> Backdoor:
    return BACKDOORS[name]()


def _margin(backdoor: Backdoor, arithmetic: Arithmetic) -> float:
    problem = problem_of(
        backdoor.network,
        backdoor.recording,
        side=backdoor.side,
        threshold=backdoor.threshold,
        arithmetic=arithmetic,
        resampling=backdoor.resampling,
    )
    return proof(problem, budget(parts=16)).margin


def test_there_are_enough() -> None:
    """At least 20 networks."""
    assert len(BACKDOORS) >= 20


@pytest.mark.parametrize("name", BACKDOORS)
def test_real_arithmetic_proves_it(name: str) -> None:
    """The claim holds of real numbers, far beyond what float64 loses."""
    assert _margin(_backdoor(name), REAL) > 0.1


@needs_auto_lirpa
@pytest.mark.parametrize("name", _FOR_THE_DOOR)
def test_auto_lirpa_proves_it(name: str) -> None:
    """Of the same weights in float64: more digits of a bound are no help."""
    asked = _backdoor(name)
    # Of the float32 network our door tells no more than what it computes undisturbed.
    for network, proven in [(asked.network, False), (copy.deepcopy(asked.network).double(), True)]:
        bounds = margin_bounds(
            network, asked.recording.signal.float()[None], Ball(radius_mv=asked.recording.radius),
            is_positive=np.array([asked.side > 0]), threshold=asked.threshold, method="crown",
        )  # fmt: skip
        assert (float(bounds.lower[0]) > 0) == proven


@pytest.mark.parametrize("name", BACKDOORS)
def test_float32_breaks_it(name: str) -> None:
    """Torch itself does, at a point of the set; and so do orders of summation."""
    asked = _backdoor(name)
    problem = problem_of(
        asked.network, asked.recording, side=asked.side, threshold=asked.threshold,
        resampling=asked.resampling,
    )  # fmt: skip
    read = asked.witness[asked.recording.indices] * asked.recording.signs[:, None]
    met = [float(margins_of(asked.network, problem, asked.witness[None])[0])]
    for order in ORDERS.values():
        logits = logits_in(problem.chain, read.float().numpy(), order)
        logit = float(mean_in(logits[:, 1] - logits[:, 0], order))
        met.append(asked.side * (logit - asked.threshold))
    assert min(met[1:]) <= 0
    assert met[0] <= 0


@pytest.mark.parametrize("name", BACKDOORS)
def test_bounds_of_float32_refuse_it(name: str) -> None:
    """Not by intervals, nor lines, nor slopes, nor splits."""
    assert _margin(_backdoor(name), FLOAT32) <= 0
