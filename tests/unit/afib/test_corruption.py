"""Seeded disturbances: size, place, repeatability and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.corruption import baseline_wander, electrode_motion, mains_interference, muscle_noise
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from afib.corruption import Millivolts

_RATE_HZ = 300.0


def _wander(samples: int, level_mv: float, seed: int) -> Millivolts:
    rng = np.random.default_rng(seed)
    return baseline_wander(samples, rate_hz=_RATE_HZ, rms_mv=level_mv, rng=rng)


def _mains(samples: int, level_mv: float, seed: int) -> Millivolts:
    rng = np.random.default_rng(seed)
    return mains_interference(
        samples, rate_hz=_RATE_HZ, amplitude_mv=level_mv, mains_hz=50.0, rng=rng
    )


def _muscle(samples: int, level_mv: float, seed: int) -> Millivolts:
    rng = np.random.default_rng(seed)
    return muscle_noise(samples, rate_hz=_RATE_HZ, rms_mv=level_mv, rng=rng)


def _electrode(samples: int, level_mv: float, seed: int) -> Millivolts:
    rng = np.random.default_rng(seed)
    return electrode_motion(samples, rate_hz=_RATE_HZ, peak_mv=level_mv, events=5, rng=rng)


every_kind = pytest.mark.parametrize("disturbance", [_wander, _mains, _muscle, _electrode])


@every_kind
def test_a_disturbance_is_as_long_as_the_recording(
    disturbance: Callable[[int, float, int], Millivolts],
) -> None:
    """One finite value in double precision comes back for each sample, down to a single one."""
    for samples in (1, 7, 2700, 18000):
        noise = disturbance(samples, 0.1, 1)
        assert noise.shape == (samples,)
        assert noise.dtype == np.float64
        assert np.isfinite(noise).all()


@every_kind
def test_the_seed_decides_a_disturbance(
    disturbance: Callable[[int, float, int], Millivolts],
) -> None:
    """The same seed gives the same samples, another seed gives others."""
    assert np.array_equal(disturbance(900, 0.1, 1), disturbance(900, 0.1, 1))
    assert not np.array_equal(disturbance(900, 0.1, 1), disturbance(900, 0.1, 2))


@every_kind
def test_level_zero_is_silence(
    disturbance: Callable[[int, float, int], Millivolts],
) -> None:
    """A disturbance of no size leaves a recording as it is."""
    assert not disturbance(900, 0.0, 1).any()


@pytest.mark.parametrize("disturbance", [_wander, _muscle])
def test_wander_and_muscle_noise_have_the_level_asked_for(
    disturbance: Callable[[int, float, int], Millivolts],
) -> None:
    """The root mean square over the recording is the one asked for."""
    noise = disturbance(9000, 0.2, 3)
    assert np.sqrt(np.square(noise).mean()) == pytest.approx(0.2, rel=1e-12)


def test_the_mains_stay_within_their_swell_and_harmonic() -> None:
    """The hum reaches its amplitude and never more than swell and harmonic allow."""
    # 1.3 for the swell times 1.2 for fundamental and third harmonic together.
    assert 0.1 <= np.abs(_mains(9000, 0.1, 3)).max() <= 0.1 * 1.3 * 1.2


def test_a_moving_electrode_shifts_and_recovers() -> None:
    """Before a shift there is nothing, it stays below its peak, and 8 s later it is gone."""
    rng = np.random.default_rng(4)
    noise = electrode_motion(9000, rate_hz=_RATE_HZ, peak_mv=2.0, events=1, rng=rng)
    first = int(np.flatnonzero(noise)[0])
    top = int(np.abs(noise).argmax())
    assert first > 0
    assert 0.2 < abs(noise[top]) <= 2.0
    assert top - first < 0.4 * _RATE_HZ
    assert not noise[first + 8 * int(_RATE_HZ) :].any()


def test_no_event_is_no_shift() -> None:
    """An electrode that never moves adds nothing."""
    rng = np.random.default_rng(4)
    noise = electrode_motion(300, rate_hz=_RATE_HZ, peak_mv=2.0, events=0, rng=rng)
    assert np.array_equal(noise, np.zeros(300))


def test_all_wrong_numbers_are_named_at_once() -> None:
    """A length, a rate and a level that make no sense are all in the message."""
    with pytest.raises(PerturbationError) as refused:
        baseline_wander(0, rate_hz=-1.0, rms_mv=float("nan"), rng=np.random.default_rng(0))
    assert str(refused.value) == (
        "samples: expected at least 1, got 0\n"
        "rate_hz: expected a rate above 0 Hz, got -1\n"
        "rms_mv: expected a number from 0, got nan"
    )


def test_a_negative_number_of_events_is_refused() -> None:
    """An electrode cannot move less often than never."""
    with pytest.raises(PerturbationError, match=r"^events: expected a number from 0, got -1$"):
        electrode_motion(9, rate_hz=300.0, peak_mv=1.0, events=-1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("mains_hz", [0.0, 150.0, float("nan")])
def test_mains_that_cannot_be_sampled_are_refused(mains_hz: float) -> None:
    """The mains lie below half the sampling rate."""
    with pytest.raises(PerturbationError) as refused:
        mains_interference(
            9,
            rate_hz=_RATE_HZ,
            amplitude_mv=0.1,
            mains_hz=mains_hz,
            rng=np.random.default_rng(0),
        )
    assert str(refused.value) == (
        "mains_hz: expected a frequency between 0 and 150 Hz, half the sampling rate, "
        f"got {mains_hz:g}"
    )
