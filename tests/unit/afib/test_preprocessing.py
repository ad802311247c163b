"""The network's rate and its segments: lengths, amplitudes, frequencies, cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.preprocessing import segment_indices, segment_samples, segments, to_network_rate
from afib.settings import PreprocessingSettings
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray

SETTINGS = PreprocessingSettings(rate_hz=60.0, segment_s=30.0, short="tile")


def _tone(frequency_hz: float, rate_hz: float = 300.0, duration_s: float = 30.0) -> FloatArray:
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * frequency_hz * times).astype(np.float32)


def _gain(frequency_hz: float) -> float:
    """Amplitude of a tone after resampling from 300 Hz, away from the ends."""
    inner = to_network_rate(_tone(frequency_hz), 300.0, SETTINGS)[300:-300]
    return float(np.sqrt(2 * np.mean(inner**2)))


@pytest.mark.parametrize(
    ("samples", "rate_hz", "expected"),
    [
        (9000, 300.0, 1800),
        (9001, 300.0, 1801),
        (1, 300.0, 1),
        (10_800, 360.0, 1800),
        (7500, 250.0, 1800),
        (7680, 256.0, 1800),
        (1800, 60.0, 1800),
        (1500, 50.0, 1800),
        (30_000, 1000.0, 1800),
    ],
)
def test_the_length_follows_from_the_rates(samples: int, rate_hz: float, expected: int) -> None:
    """Samples times the ratio of the rates, rounded up, in single precision."""
    out = to_network_rate(np.zeros(samples, np.float32), rate_hz, SETTINGS)
    assert out.shape == (expected,)
    assert out.dtype == np.float32


def test_a_rate_that_is_measured_imprecisely_counts_as_the_nominal_one() -> None:
    """A time column that says 299.9999 Hz gives the same samples as 300 Hz."""
    tone = _tone(5.0)
    np.testing.assert_array_equal(
        to_network_rate(tone, 299.9999, SETTINGS), to_network_rate(tone, 300.0, SETTINGS)
    )


def test_a_recording_at_the_network_rate_is_left_alone() -> None:
    """Nothing is filtered when there is nothing to resample."""
    tone = _tone(5.0, rate_hz=60.0)
    np.testing.assert_array_equal(to_network_rate(tone, 60.0, SETTINGS), tone)


@pytest.mark.parametrize("frequency_hz", [0.5, 5.0, 10.0, 20.0, 25.0])
def test_what_the_network_rate_can_carry_passes(frequency_hz: float) -> None:
    """Up to 25 Hz amplitudes in mV stay within 1 %."""
    assert _gain(frequency_hz) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("frequency_hz", [35.0, 50.0, 60.0, 100.0, 140.0])
def test_what_it_cannot_carry_is_stopped(frequency_hz: float) -> None:
    """From 35 Hz on, mains included, a 300th is left: 50 dB."""
    assert _gain(frequency_hz) < 10 ** (-50 / 20)


def test_a_tone_keeps_its_place_in_time() -> None:
    """The filter has no delay: sample k of the output is at k / 60 s."""
    resampled = to_network_rate(_tone(7.0), 300.0, SETTINGS)
    np.testing.assert_allclose(resampled[60:-60], _tone(7.0, rate_hz=60.0)[60:-60], atol=0.003)


def test_a_constant_stays_what_it_is_to_the_ends() -> None:
    """An electrode offset leaves no step at the start or the end."""
    resampled = to_network_rate(np.full(3000, -1.5, np.float32), 300.0, SETTINGS)
    np.testing.assert_allclose(resampled, -1.5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(0,), (2, 3)])
def test_only_a_signal_can_be_resampled_or_cut(shape: tuple[int, ...]) -> None:
    """Nothing and several signals at once are refused."""
    with pytest.raises(ShapeError, match="recording_mv: expected"):
        to_network_rate(np.zeros(shape, np.float32), 300.0, SETTINGS)
    with pytest.raises(ShapeError, match="signal_mv: expected"):
        segments(np.zeros(shape, np.float32), SETTINGS)


def test_a_recording_of_one_segment_is_that_segment() -> None:
    """30 s at 60 Hz are 1,800 samples in one piece."""
    signal = np.arange(1800, dtype=np.float32)
    assert segment_samples(SETTINGS) == 1800
    np.testing.assert_array_equal(segments(signal, SETTINGS), signal[None])


def test_a_short_recording_is_repeated_from_its_start() -> None:
    """9 s become 9 + 9 + 9 + 3 s."""
    signal = np.arange(540, dtype=np.float32)
    (segment,) = segments(signal, SETTINGS)
    np.testing.assert_array_equal(segment, np.concatenate([signal, signal, signal, signal[:180]]))


@pytest.mark.parametrize(
    ("samples", "starts"),
    [
        # Ends first and last, the rest evenly between: (n - 1800) / (segments - 1) apart.
        (1801, [0, 1]),
        (2700, [0, 900]),
        (3600, [0, 1800]),
        (3601, [0, 900, 1801]),
        (3657, [0, 928, 1857]),
    ],
)
def test_a_long_recording_is_covered_evenly(samples: int, starts: list[int]) -> None:
    """The fewest segments that hold every sample overlap by the same amount, to a sample."""
    assert segment_indices(samples, 1800)[:, 0].tolist() == starts


def test_segments_are_the_samples_at_the_indices() -> None:
    """One rule says where each sample of a segment comes from."""
    signal = np.random.default_rng(1).normal(size=4000).astype(np.float32)
    np.testing.assert_array_equal(segments(signal, SETTINGS), signal[segment_indices(4000, 1800)])


@pytest.mark.parametrize(("samples", "length"), [(0, 5), (5, 0), (-1, 5)])
def test_there_are_no_empty_segments(samples: int, length: int) -> None:
    """A recording and a segment have at least one sample."""
    with pytest.raises(ShapeError) as caught:
        segment_indices(samples, length)
    assert str(caught.value) == (
        f"segments: expected at least 1 sample and a length of 1, got {samples} and {length}"
    )
