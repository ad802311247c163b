"""Recordings made from (seed, number), and the cohort that collects them.

A number belongs to one label for ever: labels take turns, N first.
A recording depends on the seed and its number alone, so a larger cohort holds every recording of
a smaller one, under the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import SettingsError
from afib.records import Recording
from afib.synthetic.atria import draw_f_waves, render_f_waves
from afib.synthetic.noise import draw_burying_levels, draw_levels, noise
from afib.synthetic.patients import draw_ectopic_rhythm, draw_fibrillation, draw_normal_rhythm
from afib.synthetic.rhythm import (
    Beats,
    Fibrillation,
    SinusRhythm,
    fibrillation_beats,
    sinus_beats,
)
from afib.synthetic.waves import Morphology, draw_morphology, positions, render

if TYPE_CHECKING:
    from afib.corruption import Millivolts
    from afib.settings import CohortSettings
    from nnassure.arrays import FloatArray

__all__ = [
    "GENERATOR_VERSION",
    "LABELS",
    "RATE_HZ",
    "SyntheticRecording",
    "cohort_numbers",
    "generate_cohort",
    "generate_recording",
]

GENERATOR_VERSION = 1
"""Goes up whenever a recording of the same seed and number comes out differently."""

LABELS = ("N", "A", "O", "~")
"""Normal, atrial fibrillation, other rhythm, too noisy: the labels of PhysioNet 2017."""

RATE_HZ = 300.0
"""The sampling rate of PhysioNet 2017."""

_LAST_NUMBER = 99_999
_MOST_OF_A_LABEL = _LAST_NUMBER // len(LABELS)
_DURATION_SHARES = (0.72, 0.12, 0.07, 0.09)  # of exactly 30 s, shorter, longer, exactly 60 s
_STEPS_PER_MV = 1000
_LARGEST_STEP = 5 * _STEPS_PER_MV


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyntheticRecording:
    """A recording together with where its waves are, which nobody had to find.

    Each array is in s after the first sample, one value a beat whose R peak lies in the
    recording, in order of time, NaN where the beat has no such wave or the wave lies outside.

    Args:
        recording: The recording as a recorder would give it.
        r_peaks: Peaks of the R waves, never NaN, shape (beats,).
        p_waves: Peaks of the P waves, shape (beats,).
        qrs: Middles of the QRS complexes, never NaN, shape (beats,).
        t_waves: Peaks of the T waves, shape (beats,).
    """

    recording: Recording
    r_peaks: FloatArray
    p_waves: FloatArray
    qrs: FloatArray
    t_waves: FloatArray


def generate_cohort(cohort: CohortSettings) -> tuple[SyntheticRecording, ...]:
    """The recordings of a cohort, in order of their names.

    Raises:
        SettingsError: If a label has more recordings than names of five digits can tell apart.
    """
    counts = (cohort.normal, cohort.afib, cohort.other, cohort.noisy)
    if max(counts) > _MOST_OF_A_LABEL:
        raise SettingsError(
            f"data.cohort: expected at most {_MOST_OF_A_LABEL} recordings of a label, "
            f"got {max(counts)}"
        )
    return tuple(
        generate_recording(seed=cohort.seed, number=number) for number in cohort_numbers(cohort)
    )


def cohort_numbers(cohort: CohortSettings) -> list[int]:
    """The numbers of the recordings of a cohort, rising."""
    counts = (cohort.normal, cohort.afib, cohort.other, cohort.noisy)
    return sorted(
        len(LABELS) * ordinal + place + 1
        for place, count in enumerate(counts)
        for ordinal in range(count)
    )


def generate_recording(*, seed: int, number: int, noisy: bool = True) -> SyntheticRecording:
    """The recording with this number in the cohort of this seed.

    Args:
        seed: Seed of the cohort, from 0.
        number: Number in the name, from 1 to 99999; it decides the label.
        noisy: Whether wander, mains, muscle and electrode noise are added; without them the
            same beats are seen clean.

    Raises:
        SettingsError: If a number is out of range.
    """
    _require(seed, number)
    label = LABELS[(number - 1) % len(LABELS)]
    # Each part has its own stream, so that changing one leaves the others as they were.
    sequence = np.random.SeedSequence(seed, spawn_key=(number,))
    plan, heart, disturbance = (np.random.default_rng(child) for child in sequence.spawn(3))
    samples = _draw_samples(plan)
    beats, morphology, signal_mv = _electrocardiogram(label, samples, heart)
    if noisy:
        signal_mv = signal_mv + _noise_mv(label, samples, morphology, disturbance)
    found = positions(beats, morphology, duration_s=samples / RATE_HZ)
    return SyntheticRecording(
        recording=Recording.of(
            name=f"S{number:05d}",
            signal_mv=_digitised(signal_mv),
            rate_hz=RATE_HZ,
            label=label,
            origin=f"synthetic cohort, generator {GENERATOR_VERSION}, seed {seed}",
        ),
        r_peaks=found.r_s.astype(np.float32),
        p_waves=found.p_s.astype(np.float32),
        qrs=found.qrs_s.astype(np.float32),
        t_waves=found.t_s.astype(np.float32),
    )


def _draw_samples(rng: np.random.Generator) -> int:
    """How long a recording is; the same distribution for every label.

    PhysioNet 2017: most last 30 s, the rest 9 to 61 s. There the length goes with the label; here
    it must not, or a model could learn it.
    """
    choices_s = (30.0, rng.uniform(9.0, 30.0), rng.uniform(30.0, 60.0), 60.0)
    return round(float(rng.choice(choices_s, p=_DURATION_SHARES)) * RATE_HZ)


def _electrocardiogram(
    label: str, samples: int, rng: np.random.Generator
) -> tuple[Beats, Morphology, Millivolts]:
    """Beats, their looks, and the signal in mV without noise, shape (samples,)."""
    duration_s = samples / RATE_HZ
    rhythm = _draw_rhythm(label, rng)
    if isinstance(rhythm, Fibrillation):
        beats = fibrillation_beats(rhythm, duration_s, rng)
    else:
        beats = sinus_beats(rhythm, duration_s, rng)
    morphology = draw_morphology(breathing_hz=rhythm.breathing_hz, rng=rng)
    signal_mv = render(beats, morphology, samples=samples, rate_hz=RATE_HZ)
    if isinstance(rhythm, Fibrillation):
        waves = draw_f_waves(rng)
        signal_mv = signal_mv + render_f_waves(waves, samples=samples, rate_hz=RATE_HZ)
    return beats, morphology, signal_mv


def _noise_mv(
    label: str, samples: int, morphology: Morphology, rng: np.random.Generator
) -> Millivolts:
    """The noise that this recording gets, shape (samples,)."""
    buried = label == "~"
    levels = draw_burying_levels(morphology.beat_mv, rng) if buried else draw_levels(rng)
    return noise(levels, samples=samples, rate_hz=RATE_HZ, rng=rng)


def _draw_rhythm(label: str, rng: np.random.Generator) -> SinusRhythm | Fibrillation:
    if label == "~":
        # Under the noise any rhythm may run.
        label = str(rng.choice(LABELS[:3]))
    if label == "A":
        return draw_fibrillation(rng)
    return draw_ectopic_rhythm(rng) if label == "O" else draw_normal_rhythm(rng)


def _digitised(signal_mv: Millivolts) -> Millivolts:
    """The signal in the recorder's steps of 1 µV, cut where its range of 5 mV ends."""
    steps = np.clip(np.rint(signal_mv * _STEPS_PER_MV), -_LARGEST_STEP, _LARGEST_STEP)
    return np.asarray(steps / _STEPS_PER_MV)


def _require(seed: int, number: int) -> None:
    problems = []
    if seed < 0:
        problems.append(f"seed: expected a number from 0, got {seed}")
    if not 1 <= number <= _LAST_NUMBER:
        problems.append(f"number: expected a number from 1 to {_LAST_NUMBER}, got {number}")
    if problems:
        raise SettingsError(*problems)
