"""Training segments as another recorder, heart or moment might have recorded them.

Everything is drawn a segment and applied to the whole batch at once;
one interpolation does both the shift and the stretch, because it is what costs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from afib.settings import AugmentationSettings

__all__ = ["augmented"]

# Breathing moves the baseline 3 to 42 times a minute.
_WANDER_HZ = (0.05, 0.7)


def augmented(
    signals_mv: Tensor,
    settings: AugmentationSettings,
    *,
    rate_hz: float,
    generator: np.random.Generator,
) -> Tensor:
    """*signals_mv*, each varied on its own.

    In this order: moved round in a circle to another start, and time stretched by a factor whose
    logarithm is uniform within the setting (linear interpolation); scaled by a log-normal gain
    and turned over with probability one half; given a slow sine and an offset.
    What a setting leaves out (a zero or false) draws nothing and changes nothing.

    Args:
        signals_mv: Segments in mV, shape (segments, samples).
        settings: Which variations, and how large.
        rate_hz: Samples a second.
        generator: Source of the randomness; it is advanced.

    Returns:
        Segments in mV, shape (segments, samples); the input is left as it is.
    """
    if settings.shift or settings.stretch > 0:
        signals_mv = _moved(signals_mv, settings, generator)
    if settings.gain_sigma > 0 or settings.flip:
        signals_mv = signals_mv * _gains(len(signals_mv), settings, generator)
    if settings.wander_mv > 0:
        signals_mv = signals_mv + _wander(signals_mv, settings.wander_mv, rate_hz, generator)
    return signals_mv


def _moved(
    signals_mv: Tensor, settings: AugmentationSettings, generator: np.random.Generator
) -> Tensor:
    """Each segment read from a random start, round in a circle, at its own pace."""
    count, samples = signals_mv.shape
    starts = np.zeros(count, dtype=np.int64)
    if settings.shift:
        starts = generator.integers(0, samples, count)
    first = torch.from_numpy(starts)[:, None]
    if settings.stretch == 0:
        return signals_mv.gather(1, (first + torch.arange(samples)) % samples)
    paces = np.exp(generator.uniform(-settings.stretch, settings.stretch, count))
    times = torch.arange(samples) * _column(paces)
    before = times.floor()
    share = times - before
    position = (first + before.long()) % samples
    left = signals_mv.gather(1, position)
    right = signals_mv.gather(1, (position + 1) % samples)
    return torch.lerp(left, right, share)


def _gains(count: int, settings: AugmentationSettings, generator: np.random.Generator) -> Tensor:
    gains = np.ones(count)
    if settings.gain_sigma > 0:
        gains *= np.exp(generator.normal(0.0, settings.gain_sigma, count))
    if settings.flip:
        gains *= generator.choice([-1.0, 1.0], count)
    return _column(gains)


def _wander(
    signals_mv: Tensor, wander_mv: float, rate_hz: float, generator: np.random.Generator
) -> Tensor:
    """A sine of a breathing frequency and an offset for each segment, in mV."""
    count, samples = signals_mv.shape
    frequencies = generator.uniform(*_WANDER_HZ, count)
    phases = generator.uniform(0.0, 2 * math.pi, count)
    amplitudes, offsets = generator.normal(0.0, wander_mv, (2, count))
    times_s = torch.arange(samples) / rate_hz
    turns = times_s * _column(2 * math.pi * frequencies) + _column(phases)
    return torch.sin(turns) * _column(amplitudes) + _column(offsets)


def _column(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))[:, None]
