"""PhysioNet 2017 itself: the published recordings, where they are at hand."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afib.dataset import check_against, manifest, prepare
from afib.records import record_names
from afib.settings import load_settings
from afib.sources import open_source

if TYPE_CHECKING:
    from afib.dataset import Dataset

_DATA = os.environ.get("VERICASE_DATA")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(_DATA is None, reason="needs PhysioNet 2017; set VERICASE_DATA"),
]
SETTINGS = load_settings("physionet2017")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that starts empty."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def dataset(cache: Path) -> Dataset:
    """All recordings, read within a minute of processor time."""
    start = time.process_time()
    source = open_source(SETTINGS.data, Path(_DATA or ""), progress=False)
    dataset = prepare(source, SETTINGS, cache, progress=False)
    assert time.process_time() - start < 60
    return dataset


def test_every_published_recording_is_read(dataset: Dataset) -> None:
    """No record of the archive is refused, and none is left out."""
    names = record_names(Path(_DATA or "") / "physionet2017" / "training2017.zip")
    assert tuple(dataset.names.tolist()) == names
    assert set(dataset.labels.tolist()) == {"N", "A", "O", "~"}
    assert set(dataset.rates_hz.tolist()) == {300.0}
    assert float(dataset.durations_s.min()) >= 9
    assert float(dataset.durations_s.max()) <= 61


def test_the_second_reading_takes_no_time(dataset: Dataset, cache: Path) -> None:
    """From the cache, hashing the archive included, it is there in two seconds of work."""
    start = time.process_time()
    source = open_source(SETTINGS.data, Path(_DATA or ""), progress=False)
    again = prepare(source, SETTINGS, cache, progress=False)
    assert time.process_time() - start < 2
    assert again.digests.tolist() == dataset.digests.tolist()
    assert check_against(again, manifest(dataset, source, SETTINGS)) == []


def test_the_same_recording_under_two_names_falls_together(dataset: Dataset) -> None:
    """Equal samples share split and fold; the published set holds such pairs."""
    digests = dataset.digests.tolist()
    twins = [digest for digest, count in Counter(digests).items() if count > 1]
    pairs = [dataset.names[dataset.digests == digest].tolist() for digest in twins]
    assert ["A00227", "A01176"] in pairs
    assert ["A02656", "A03123"] in pairs
    for digest in twins:
        alike = dataset.where(dataset.digests == digest)
        assert len(set(alike.splits.tolist())) == len(set(alike.folds.tolist())) == 1


def test_labels_changed_between_versions(dataset: Dataset) -> None:
    """The labels are noisy: versions differ in some recordings, and in few of them."""
    latest = dataset.label_versions["v3"]
    for version, labels in dataset.label_versions.items():
        changed = float((labels != latest).mean())
        assert changed < 0.06
        assert (changed == 0) == (version == "v3")
