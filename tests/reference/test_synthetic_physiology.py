"""The generator against closed forms, and against spectra and beats that others compute."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from afib.beats import r_peaks
from afib.corruption import baseline_wander, mains_interference, muscle_noise
from afib.synthetic import RATE_HZ
from afib.synthetic.atria import FWaves, draw_f_waves, render_f_waves
from afib.synthetic.rhythm import (
    BeatKind,
    Beats,
    Fibrillation,
    SinusRhythm,
    fibrillation_beats,
    sinus_beats,
)
from afib.synthetic.waves import draw_morphology, positions, render
from tests.support.cohorts import synthetic_recordings

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MINUTES_5_S = 300.0


def test_a_beat_is_the_sum_of_its_gaussians() -> None:
    """The rendered beat equals scipy's normal densities, scaled to height, flank by flank."""
    morphology = draw_morphology(breathing_hz=0.25, rng=np.random.default_rng(3))
    beat = _beats([0.7], rr_s=[1.0])
    signal_mv = render(beat, morphology, samples=450, rate_hz=RATE_HZ)
    time_s = np.arange(450) / RATE_HZ
    breathing = math.sin(2 * math.pi * 0.25 * 0.7 + morphology.breathing_phase)
    expected = np.zeros(450)
    for wave in range(5):
        centre_s = 0.7 + morphology.offset_s[BeatKind.SINUS, wave]
        flanks = (morphology.rising_s, morphology.falling_s)
        rising_s, falling_s = (flank[BeatKind.SINUS, wave] for flank in flanks)
        width_s = np.where(time_s < centre_s, rising_s, falling_s)
        density = scipy.stats.norm.pdf(time_s, centre_s, width_s) * width_s * math.sqrt(2 * math.pi)
        expected += morphology.height_mv[BeatKind.SINUS, wave] * density
    expected *= 1 + morphology.breathing_depth * breathing
    # A Gaussian is cut 5 widths from its centre, where it is exp(-12.5) = 4e-6 of its height.
    assert signal_mv == pytest.approx(expected, abs=2e-5)


def test_the_qt_interval_follows_bazett() -> None:
    """T comes later with the square root of the interval before: sqrt(0.64) = 0.8."""
    morphology = draw_morphology(breathing_hz=0.25, rng=np.random.default_rng(3))
    found = positions(_beats([2.0, 4.0], rr_s=[1.0, 0.64]), morphology, duration_s=6.0)
    after_s = found.t_s - found.r_s
    assert after_s[1] / after_s[0] == pytest.approx(0.8)


def test_unmodulated_f_waves_are_a_sawtooth() -> None:
    """The harmonics of a sawtooth of amplitude a have amplitudes 2 a / (pi n)."""
    still = FWaves(
        height_mv=0.1,
        frequency_hz=6.0,
        frequency_swing_hz=0.0,
        frequency_drift_hz=0.1,
        height_swing=0.0,
        height_drift_hz=0.1,
        phases=(0.3, 0.0, 0.0),
    )
    # 10 s hold 60 whole periods, so the harmonics fall on single lines of the spectrum.
    spectrum = np.abs(np.fft.rfft(render_f_waves(still, samples=3000, rate_hz=RATE_HZ))) / 1500
    assert spectrum[[60, 120, 180]] == pytest.approx([0.2 / (math.pi * n) for n in (1, 2, 3)])


def test_the_spectrum_of_f_waves_peaks_between_4_and_9_hz() -> None:
    """Welch's estimate has its peak at the drawn frequency and most of its power in the band."""
    for seed in range(20):
        waves = draw_f_waves(np.random.default_rng(seed))
        signal_mv = render_f_waves(waves, samples=9000, rate_hz=RATE_HZ)
        frequency_hz, power = scipy.signal.welch(signal_mv, RATE_HZ, nperseg=1200)
        band = (frequency_hz >= 4.0) & (frequency_hz <= 9.0)
        assert frequency_hz[power.argmax()] == pytest.approx(waves.frequency_hz, abs=0.75)
        # 1 / (1 + 1/4 + 1/9) = 73 % of a sawtooth's power is in its fundamental.
        assert power[band].sum() / power.sum() > 0.65


def test_sinus_rhythm_breathes_and_has_mayer_waves() -> None:
    """The Lomb-Scargle spectrum of the intervals peaks near 0.1 and near 0.25 Hz."""
    frequency_hz = np.arange(0.03, 0.45, 0.005)
    power = np.zeros_like(frequency_hz)
    for seed in range(8):
        beats = sinus_beats(_sinus_rhythm(), _MINUTES_5_S, np.random.default_rng(seed))
        rr_s = beats.rr_s - beats.rr_s.mean()
        angular = 2 * math.pi * frequency_hz
        power += scipy.signal.lombscargle(beats.times_s, rr_s, angular)
    low, high = frequency_hz < 0.17, frequency_hz >= 0.17
    assert frequency_hz[low][power[low].argmax()] == pytest.approx(0.1, abs=0.015)
    assert frequency_hz[high][power[high].argmax()] == pytest.approx(0.25, abs=0.025)
    between = power[(frequency_hz > 0.15) & (frequency_hz < 0.18)].max()
    assert between < 0.2 * min(power[low].max(), power[high].max())


def test_sinus_rhythm_has_the_mean_and_the_variation_asked_for() -> None:
    """Over an hour the mean interval is met within 1 %, and the variation within a tenth."""
    rr_s = np.concatenate(
        [
            sinus_beats(_sinus_rhythm(), _MINUTES_5_S, np.random.default_rng(seed)).rr_s
            for seed in range(12)
        ]
    )
    assert rr_s.mean() == pytest.approx(0.8, rel=0.01)
    # Rates vary by sqrt(0.02**2 + 0.03**2); averaging over a beat takes a little of it.
    assert rr_s.std() / rr_s.mean() == pytest.approx(math.hypot(0.02, 0.03), rel=0.1)


def test_fibrillation_is_irregularly_irregular() -> None:
    """Neighbouring intervals are uncorrelated, also at larger lags, and their skew is Erlang's."""
    rhythm = Fibrillation(
        mean_rr_s=0.7, variation=0.2, stages=4, aberrant_share=0.0, breathing_hz=0.25
    )
    rr_s = np.concatenate(
        [
            fibrillation_beats(rhythm, _MINUTES_5_S, np.random.default_rng(seed)).rr_s
            for seed in range(20)
        ]
    )
    # Correlations of n independent values stay within 4 / sqrt(n).
    for lag in range(1, 6):
        assert abs(np.corrcoef(rr_s[lag:], rr_s[:-lag])[0, 1]) < 4 / math.sqrt(len(rr_s))
    assert rr_s.mean() == pytest.approx(0.7, rel=0.01)
    assert rr_s.std() / rr_s.mean() == pytest.approx(0.2, rel=0.03)
    # The skewness of an Erlang distribution of k stages is 2 / sqrt(k) = 1.
    assert scipy.stats.skew(rr_s) == pytest.approx(1.0, abs=0.15)


def test_intervals_of_the_cohort_are_correlated_in_n_and_not_in_a() -> None:
    """The median lag-1 autocorrelation is near 0 in AFib and clearly above in normal rhythm."""
    normal, afib = (
        float(np.median([_lag_1(item.r_peaks) for item in synthetic_recordings(label, 80)]))
        for label in ("N", "A")
    )
    assert abs(afib) < 0.08
    assert normal > 0.25


def test_bigeminy_alternates() -> None:
    """Every second beat comes early, and each pair of intervals lasts two sinus intervals."""
    beats = sinus_beats(
        _sinus_rhythm(ectopic_gaps=(2, 2), variation=0.0), 60.0, np.random.default_rng(1)
    )
    early = beats.kinds == BeatKind.VENTRICULAR
    assert (early[1:] != early[:-1]).all()
    pairs_s = beats.rr_s[early][:-1] + beats.rr_s[1:][early[:-1]][: early.sum() - 1]
    assert pairs_s == pytest.approx(1.6, abs=1e-6)


def test_wander_is_slow_and_muscle_noise_is_fast() -> None:
    """Welch's estimate finds the power of each disturbance in the band it is documented for."""
    rng = np.random.default_rng(5)
    wander = baseline_wander(90_000, rate_hz=RATE_HZ, rms_mv=1.0, rng=rng)
    muscle = muscle_noise(90_000, rate_hz=RATE_HZ, rms_mv=1.0, rng=rng)
    assert _power_share(wander, 0.0, 0.6) > 0.98
    assert _power_share(muscle, 14.0, 121.0) > 0.98


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_mains_are_a_line_in_the_spectrum(mains_hz: float) -> None:
    """Nearly all power lies within 1 Hz of the mains; a sine of amplitude a has power a**2 / 2."""
    rng = np.random.default_rng(6)
    hum = mains_interference(90_000, rate_hz=RATE_HZ, amplitude_mv=0.2, mains_hz=mains_hz, rng=rng)
    assert _power_share(hum, mains_hz - 1.0, mains_hz + 1.0) > 0.95
    # The swell of 0.3 adds 0.3**2 / 2 to the power.
    assert np.square(hum).mean() == pytest.approx(0.02 * 1.045, rel=0.05)


def test_a_beat_detector_reads_normal_recordings_and_not_noisy_ones() -> None:
    """Of what it finds in N nearly all are beats, of what it finds in ~ less than three fifths."""
    assert _detection_precision("N") > 0.98
    assert _detection_precision("~") < 0.6


def _beats(times_s: list[float], *, rr_s: list[float]) -> Beats:
    kinds = np.full(len(times_s), BeatKind.SINUS, dtype=np.int64)
    return Beats(times_s=np.array(times_s), rr_s=np.array(rr_s), kinds=kinds)


def _sinus_rhythm(
    *, ectopic_gaps: tuple[int, int] | None = None, variation: float = 1.0
) -> SinusRhythm:
    return SinusRhythm(
        mean_rr_s=0.8,
        mayer_hz=0.1,
        breathing_hz=0.25,
        mayer_sd=0.02 * variation,
        breathing_sd=0.03 * variation,
        ectopic_gaps=ectopic_gaps,
        ventricular_share=1.0,
    )


def _lag_1(times_s: NDArray[np.floating]) -> float:
    rr_s = np.diff(times_s)
    return float(np.corrcoef(rr_s[1:], rr_s[:-1])[0, 1])


def _power_share(signal_mv: NDArray[np.float64], low_hz: float, high_hz: float) -> float:
    frequency_hz, power = scipy.signal.welch(signal_mv, RATE_HZ, nperseg=18_000, detrend=False)
    band = (frequency_hz >= low_hz) & (frequency_hz <= high_hz)
    return float(power[band].sum() / power.sum())


def _detection_precision(label: str) -> float:
    right = []
    for item in synthetic_recordings(label, 40):
        found_s = r_peaks(item.recording.signal_mv, RATE_HZ) / RATE_HZ
        right.append(np.abs(found_s[:, None] - item.r_peaks[None]).min(axis=1) < 0.15)
    return float(np.concatenate(right).mean())
