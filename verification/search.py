"""A search for recordings whose decision a harmless change turns, by Hypothesis."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
from hypothesis import strategies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import SearchStrategy

    from afib.classifier import Classifier
    from nnassure.arrays import BoolArray, FloatArray
    from verification.judged import Judged

__all__ = ["Search", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search came to.

    Attributes:
        tried: Distinct pairs of a recording and a change that were tried.
        recordings: Distinct recordings among them.
        counterexamples: Those whose decision turned.
        smallest: The counterexample that shrinking ended at, as JSON; null without any.
        firm: Of all recordings, which ones are not borderline, and so could be tried.
    """

    tried: int
    recordings: int
    counterexamples: int
    smallest: str
    firm: BoolArray


class _TurnedError(Exception):
    """A decision turned."""


def search(
    judged: Judged,
    classifier: Classifier,
    conditions: Mapping[str, Any],
    change: Callable[[FloatArray, float], FloatArray],
    amounts: SearchStrategy[float],
) -> Search:
    """Try a change on recordings whose decision is not borderline, and count what turns.

    Args:
        judged: Recordings with their decisions.
        classifier: Decides the changed signals.
        conditions: `borderline_logit`, `examples` and `seed`.
        change: The signal, changed by an amount.
        amounts: How much; the smallest counterexample has the simplest amount.
    """
    distance = np.abs(judged.logits - classifier.threshold)
    is_firm = distance > conditions["borderline_logit"]
    firm = np.flatnonzero(is_firm).tolist()
    tried: dict[tuple[int, float], bool] = {}

    def turns(position: int, amount: float) -> bool:
        if (position, amount) not in tried:
            signal = change(judged.recordings.signals[position], amount)
            called = classifier.calls_afib(classifier.logits([signal.astype(np.float32)]))[0]
            tried[position, amount] = bool(called != judged.called[position])
        return tried[position, amount]

    def run(check: Callable[[int, float], None]) -> None:
        given = hypothesis.given(strategies.sampled_from(firm), amounts)(check)
        seeded = hypothesis.seed(conditions["seed"])(given)
        hypothesis.settings(
            max_examples=conditions["examples"],
            database=None,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            print_blob=False,
        )(seeded)()

    def attempt(position: int, amount: float) -> None:
        turns(position, amount)

    run(attempt)
    count, met = len(tried), len({position for position, _ in tried})
    turned = [pair for pair, has_turned in tried.items() if has_turned]
    return Search(
        tried=count,
        recordings=met,
        counterexamples=len(turned),
        smallest=_smallest(judged, turns, run, turned[0]) if turned else "null",
        firm=is_firm,
    )


def _smallest(
    judged: Judged,
    turns: Callable[[int, float], bool],
    run: Callable[[Callable[[int, float], None]], None],
    first: tuple[int, float],
) -> str:
    """The counterexample that shrinking ends at, or the *first* should it not be met again."""
    last = [first]

    def check(position: int, amount: float) -> None:
        if turns(position, amount):
            last.append((position, amount))
            raise _TurnedError

    with contextlib.suppress(_TurnedError):
        run(check)
    position, amount = last[-1]
    return json.dumps(
        {
            "record": str(judged.recordings.names[position]),
            "label": str(judged.recordings.labels[position]),
            "logit": float(judged.logits[position]),
            "amount": amount,
        }
    )
