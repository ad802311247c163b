"""Signals that a recorder may store and that are no ECG, in mV.

They are as plain as what they stand for: a detector that knows an ECG has to refuse them, whoever
draws them. Each takes its length and rate, and a generator for all that is not stated.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, sosfiltfilt

from afib.corruption.noise import mains_interference, require

if TYPE_CHECKING:
    from afib.corruption.noise import Millivolts

__all__ = [
    "acceleration",
    "brain_waves",
    "calibration_pulses",
    "flat_line",
    "lead_off",
    "mains_alone",
    "pulse_wave",
    "respiration",
    "saturated",
    "touch",
    "white_noise",
]

# Where the converters of small recorders end.
_RAIL_MV = 5.0
_MAINS_HZ = (50.0, 60.0)


def flat_line(
    samples: int, *, rate_hz: float, rms_mv: float, rng: np.random.Generator
) -> Millivolts:
    """No signal: an offset, and the noise of the converter.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, rms_mv=rms_mv)
    return np.asarray(rng.uniform(-0.5, 0.5) + rms_mv * rng.standard_normal(samples))


def white_noise(
    samples: int, *, rate_hz: float, rms_mv: float, rng: np.random.Generator
) -> Millivolts:
    """Noise of every frequency alike.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, rms_mv=rms_mv)
    return np.asarray(rms_mv * rng.standard_normal(samples))


def mains_alone(
    samples: int, *, rate_hz: float, amplitude_mv: float, rng: np.random.Generator
) -> Millivolts:
    """Electrodes that pick up nothing but the mains, at 50 or 60 Hz.

    Raises:
        PerturbationError: If a number is out of range, or the rate is too low for the mains.
    """
    hum = mains_interference(
        samples,
        rate_hz=rate_hz,
        amplitude_mv=amplitude_mv,
        mains_hz=float(rng.choice(_MAINS_HZ)),
        rng=rng,
    )
    return np.asarray(hum + 0.003 * rng.standard_normal(samples))


def lead_off(
    samples: int, *, rate_hz: float, amplitude_mv: float, rng: np.random.Generator
) -> Millivolts:
    """An electrode that hangs free: the mains, and a baseline that drifts at random to the rails.

    Raises:
        PerturbationError: If a number is out of range, or the rate is too low for the mains.
    """
    hum = mains_alone(samples, rate_hz=rate_hz, amplitude_mv=amplitude_mv, rng=rng)
    # A random walk that is some way off after a second, whatever the rate.
    step_mv = 10 ** rng.uniform(-2.0, -0.5) / math.sqrt(rate_hz)
    drift = np.cumsum(step_mv * rng.standard_normal(samples))
    return np.clip(hum + drift, -_RAIL_MV, _RAIL_MV)


def saturated(samples: int, *, rate_hz: float, events: int, rng: np.random.Generator) -> Millivolts:
    """An amplifier at its rail that lets go a few times for a moment.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, events=events)
    side = float(rng.choice((-1.0, 1.0)))
    signal = np.full(samples, side * _RAIL_MV)
    for start in rng.integers(samples, size=events).tolist():
        after = max(1, round(rng.uniform(0.05, 0.3) * rate_hz))
        back = np.linspace(-side, side, after) * _RAIL_MV
        signal[start : start + after] = back[: samples - start]
    return signal


def calibration_pulses(
    samples: int, *, rate_hz: float, amplitude_mv: float, rng: np.random.Generator
) -> Millivolts:
    """The square pulses with which a recorder is checked.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, amplitude_mv=amplitude_mv)
    time_s = np.arange(samples) / rate_hz + rng.uniform(0.0, 2.0)
    period_s, share = rng.uniform(0.4, 2.0), rng.uniform(0.05, 0.5)
    high = time_s % period_s < share * period_s
    return np.asarray(amplitude_mv * high + 0.002 * rng.standard_normal(samples))


def pulse_wave(
    samples: int, *, rate_hz: float, amplitude_mv: float, rng: np.random.Generator
) -> Millivolts:
    """A photoplethysmogram: a systolic and a diastolic wave each beat, on the wave of breathing.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, amplitude_mv=amplitude_mv)
    time_s, interval_s = np.arange(samples) / rate_hz, 60.0 / rng.uniform(50.0, 110.0)
    beats = math.ceil(samples / rate_hz / interval_s * 1.5) + 2
    starts_s = np.cumsum(interval_s * (1 + 0.04 * rng.standard_normal(beats))) - interval_s
    signal = 0.2 * np.sin(2 * np.pi * 0.25 * time_s + rng.uniform(0.0, 2 * np.pi))
    for start_s in starts_s.tolist():
        after_s = time_s - start_s
        signal += np.exp(-0.5 * ((after_s - 0.2) / 0.09) ** 2)
        signal += 0.4 * np.exp(-0.5 * ((after_s - 0.5) / 0.12) ** 2)
    return np.asarray(amplitude_mv * (signal + 0.01 * rng.standard_normal(samples)))


def brain_waves(
    samples: int, *, rate_hz: float, rms_mv: float, rng: np.random.Generator
) -> Millivolts:
    """An electroencephalogram: delta, swelling alpha and beta rhythm.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, rms_mv=rms_mv)
    time_s = np.arange(samples) / rate_hz
    swell = 1 + 0.5 * np.sin(2 * np.pi * 0.3 * time_s + rng.uniform(0.0, 2 * np.pi))
    signal = _rhythm(samples, rate_hz, (1.0, 4.0), rng)
    signal += swell * _rhythm(samples, rate_hz, (8.0, 12.0), rng)
    signal += 0.4 * _rhythm(samples, rate_hz, (13.0, 24.0), rng)
    return np.asarray(rms_mv * signal / max(float(signal.std()), 1e-12))


def acceleration(
    samples: int, *, rate_hz: float, amplitude_mv: float, rng: np.random.Generator
) -> Millivolts:
    """What an accelerometer says of walking: the stride and its harmonics, and some shaking.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, amplitude_mv=amplitude_mv)
    time_s, stride_hz = np.arange(samples) / rate_hz, rng.uniform(1.4, 2.4)
    signal = 0.2 * _rhythm(samples, rate_hz, (0.2, 20.0), rng)
    for order in range(1, 6):
        phase = rng.uniform(0.0, 2 * np.pi)
        size = rng.uniform(0.2, 1.0) / order
        signal += size * np.sin(2 * np.pi * stride_hz * order * time_s + phase)
    return np.asarray(amplitude_mv * signal)


def respiration(
    samples: int, *, rate_hz: float, amplitude_mv: float, rng: np.random.Generator
) -> Millivolts:
    """The impedance of the chest: breaths of changing length and depth, and a little of the heart.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, amplitude_mv=amplitude_mv)
    breath_s = 1.0 / rng.uniform(0.15, 0.4)
    drift = 0.15 * _rhythm(samples, rate_hz, (0.02, 0.1), rng)
    phase = 2 * np.pi * np.cumsum(np.exp(drift)) / (rate_hz * breath_s)
    heart = 0.03 * np.sin(2 * np.pi * rng.uniform(0.9, 1.7) * np.arange(samples) / rate_hz)
    signal = (1 + drift) * np.sin(phase + 0.3 * np.sin(phase)) + heart
    return np.asarray(amplitude_mv * (signal + 0.005 * rng.standard_normal(samples)))


def touch(samples: int, *, rate_hz: float, rms_mv: float, rng: np.random.Generator) -> Millivolts:
    """A finger on an open input: a walk at random that the recorder's high-pass pulls back.

    Raises:
        PerturbationError: If a number is out of range.
    """
    require(samples=samples, rate_hz=rate_hz, rms_mv=rms_mv)
    margin = math.ceil(10 * rate_hz)
    walk = np.cumsum(rng.standard_normal(samples + margin))
    sections = butter(1, 0.5, "highpass", fs=rate_hz, output="sos")
    pulled = sosfiltfilt(sections, walk)[margin:]
    return np.asarray(rms_mv * pulled / max(float(pulled.std()), 1e-12))


def _rhythm(
    samples: int, rate_hz: float, band_hz: tuple[float, float], rng: np.random.Generator
) -> Millivolts:
    """Noise of one band with a standard deviation of 1, cut from a longer one."""
    margin = math.ceil(2 * rate_hz)
    low, high = band_hz[0], min(band_hz[1], 0.45 * rate_hz)
    sections = butter(2, (low, high), "bandpass", fs=rate_hz, output="sos")
    noise = sosfiltfilt(sections, rng.standard_normal(samples + 2 * margin))
    return np.asarray(noise[margin : margin + samples] / noise.std())
