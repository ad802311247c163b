"""Numbers for a quality gate: what they say of plain signals, and that they are always finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afib.corruption import (
    ACQUISITIONS,
    FAMILIES,
    at_wrong_rate,
    strange_recording,
    taken_otherwise,
    with_dropped_packets,
)
from afib.quality import QUALITY_FEATURES, quality_features
from afib.records import Recording

RATE_HZ = 300.0
BEATS_S = [0.7 + 0.8 * number for number in range(24)]


def recorded(signal_mv: np.ndarray, rate_hz: float = RATE_HZ) -> Recording:
    """A recording of these samples."""
    return Recording.of(name="r", signal_mv=signal_mv, rate_hz=rate_hz, origin="r.csv")


def ecg(rate_hz: float = RATE_HZ, duration_s: float = 20.0) -> np.ndarray:
    """Narrow upright complexes of 1 mV, 75 a minute, with a T wave and a little noise."""
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    signal = 0.004 * np.random.default_rng(0).normal(size=len(times))
    for beat in BEATS_S:
        signal += np.exp(-(((times - beat) / 0.012) ** 2))
        signal += 0.25 * np.exp(-(((times - beat - 0.25) / 0.05) ** 2))
    return np.rint(signal * 1000) / 1000


def numbers(recording: Recording) -> dict[str, float]:
    """The numbers by name."""
    return dict(zip(QUALITY_FEATURES, quality_features(recording).tolist(), strict=True))


@pytest.mark.parametrize("rate_hz", [200.0, 300.0, 1000.0])
def test_an_ecg_is_told_by_its_beats(rate_hz: float) -> None:
    """Their rate, their likeness, and what lies between them, whatever the recorder's rate."""
    found = numbers(recorded(ecg(rate_hz), rate_hz))
    assert found["beats_per_minute"] == pytest.approx(75, abs=4)
    assert found["median_rr_s"] == pytest.approx(0.8, abs=0.01)
    assert found["implausible_rr_share"] == 0
    assert found["low_likeness"] > 0.95
    assert found["alike_share"] == 1
    assert found["log_qrs_over_rest"] > 2
    assert found["pulse_periodicity"] > 0.5
    assert found["flat_share"] == 0


@pytest.mark.parametrize(
    ("way", "size"),
    [(way, size) for way, kind in ACQUISITIONS.items() for size in kind.sizes],
)
def test_the_recorder_does_not_matter(way: str, size: float) -> None:
    """Another rate, coarser steps or the mains tell about a recorder, not about a heart."""
    base = recorded(ecg())
    usual, other = numbers(base), numbers(taken_otherwise(base, way, size, seed=3))
    # What is asked in steps of 10 uV hangs on where the extremes fall, here of a quiet wave.
    coarse = {"log_share_at_limits", "log_levels", "log_longest_rest_s"}
    for name in usual.keys() - coarse:
        assert other[name] == pytest.approx(usual[name], rel=0.1, abs=0.08), name
    for name in coarse:
        assert other[name] == pytest.approx(usual[name], abs=4.0), name


@pytest.mark.parametrize("rate_hz", [125.0, 199.9, 200.0, 200.05, 300.0, 1000.0])
def test_the_mains_leave_no_mark_at_any_rate(rate_hz: float) -> None:
    """Also where the recorder has the rate at which numbers are taken, and nothing is resampled."""
    base = ecg(rate_hz)
    hum = 0.1 * np.sin(2 * np.pi * 60.0 * np.arange(len(base)) / rate_hz)
    usual, other = (numbers(recorded(each, rate_hz)) for each in (base, base + hum))
    for name in ("log_deviation", "spectral_flatness", "log_mobility", "median_likeness"):
        assert other[name] == pytest.approx(usual[name], rel=0.05, abs=0.05), name


def test_polarity_and_offset_do_not_matter() -> None:
    """A recorder held the other way round, on an electrode offset of half a millivolt."""
    signal = ecg()
    upright, turned = (numbers(recorded(each)) for each in (signal, 0.5 - signal))
    for name, value in upright.items():
        assert turned[name] == pytest.approx(value, abs=2e-3), name


def test_plain_signals_are_told_by_what_they_are() -> None:
    """The mains are no signal, noise has a flat spectrum, no signal has flat seconds."""
    times = np.arange(6000) / RATE_HZ
    for mains_hz in (50.0, 60.0):
        hum = numbers(recorded(np.sin(2 * np.pi * mains_hz * times)))
        # But for the first and the last moment, where they set in and end.
        assert hum["flat_share"] >= 0.9
        assert np.exp(hum["log_deviation"]) < 0.02
    noise = np.random.default_rng(1).normal(size=6000)
    white = numbers(recorded(noise))
    assert white["spectral_flatness"] > 0.7
    assert white["low_likeness"] < 0.6
    # Of a Gaussian: kurtosis 3, hardly any skewness.
    assert np.expm1(white["log_kurtosis_steps"]) == pytest.approx(3.0, abs=0.3)
    assert white["skewness_qrs_band"] < 0.2
    # Of its power, what lies below 40 Hz is left.
    expected = np.log(noise.std() * np.sqrt(40.0 / (RATE_HZ / 2)))
    assert white["log_deviation"] == pytest.approx(expected, abs=0.05)
    flat = numbers(recorded(np.full(6000, 0.25)))
    assert flat["flat_share"] == 1.0
    assert flat["log_levels"] == pytest.approx(np.log(2))
    assert flat["log_share_at_limits"] == pytest.approx(0.0, abs=1e-3)
    assert flat["beats_per_minute"] == 0
    assert np.exp(flat["log_longest_rest_s"]) - 0.01 == pytest.approx(20.0, abs=0.01)


def test_a_wrong_rate_and_lost_packets_leave_their_mark() -> None:
    """Complexes of another width, and rests that a heart with a converter's noise does not have."""
    signal = ecg()
    usual = numbers(recorded(signal))
    slow = numbers(recorded(at_wrong_rate(signal, factor=2.0)))
    assert slow["qrs_width_s"] > 1.3 * usual["qrs_width_s"]
    assert 0.01 < usual["qrs_width_s"] < 0.12
    rng = np.random.default_rng(0)
    lost = with_dropped_packets(signal, rate_hz=RATE_HZ, share=0.2, rng=rng)
    longest = [np.exp(numbers(recorded(each))["log_longest_rest_s"]) for each in (signal, lost)]
    assert longest[0] < 0.3
    assert longest[1] > 0.5


@pytest.mark.parametrize("family", FAMILIES)
def test_every_strange_recording_has_numbers(family: str) -> None:
    """Of every severity, and not those of the ECG in whose place it stands."""
    base = recorded(ecg())
    usual = quality_features(base)
    for severity in FAMILIES[family].severities:
        found = quality_features(strange_recording(base, family, severity, seed=1))
        assert found.shape == (len(QUALITY_FEATURES),)
        assert np.isfinite(found).all()
        assert np.abs(found - usual).max() > 0.05


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(300, 4000),
    rate_hz=st.sampled_from([50.0, 60.0, 128.0, 300.0, 1000.0]),
    kind=st.sampled_from(["noise", "step", "spike", "constant", "ramp", "tiny"]),
    seed=st.integers(0, 99),
)
def test_whatever_is_recorded_has_finite_numbers(
    samples: int, rate_hz: float, kind: str, seed: int
) -> None:
    """Steps, spikes and ramps, of few samples or many, also at a rate below the mains."""
    generator = np.random.default_rng(seed)
    signal = {
        "noise": generator.normal(size=samples),
        "step": np.where(np.arange(samples) > samples // 2, 5.0, -5.0),
        "spike": np.eye(1, samples, samples // 2)[0] * 19.0,
        "constant": np.full(samples, generator.normal()),
        "ramp": np.linspace(-3.0, 3.0, samples),
        "tiny": generator.normal(size=samples) * 1e-7,
    }[kind]
    found = quality_features(recorded(signal, rate_hz))
    assert np.isfinite(found).all()
