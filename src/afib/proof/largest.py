"""The largest disturbance that cannot turn a decision, one recording at a time.

Sets of one kind grow with their size, so what is proven of one is proven of every smaller one,
and a counterexample in one is one in every larger one. Both ends are sought by bisection.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from afib.proof.many import answer
from nnassure.errors import BoundError, PerturbationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from afib.proof import ProvenDecision, Prover
    from afib.proof.many import Challenge
    from afib.records import Recording

__all__ = ["LEAST_PRECISION", "LEAST_SHARE", "Largest", "bisected", "largest"]

#: A size below this share of the upper end is not asked about.
LEAST_SHARE = 2.0**-10
#: Finer precisions would ask about hundreds of sizes that no one can tell apart.
LEAST_PRECISION = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Largest:
    """How large a disturbance of one kind may be.

    Attributes:
        record: Name of the recording.
        rhythm: What the device says of it undisturbed; None if it abstains.
        certified: The largest size that is proven; None if none that was asked about is.
        attacked: The smallest size at which a counterexample was replayed; None without one.
        up_to: The largest size that was asked about.
        precision: Between *certified* and the next size that was not proven lies at most this
            share, and between *attacked* and the next smaller size that was not attacked.
        asked: What is known at *up_to*.
        proven: What is known at *certified*; None if that is None.
        turned: What is known at *attacked*; None if that is None.
        seconds: CPU time that all answers took.
    """

    record: str
    rhythm: str | None
    certified: float | None
    attacked: float | None
    up_to: float
    precision: float
    asked: ProvenDecision
    proven: ProvenDecision | None
    turned: ProvenDecision | None
    seconds: float

    @property
    def is_at_end(self) -> bool:
        """Whether the upper end itself is proven, so that a larger size may be provable too."""
        return self.certified == self.up_to


def largest(
    prover: Prover, recording: Recording, challenge: Challenge, *, precision: float
) -> Largest:
    """The largest size up to that of *challenge* at which the decision on *recording* is proven.

    The answers at the sizes in between are those of :func:`afib.proof.many.answer`, so the largest
    size is reproducible wherever these do not end by the clock.

    Args:
        prover: Of the model.
        recording: As stored.
        challenge: Its size is the largest that is asked about; a box beside it does not change.
        precision: Share that the sizes are told to, from 1e-4, such as 0.05.

    Raises:
        PerturbationError: If *precision* or a size is out of its range.
        BoundError: If an attack met a point below what was proven: then the engine is wrong.
    """
    if not (math.isfinite(precision) and precision >= LEAST_PRECISION):
        raise PerturbationError(
            f"precision: expected a finite number from {LEAST_PRECISION:g}, got {precision}"
        )
    begun = time.process_time()
    known: dict[float, ProvenDecision] = {}

    def outcome(size: float) -> str:
        if size not in known:
            known[size] = answer(replace(challenge, size=size), prover, recording)
        return known[size].outcome

    if outcome(challenge.size) != "certified" and known[challenge.size].rhythm is not None:
        low = challenge.size * LEAST_SHARE
        bisected(lambda size: outcome(size) == "certified", low, challenge.size, precision)
    attacked = _smallest_attacked(known, outcome, precision)
    certified = _largest_certified(known, attacked)
    return Largest(
        record=recording.name,
        rhythm=known[challenge.size].rhythm,
        certified=certified,
        attacked=attacked,
        up_to=challenge.size,
        precision=precision,
        asked=known[challenge.size],
        proven=None if certified is None else known[certified],
        turned=None if attacked is None else known[attacked],
        seconds=time.process_time() - begun,
    )


def bisected(
    holds: Callable[[float], bool], low: float, high: float, precision: float
) -> float | None:
    """A size that holds, with one that does not at most the share *precision* above it.

    Args:
        holds: Asked of sizes between the ends, at the same size always with the same answer.
        low: The smallest size, above 0; asked only if no larger one was found to hold.
        high: A size that does not hold, above *low*; it is not asked again.
        precision: Above 0.

    Returns:
        The largest size that was found to hold; None if not even *low* does.
    """
    best: float | None = None
    while high > low if best is None else high > best * (1 + precision):
        size = max(low, high / 2) if best is None else math.sqrt(best * high)
        if size in {best, high}:
            break
        if holds(size):
            best = size
        else:
            high = size
    return best


def _smallest_attacked(
    known: dict[float, ProvenDecision], outcome: Callable[[float], str], precision: float
) -> float | None:
    """The smallest size of a counterexample, sought between what is open and what was attacked."""
    attacked = [size for size, each in known.items() if each.outcome == "attacked"]
    if not attacked:
        return None
    high = min(attacked)
    low = max((size for size in known if size < high), default=high)
    while high > low * (1 + precision):
        size = math.sqrt(low * high)
        if size in {low, high}:
            break
        if outcome(size) == "attacked":
            high = size
        else:
            low = size
    return high


def _largest_certified(known: dict[float, ProvenDecision], attacked: float | None) -> float | None:
    """The largest size that was proven.

    Raises:
        BoundError: If a counterexample is no larger.
    """
    certified = [size for size, each in known.items() if each.outcome == "certified"]
    if not certified:
        return None
    if attacked is not None and attacked <= max(certified):
        raise BoundError(
            f"{known[attacked].record}: expected no counterexample up to the proven "
            f"{max(certified):g}, got one of {attacked:g}; please report it"
        )
    return max(certified)
