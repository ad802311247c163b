"""The search finds what is there to find, shrinks it, and counts what it tried."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import strategies

from afib.classifier import Classifier
from tests.support.models import tiny_checkpoint
from tests.support.training import pulse_dataset
from verification.judged import Judged
from verification.search import Search, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from nnassure.arrays import FloatArray

RECORDINGS = pulse_dataset(8)
LOGITS = Classifier(tiny_checkpoint()).logits(RECORDINGS.signals)
#: Half of the recordings are called AFib by it.
CLASSIFIER = Classifier(tiny_checkpoint(threshold=float(np.median(LOGITS))))
SILENCE = CLASSIFIER.calls_afib(CLASSIFIER.logits([np.zeros(300, dtype=np.float32)]))[0]
AMOUNTS = strategies.integers(0, 1000).map(float)


def judged() -> Judged:
    """Recordings with what the classifier says of them."""
    return Judged(recordings=RECORDINGS, logits=LOGITS, called=CLASSIFIER.calls_afib(LOGITS))


def searched(
    change: Callable[[FloatArray, float], FloatArray],
    amounts: SearchStrategy[float] = AMOUNTS,
    **conditions: Any,  # noqa: ANN401  conditions are what a requirement says
) -> Search:
    """What a search comes to, of 60 examples unless *conditions* say otherwise."""
    usual = {"borderline_logit": 0.0, "examples": 60, "seed": 1}
    return search(judged(), CLASSIFIER, usual | conditions, change, amounts)


def silenced_from_500(signal_mv: FloatArray, amount: float) -> FloatArray:
    """Silence for an amount of 500 and more: decisions that silence does not share turn."""
    return signal_mv * np.float32(amount < 500)


def unchanged(signal_mv: FloatArray, amount: float) -> FloatArray:
    """The signal, whatever the amount."""
    assert amount >= 0
    return signal_mv


def test_an_invariant_change_has_no_counterexample() -> None:
    """What changes nothing turns nothing, and the report has nothing to attach."""
    found = searched(unchanged)
    assert (found.counterexamples, found.smallest) == (0, "null")
    assert 30 < found.tried <= 60


def test_a_planted_counterexample_is_found_and_shrunk() -> None:
    """Of all that turn, the first recording with the smallest amount is told."""
    found = searched(silenced_from_500)
    turning = np.flatnonzero(judged().called != SILENCE)
    assert found.counterexamples > 0
    assert json.loads(found.smallest) == {
        "record": str(RECORDINGS.names[turning[0]]),
        "label": str(RECORDINGS.labels[turning[0]]),
        "logit": float(LOGITS[turning[0]]),
        "amount": 500.0,
    }


def test_counterexamples_are_pairs_that_turned() -> None:
    """Every try is counted once, and those that turned are no more than could."""
    few = strategies.sampled_from([0.0, 1000.0])
    found = searched(silenced_from_500, few)
    # Eight recordings with two amounts; of the louder one, those turn that silence is not.
    assert found.tried == 16
    assert found.counterexamples == int((judged().called != SILENCE).sum())


def test_only_distinct_tries_are_counted() -> None:
    """A space of eight pairs gives eight tries, however many examples were asked for."""
    assert searched(unchanged, strategies.just(-1.0).map(abs), examples=200).tried == 8


def test_borderline_recordings_are_left_out() -> None:
    """A decision that hangs on a hair is not searched; here one recording is further off."""
    distance = np.sort(np.abs(LOGITS - CLASSIFIER.threshold))
    between = float(distance[-2] + distance[-1]) / 2
    assert searched(unchanged, strategies.just(1.0), borderline_logit=between).tried == 1


def test_the_same_seed_gives_the_same_search() -> None:
    """A search can be repeated to the last try, and another seed tries something else."""
    tried: list[list[float]] = [[], [], []]
    for amounts, seed in zip(tried, (1, 1, 2), strict=True):

        def noted(signal_mv: FloatArray, amount: float, into: list[float] = amounts) -> FloatArray:
            into.append(amount)
            return signal_mv

        searched(noted, seed=seed)
    assert tried[0] == tried[1] != tried[2]


def test_counts_do_not_include_the_shrinking() -> None:
    """What shrinking tries beyond the examples adds neither tries nor counterexamples."""
    assert searched(silenced_from_500, examples=60).tried <= 60


def test_nothing_to_search_is_an_error() -> None:
    """Without a single firm decision there is no result that could pass for none found."""
    with pytest.raises(Exception, match="length-zero"):
        searched(unchanged, borderline_logit=1e9)
