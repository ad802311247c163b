"""What is known of one recording's decision, as a value and as plain JSON."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nnassure.errors import BoundError

if TYPE_CHECKING:
    from afib.proof.abstention import Answer
    from afib.proof.search import Counterexample
    from afib.records import Recording
    from nnassure.certify.proving import Proof
    from nnassure.perturbation import LinearSet

__all__ = ["Piece", "ProvenDecision", "abstained", "as_json", "hold_apart"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """One of several sets that the disturbances are the union of.

    Attributes:
        noise: The set.
        proof: What is known of it.
    """

    noise: LinearSet
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProvenDecision:
    """What is known of one recording's decision under a set of disturbances.

    Attributes:
        record: Name of the recording.
        rhythm: What the device says of it undisturbed; None if it abstains, and then nothing is
            proven.
        clean_margin: Distance of the undisturbed logit from the threshold; None likewise.
        certified_margin: No disturbance brings it below this; None likewise.
        outcome: ``certified``, ``attacked`` (a counterexample was replayed) or ``unknown``.
        may_abstain: Whether a disturbance could make the device abstain.
        method: Of the proof or the attack that decided; None where nothing was tried.
        seconds: CPU time that the answer took.
        counterexample: The one that was replayed, if any.
        proof: What the certified margin rests on; None where nothing was proven, and where it
            rests on several.
        pieces: The sets whose union the disturbances are, each with its proof, where they are no
            single set; empty where they are.
    """

    record: str
    rhythm: str | None
    clean_margin: float | None
    certified_margin: float | None
    outcome: str
    may_abstain: Answer
    method: str | None
    seconds: float
    counterexample: Counterexample | None
    proof: Proof | None
    pieces: tuple[Piece, ...] = ()

    @property
    def certified_decision(self) -> bool:
        """Whether neither the other rhythm nor an abstention can come of it."""
        return self.outcome == "certified" and self.may_abstain is False


def as_json(known: ProvenDecision, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  plain JSON
    """*known* as the command prints it, with what was *asked*."""
    return {
        "record": known.record,
        "rhythm": known.rhythm,
        **asked,
        "clean_margin": known.clean_margin,
        "certified_margin": known.certified_margin,
        "outcome": known.outcome,
        "may_abstain": known.may_abstain,
        "certified_decision": known.certified_decision,
        "method": known.method,
        "seconds": round(known.seconds, 3),
    }


def hold_apart(recording: Recording, best: Proof, least_margin: float) -> None:
    """Hold that no point of the set was met below what is proven of all its points.

    Args:
        recording: Whose decision is proven.
        best: The proof.
        least_margin: Of the points that are known, the undisturbed recording among them.

    Raises:
        BoundError: If one was.
    """
    if best.margin > 0 and least_margin < best.margin:
        raise BoundError(
            f"{recording.name}: expected no margin below the proven {best.margin:g}, got a signal "
            f"of the set with {least_margin:g}; please report it"
        )


def abstained(recording: Recording, begun: float) -> ProvenDecision:
    """What is known of a recording without a rhythm: nothing can be proven."""
    return ProvenDecision(
        record=recording.name,
        rhythm=None,
        clean_margin=None,
        certified_margin=None,
        outcome="unknown",
        may_abstain=True,
        method=None,
        seconds=time.process_time() - begun,
        counterexample=None,
        proof=None,
    )
