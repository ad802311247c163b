"""RR features against numbers worked by hand and against definitions written out as loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from afib.beats import RR_FEATURE_NAMES, r_peaks, rr_features
from afib.preprocessing import to_network_rate
from afib.settings import PreprocessingSettings
from tests.support.cohorts import synthetic_recordings


def _features(rr_s: list[float]) -> dict[str, float]:
    values = rr_features(np.array(rr_s, np.float32)).tolist()
    return dict(zip(RR_FEATURE_NAMES, values, strict=True))


def test_features_of_five_intervals_worked_by_hand() -> None:
    """Every feature of 0.80, 0.84, 0.76, 0.90, 0.80 s."""
    features = _features([0.80, 0.84, 0.76, 0.90, 0.80])
    # Mean 4.10 / 5. Deviations -.02 .02 -.06 .08 -.02, squares .0004 .0004 .0036 .0064 .0004.
    assert features["mean_s"] == pytest.approx(0.82)
    assert features["sd_s"] == pytest.approx(math.sqrt(0.0112 / 4))
    # Steps .04 .08 .14 .10, squares .0016 .0064 .0196 .0100; three of four above 50 ms.
    assert features["rmssd_s"] == pytest.approx(math.sqrt(0.0376 / 4), rel=1e-5)
    assert features["pnn50"] == 0.75
    assert features["normalised_sd"] == pytest.approx(math.sqrt(0.0112 / 4) / 0.82, rel=1e-5)
    assert features["normalised_rmssd"] == pytest.approx(math.sqrt(0.0376 / 4) / 0.82, rel=1e-5)
    # The median of .04 .08 .10 .14 is .09.
    assert features["normalised_median_step"] == pytest.approx(0.09 / 0.82, rel=1e-5)
    # Alike means within 0.082 s. Of the first four, .80-.84, .80-.76, .84-.76 and .84-.90 are: 4.
    # Their successors .84-.76, .84-.90 and .76-.80 are alike, .76-.90 are not: 3.
    assert features["sample_entropy"] == pytest.approx(-math.log(3.5 / 4.5), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_sample_entropy_follows_its_definition(seed: int) -> None:
    """Counting pairs one by one gives the same entropy."""
    rr_s = np.random.default_rng(seed).normal(0.8, 0.1, 40).astype(np.float32).tolist()
    tolerance = 0.1 * sum(rr_s) / len(rr_s)
    single = double = 0
    for i in range(39):
        for j in range(i + 1, 39):
            if abs(rr_s[i] - rr_s[j]) <= tolerance:
                single += 1
                double += abs(rr_s[i + 1] - rr_s[j + 1]) <= tolerance
    expected = -math.log((double + 0.5) / (single + 0.5))
    assert _features(rr_s)["sample_entropy"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("label", ["N", "A"])
@pytest.mark.parametrize("rate_hz", [60.0, 300.0])
def test_beats_are_found_where_the_generator_put_them(label: str, rate_hz: float) -> None:
    """Of the beats of noisy recordings, and of the peaks found, 97 % match within 50 ms."""
    settings = PreprocessingSettings(rate_hz=rate_hz, segment_s=30.0, short="tile")
    matched = found = true = 0
    for made in synthetic_recordings(label, 12):
        signal = to_network_rate(made.recording.signal_mv, made.recording.rate_hz, settings)
        peaks_s = r_peaks(signal, rate_hz) / rate_hz
        apart = np.abs(peaks_s[:, None] - made.r_peaks[None])
        matched += int((apart.min(axis=0, initial=np.inf) <= 0.05).sum())
        found += len(peaks_s)
        true += len(made.r_peaks)
    assert matched / true >= 0.97
    assert matched / found >= 0.97
