"""What is proven of a recording's decision: no disturbance of a set turns it into the other one.

The whole way from the stored samples to the threshold is part of the proof: the filter, the
segments, the tiling of short recordings, and the rounding of the float32 network.
Stable does not mean correct: a wrong decision can be proven as well as a right one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import torch

from afib.classifier import Classifier
from afib.decision import AFIB_RHYTHM, Screener
from afib.network import layers
from afib.preprocessing import segment_samples
from afib.proof.abstention import may_abstain
from afib.proof.disturbance import KINDS, Kind, disturbance
from afib.proof.path import Place, Way, reach_mv, way_of
from afib.proof.search import search
from nnassure.certify.arithmetic import FLOAT32, require_plain_arithmetic
from nnassure.certify.budget import Budget
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.proving import Proof, proof
from nnassure.certify.region import Region
from nnassure.errors import BoundError

if TYPE_CHECKING:
    from afib.checkpoint import Checkpoint
    from afib.proof.abstention import Answer
    from afib.proof.search import Counterexample, Searched
    from afib.records import Recording
    from nnassure.attacks import Budget as AttackBudget
    from nnassure.perturbation import LinearSet

__all__ = [
    "KINDS",
    "Kind",
    "Place",
    "ProvenDecision",
    "Prover",
    "as_json",
    "disturbance",
    "hold_apart",
]


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
        proof: What the certified margin rests on; None where nothing was proven.
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

    @property
    def certified_decision(self) -> bool:
        """Whether neither the other rhythm nor an abstention can come of it."""
        return self.outcome == "certified" and self.may_abstain is False


@final
class Prover:
    """Proves decisions of one model.

    Attributes:
        checkpoint: The model.

    Args:
        checkpoint: The model.
        attack: What the attacks on a recording that no quick bound decides may spend.
        parts: The most parts that a question is split into.
        steps: Steps of ascent for each part.
        seconds: CPU time from which no further part is begun.

    Raises:
        NetworkError: If the network has a layer that the engine cannot bound.
        ArithmeticAssumptionError: If torch is set to compute with less precision.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        attack: AttackBudget,
        parts: int,
        steps: int,
        seconds: float,
    ) -> None:
        require_plain_arithmetic()
        self._screener = Screener(Classifier(checkpoint))
        self.checkpoint = checkpoint
        self._settings = checkpoint.settings
        self._chain = chain_of(
            layers(checkpoint.network), segment_samples(checkpoint.settings.preprocessing)
        )
        self._attack = attack
        self._parts, self._steps, self._seconds = parts, steps, seconds

    @property
    def classifier(self) -> Classifier:
        """The model in use."""
        return self._screener.classifier

    def prove(
        self, recording: Recording, noise: LinearSet, *, at: Place, seed: int
    ) -> ProvenDecision:
        """What is known of the decision on *recording* under *noise*.

        First the quick bounds, then the attacks, then the bounds that take time: whatever
        decides first.

        Args:
            recording: As stored.
            noise: The disturbances, where they enter.
            at: Whether they enter at the recorder's samples or behind the filter.
            seed: Of the attacks.

        Raises:
            ShapeError: If *noise* is for another number of samples.
            BoundError: If an attack met a point below what was proven: then the engine is wrong.
        """
        begun = time.process_time()
        decision = self._screener.decide(recording)
        if decision.rhythm is None:
            return _abstained(recording, begun)
        way = way_of(recording, noise, self._settings, at)
        best, found = self._answer(recording, noise, way, decision.rhythm, at=at, seed=seed)
        logit = float(self.classifier.logits([way.network_mv])[0])
        return ProvenDecision(
            record=recording.name,
            rhythm=decision.rhythm,
            clean_margin=abs(logit - self.checkpoint.threshold),
            certified_margin=best.margin,
            outcome="certified" if best.margin > 0 else "attacked" if found else "unknown",
            may_abstain=self._may_abstain(recording, noise, at),
            method=found.method if found else best.method,
            seconds=time.process_time() - begun,
            counterexample=found,
            proof=best,
        )

    def _answer(  # noqa: PLR0913  a question is told by its set, its way and its seed
        self,
        recording: Recording,
        noise: LinearSet,
        way: Way,
        rhythm: str,
        *,
        at: Place,
        seed: int,
    ) -> tuple[Proof, Counterexample | None]:
        """The best proof, and the counterexample if one was replayed."""
        begun, problem = time.process_time(), self.problem(way, rhythm)
        best = self._quick(problem)
        if best.margin > 0:
            return best, None
        searched = search(
            self._screener, recording, way, noise, at=at, budget=self._attack, seed=seed
        )
        if searched.found is None:
            best = self._thorough(problem, best, begun)
        hold_apart(recording, best, searched)
        return best, searched.found

    def problem(self, way: Way, rhythm: str) -> Problem:
        """What has to be bounded for *rhythm* to be proven on *way*."""
        side = 1.0 if rhythm == AFIB_RHYTHM else -1.0
        return Problem(
            chain=self._chain,
            region=Region((way.placed,), way.resampling),
            question=Question(
                sides=torch.tensor([side], dtype=torch.float64), threshold=self.checkpoint.threshold
            ),
            arithmetic=FLOAT32,
        )

    def _quick(self, problem: Problem) -> Proof:
        return proof(problem, Budget(parts=self._parts, steps=0, out_of_time=lambda: False))

    def _thorough(self, problem: Problem, quick: Proof, begun: float) -> Proof:
        found = proof(
            problem,
            Budget(
                parts=self._parts,
                steps=self._steps,
                out_of_time=lambda: time.process_time() - begun > self._seconds,
            ),
        )
        return found if found.margin > quick.margin else quick

    def _may_abstain(self, recording: Recording, noise: LinearSet, at: Place) -> Answer:
        if at == "network":
            # What the device abstains on it sees before the filter.
            return False
        return may_abstain(
            recording, reach_mv(noise), self._settings.usability, is_box=noise.parameters == 0
        )


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


def hold_apart(recording: Recording, best: Proof, searched: Searched) -> None:
    """Hold that no point of the set was met below what is proven of all its points.

    Raises:
        BoundError: If one was.
    """
    if best.margin > 0 and searched.least_margin < best.margin:
        raise BoundError(
            f"{recording.name}: expected no margin below the proven {best.margin:g}, got a signal "
            f"of the set with {searched.least_margin:g}; please report it"
        )


def _abstained(recording: Recording, begun: float) -> ProvenDecision:
    """Of a recording without a rhythm nothing can be proven."""
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
