"""R peaks and RR features: either polarity, any rate, and signals without beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.beats import RR_FEATURE_NAMES, r_peaks, rr_features, rr_intervals_s
from nnassure.errors import NotFiniteError, ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray


def _ecg(beat_times_s: list[float], rate_hz: float, duration_s: float = 20.0) -> FloatArray:
    """Narrow upright complexes of 1 mV with a small S wave behind each."""
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    signal = np.zeros_like(times)
    for beat in beat_times_s:
        signal += np.exp(-(((times - beat) / 0.012) ** 2))
        signal -= 0.25 * np.exp(-(((times - beat - 0.035) / 0.012) ** 2))
    return signal.astype(np.float32)


BEATS_S = [0.7 + 0.83 * number for number in range(23)]


def _features(*rr_s: float) -> dict[str, float]:
    values = rr_features(np.array(rr_s, np.float32)).tolist()
    return dict(zip(RR_FEATURE_NAMES, values, strict=True))


@pytest.mark.parametrize("rate_hz", [60.0, 128.0, 250.0, 300.0, 1000.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_every_beat_is_found(rate_hz: float, sign: float) -> None:
    """Each complex has one peak within 10 ms or a sample, whichever way round it points."""
    peaks = r_peaks(np.float32(sign) * _ecg(BEATS_S, rate_hz), rate_hz)
    assert peaks.dtype == np.int64
    assert len(peaks) == len(BEATS_S)
    np.testing.assert_allclose(peaks / rate_hz, BEATS_S, atol=max(0.01, 1 / rate_hz))


@pytest.mark.parametrize("last_s", [0.003, 0.01, 0.1, 0.5, 1.9])
def test_a_signal_that_moves_at_its_end_alone_has_no_beats(last_s: float) -> None:
    """There is too little to learn a threshold from; from 2 s on there may be beats."""
    signal = np.full(6000, 5.0, dtype=np.float32)
    last = round(last_s * 300)
    signal[-last:] = _ecg(BEATS_S, 300.0)[:last]
    assert len(r_peaks(signal, 300.0)) == 0
    signal[-3000:] = _ecg(BEATS_S, 300.0)[:3000]
    assert len(r_peaks(signal, 300.0)) > 5


def test_amplitude_and_offset_do_not_matter() -> None:
    """A weak signal on an electrode offset has the same beats."""
    signal = _ecg(BEATS_S, 300.0)
    np.testing.assert_array_equal(
        r_peaks(0.05 * signal + np.float32(1.0), 300.0), r_peaks(signal, 300.0)
    )


def test_intervals_are_finer_than_a_low_rate() -> None:
    """At 60 Hz, where samples are 17 ms apart, intervals are right within 5 ms."""
    intervals = rr_intervals_s(_ecg(BEATS_S, 60.0), 60.0)
    np.testing.assert_allclose(intervals, np.full(22, 0.83), atol=0.005)


@pytest.mark.parametrize(
    "signal",
    [np.zeros(9000), np.full(9000, 0.3), np.zeros(0), _ecg(BEATS_S, 300.0)[:599]],
    ids=["flat", "offset", "empty", "shorter than 2 s"],
)
def test_a_signal_without_readable_beats_has_none(signal: FloatArray) -> None:
    """Flat and very short signals give empty arrays, and features of no irregularity."""
    signal = signal.astype(np.float32)
    assert r_peaks(signal, 300.0).tolist() == []
    assert rr_intervals_s(signal, 300.0).tolist() == []
    assert rr_features(rr_intervals_s(signal, 300.0)).tolist() == [0.0] * len(RR_FEATURE_NAMES)


def test_beats_are_sought_in_one_finite_signal() -> None:
    """Several signals at once and samples that are no numbers are refused."""
    with pytest.raises(ShapeError, match=r"signal_mv: expected shape \(samples,\)"):
        r_peaks(np.zeros((2, 900), np.float32), 300.0)
    with pytest.raises(NotFiniteError, match="signal_mv: expected finite values"):
        rr_intervals_s(np.full(900, np.nan, np.float32), 300.0)


def test_a_regular_rhythm_shows_no_irregularity() -> None:
    """Equal intervals have their mean, no spread, and almost no entropy."""
    features = _features(*[0.8] * 30)
    assert features.pop("mean_s") == pytest.approx(0.8)
    # Every pair is alike and so are all successors: 406 of 406, half a match added to each.
    assert features == pytest.approx(dict.fromkeys(RR_FEATURE_NAMES[1:], 0.0), abs=1e-6)


@pytest.mark.parametrize("intervals", [[], [0.8], [0.8, 0.9]])
def test_too_few_intervals_show_no_irregularity(intervals: list[float]) -> None:
    """Below three intervals all features are zero."""
    assert set(_features(*intervals).values()) == {0.0}


def test_features_are_of_one_finite_list() -> None:
    """Tables and intervals that are no numbers are refused."""
    with pytest.raises(ShapeError, match=r"rr_s: expected shape \(intervals,\)"):
        rr_features(np.ones((3, 3), np.float32))
    with pytest.raises(NotFiniteError, match="rr_s: expected finite values, got 1 of 4"):
        _features(0.8, float("nan"), 0.8, 0.8)
