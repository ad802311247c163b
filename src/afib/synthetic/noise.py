"""How much noise a recording gets: levels drawn once, then wander, mains, muscle and electrode."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from afib.corruption import (
    Millivolts,
    baseline_wander,
    electrode_motion,
    mains_interference,
    muscle_noise,
)

__all__ = ["NoiseLevels", "draw_burying_levels", "draw_levels", "noise"]

_MAINS_HZ = (50.0, 60.0)
_MOVING_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseLevels:
    """The noise of one recording.

    Args:
        wander_mv: Root mean square of the baseline wander.
        mains_mv: Amplitude of the mains.
        mains_hz: Frequency of the mains.
        muscle_mv: Root mean square of the muscle noise.
        electrode_mv: The largest shift that a moving electrode can cause.
        electrode_per_s: How many such shifts a second has on average.
    """

    wander_mv: float
    mains_mv: float
    mains_hz: float
    muscle_mv: float
    electrode_mv: float
    electrode_per_s: float


def draw_levels(rng: np.random.Generator) -> NoiseLevels:
    """Levels of a recording that can be read; the same distribution whatever the rhythm."""
    moving = rng.random() < _MOVING_SHARE
    return NoiseLevels(
        wander_mv=min(rng.lognormal(math.log(0.05), 0.6), 0.3),
        mains_mv=min(rng.lognormal(math.log(0.005), 0.8), 0.03),
        mains_hz=float(rng.choice(_MAINS_HZ)),
        muscle_mv=min(rng.lognormal(math.log(0.015), 0.5), 0.05),
        electrode_mv=rng.uniform(0.1, 0.5),
        electrode_per_s=rng.uniform(0.03, 0.15) if moving else 0.0,
    )


def draw_burying_levels(beat_mv: float, rng: np.random.Generator) -> NoiseLevels:
    """Levels that bury beats of the height *beat_mv*: shifts are taller, and come more often."""
    return NoiseLevels(
        wander_mv=rng.uniform(0.05, 0.3),
        mains_mv=rng.uniform(0.0, 0.05),
        mains_hz=float(rng.choice(_MAINS_HZ)),
        muscle_mv=rng.uniform(0.2, 0.45) * beat_mv,
        electrode_mv=rng.uniform(1.2, 2.0) * beat_mv,
        electrode_per_s=rng.uniform(6.0, 10.0),
    )


def noise(
    levels: NoiseLevels, *, samples: int, rate_hz: float, rng: np.random.Generator
) -> Millivolts:
    """The sum of all disturbances at these levels, in mV, shape (samples,)."""
    events = int(rng.poisson(levels.electrode_per_s * samples / rate_hz))
    return np.asarray(
        baseline_wander(samples, rate_hz=rate_hz, rms_mv=levels.wander_mv, rng=rng)
        + mains_interference(
            samples,
            rate_hz=rate_hz,
            amplitude_mv=levels.mains_mv,
            mains_hz=levels.mains_hz,
            rng=rng,
        )
        + muscle_noise(samples, rate_hz=rate_hz, rms_mv=levels.muscle_mv, rng=rng)
        + electrode_motion(
            samples, rate_hz=rate_hz, peak_mv=levels.electrode_mv, events=events, rng=rng
        )
    )
