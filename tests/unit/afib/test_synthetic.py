"""The synthetic cohort: names, labels, durations, samples, and waves where they are said to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import SettingsError
from afib.synthetic import RATE_HZ, generate_cohort, generate_recording
from tests.support.cohorts import cohort_settings, synthetic_recordings

if TYPE_CHECKING:
    from afib.synthetic import SyntheticRecording
    from nnassure.arrays import FloatArray

_MANY = 120
_FEW = 30


def test_a_cohort_has_the_recordings_asked_for() -> None:
    """Labels take turns as long as there are recordings left, and names rise."""
    cohort = generate_cohort(cohort_settings(normal=3, afib=2, other=1, noisy=1))
    assert [(item.recording.name, item.recording.label) for item in cohort] == [
        ("S00001", "N"),
        ("S00002", "A"),
        ("S00003", "O"),
        ("S00004", "~"),
        ("S00005", "N"),
        ("S00006", "A"),
        ("S00009", "N"),
    ]


def test_a_recording_says_where_it_comes_from() -> None:
    """Rate and origin are those of the generator."""
    recording = generate_recording(seed=5, number=1).recording
    assert recording.rate_hz == 300.0
    assert recording.origin == "synthetic cohort, generator 1, seed 5"


def test_a_larger_cohort_keeps_the_recordings_of_a_smaller_one() -> None:
    """More recordings of any label leave the others byte for byte as they were."""
    small = generate_cohort(cohort_settings(normal=2, afib=1))
    large = generate_cohort(cohort_settings(normal=3, afib=4, other=2, noisy=1))
    digests = {item.recording.name: item.recording.digest for item in large}
    assert [digests[item.recording.name] for item in small] == [
        item.recording.digest for item in small
    ]


def test_no_two_recordings_are_the_same() -> None:
    """Numbers and seeds each give another signal."""
    recordings = [
        generate_recording(seed=seed, number=number) for seed in (1, 2) for number in range(1, 9)
    ]
    assert len({item.recording.digest for item in recordings}) == len(recordings)


def test_durations_are_like_those_of_physionet() -> None:
    """All last 9 to 60 s, and most exactly 30 s."""
    durations_s = _durations_s("N")
    assert durations_s.min() >= 9.0
    assert durations_s.max() <= 60.0
    assert 0.6 < (durations_s == 30.0).mean() < 0.85
    assert (durations_s < 30.0).any()
    assert (durations_s > 30.0).any()


def test_the_duration_does_not_tell_the_label() -> None:
    """Normal and AFib recordings last equally long on average, within three standard errors."""
    normal_s, afib_s = _durations_s("N"), _durations_s("A")
    error_s = np.hypot(normal_s.std(), afib_s.std()) / np.sqrt(_MANY)
    assert abs(normal_s.mean() - afib_s.mean()) < 3 * error_s


@pytest.mark.parametrize("label", ["N", "A", "O", "~"])
def test_samples_are_steps_of_a_microvolt_within_the_recorders_range(label: str) -> None:
    """Each sample is a whole number of microvolts, none beyond 5 mV."""
    for item in synthetic_recordings(label, _FEW):
        steps = item.recording.signal_mv.astype(np.float64) * 1000
        # float32 keeps 5 mV to 0.24 nV * 2; a whole step is far coarser.
        assert np.abs(steps - np.rint(steps)).max() < 1e-3
        assert np.abs(np.rint(steps)).max() <= 5000


@pytest.mark.parametrize("label", ["N", "A", "O", "~"])
def test_waves_come_in_the_order_of_a_beat(label: str) -> None:
    """Within the recording, P comes before R, R near the middle of QRS, and T after it."""
    for item in synthetic_recordings(label, _FEW):
        assert len(item.r_peaks) > 5
        assert (np.diff(item.r_peaks) > 0.2).all()
        assert (np.abs(item.qrs - item.r_peaks) < 0.04).all()
        before, after = item.r_peaks - item.p_waves, item.t_waves - item.r_peaks
        assert ((before > 0.08) & (before < 0.2))[~np.isnan(before)].all()
        assert ((after > 0.08) & (after < 0.45))[~np.isnan(after)].all()
        for times_s in (item.r_peaks, item.p_waves, item.qrs, item.t_waves):
            assert times_s.shape == item.r_peaks.shape
            seen = times_s[~np.isnan(times_s)]
            assert (seen >= 0).all()
            assert (seen <= item.recording.duration_s).all()


def test_normal_beats_have_a_p_wave() -> None:
    """Nearly all beats of normal recordings have a P wave; the rest start in the ventricles."""
    absent = np.concatenate([np.isnan(item.p_waves) for item in synthetic_recordings("N", _MANY)])
    assert 0.0 < absent.mean() < 0.02


def test_fibrillation_has_no_p_wave() -> None:
    """No beat of an AFib recording has one."""
    for item in synthetic_recordings("A", _FEW):
        assert np.isnan(item.p_waves).all()


@pytest.mark.parametrize("label", ["N", "A", "O"])
def test_r_peaks_are_extremes_of_the_clean_recording(label: str) -> None:
    """Without noise a local extreme lies within 7 ms, two samples, of each R peak."""
    for item in synthetic_recordings(label, _FEW, noisy=False):
        signal_mv = item.recording.signal_mv
        inside = item.r_peaks[(item.r_peaks > 0.05) & (item.r_peaks < _end_s(item.qrs))]
        away_s = _nearest_extreme_s(signal_mv, inside)
        assert (away_s <= 0.007).all(), item.recording.name


@pytest.mark.parametrize("wave", ["p_waves", "t_waves"])
def test_p_and_t_waves_are_extremes_of_the_clean_recording(wave: str) -> None:
    """Where beats are far enough apart, an extreme lies within 15 ms of nearly each P and T."""
    away_s = []
    for item in synthetic_recordings("N", _FEW, noisy=False):
        times_s = getattr(item, wave)
        apart = np.diff(item.r_peaks, prepend=np.nan, append=np.nan)
        alone = (apart[:-1] > 0.75) & (apart[1:] > 0.75) & ~np.isnan(times_s)
        away_s.append(_nearest_extreme_s(item.recording.signal_mv, times_s[alone]))
    assert np.concatenate(away_s).size > 200
    assert (np.concatenate(away_s) <= 0.015).mean() > 0.98


def test_noise_leaves_the_beats_where_they_are() -> None:
    """With and without noise the same recording has the same annotations and another signal."""
    for label in ("N", "A", "O", "~"):
        noisy, clean = (synthetic_recordings(label, 1, noisy=noisy)[0] for noisy in (True, False))
        assert np.array_equal(noisy.r_peaks, clean.r_peaks)
        assert np.array_equal(noisy.t_waves, clean.t_waves, equal_nan=True)
        assert noisy.recording.digest != clean.recording.digest


def test_a_share_of_recordings_is_inverted() -> None:
    """R points down in about three of ten normal recordings, as in the real set."""
    down = [_at_r_peaks(item.recording.signal_mv, item.r_peaks) < 0 for item in _clean_normal()]
    # 0.3 within three standard errors of a proportion of 120: 3 * sqrt(0.3 * 0.7 / 120) = 0.125.
    assert abs(np.mean(down) - 0.3) < 0.125


def test_beats_differ_in_size_between_recordings() -> None:
    """The R peaks of the cohort range over a factor of three and more, all below 5 mV."""
    heights_mv = [
        abs(_at_r_peaks(item.recording.signal_mv, item.r_peaks)) for item in _clean_normal()
    ]
    low, high = np.percentile(heights_mv, [5, 95])
    assert high / low > 3
    assert low > 0.3
    assert high < 5


def test_normal_rhythm_is_sometimes_irregular() -> None:
    """Some normal recordings differ more from beat to beat than some AFib recordings do."""
    normal = np.array([_rmssd_s(item.r_peaks) for item in synthetic_recordings("N", _MANY)])
    afib = np.array([_rmssd_s(item.r_peaks) for item in synthetic_recordings("A", _MANY)])
    assert np.median(normal) < 0.5 * np.median(afib)
    assert (normal > np.percentile(afib, 20)).mean() > 0.05
    assert (afib < np.percentile(normal, 90)).mean() > 0.05


def test_ectopic_beats_are_frequent_and_followed_by_a_pause() -> None:
    """In each recording of label O beats come early, and a longer interval follows them."""
    longer = []
    for item in synthetic_recordings("O", _FEW):
        rr_s = np.diff(item.r_peaks)
        early = np.flatnonzero(rr_s[:-1] < 0.86 * rr_s.mean())
        assert len(early) >= 0.1 * len(rr_s), item.recording.name
        longer.append(rr_s[early + 1] > 1.2 * rr_s[early])
    assert np.concatenate(longer).mean() > 0.95


def test_the_noise_of_a_noisy_recording_is_larger_than_its_beats() -> None:
    """What is added to ~ has more power than the heart's signal; in N it has far less."""
    assert (_noise_to_signal("~") > 1.0).all()
    assert np.median(_noise_to_signal("N")) < 0.5


def test_more_recordings_than_names_are_refused() -> None:
    """Names have five digits, a quarter of them for each label."""
    with pytest.raises(
        SettingsError,
        match=r"^data\.cohort: expected at most 24999 recordings of a label, got 25000$",
    ):
        generate_cohort(cohort_settings(afib=25_000))


def test_numbers_out_of_range_are_refused_together() -> None:
    """A negative seed and a number without a name are both in the message."""
    with pytest.raises(SettingsError) as refused:
        generate_recording(seed=-1, number=100_000)
    assert refused.value.problems == (
        "seed: expected a number from 0, got -1",
        "number: expected a number from 1 to 99999, got 100000",
    )


def _durations_s(label: str) -> FloatArray:
    items = synthetic_recordings(label, _MANY)
    return np.array([item.recording.duration_s for item in items], dtype=np.float32)


def _clean_normal() -> tuple[SyntheticRecording, ...]:
    return synthetic_recordings("N", _MANY, noisy=False)


def _end_s(qrs: FloatArray) -> float:
    return float(qrs[-1]) - 0.05


def _rmssd_s(r_peaks: FloatArray) -> float:
    return float(np.sqrt(np.square(np.diff(r_peaks, n=2)).mean()))


def _at_r_peaks(signal_mv: FloatArray, r_peaks: FloatArray) -> float:
    places = np.minimum(np.rint(r_peaks * RATE_HZ).astype(np.int64), len(signal_mv) - 1)
    return float(np.median(signal_mv[places]))


def _nearest_extreme_s(signal_mv: FloatArray, times_s: FloatArray) -> FloatArray:
    """How far the nearest sample is that no neighbour exceeds, or that exceeds no neighbour."""
    inner = signal_mv[1:-1]
    top = (inner >= signal_mv[:-2]) & (inner >= signal_mv[2:])
    bottom = (inner <= signal_mv[:-2]) & (inner <= signal_mv[2:])
    extremes_s = (np.flatnonzero(top != bottom) + 1) / RATE_HZ
    return np.asarray(
        np.abs(times_s[:, None] - extremes_s[None]).min(axis=1, initial=np.inf), dtype=np.float32
    )


def _noise_to_signal(label: str) -> FloatArray:
    ratios = []
    pairs = zip(
        synthetic_recordings(label, _FEW),
        synthetic_recordings(label, _FEW, noisy=False),
        strict=True,
    )
    for noisy, clean in pairs:
        noise_mv = noisy.recording.signal_mv - clean.recording.signal_mv
        ratios.append(noise_mv.std() / clean.recording.signal_mv.std())
    return np.array(ratios, dtype=np.float32)
