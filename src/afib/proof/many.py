"""Proofs about many recordings, side by side in processes of one thread each."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import torch
from tqdm import tqdm

from afib.checkpoint import Checkpoint
from afib.preprocessing import to_network_rate
from afib.proof import Prover
from afib.proof.disturbance import disturbance
from nnassure.attacks import Budget as AttackBudget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from afib.proof import ProvenDecision
    from afib.proof.disturbance import Kind
    from afib.proof.path import Place
    from afib.records import Recording
    from afib.settings import Settings
    from nnassure.perturbation import LinearSet

__all__ = ["Challenge", "noise_of", "proven", "proven_by"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What decisions are held against, and what an answer may cost.

    Attributes:
        kind: Of the disturbance.
        at: Where it enters.
        size: In mV; for a gain, its share of the amplitude.
        frequency_hz: Of wander and mains; None for what has none.
        box_mv: How far each sample may move by itself beside it; at the recorder half a step of
            the converter is added.
        parts: The most parts that a question is split into.
        steps: Steps of ascent for each part.
        seconds: CPU time from which no further part of a question is begun; what decides before
            it does not depend on the machine.
        restarts: Descents of the attacks on a decision that no quick bound decides; of the other
            attacks no more than a few are run.
        queries: Blocks that the Square attack tries.
        seed: Of the attacks.
    """

    kind: Kind
    at: Place
    size: float
    frequency_hz: float | None
    box_mv: float
    parts: int
    steps: int
    seconds: float
    restarts: int
    queries: int
    seed: int

    def attack(self) -> AttackBudget:
        """What the attacks may spend."""
        few = min(self.restarts, 3)
        return AttackBudget(
            restarts=self.restarts,
            auto_restarts=few,
            smooth_restarts=min(few, 2),
            queries=self.queries,
            square_restarts=min(few, 1),
            art_restarts=0,
        )

    def prover(self, checkpoint: Checkpoint) -> Prover:
        """What answers it about the model of *checkpoint*."""
        return Prover(
            checkpoint,
            attack=self.attack(),
            parts=self.parts,
            steps=self.steps,
            seconds=self.seconds,
        )

    def prove(self, checkpoint: Checkpoint, recording: Recording) -> ProvenDecision:
        """What is known of the decision of *checkpoint*'s model on *recording*."""
        noise = noise_of(self, recording, checkpoint.settings)
        return self.prover(checkpoint).prove(recording, noise, at=self.at, seed=self.seed)


def noise_of(challenge: Challenge, recording: Recording, settings: Settings) -> LinearSet:
    """The disturbances of *recording* that *challenge* names.

    Raises:
        PerturbationError: If a size or a frequency is out of its range.
    """
    signal_mv, rate_hz, box_mv = recording.signal_mv, recording.rate_hz, challenge.box_mv
    if challenge.at == "network":
        preprocessing = settings.preprocessing
        signal_mv = to_network_rate(recording.signal_mv, recording.rate_hz, preprocessing)
        rate_hz = preprocessing.rate_hz
    else:
        # What a converter makes of a disturbed signal is off by half a step.
        box_mv += (recording.step_mv or 0.0) / 2
    return disturbance(
        challenge.kind,
        signal_mv,
        rate_hz=rate_hz,
        size=challenge.size,
        frequency_hz=challenge.frequency_hz,
        radius_mv=box_mv,
    )


def proven(
    model: Path,
    recordings: Sequence[Recording],
    challenge: Challenge,
    *,
    processes: int,
    progress: bool,
) -> list[ProvenDecision]:
    """What is known of each of *recordings*, in their order; it does not depend on *processes*.

    Raises:
        ModelError: If *model* is no sound model folder.
        NetworkError: If its network has a layer that the engine cannot bound.
    """
    models = [model] * len(recordings)
    return proven_by(
        models, recordings, challenge, processes=processes, progress=progress, bare=False
    )


def proven_by(  # noqa: PLR0913  proofs are told by their models, recordings and question
    models: Sequence[Path],
    recordings: Sequence[Recording],
    challenge: Challenge,
    *,
    processes: int,
    progress: bool,
    bare: bool,
) -> list[ProvenDecision]:
    """As :func:`proven`, each recording by the model that stands at its place.

    What is *bare* lacks what proofs rest on and the counterexamples, which fill a memory soon.

    Raises:
        ModelError: If one of *models* is no sound model folder.
        NetworkError: If a network has a layer that the engine cannot bound.
    """
    bar = tqdm(total=len(recordings), desc="proving", unit="recording", disable=not progress)
    results = []
    with bar, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for result in pool.map(partial(_one, challenge, bare), models, recordings):
            results.append(result)
            bar.update()
    return results


def _one(
    challenge: Challenge,
    bare: bool,  # noqa: FBT001  handed over by position, as a pool does
    model: Path,
    recording: Recording,
) -> ProvenDecision:
    torch.set_num_threads(1)
    known = challenge.prove(Checkpoint.load(model), recording)
    return replace(known, proof=None, counterexample=None) if bare else known
