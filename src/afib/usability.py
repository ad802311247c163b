"""Whether a signal can hold a rhythm at all, by its samples alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afib.settings import UsabilitySettings
    from nnassure.arrays import FloatArray

__all__ = ["unusable", "windows"]

_WINDOW_S = 1.0


def unusable(signal_mv: FloatArray, rate_hz: float, limits: UsabilitySettings) -> str | None:
    """Why a signal can hold no rhythm, or None if it may hold one.

    Args:
        signal_mv: Samples of the recorder in mV, shape (samples,).
        rate_hz: The recorder's rate.
        limits: What counts as too short, flat and saturated.
    """
    duration_s = len(signal_mv) / rate_hz
    if duration_s < limits.shortest_s:
        # Rounded down, so that it never reads as long enough.
        shown_s = math.floor(duration_s * 10) / 10
        return f"too short: {shown_s:.1f} s of at least {limits.shortest_s:g} s"
    flat = float(np.mean(np.ptp(windows(signal_mv, rate_hz), axis=1) < limits.flat_mv))
    if flat > limits.flat_share:
        return f"flat line in {flat:.0%} of the recording"
    low, high = float(signal_mv.min()), float(signal_mv.max())
    at_the_rails = float(np.mean((signal_mv == low) | (signal_mv == high)))
    if at_the_rails > limits.saturated_share:
        return f"saturated in {at_the_rails:.0%} of the recording"
    return None


def windows(samples: NDArray[np.floating], rate_hz: float) -> NDArray[np.floating]:
    """*samples* in whole windows of a second, or in one shorter whole; what is left over is cut.

    Args:
        samples: One value a sample of the recorder, shape (samples,).
        rate_hz: The recorder's rate.

    Returns:
        Shape (windows, samples in a window).
    """
    width = min(max(1, round(_WINDOW_S * rate_hz)), len(samples))
    return samples[: len(samples) // width * width].reshape(-1, width)
