"""What is proven of a recording's decision: no disturbance of a set turns it into the other one.

The whole way from the stored samples to the threshold is part of the proof: the filter, the
segments, the tiling of short recordings, and the rounding of the float32 network.
Stable does not mean correct: a wrong decision can be proven as well as a right one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

import torch

from afib.classifier import Classifier
from afib.decision import AFIB_RHYTHM, Screener
from afib.network import layers
from afib.preprocessing import segment_samples
from afib.proof.abstention import may_abstain
from afib.proof.disturbance import KINDS, Kind, disturbance
from afib.proof.known import ProvenDecision, abstained, as_json, hold_apart
from afib.proof.path import Place, Way, reach_mv, way_of
from afib.proof.same import Taken, require_same_logit, require_same_settings
from afib.proof.search import search
from nnassure.certify.arithmetic import FLOAT32, require_plain_arithmetic
from nnassure.certify.budget import Budget
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.proving import Proof, proof
from nnassure.certify.region import Region
from nnassure.errors import NetworkError
from nnassure.unaltered import require_unaltered

if TYPE_CHECKING:
    from collections.abc import Callable

    from afib.checkpoint import Checkpoint
    from afib.proof.abstention import Answer
    from afib.proof.search import Searched
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


@final
class Prover:
    """Proves decisions of one model.

    Attributes:
        checkpoint: The model.
        seconds: CPU time from which no further part of a question is begun.

    Args:
        checkpoint: The model.
        attack: What the attacks on a recording that no quick bound decides may spend.
        parts: The most parts that a question is split into.
        steps: Steps of ascent for each part.
        seconds: CPU time from which no further part is begun.
        device: What counterexamples are replayed through, of the same model; without one the
            network decides alone.

    Raises:
        NetworkError: If the network has a layer that the engine cannot bound, or was altered, or
            *device* decides by another one.
        ArithmeticAssumptionError: If torch is set to compute with less precision.
    """

    def __init__(  # noqa: PLR0913  a prover is told by its model and what an answer may cost
        self,
        checkpoint: Checkpoint,
        *,
        attack: AttackBudget,
        parts: int,
        steps: int,
        seconds: float,
        device: Screener | None = None,
    ) -> None:
        require_plain_arithmetic()
        require_unaltered(checkpoint.network)
        require_same_settings(checkpoint)
        self._screener = device or Screener(Classifier(checkpoint))
        if self.classifier.digest != checkpoint.digest:
            raise NetworkError(
                f"device: expected one of the model {checkpoint.digest[:12]}, "
                f"got {self.classifier.digest[:12]}"
            )
        self.checkpoint = checkpoint
        self._taken = Taken(checkpoint.network)
        self._settings = checkpoint.settings
        self._chain = chain_of(
            layers(checkpoint.network), segment_samples(checkpoint.settings.preprocessing)
        )
        self._attack = attack
        self._parts, self._steps, self.seconds = parts, steps, seconds

    @property
    def classifier(self) -> Classifier:
        """The model in use."""
        return self._screener.classifier

    def prove(
        self, recording: Recording, noise: LinearSet, *, at: Place, seed: int
    ) -> ProvenDecision:
        """What is known of the decision on *recording* under *noise*.

        First the quick bounds, then the attacks, then the bounds that take time: whatever
        decides first. Where an attack makes the device abstain, nothing more is tried.

        Args:
            recording: As stored.
            noise: The disturbances, where they enter.
            at: Whether they enter at the recorder's samples or behind the filter.
            seed: Of the attacks.

        Raises:
            ShapeError: If *noise* is for another number of samples.
            ArithmeticAssumptionError: If torch is set to compute with less precision.
            NetworkError: If the network that decides is not the one that was taken.
            BoundError: If the recording itself, or a point that an attack met, lies below what was
                proven: then the engine is wrong.
        """
        begun = time.process_time()
        rhythm = self.rhythm(recording)
        if rhythm is None:
            return abstained(recording, begun)
        way = self.way(recording, noise, at)
        clean = self.clean_margin(way)
        best, searched = self._answer(recording, noise, way, rhythm, at=at, seed=seed)
        hold_apart(recording, best, clean)
        found = None if searched is None else searched.found
        abstains = searched is not None and searched.abstains
        return ProvenDecision(
            record=recording.name,
            rhythm=rhythm,
            clean_margin=clean,
            certified_margin=best.margin,
            outcome="certified" if best.margin > 0 else "attacked" if found else "unknown",
            may_abstain=True if abstains else self.may_abstain(recording, noise, at),
            method=found.method if found else best.method,
            seconds=time.process_time() - begun,
            counterexample=found,
            proof=best,
        )

    def rhythm(self, recording: Recording) -> str | None:
        """What the device says of *recording*; None if it abstains.

        Raises:
            ArithmeticAssumptionError: If torch is set to compute with less precision.
            NetworkError: If the network that decides is in training mode, or is not as that of the
                model was when it was taken.
        """
        require_plain_arithmetic()
        self._taken.hold(self.classifier.network)
        return self._screener.decide(recording).rhythm

    def way(self, recording: Recording, noise: LinearSet, at: Place) -> Way:
        """The way of *recording* from where *noise* enters to the network.

        Raises:
            ShapeError: If *noise* is for another number of samples.
        """
        return way_of(recording, noise, self._settings, at)

    def clean_margin(self, way: Way) -> float:
        """Distance of the undisturbed logit from the threshold.

        Raises:
            NetworkError: If what decides says another logit than the layers that are bounded.
        """
        require_same_logit(self._chain, self.classifier, way)
        logit = float(self.classifier.logits([way.network_mv])[0])
        return abs(logit - self.checkpoint.threshold)

    def _answer(  # noqa: PLR0913  a question is told by its set, its way and its seed
        self,
        recording: Recording,
        noise: LinearSet,
        way: Way,
        rhythm: str,
        *,
        at: Place,
        seed: int,
    ) -> tuple[Proof, Searched | None]:
        """The best proof, and what attacks came to if they were needed."""
        begun, problem = time.process_time(), self.problem(way, rhythm)
        best = self.quick(problem, begun=begun)
        if best.margin > 0:
            return best, None
        searched = self.searched(
            recording,
            noise,
            way,
            at=at,
            seed=seed,
            out_of_time=lambda: time.process_time() - begun > self.seconds,
        )
        if searched.found is None and not searched.abstains:
            best = self.thorough(problem, best, begun)
        hold_apart(recording, best, searched.least_margin)
        return best, searched

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

    def quick(
        self, problem: Problem, *, parts: int | None = None, begun: float | None = None
    ) -> Proof:
        """What bounds that cost little prove, of at most so many parts.

        Args:
            problem: The question.
            parts: The most parts; None for those of the prover.
            begun: The CPU time that the seconds of a recording count from; None for now.
        """
        most = self._parts if parts is None else parts
        start = time.process_time() if begun is None else begun
        return proof(
            problem,
            Budget(
                parts=most,
                steps=0,
                out_of_time=lambda: time.process_time() - start > self.seconds,
            ),
        )

    def thorough(self, problem: Problem, quick: Proof, begun: float) -> Proof:
        """The better of *quick* and what bounds prove that take time, counted from *begun*."""
        found = proof(
            problem,
            Budget(
                parts=self._parts,
                steps=self._steps,
                out_of_time=lambda: time.process_time() - begun > self.seconds,
            ),
        )
        return found if found.margin > quick.margin else quick

    def searched(  # noqa: PLR0913  as above
        self,
        recording: Recording,
        noise: LinearSet,
        way: Way,
        *,
        at: Place,
        seed: int,
        out_of_time: Callable[[], bool] | None = None,
    ) -> Searched:
        """The worst that the attacks meet on *recording* in *noise*, until *out_of_time*."""
        return search(
            self._screener,
            recording,
            way,
            noise,
            at=at,
            budget=self._attack,
            seed=seed,
            out_of_time=out_of_time,
        )

    def may_abstain(self, recording: Recording, noise: LinearSet, at: Place) -> Answer:
        """Whether a disturbance in *noise* could make the device abstain on *recording*.

        A gate's scores have no bound, so that beside one nothing rules it out.
        """
        # What a device without a gate abstains on it sees before the filter.
        said: Answer = at == "recorder" and may_abstain(
            recording, reach_mv(noise), self._settings.usability, is_box=noise.parameters == 0
        )
        return "unknown" if said is False and self._screener.limits is not None else said
