"""The largest size that is proven, and the smallest that turns the decision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afib.classifier import Classifier
from afib.preprocessing import to_network_rate
from afib.proof.largest import LEAST_SHARE, bisected, largest
from afib.proof.many import Challenge, answer
from afib.records import Recording
from nnassure.errors import PerturbationError
from tests.support.models import tiny_checkpoint
from tests.support.recordings import steps

if TYPE_CHECKING:
    from afib.proof import Kind

PRECISION = 0.1


def stored(samples: int = 3000) -> Recording:
    """A recording in whole steps of 1 uV."""
    return Recording.of(
        name="A00001",
        signal_mv=steps(samples) / 1000,
        rate_hz=300.0,
        origin="A00001.hea",
        step_mv=0.001,
    )


def question(kind: Kind, size: float) -> Challenge:
    """Up to *size*, answered in a moment."""
    return Challenge(
        kind=kind,
        at="network",
        size=size,
        frequency_hz=0.3 if kind == "wander" else None,
        box_mv=0.0,
        parts=20,
        steps=2,
        seconds=20.0,
        restarts=1,
        queries=20,
        seed=3,
    )


@pytest.mark.parametrize(("kind", "size"), [("linf", 0.5), ("offset", 2.0), ("gain", 0.9)])
def test_the_largest_size_is_proven_and_below_the_attacked_one(kind: Kind, size: float) -> None:
    """Asked again it is proven; every larger size that was attacked is above it."""
    one, plain = stored(), tiny_checkpoint(seed=2)
    signal_mv = to_network_rate(one.signal_mv, one.rate_hz, plain.settings.preprocessing)
    logit = float(Classifier(plain).logits([signal_mv])[0])
    checkpoint = tiny_checkpoint(seed=2, threshold=logit - 0.02)
    asked = question(kind, size)
    prover = asked.prover(checkpoint)
    found = largest(prover, one, asked, precision=PRECISION)
    assert found.certified is not None
    again = answer(replace(asked, size=found.certified), prover, one)
    assert again.outcome == "certified"
    assert found.proven is not None
    assert found.proven.certified_margin == again.certified_margin
    if found.attacked is None:
        assert found.is_at_end or found.asked.outcome == "unknown"
    else:
        assert found.certified < found.attacked <= size
        turned = answer(replace(asked, size=found.attacked), prover, one)
        assert turned.outcome == "attacked"
    assert largest(prover, one, asked, precision=PRECISION).certified == found.certified


def test_the_upper_end_is_told_as_such() -> None:
    """What is proven at the largest size that was asked about may be provable beyond it."""
    asked = question("gain", 1e-6)
    prover = asked.prover(tiny_checkpoint(seed=2))
    found = largest(prover, stored(), asked, precision=PRECISION)
    assert (found.certified, found.attacked, found.is_at_end) == (1e-6, None, True)


@pytest.mark.parametrize("precision", [0.0, 1e-18, -1.0, float("nan"), float("inf")])
def test_a_precision_that_is_none_is_refused(precision: float) -> None:
    """Before anything is asked."""
    asked = question("linf", 0.1)
    told = r"^precision: expected a finite number from 0\.0001, got "
    with pytest.raises(PerturbationError, match=told):
        largest(asked.prover(tiny_checkpoint()), stored(), asked, precision=precision)


def test_nothing_is_sought_below_the_least_share() -> None:
    """A size that never holds is asked about a bounded number of times, the least one last."""
    asked: list[float] = []

    def never(size: float) -> bool:
        asked.append(size)
        return False

    assert bisected(never, LEAST_SHARE, 1.0, PRECISION) is None
    assert asked == [2.0**-power for power in range(1, 11)]
