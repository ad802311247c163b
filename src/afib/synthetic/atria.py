"""What fibrillating atria add: f-waves, a sawtooth whose size and speed drift.

The model is that of Stridh and Sörnmo 2001 (doi:10.1109/10.900266): a fundamental and its
harmonics, whose sizes fall as in a sawtooth, with sinusoidal modulation of amplitude and of
frequency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from afib.corruption import Millivolts

__all__ = ["FWaves", "draw_f_waves", "render_f_waves"]

_LOWEST_HZ = 4.0
_HIGHEST_HZ = 9.0
_HARMONICS = 3
_FINE_SHARE = 0.2
_FINE_MV = (0.006, 0.02)
_COARSE_MV = (0.02, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FWaves:
    """The f-waves of one recording.

    Args:
        height_mv: Mean amplitude of the sawtooth, half its swing.
        frequency_hz: Mean frequency of the fundamental.
        frequency_swing_hz: How far the frequency moves to either side.
        frequency_drift_hz: How often it does so.
        height_swing: Share by which the amplitude moves to either side.
        height_drift_hz: How often it does so.
        phases: Of the wave, its frequency and its amplitude, at the first sample.
    """

    height_mv: float
    frequency_hz: float
    frequency_swing_hz: float
    frequency_drift_hz: float
    height_swing: float
    height_drift_hz: float
    phases: tuple[float, float, float]


def draw_f_waves(rng: np.random.Generator) -> FWaves:
    """F-waves whose frequency stays between 4 and 9 Hz, from coarse to too fine to see."""
    swing_hz = rng.uniform(0.1, 0.5)
    fine = rng.random() < _FINE_SHARE
    smallest_mv, largest_mv = _FINE_MV if fine else _COARSE_MV
    first, second, third = rng.uniform(0.0, 2.0 * math.pi, size=3)
    return FWaves(
        height_mv=math.exp(rng.uniform(math.log(smallest_mv), math.log(largest_mv))),
        frequency_hz=rng.uniform(_LOWEST_HZ + swing_hz, _HIGHEST_HZ - swing_hz),
        frequency_swing_hz=swing_hz,
        frequency_drift_hz=rng.uniform(0.08, 0.25),
        height_swing=rng.uniform(0.2, 0.5),
        height_drift_hz=rng.uniform(0.08, 0.5),
        phases=(first, second, third),
    )


def render_f_waves(waves: FWaves, *, samples: int, rate_hz: float) -> Millivolts:
    """The f-waves in mV, shape (samples,)."""
    time_s = np.arange(samples) / rate_hz
    wave, frequency, amplitude = waves.phases
    deviation = waves.frequency_swing_hz / waves.frequency_drift_hz
    angle = 2.0 * math.pi * waves.frequency_hz * time_s + wave
    angle += deviation * np.sin(2.0 * math.pi * waves.frequency_drift_hz * time_s + frequency)
    swell = np.sin(2.0 * math.pi * waves.height_drift_hz * time_s + amplitude)
    height_mv = waves.height_mv * (1.0 + waves.height_swing * swell)
    order = np.arange(1, _HARMONICS + 1)[:, None]
    sawtooth = (np.sin(order * angle) / order).sum(axis=0)
    return np.asarray(-2.0 / math.pi * height_mv * sawtooth)
