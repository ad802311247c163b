"""Laws of waves of a whole band, held in one set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnassure.perturbation import wander_band

shares = st.floats(min_value=0.0, max_value=1.0)


@settings(max_examples=150, deadline=None)
@given(
    samples=st.integers(1, 1500),
    rate_hz=st.sampled_from([50.0, 300.0, 360.0]),
    ends_hz=st.tuples(st.floats(0.05, 0.67), st.floats(0.05, 0.67)).map(sorted),
    where=shares,
    amplitude=st.one_of(st.just(1.0), shares),
    phase=st.floats(0.0, 2 * np.pi),
)
def test_every_wave_of_the_band_is_in_its_set(  # noqa: PLR0913, PLR0917  drawn by name
    samples: int,
    rate_hz: float,
    ends_hz: list[float],
    where: float,
    amplitude: float,
    phase: float,
) -> None:
    """Of any frequency, phase and amplitude, within the parameters that the proof gives it."""
    low, high = ends_hz
    mv = 0.2
    held = wander_band(samples, rate_hz, lowest_hz=low, highest_hz=high, mv=mv)
    frequency_hz = min(high, low + where * (high - low))
    times_s = (np.arange(samples) - (samples - 1) / 2) / rate_hz
    wave = amplitude * mv * np.sin(2 * np.pi * frequency_hz * times_s + phase)
    # The share of the way from the middle of the band to its end, and no parameter is sought.
    width = (high - low) / 2
    drift = (frequency_hz - (low + high) / 2) / width if width else 0.0
    ahead = amplitude * mv * np.array([np.cos(phase), np.sin(phase)])
    parameters = np.concatenate([ahead, np.clip(drift, -1, 1) * ahead])
    assert np.all(np.abs(parameters) <= held.upper)
    assert np.abs(wave - parameters @ held.generators).max() <= held.radius_mv + 1e-12


@settings(max_examples=50, deadline=None)
@given(
    drift=st.floats(min_value=1e-3, max_value=1.0),
    middle_hz=st.floats(min_value=0.2, max_value=0.6),
)
def test_what_a_narrow_band_misses_is_a_quarter_of_the_drift_squared(
    drift: float, middle_hz: float
) -> None:
    """Relative to the amplitude, and with what the line misses of the sine."""
    half_hz = drift / (2 * np.pi * 15.0)
    low, high = middle_hz - half_hz, middle_hz + half_hz
    held = wander_band(9001, 300.0, lowest_hz=low, highest_hz=high, mv=1.0)
    assert held.radius_mv <= 0.26 * drift**2 + 2e-9
    narrower = wander_band(9001, 300.0, lowest_hz=middle_hz, highest_hz=high, mv=1.0)
    assert narrower.radius_mv < held.radius_mv


@pytest.mark.parametrize("mv", [0.05, 0.2])
def test_one_frequency_is_held_without_a_residual(mv: float) -> None:
    """Then the set is a sine and a cosine, and the slack for the engine's rounding."""
    held = wander_band(600, 300.0, lowest_hz=0.3, highest_hz=0.3, mv=mv)
    assert held.radius_mv == pytest.approx(1e-9 * mv)
    assert not held.generators[2:].any()
