"""Choosing recordings from a dataset keeps every column in step."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from afib.dataset import Dataset
from nnassure.errors import ShapeError
from tests.support.datasets import dataset_of


def test_a_mask_chooses_from_every_column() -> None:
    """Names, labels, signals, label versions and all the rest stay those of one recording."""
    dataset = dataset_of("NAO~N")
    chosen = dataset.where(np.array([False, True, False, False, True]))
    assert len(chosen) == 2
    for field in fields(Dataset):
        before, after = getattr(dataset, field.name), getattr(chosen, field.name)
        if isinstance(before, np.ndarray):
            np.testing.assert_array_equal(after, before[[1, 4]])
    assert chosen.signals == (dataset.signals[1], dataset.signals[4])
    assert chosen.label_versions["v3"].tolist() == ["A", "N"]
    assert (chosen.source, chosen.rehearsal) == ("synthetic", True)


def test_afib_is_what_is_labelled_so() -> None:
    """The other three labels are not AFib."""
    assert dataset_of("NAO~A").is_afib.tolist() == [False, True, False, False, True]


def test_recordings_are_chosen_by_split_and_label() -> None:
    """Without an argument nothing is left out; both together mean both."""
    dataset = dataset_of("NA" * 40)
    assert dataset.of().names.tolist() == dataset.names.tolist()
    tests = dataset.of(split="test")
    assert set(tests.splits) == {"test"}
    assert len(tests) == int((dataset.splits == "test").sum()) > 0
    afib = dataset.of(split="test", labels=["A"])
    assert set(afib.labels) == {"A"}
    assert len(afib) == int(((dataset.splits == "test") & dataset.is_afib).sum())
    assert len(dataset.of(labels=("N", "A"))) == 80
    assert len(dataset.of(labels="~")) == 0


def test_a_mask_has_one_value_a_recording() -> None:
    """A mask of another shape or length is refused."""
    dataset = dataset_of("NA")
    with pytest.raises(ShapeError, match=r"mask: expected shape \(recordings,\)"):
        dataset.where(np.ones((2, 1), dtype=np.bool_))
    with pytest.raises(IndexError):
        dataset.where(np.ones(3, dtype=np.bool_))
