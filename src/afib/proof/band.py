"""Proofs about baseline wander of every frequency of a band.

The band is cut into pieces, each held in a linear set of its own (see
:func:`nnassure.perturbation.wander_band`); the decision is proven if it is on every piece.
A piece that is not proven is halved. Attacks are waves of single frequencies.
"""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
import torch

from afib.decision import AFIB_RHYTHM
from afib.proof.known import Piece, ProvenDecision, abstained, hold_apart
from nnassure.errors import PerturbationError
from nnassure.perturbation import LinearSet, jointly, wander_band

if TYPE_CHECKING:
    from afib.proof import Prover
    from afib.proof.abstention import Answer
    from afib.proof.path import Place, Way
    from afib.proof.search import Searched
    from afib.records import Recording
    from nnassure.arrays import DoubleArray

__all__ = ["Band", "prove_band", "wave_set"]

# Of a sample by itself the bounds cope with about that much beside a wave.
_RESIDUAL_MV = 0.002
# A piece is halved so often before it is given the bounds that take time.
_HALVINGS = 3
_MOST_PIECES = 4096
# What the attacks start from: so many frequencies at full amplitude, of so many phases in half a
# turn (the other half are their negatives); the worst of them are attacked with all means.
_FREQUENCIES, _PHASES, _WORST = 33, 12, 3
_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Waves of any one frequency of a band, of any phase, and of an amplitude of at most a size.

    Attributes:
        lowest_hz: Above 0.
        highest_hz: From *lowest_hz*, below half of the rate.
        rate_hz: Samples a second where they enter.
        samples: Length of the signal.
        mv: The largest amplitude.
        radius_mv: How far each sample may move by itself beside it.

    Raises:
        PerturbationError: If the amplitude is no finite number above 0.
    """

    lowest_hz: float
    highest_hz: float
    rate_hz: float
    samples: int
    mv: float
    radius_mv: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mv) and self.mv > 0):
            raise PerturbationError(f"mv: expected a finite number above 0, got {self.mv}")

    def enclosed(self, lowest_hz: float, highest_hz: float) -> LinearSet:
        """A set that holds the waves of a part of the band.

        Raises:
            PerturbationError: If a rate, the band or the size is out of its range.
        """
        waves = wander_band(
            self.samples, self.rate_hz, lowest_hz=lowest_hz, highest_hz=highest_hz, mv=self.mv
        )
        return jointly(waves, radius_mv=self.radius_mv) if self.radius_mv else waves

    def cuts(self) -> DoubleArray:
        """Ends of pieces that are narrow enough to be tried, shape (pieces + 1,), rising."""
        drift = min(1.0, math.sqrt(4 * _RESIDUAL_MV / self.mv))
        widest_hz = 2 * drift * self.rate_hz / (math.pi * self.samples)
        pieces = math.ceil((self.highest_hz - self.lowest_hz) / widest_hz)
        return np.linspace(self.lowest_hz, self.highest_hz, min(max(pieces, 1), _MOST_PIECES) + 1)


def prove_band(
    prover: Prover, recording: Recording, band: Band, *, at: Place, seed: int
) -> ProvenDecision:
    """What is known of the decision on *recording* under the waves of *band*.

    Args:
        prover: Of the model.
        recording: As stored.
        band: For as many samples as there are where the waves enter.
        at: Whether they enter at the recorder's samples or behind the filter.
        seed: Of the attacks.

    Raises:
        ShapeError: If *band* is for another number of samples.
        PerturbationError: If a rate, the band or the size is out of its range.
        BoundError: If an attack met a point below what was proven: then the engine is wrong.
    """
    begun = time.process_time()
    rhythm = prover.rhythm(recording)
    if rhythm is None:
        return abstained(recording, begun)
    return _Asked(prover, recording, band, rhythm, at=at, seed=seed, begun=begun).answer()


def wave_set(band: Band, frequency_hz: float, phase: float) -> LinearSet:
    """Waves of one frequency and about one phase, none of an amplitude above the band's.

    Args:
        band: Where the frequency is in.
        frequency_hz: In the band.
        phase: In radians, at the middle of the signal; the set reaches half a step of the
            phases that are tried to either side of it.
    """
    times_s = (np.arange(band.samples) - (band.samples - 1) / 2) / band.rate_hz
    angles = 2 * np.pi * frequency_hz * times_s + phase
    either_side = np.pi / (2 * _PHASES)
    # A rectangle inside the disc; float64 may miss its corners by less than the share.
    reach = band.mv * (1 - 1e-12) * np.array([np.cos(either_side), np.sin(either_side)])
    return LinearSet(
        names=(f"wander {frequency_hz:g} Hz", f"wander {frequency_hz:g} Hz ahead"),
        generators=np.stack([np.sin(angles), np.cos(angles)]),
        lower=-reach,
        upper=reach,
        radius_mv=band.radius_mv,
    )


@final
class _Asked:
    """One question about a band, while it is answered."""

    def __init__(  # noqa: PLR0913  a question is told by its set, its way and its seed
        self,
        prover: Prover,
        recording: Recording,
        band: Band,
        rhythm: str,
        *,
        at: Place,
        seed: int,
        begun: float,
    ) -> None:
        self._prover, self._recording, self._band, self._rhythm = prover, recording, band, rhythm
        self._at: Place = at
        self._seed, self._begun = seed, begun
        self._searched: Searched | None = None

    def answer(self) -> ProvenDecision:
        """What is known; the search for a counterexample begins where a piece is not proven."""
        cuts = self._band.cuts().tolist()
        waiting = [(low, high, 0) for low, high in itertools.pairwise(cuts)]
        waiting.reverse()
        proven: list[Piece] = []
        while waiting:
            if self._out_of_time():
                # Of the pieces that were not tried, no more is known than of the whole.
                return self._told([self._whole()])
            low, high, halvings = waiting.pop()
            piece = self._quick(low, high)
            if piece.proof.margin <= 0 and self._attacked():
                return self._told([piece])
            if piece.proof.margin <= 0 and halvings < _HALVINGS:
                middle = low + (high - low) / 2
                waiting += [(middle, high, halvings + 1), (low, middle, halvings + 1)]
                continue
            if piece.proof.margin <= 0:
                piece = self._thorough(piece)
            if piece.proof.margin <= 0:
                return self._told([piece])
            proven.append(piece)
        return self._told(proven)

    def _quick(self, low: float, high: float) -> Piece:
        noise = self._band.enclosed(low, high)
        problem = self._prover.problem(self._way(noise), self._rhythm)
        return Piece(noise=noise, proof=self._prover.quick(problem))

    def _whole(self) -> Piece:
        noise = self._band.enclosed(self._band.lowest_hz, self._band.highest_hz)
        problem = self._prover.problem(self._way(noise), self._rhythm)
        return Piece(noise=noise, proof=self._prover.quick(problem, parts=1))

    def _thorough(self, piece: Piece) -> Piece:
        problem = self._prover.problem(self._way(piece.noise), self._rhythm)
        proof = self._prover.thorough(problem, piece.proof, self._begun)
        return Piece(noise=piece.noise, proof=proof)

    def _way(self, noise: LinearSet) -> Way:
        return self._prover.way(self._recording, noise, self._at)

    def _out_of_time(self) -> bool:
        return time.process_time() - self._begun > self._prover.seconds

    def _attacked(self) -> bool:
        """Whether a wave turns the decision, or the network's alone; it is sought once."""
        if self._searched is None:
            self._searched = self._search()
        return self._searched.found is not None or self._searched.abstains

    def _search(self) -> Searched:
        searched: list[Searched] = []
        for frequency_hz, phase in self._worst():
            noise = wave_set(self._band, frequency_hz, phase)
            searched.append(
                self._prover.searched(
                    self._recording,
                    noise,
                    self._way(noise),
                    at=self._at,
                    seed=self._seed,
                    out_of_time=self._out_of_time,
                )
            )
            if searched[-1].found is not None:
                return searched[-1]
            if self._out_of_time():
                break
        worst = min(searched, key=lambda each: each.least_margin)
        return replace(worst, abstains=any(each.abstains for each in searched))

    def _worst(self) -> list[tuple[float, float]]:
        """The frequencies and phases whose waves of full amplitude leave the least margin."""
        band = self._band
        frequencies = np.linspace(band.lowest_hz, band.highest_hz, _FREQUENCIES)
        waves = [
            (float(frequency_hz), float(phase), sign)
            for frequency_hz in frequencies
            for phase in np.arange(_PHASES) * np.pi / _PHASES
            for sign in (-1.0, 1.0)
        ]
        way = self._way(wave_set(band, band.lowest_hz, 0.0))
        margin = way.margin_function(self._prover.classifier, is_afib=self._rhythm == AFIB_RHYTHM)
        met: list[float] = []
        with torch.no_grad():
            for start in range(0, len(waves), _AT_ONCE):
                points = [
                    way.start_mv + sign * self._wave(frequency_hz, phase)
                    for frequency_hz, phase, sign in waves[start : start + _AT_ONCE]
                ]
                met += margin(torch.from_numpy(np.stack(points).astype(np.float32))).tolist()
        order = np.argsort(met, kind="stable")[:_WORST]
        return [waves[place][:2] for place in order]

    def _wave(self, frequency_hz: float, phase: float) -> DoubleArray:
        noise = wave_set(self._band, frequency_hz, phase)
        wave: DoubleArray = self._band.mv * noise.generators[0]
        return wave

    def _told(self, pieces: list[Piece]) -> ProvenDecision:
        """What *pieces* come to: the whole band, or one of them that was not proven."""
        found = self._searched.found if self._searched else None
        least = min((piece.proof for piece in pieces), key=lambda each: each.margin)
        clean = self._prover.clean_margin(self._way(pieces[0].noise))
        hold_apart(self._recording, least, clean)
        if self._searched is not None:
            hold_apart(self._recording, least, self._searched.least_margin)
        is_certified = least.margin > 0
        return ProvenDecision(
            record=self._recording.name,
            rhythm=self._rhythm,
            clean_margin=clean,
            certified_margin=least.margin,
            outcome="certified" if is_certified else "attacked" if found else "unknown",
            may_abstain=self._may_abstain(),
            method=least.method if is_certified or found is None else found.method,
            seconds=time.process_time() - self._begun,
            counterexample=found,
            proof=None,
            pieces=tuple(pieces) if is_certified else (),
        )

    def _may_abstain(self) -> Answer:
        if self._searched is not None and self._searched.abstains:
            return True
        # No wave of the band moves a sample by more than its amplitude, and the box beside it.
        reach = LinearSet(
            names=("amplitude",),
            generators=np.ones((1, self._band.samples)),
            lower=np.array([-self._band.mv]),
            upper=np.array([self._band.mv]),
            radius_mv=self._band.radius_mv,
        )
        return self._prover.may_abstain(self._recording, reach, self._at)
