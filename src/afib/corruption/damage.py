"""What may become of an ECG on its way: noise over it, a wrong rate, clipping, lost packets."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

from afib.corruption.noise import require
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from afib.corruption.noise import Millivolts

__all__ = [
    "at_snr",
    "at_wrong_rate",
    "clipped",
    "two_leads_in_one",
    "with_dropped_packets",
    "with_swapped_bytes",
]

_PACKET_S = (0.1, 2.0)
_FACTORS = (0.1, 10.0)


def at_snr(signal_mv: Millivolts, noise: Millivolts, *, snr_db: float) -> Millivolts:
    """*signal_mv* with *noise* over it, so strong that their powers are *snr_db* apart.

    The powers are the variances over the whole recording; the Noise Stress Test measures the
    signal by its QRS complexes, which gives other numbers for the same mixture.

    Args:
        signal_mv: Shape (samples,).
        noise: Of any size, shape (samples,).
        snr_db: Signal over noise in dB.

    Raises:
        PerturbationError: If the two differ in length, the ratio is no number, or there is no
            noise that could be scaled.
    """
    if noise.shape != signal_mv.shape:
        raise PerturbationError(f"noise: expected shape {signal_mv.shape}, got {noise.shape}")
    size = float(noise.std())
    if not (math.isfinite(snr_db) and size > 0):
        raise PerturbationError(
            f"snr_db, noise: expected a number and noise that moves, got {snr_db} and {size}"
        )
    wanted = float(signal_mv.std()) * 10 ** (-snr_db / 20)
    return np.asarray(signal_mv + (noise - noise.mean()) * (wanted / size))


def at_wrong_rate(signal_mv: Millivolts, *, factor: float) -> Millivolts:
    """*signal_mv* as if it had been taken at *factor* times the rate that is stated.

    A heart that beats 60 times a minute seems to beat 60 / *factor* times. What is too long is
    cut, what is too short repeated, so that the length tells nothing.

    Args:
        signal_mv: Shape (samples,).
        factor: Above 0; above 1 the beats are slower than they were.

    Raises:
        PerturbationError: If the factor is no number from a tenth to ten.
    """
    if not _FACTORS[0] <= factor <= _FACTORS[1]:
        raise PerturbationError(f"factor: expected a number from 0.1 to 10, got {factor}")
    ratio = Fraction(factor).limit_denominator(100)
    stretched = resample_poly(signal_mv, ratio.numerator, ratio.denominator, padtype="edge")
    return np.resize(stretched, signal_mv.shape)


def clipped(signal_mv: Millivolts, *, share: float) -> Millivolts:
    """*signal_mv* cut off above and below, so that a *share* of its samples lies at the limits.

    Raises:
        PerturbationError: If the share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise PerturbationError(f"share: expected one from 0 to below 1, got {share}")
    low, high = np.quantile(signal_mv, [share / 2, 1 - share / 2])
    return np.clip(signal_mv, low, high)


def with_dropped_packets(
    signal_mv: Millivolts, *, rate_hz: float, share: float, rng: np.random.Generator
) -> Millivolts:
    """*signal_mv* with stretches of 0.1 to 2 s lost and filled with zeros.

    Args:
        signal_mv: Shape (samples,).
        rate_hz: Samples a second.
        share: Of the samples that is lost at least, from 0 to below 1.
        rng: Where the stretches lie.

    Raises:
        PerturbationError: If the share is not from 0 to below 1, or a number is out of range.
    """
    require(samples=len(signal_mv), rate_hz=rate_hz)
    if not 0 <= share < 1:
        raise PerturbationError(f"share: expected one from 0 to below 1, got {share}")
    lost = np.zeros(len(signal_mv), dtype=np.bool_)
    while lost.mean() < share:
        start = int(rng.integers(len(signal_mv)))
        lost[start : start + max(1, round(rng.uniform(*_PACKET_S) * rate_hz))] = True
    return np.where(lost, 0.0, signal_mv)


def with_swapped_bytes(
    signal_mv: Millivolts, *, step_mv: float, share: float, rng: np.random.Generator
) -> Millivolts:
    """*signal_mv* as 16-bit steps of which a stretch was read with the other order of bytes.

    Args:
        signal_mv: Shape (samples,).
        step_mv: What one step of the converter is, above 0.
        share: Of the samples that were misread, in one stretch, from 0 to 1.
        rng: Where the stretch lies.

    Raises:
        PerturbationError: If the share is not from 0 to 1, or the step not above 0.
    """
    if not (0 <= share <= 1 and step_mv > 0):
        raise PerturbationError(
            f"share, step_mv: expected one from 0 to 1 and one above 0, got {share}, {step_mv}"
        )
    steps = np.clip(np.rint(signal_mv / step_mv), -(2**15), 2**15 - 1).astype(np.int16)
    length = round(share * len(steps))
    start = int(rng.integers(len(steps) - length + 1))
    steps[start : start + length] = steps[start : start + length].byteswap()
    return np.asarray(steps * step_mv, np.float64)


def two_leads_in_one(
    signal_mv: Millivolts, *, size: float, rate_hz: float, rng: np.random.Generator
) -> Millivolts:
    """Two leads, whose samples alternate, read as one lead at twice its rate.

    The second lead is the first one turned over and smoothed, as another place on the chest may
    see it; what is too long is cut.

    Args:
        signal_mv: Shape (samples,).
        size: Of the second lead to the first, from 0.
        rate_hz: Samples a second.
        rng: How far the second lead is smoothed.

    Raises:
        PerturbationError: If the size is below 0, or a number is out of range.
    """
    require(samples=len(signal_mv), rate_hz=rate_hz, size=size)
    width = max(1, round(rng.uniform(0.02, 0.06) * rate_hz))
    other = -size * np.convolve(signal_mv, np.full(width, 1 / width), mode="same")
    both = np.empty(2 * len(signal_mv))
    both[0::2], both[1::2] = signal_mv, other
    return np.asarray(both[: len(signal_mv)])
