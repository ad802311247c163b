"""Data: the recordings are what the figures claim to be about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.dataset import AFIB, NORMAL, SPLITS, Dataset, check_against
from afib.preprocessing import segment_samples, segments
from afib.workflow import Prepared, prepared
from vericase import Proportion, Scalar

if TYPE_CHECKING:
    from afib.settings import Settings

Measure = Callable[..., None]
Conditions = Mapping[str, Any]


@pytest.mark.verifies("DATA-001")
def test_recordings_are_those_of_the_manifest(
    measure: Measure, data: Prepared, settings: Settings, on_record: dict[str, list[str]]
) -> None:
    """Read again from their source, past every cache, how many recordings differ."""
    read_again = prepared(settings, None, cached=False, progress=True)
    differences = check_against(read_again.dataset, data.document)
    measure("recordings_differing_from_manifest", Scalar(len(differences)))
    measure("recordings_compared", Scalar(len(read_again.dataset)))
    known = _known(read_again.dataset, on_record, "sha256")
    measure("recordings_as_on_record", Proportion.of([now == then for now, then in known]))


@pytest.mark.verifies("DATA-002")
def test_signals_are_in_millivolts(
    measure: Measure, conditions: Conditions, dataset: Dataset
) -> None:
    """Of recordings with a readable rhythm, those with the amplitude of an ECG in millivolts."""
    amplitude_mv = dataset.of(labels=conditions["labels"]).amplitude_mv
    plausible = (amplitude_mv >= conditions["least_mv"]) & (amplitude_mv <= conditions["most_mv"])
    measure("plausible_amplitude_rate", Proportion.of(plausible))


@pytest.mark.verifies("DATA-003")
def test_rate_is_the_recorders(measure: Measure, conditions: Conditions, dataset: Dataset) -> None:
    """How many recordings have another sampling rate."""
    others = dataset.rates_hz != conditions["rate_hz"]
    measure("recordings_at_other_rates", Scalar(int(others.sum())))


@pytest.mark.verifies("DATA-004")
def test_durations_are_those_of_the_intended_use(
    measure: Measure, conditions: Conditions, dataset: Dataset
) -> None:
    """How many recordings are shorter or longer than the intended use allows."""
    durations_s = dataset.durations_s
    others = (durations_s < conditions["shortest_s"]) | (durations_s > conditions["longest_s"])
    measure("recordings_of_other_durations", Scalar(int(others.sum())))


@pytest.mark.verifies("DATA-005")
def test_no_content_stands_twice(measure: Measure, dataset: Dataset) -> None:
    """How many contents stand in more than one split, and in more than one fold."""
    for measurand, places in (
        ("contents_in_two_splits", dataset.splits),
        ("contents_in_two_folds", dataset.folds),
    ):
        pairs = set(zip(dataset.digests.tolist(), places.tolist(), strict=True))
        measure(measurand, Scalar(len(pairs) - len(set(dataset.digests.tolist()))))


@pytest.mark.verifies("DATA-006")
def test_split_follows_from_the_samples(
    measure: Measure, dataset: Dataset, settings: Settings
) -> None:
    """How many recordings stand elsewhere than their samples and the seed put them.

    The rule is written here again, so that a slip in the device's own would be seen: the number
    that SHA-256 makes of seed and samples, as a share of its range, falls between two shares.
    """
    shares = settings.data.split
    ends = np.cumsum([shares.train, shares.validation, shares.calibration])
    texts = [f"{shares.seed}:{digest}" for digest in dataset.digests.tolist()]
    drawn = [int.from_bytes(hashlib.sha256(text.encode()).digest()) / 2**256 for text in texts]
    expected = np.array(SPLITS)[np.searchsorted(ends, drawn, side="right")]
    measure("recordings_in_another_split", Scalar(int(np.sum(dataset.splits != expected))))
    measure("recordings_placed", Scalar(len(expected)))


@pytest.mark.verifies("DATA-007")
def test_both_rhythms_are_represented(measure: Measure, dataset: Dataset) -> None:
    """The fewest recordings of each rhythm that any split holds."""
    for measurand, label in (
        ("fewest_afib_in_a_split", AFIB),
        ("fewest_normal_in_a_split", NORMAL),
    ):
        counts = [len(dataset.of(split=split, labels=(label,))) for split in SPLITS]
        measure(measurand, Scalar(min(counts)))
    measure("afib_in_test", Scalar(len(dataset.of(split="test", labels=(AFIB,)))))


@pytest.mark.verifies("DATA-008")
def test_labels_are_the_official_version(
    measure: Measure, conditions: Conditions, dataset: Dataset, on_record: dict[str, list[str]]
) -> None:
    """How many labels in use differ from those of the named version, and from those on record."""
    official = dataset.label_versions[conditions["version"]]
    measure("labels_differing_from_version", Scalar(int(np.sum(dataset.labels != official))))
    known = _known(dataset, on_record, "label")
    measure("labels_as_on_record", Proportion.of([now == then for now, then in known]))


@pytest.mark.verifies("DATA-009")
def test_labels_are_stable(measure: Measure, conditions: Conditions, dataset: Dataset) -> None:
    """The shares of recordings whose label is the same in all, and in the last two, versions."""
    versions = dataset.label_versions
    wanted = [conditions[name] for name in ("first", "previous", "last")]
    if missing := [str(name) for name in wanted if name not in versions]:
        pytest.skip(f"expected the labels of {', '.join(missing)} beside the recordings, got none")
    first, previous, last = (versions[name] for name in wanted)
    unchanged = (first == previous) & (previous == last)
    measure("labels_equal_in_all_versions", Proportion.of(unchanged))
    measure("labels_equal_in_last_two_versions", Proportion.of(previous == last))


@pytest.mark.verifies("DATA-010")
def test_segments_are_of_one_length(measure: Measure, dataset: Dataset, settings: Settings) -> None:
    """How many segments have another length or hold a value that is not finite."""
    wanted = segment_samples(settings.preprocessing)
    pieces = [segments(signal, settings.preprocessing) for signal in dataset.signals]
    sound = [np.isfinite(piece).all(axis=1) & (piece.shape[1] == wanted) for piece in pieces]
    checked = np.concatenate(sound)
    measure("malformed_segments", Scalar(int(np.sum(~checked))))
    measure("segments_checked", Scalar(len(checked)))


def _known(dataset: Dataset, on_record: dict[str, list[str]], column: str) -> list[tuple[str, str]]:
    """What is there now beside what the committed manifest says, for recordings that it knows."""
    place, now = {"label": (1, dataset.labels), "sha256": (4, dataset.digests)}[column]
    rows = zip(dataset.names.tolist(), now.tolist(), strict=True)
    return [(value, on_record[name][place]) for name, value in rows if name in on_record]
