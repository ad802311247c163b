"""Preparing recordings: resampled, described, labelled and split."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from afib.dataset import fold_of, prepare, split_of
from afib.errors import SourceError
from afib.preprocessing import to_network_rate
from afib.records import Recording
from afib.settings import Settings, load_settings
from tests.support.recordings import ListedRecordings, recording

SETTINGS = load_settings("physionet2017")


def _with_version(version: str) -> Settings:
    data = dataclasses.replace(SETTINGS.data, label_version=version)
    return dataclasses.replace(SETTINGS, data=data)


def test_every_column_describes_its_recording() -> None:
    """Rows are sorted by name and carry what was measured on the recorder's samples."""
    second = recording("A2", label="A", samples=4500, seed=2)
    first = recording("A1", label="N", samples=2703, seed=1)
    dataset = prepare(ListedRecordings([second, first]), SETTINGS, None, progress=False)
    assert dataset.names.tolist() == ["A1", "A2"]
    assert dataset.labels.tolist() == ["N", "A"]
    assert dataset.digests.tolist() == [first.digest, second.digest]
    assert dataset.durations_s.tolist() == pytest.approx([9.01, 15.0])
    assert dataset.rates_hz.tolist() == [300.0, 300.0]
    for row, one in enumerate((first, second)):
        assert dataset.peak_mv[row] == np.abs(one.signal_mv).max()
        low, high = np.percentile(one.signal_mv, (1, 99))
        assert dataset.amplitude_mv[row] == pytest.approx(high - low)
        expected = to_network_rate(one.signal_mv, 300.0, SETTINGS.preprocessing)
        np.testing.assert_array_equal(dataset.signals[row], expected)
    assert (dataset.source, dataset.rehearsal) == ("physionet2017", False)


def test_one_artefact_does_not_make_an_amplitude() -> None:
    """A spike of 15 mV is the peak, but not the amplitude."""
    signal = np.sin(np.arange(3000) / 10) * 0.5
    signal[1000] = 15.0
    spiked = Recording.of(name="A1", signal_mv=signal, rate_hz=300.0, origin="A1", label="N")
    dataset = prepare(ListedRecordings([spiked]), SETTINGS, None, progress=False)
    assert dataset.peak_mv[0] == 15.0
    assert dataset.amplitude_mv[0] == pytest.approx(1.0, abs=0.01)


def test_splits_and_folds_follow_from_the_content() -> None:
    """The same samples under two names fall together."""
    recordings = [recording(f"A{seed}", seed=seed) for seed in range(20)]
    twin = dataclasses.replace(recordings[3], name="B3")
    dataset = prepare(ListedRecordings([*recordings, twin]), SETTINGS, None, progress=False)
    split = SETTINGS.data.split
    assert dataset.splits.tolist() == [split_of(digest, split) for digest in dataset.digests]
    assert dataset.folds.tolist() == [fold_of(digest, split) for digest in dataset.digests]
    by_name = dict(zip(dataset.names.tolist(), dataset.splits.tolist(), strict=True))
    assert by_name["A3"] == by_name["B3"]


def test_every_version_of_the_labels_stands_beside_the_recordings() -> None:
    """A version that lacks a recording has an empty label for it."""
    versions = {"v3": {"A1": "N", "A2": "A"}, "v2": {"A2": "O"}}
    source = ListedRecordings([recording("A1"), recording("A2", seed=1)], versions)
    dataset = prepare(source, SETTINGS, None, progress=False)
    assert dataset.labels.tolist() == ["N", "A"]
    assert dataset.label_versions["v2"].tolist() == ["", "O"]
    with pytest.raises(SourceError) as caught:
        prepare(source, _with_version("v2"), None, progress=False)
    assert str(caught.value) == (
        "physionet2017: expected a label v2 for every recording, got none for A1"
    )
    with pytest.raises(SourceError) as caught:
        prepare(source, _with_version("v1"), None, progress=False)
    assert str(caught.value) == "physionet2017: expected labels v1, got v2, v3"


def test_nothing_is_no_dataset() -> None:
    """A source without recordings is refused."""
    with pytest.raises(SourceError) as caught:
        prepare(ListedRecordings([]), SETTINGS, None, progress=False)
    assert str(caught.value) == "physionet2017: expected at least one recording, got none"


def test_progress_is_drawn_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar counts recordings; standard output stays clean for results."""
    prepare(ListedRecordings([recording()]), SETTINGS, None, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "reading physionet2017: 100%" in captured.err
