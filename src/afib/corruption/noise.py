"""Seeded disturbances of a recording, in mV: wander, mains, muscle and electrode motion.

Each function gives the disturbance alone, which the caller adds.
Arrays are double precision, so that a sum rounded to a recorder's step of 1 µV comes out the same
on every machine.
The four kinds follow the noise stress test (Moody, Muldrow and Mark, Computers in Cardiology 1984,
11:381-384), which records wander, muscle noise and electrode motion, and add the mains.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfftfreq

from nnassure.errors import PerturbationError

__all__ = [
    "Millivolts",
    "baseline_wander",
    "electrode_motion",
    "mains_interference",
    "muscle_noise",
    "require",
]

Millivolts: TypeAlias = NDArray[np.float64]

_WANDER_BAND_HZ = (0.05, 0.5)
_MUSCLE_BAND_HZ = (15.0, 120.0)
_TENSION_BAND_HZ = (0.05, 0.5)
_MAINS_DRIFT_HZ = 0.1
_SHORTEST_PERIOD_S = 40.0
_DECAY_S = (0.05, 0.8)
_DECAYS = 10.0


def baseline_wander(
    samples: int, *, rate_hz: float, rms_mv: float, rng: np.random.Generator
) -> Millivolts:
    """A baseline that breathing and movement shift slowly, 0.05 to 0.5 Hz, stronger when slower.

    Args:
        samples: Length of the recording, at least 1.
        rate_hz: Sampling rate, above 0.
        rms_mv: Root mean square of the result, from 0.
        rng: Where the phases and sizes come from.

    Returns:
        The disturbance in mV, shape (samples,).

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, rms_mv=rms_mv)
    noise = _band_noise(samples, rate_hz, _WANDER_BAND_HZ, rng, power_slope=-1.0)
    return _with_rms(noise, rms_mv)


def mains_interference(
    samples: int, *, rate_hz: float, amplitude_mv: float, mains_hz: float, rng: np.random.Generator
) -> Millivolts:
    """A hum at the mains frequency, with its third harmonic and a slowly swelling amplitude.

    Args:
        samples: Length of the recording, at least 1.
        rate_hz: Sampling rate, above 0; a harmonic above half of it is left out.
        amplitude_mv: Mean amplitude of the fundamental, from 0.
        mains_hz: Frequency of the mains, usually 50 or 60, below half the sampling rate.
        rng: Where the phases come from.

    Returns:
        The disturbance in mV, shape (samples,).

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, amplitude_mv=amplitude_mv)
    if not 0 < mains_hz < rate_hz / 2:
        raise PerturbationError(
            f"mains_hz: expected a frequency between 0 and {rate_hz / 2:g} Hz, half the sampling "
            f"rate, got {mains_hz:g}"
        )
    time_s = np.arange(samples) / rate_hz
    phases = rng.uniform(0.0, 2.0 * np.pi, size=3)
    hum = np.sin(2.0 * np.pi * mains_hz * time_s + phases[0])
    if 3.0 * mains_hz < rate_hz / 2:
        hum += 0.2 * np.sin(6.0 * np.pi * mains_hz * time_s + phases[1])
    swell = 1.0 + 0.3 * np.sin(2.0 * np.pi * _MAINS_DRIFT_HZ * time_s + phases[2])
    return np.asarray(amplitude_mv * swell * hum)


def muscle_noise(
    samples: int, *, rate_hz: float, rms_mv: float, rng: np.random.Generator
) -> Millivolts:
    """Muscle activity: noise from 15 to 120 Hz whose strength comes and goes with tension.

    Args:
        samples: Length of the recording, at least 1.
        rate_hz: Sampling rate, above 0; the band ends below half of it.
        rms_mv: Root mean square of the result, from 0.
        rng: Where the noise comes from.

    Returns:
        The disturbance in mV, shape (samples,).

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, rms_mv=rms_mv)
    noise = _band_noise(samples, rate_hz, _MUSCLE_BAND_HZ, rng)
    tension = _band_noise(samples, rate_hz, _TENSION_BAND_HZ, rng)
    return _with_rms(noise * np.exp(0.5 * tension), rms_mv)


def electrode_motion(
    samples: int, *, rate_hz: float, peak_mv: float, events: int, rng: np.random.Generator
) -> Millivolts:
    """Sudden shifts where an electrode moves on the skin: fast to rise, slower to recover.

    A shift recovers within 0.05 to 0.8 s; the short ones look like beats.

    Args:
        samples: Length of the recording, at least 1.
        rate_hz: Sampling rate, above 0.
        peak_mv: The largest height that one shift can have, from 0.
        events: How many shifts fall into the recording, from 0.
        rng: Where times, heights, signs and speeds come from.

    Returns:
        The disturbance in mV, shape (samples,).

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, peak_mv=peak_mv, events=events)
    start = rng.integers(samples, size=(events, 1))
    heights_mv = peak_mv * rng.uniform(0.3, 1.0, size=(events, 1))
    heights_mv *= rng.choice((-1.0, 1.0), size=(events, 1))
    decay_s = _DECAY_S[0] * (_DECAY_S[1] / _DECAY_S[0]) ** rng.random((events, 1))
    rise_s = decay_s * rng.uniform(0.05, 0.3, size=(events, 1))
    # Far below a recorder's step after so many decays, so each shift is evaluated until then.
    after = np.arange(math.ceil(_DECAYS * _DECAY_S[1] * rate_hz))
    elapsed_s = after / rate_hz
    shapes = heights_mv * (np.exp(-elapsed_s / decay_s) - np.exp(-elapsed_s / rise_s))
    index = start + after
    inside = index < samples
    added = np.bincount(index[inside], weights=shapes[inside], minlength=samples)
    return added.astype(np.float64)


def _band_noise(
    samples: int,
    rate_hz: float,
    band_hz: tuple[float, float],
    rng: np.random.Generator,
    *,
    power_slope: float = 0.0,
) -> Millivolts:
    """Gaussian noise of unit power with a spectrum between two frequencies.

    Noise of a whole period is made and cut, so that a short recording holds part of a slow wave.
    """
    low_hz, high_hz = band_hz
    period = next_fast_len(max(samples, math.ceil(_SHORTEST_PERIOD_S * rate_hz)), real=True)
    frequency_hz = rfftfreq(period, 1.0 / rate_hz)
    band = np.flatnonzero((frequency_hz >= low_hz) & (frequency_hz <= high_hz))
    size = (frequency_hz[band] / low_hz) ** (power_slope / 2.0)
    spectrum = np.zeros(len(frequency_hz), dtype=np.complex128)
    spectrum[band] = size * (rng.standard_normal(len(band)) + 1j * rng.standard_normal(len(band)))
    noise = np.asarray(irfft(spectrum, period))[:samples]
    power = 4.0 * np.square(size).sum() / period**2
    return noise / math.sqrt(power) if power > 0 else noise


def _with_rms(noise: Millivolts, rms_mv: float) -> Millivolts:
    rms = math.sqrt(float(np.square(noise).mean()))
    return noise * (rms_mv / rms) if rms > 0 else noise


def require(*, samples: int, rate_hz: float, **levels: float) -> None:
    """Hold a length, a rate and sizes to what can be drawn.

    Raises:
        PerturbationError: With everything that is out of range.
    """
    problems = []
    if samples < 1:
        problems.append(f"samples: expected at least 1, got {samples}")
    if not 0 < rate_hz < math.inf:
        problems.append(f"rate_hz: expected a rate above 0 Hz, got {rate_hz:g}")
    for name, level in levels.items():
        if not 0 <= level < math.inf:
            problems.append(f"{name}: expected a number from 0, got {level:g}")
    if problems:
        raise PerturbationError("\n".join(problems))
