"""Proofs about many recordings, side by side in processes of one thread each."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

import torch
from tqdm import tqdm

from afib.checkpoint import Checkpoint
from afib.preprocessing import to_network_rate
from afib.proof import Prover
from afib.proof.band import Band, prove_band
from afib.proof.disturbance import JOINED, disturbance
from afib.proof.recorded import recorded_noise
from nnassure.attacks import Budget as AttackBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from afib.decision import Screener
    from afib.proof import ProvenDecision
    from afib.proof.disturbance import Kind
    from afib.proof.path import Place
    from afib.proof.recorded import RecordedNoise
    from afib.records import Recording
    from afib.settings import Settings
    from nnassure.arrays import FloatArray
    from nnassure.perturbation import LinearSet

__all__ = [
    "WANDER_HZ",
    "Challenge",
    "answer",
    "band_of",
    "box_of",
    "noise_of",
    "noise_shapes",
    "proven",
    "proven_by",
    "side_by_side",
]

_Asked = TypeVar("_Asked")
_Known = TypeVar("_Known")

#: Breathing and movement: see :func:`nnassure.perturbation.wander`.
WANDER_HZ = (0.05, 0.67)


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
        band_hz: Lowest and highest frequency of a ``wander-band``.
        mains_hz: Of the mains in ``joint``.
        weights: What ``joint`` joins, each with how many times the size.
        noise: The recorded noise of ``noise``: a folder or a record; None for the Noise Stress
            Test below ``VERICASE_DATA``.
        components: How many shapes span the recorded noise.
        art_restarts: Runs of the two APGD of the Adversarial Robustness Toolbox, which has to be
            installed then.
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
    band_hz: tuple[float, float] = WANDER_HZ
    mains_hz: float = 50.0
    weights: tuple[tuple[str, float], ...] = tuple(JOINED.items())
    noise: Path | None = None
    components: int = 4
    art_restarts: int = 0

    def attack(self) -> AttackBudget:
        """What the attacks may spend."""
        few = min(self.restarts, 3)
        return AttackBudget(
            restarts=self.restarts,
            auto_restarts=few,
            smooth_restarts=min(few, 2),
            queries=self.queries,
            square_restarts=min(few, 1),
            art_restarts=self.art_restarts,
        )

    def prover(self, checkpoint: Checkpoint, device: Screener | None = None) -> Prover:
        """What answers it about the model of *checkpoint*, replayed through its *device*."""
        return Prover(
            checkpoint,
            attack=self.attack(),
            parts=self.parts,
            steps=self.steps,
            seconds=self.seconds,
            device=device,
        )


def answer(challenge: Challenge, prover: Prover, recording: Recording) -> ProvenDecision:
    """What is known of *recording* under the disturbances that *challenge* names.

    Raises:
        PerturbationError: If a size or a frequency is out of its range.
        SourceError: If recorded noise is asked for, and there is none.
        BoundError: If an attack met a point below what was proven: then the engine is wrong.
    """
    settings = prover.checkpoint.settings
    if challenge.kind == "wander-band":
        band = band_of(challenge, recording, settings)
        return prove_band(prover, recording, band, at=challenge.at, seed=challenge.seed)
    noise = noise_of(challenge, recording, settings)
    return prover.prove(recording, noise, at=challenge.at, seed=challenge.seed)


def noise_of(challenge: Challenge, recording: Recording, settings: Settings) -> LinearSet:
    """The disturbances of *recording* that *challenge* names.

    Raises:
        PerturbationError: If a size or a frequency is out of its range, or the disturbances are
            no single set: those of ``wander-band`` are the union of many.
        SourceError: If recorded noise is asked for, and there is none.
    """
    signal_mv, rate_hz, box_mv = _entrance(challenge, recording, settings)
    components = None
    if challenge.kind == "noise":
        components = noise_shapes(challenge, recording, settings).components
    return disturbance(
        challenge.kind,
        signal_mv,
        rate_hz=rate_hz,
        size=challenge.size,
        frequency_hz=challenge.frequency_hz,
        radius_mv=box_mv,
        mains_hz=challenge.mains_hz,
        weights=dict(challenge.weights),
        components=components,
    )


def noise_shapes(challenge: Challenge, recording: Recording, settings: Settings) -> RecordedNoise:
    """The shapes of recorded noise where *challenge* enters, as long as *recording*.

    Raises:
        SourceError: If there is no recorded noise, or it is too short.
    """
    signal_mv, rate_hz, _ = _entrance(challenge, recording, settings)
    return recorded_noise(
        challenge.noise,
        rate_hz=rate_hz,
        samples=len(signal_mv),
        count=challenge.components,
        settings=settings.preprocessing,
    )


def band_of(challenge: Challenge, recording: Recording, settings: Settings) -> Band:
    """The waves that *challenge* names for *recording*."""
    signal_mv, rate_hz, box_mv = _entrance(challenge, recording, settings)
    return Band(
        lowest_hz=challenge.band_hz[0],
        highest_hz=challenge.band_hz[1],
        rate_hz=rate_hz,
        samples=len(signal_mv),
        mv=challenge.size,
        radius_mv=box_mv,
    )


def box_of(challenge: Challenge, recording: Recording, settings: Settings) -> float:
    """How far each sample of *recording* may move by itself beside a disturbance, in mV."""
    _, _, box_mv = _entrance(challenge, recording, settings)
    return box_mv


def _entrance(
    challenge: Challenge, recording: Recording, settings: Settings
) -> tuple[FloatArray, float, float]:
    """The samples that are disturbed, their rate, and the box beside what disturbs them."""
    if challenge.at == "network":
        rate_hz = settings.preprocessing.rate_hz
        signal_mv = to_network_rate(recording.signal_mv, recording.rate_hz, settings.preprocessing)
        return signal_mv, rate_hz, challenge.box_mv
    # What a converter makes of a disturbed signal is off by half a step.
    box_mv = challenge.box_mv + (recording.step_mv or 0.0) / 2
    return recording.signal_mv, recording.rate_hz, box_mv


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
    ask = partial(_one, challenge, bare)
    pairs = list(zip(models, recordings, strict=True))
    return side_by_side(ask, pairs, processes=processes, progress=progress)


def side_by_side(
    ask: Callable[[_Asked], _Known],
    asked: Sequence[_Asked],
    *,
    processes: int,
    progress: bool,
) -> list[_Known]:
    """What *ask* tells of each of *asked*, in their order."""
    bar = tqdm(total=len(asked), desc="proving", unit="recording", disable=not progress)
    results = []
    with bar, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for result in pool.map(ask, asked):
            results.append(result)
            bar.update()
    return results


def _one(
    challenge: Challenge,
    bare: bool,  # noqa: FBT001  bound by position
    asked: tuple[Path, Recording],
) -> ProvenDecision:
    model, recording = asked
    torch.set_num_threads(1)
    known = answer(challenge, challenge.prover(Checkpoint.load(model)), recording)
    return replace(known, proof=None, counterexample=None, pieces=()) if bare else known
