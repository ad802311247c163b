"""Laws of preparation: nothing is lost, nothing depends on what it must not depend on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from afib.beats import r_peaks, rr_features
from afib.dataset import check_against, manifest, prepare
from afib.preprocessing import segment_indices, to_network_rate
from afib.settings import (
    PreprocessingSettings,
    load_settings,
    settings_from_json,
    settings_to_json,
)
from tests.support.cohorts import synthetic_recordings
from tests.support.recordings import ListedRecordings, recording

if TYPE_CHECKING:
    import random

PREPROCESSING = PreprocessingSettings(rate_hz=60.0, segment_s=30.0, short="tile")
SETTINGS = load_settings("physionet2017")

searched = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
lengths = st.integers(1, 6000)
signals = arrays(
    np.float32, st.integers(1, 800), elements=st.floats(-4, 4, width=16, allow_subnormal=False)
)
intervals = arrays(np.float32, st.integers(0, 60), elements=st.floats(0.25, 3.0, width=32))


@searched
@given(samples=lengths, length=st.integers(1, 2000))
def test_segments_hold_every_sample_in_order(samples: int, length: int) -> None:
    """Each segment has its length, runs on without gaps, and together they miss nothing."""
    indices = segment_indices(samples, length)
    assert indices.shape == (max(1, -(-samples // length)), length)
    assert set(indices.ravel().tolist()) == set(range(samples))
    steps = np.diff(indices, axis=1)
    assert np.all((steps == 1) | (indices[:, 1:] == 0))
    assert np.all(np.diff(indices[:, 0]) <= length)


@searched
@given(signal=signals, rate_hz=st.sampled_from([125.0, 250.0, 256.0, 300.0, 360.0, 500.0]))
def test_resampling_is_linear_and_keeps_offsets(signal: np.ndarray, rate_hz: float) -> None:
    """Polarity, gain and electrode offset pass through the filter, within 0.1 uV."""
    plain = to_network_rate(signal, rate_hz, PREPROCESSING)
    turned = to_network_rate(np.float32(-0.5) * signal + np.float32(1.0), rate_hz, PREPROCESSING)
    np.testing.assert_allclose(turned, np.float32(-0.5) * plain + np.float32(1.0), atol=1e-4)


@searched
@given(signal=signals, radius_mv=st.floats(0.001, 0.1))
def test_a_small_disturbance_stays_small(signal: np.ndarray, radius_mv: float) -> None:
    """Behind the filter a disturbance is at most its size times the sum of absolute taps: 1.78."""
    noise = np.random.default_rng(0).uniform(-radius_mv, radius_mv, signal.shape)
    disturbed = (signal + noise).astype(np.float32)
    before = to_network_rate(signal, 300.0, PREPROCESSING)
    after = to_network_rate(disturbed, 300.0, PREPROCESSING)
    assert np.abs(after - before).max() <= 1.78 * radius_mv + 1e-5


@searched
@given(
    number=st.integers(0, 5),
    label=st.sampled_from("NAO"),
    gain=st.floats(0.1, 4.0),
    rate_hz=st.sampled_from([60.0, 300.0]),
)
def test_beats_do_not_depend_on_polarity(
    number: int, label: str, gain: float, rate_hz: float
) -> None:
    """A recorder held the other way round finds exactly the same beats."""
    made = synthetic_recordings(label, 6)[number].recording
    signal = np.float32(gain) * made.signal_mv
    np.testing.assert_array_equal(r_peaks(-signal, rate_hz), r_peaks(signal, rate_hz))


@searched
@given(rr_s=intervals)
def test_features_are_finite_and_blind_to_the_direction_of_time(rr_s: np.ndarray) -> None:
    """Every list of intervals has features, and played backwards it has the same spread."""
    forwards, backwards = rr_features(rr_s), rr_features(rr_s[::-1].copy())
    assert np.isfinite(forwards).all()
    # All but the sample entropy, whose pairs need a successor.
    np.testing.assert_allclose(forwards[:-1], backwards[:-1], rtol=1e-4, atol=1e-6)


@searched
@given(rr_s=intervals, factor=st.floats(0.5, 2.0))
def test_normalised_features_are_blind_to_the_heart_rate(rr_s: np.ndarray, factor: float) -> None:
    """The same rhythm, faster, has the same normalised spread."""
    slower = rr_features(np.float32(factor) * rr_s)
    np.testing.assert_allclose(slower[4:7], rr_features(rr_s)[4:7], rtol=1e-3, atol=1e-4)


@searched
@given(count=st.integers(2, 8), kept=st.sets(st.integers(0, 7), min_size=1), shuffle=st.randoms())
def test_more_recordings_move_none(count: int, kept: set[int], shuffle: random.Random) -> None:
    """Order and company change neither split nor fold of a recording."""
    recordings = [recording(f"A{seed}", samples=700, seed=seed) for seed in range(count)]
    some = [one for number, one in enumerate(recordings) if number in kept] or recordings[:1]
    shuffle.shuffle(some)
    everyone = prepare(ListedRecordings(recordings), SETTINGS, None, progress=False)
    few = prepare(ListedRecordings(some), SETTINGS, None, progress=False)
    places = {
        name: (split, fold)
        for name, split, fold in zip(everyone.names, everyone.splits, everyone.folds, strict=True)
    }
    assert all(
        places[name] == (split, fold)
        for name, split, fold in zip(few.names, few.splits, few.folds, strict=True)
    )


@searched
@given(labels=st.text("NAO~", min_size=1, max_size=6), changed=st.integers(0, 5))
def test_any_change_of_a_label_is_a_difference(labels: str, changed: int) -> None:
    """A manifest notices each changed label, and nothing else."""
    recordings = [
        recording(f"A{seed}", label=label, samples=700, seed=seed)
        for seed, label in enumerate(labels)
    ]
    source = ListedRecordings(recordings)
    dataset = prepare(source, SETTINGS, None, progress=False)
    document = json.loads(json.dumps(manifest(dataset, source, SETTINGS)))
    assert check_against(dataset, document) == []
    row = document["recordings"][changed % len(labels)]
    row[1] = "A" if row[1] != "A" else "N"
    assert len(check_against(dataset, document)) == 1


@pytest.mark.parametrize("name", ["physionet2017", "synthetic"])
@searched
@given(seed=st.integers(0, 2**32 - 1), rate=st.floats(1e-6, 1.0), epochs=st.integers(1, 1000))
def test_settings_survive_json(name: str, seed: int, rate: float, epochs: int) -> None:
    """Through a model folder's JSON every setting comes back, and with it the digest."""
    document = settings_to_json(load_settings(name))
    document["training"] |= {"seed": seed, "learning_rate": rate, "epochs": epochs}
    ours = settings_from_json(document)
    theirs = settings_from_json(json.loads(json.dumps(settings_to_json(ours))))
    assert theirs == ours
    assert theirs.digest == ours.digest
