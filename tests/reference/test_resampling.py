"""Resampling against scipy's own filter design, and against the sum that defines a filter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import resample_poly

from afib.preprocessing import to_network_rate
from afib.settings import PreprocessingSettings

SETTINGS = PreprocessingSettings(rate_hz=60.0, segment_s=30.0, short="tile")


@pytest.mark.parametrize(
    ("rate_hz", "up", "down"),
    [(300.0, 1, 5), (360.0, 1, 6), (250.0, 6, 25), (256.0, 15, 64), (500.0, 3, 25), (50.0, 6, 5)],
)
def test_scipys_documented_filter_gives_the_same(rate_hz: float, up: int, down: int) -> None:
    """With its default window, scipy.signal.resample_poly returns these samples."""
    signal = np.random.default_rng(0).normal(size=2000)
    expected = resample_poly(signal, up, down, padtype="edge")
    ours = to_network_rate(signal.astype(np.float32), rate_hz, SETTINGS)
    np.testing.assert_allclose(ours, expected, atol=2e-6)


def test_the_defining_sum_gives_the_same() -> None:
    """Each output is the sum of taps times samples, the outermost samples going on for ever."""
    signal = np.random.default_rng(1).normal(size=700).astype(np.float32)
    # The windowed sinc by its formula: cut off at 1/5 of Nyquist, 101 taps, unit gain at 0 Hz.
    position = np.arange(-50, 51)
    taps = np.sinc(position / 5) * np.kaiser(101, 5.0)
    taps /= taps.sum()
    expected = [
        sum(tap * signal[np.clip(5 * k - n, 0, 699)] for n, tap in zip(position, taps, strict=True))
        for k in range(140)
    ]
    np.testing.assert_allclose(to_network_rate(signal, 300.0, SETTINGS), expected, atol=2e-6)
