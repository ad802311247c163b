"""What an epoch sees."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from afib.errors import TrainingError
from afib.training.batches import Segments, batches_of_epoch, batches_per_epoch, cut
from tests.support.datasets import dataset_of
from tests.support.training import pulse_dataset, tiny_settings

_SETTINGS = tiny_settings()


def _ones(samples: int, value: float = 1.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.full(samples, value, dtype=np.float32)


def _epoch(segments: Segments, *, seed: int = 0, afib_share: float = 0.5) -> list[list[int]]:
    settings = replace(_SETTINGS.training, afib_share=afib_share)
    batches = batches_of_epoch(segments, settings, np.random.default_rng(seed))
    return [batch.tolist() for batch in batches]


def test_only_normal_and_afib_recordings_are_learnt_from() -> None:
    """Other rhythms and noise are left out, and segments remember their recording."""
    # Segments of 240 samples: one, none, two overlapping, one repeated.
    signals = [_ones(240, 1), _ones(240, 2), _ones(300, 3), _ones(100, 4)]
    segments = cut(dataset_of("NOAN", signals), _SETTINGS.preprocessing, name="development")
    assert segments.signals_mv.shape == (4, 240)
    assert segments.signals_mv[:, 0].tolist() == [1, 3, 3, 4]
    assert segments.is_afib.tolist() == [0, 1, 1, 0]
    assert segments.recording.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize(("label", "counts"), [("N", "2 normal and 0"), ("A", "0 normal and 2")])
def test_both_classes_are_needed(label: str, counts: str) -> None:
    """The message names the set and counts what there is."""
    dataset = dataset_of(f"{label}{label}O", [_ones(240)] * 3)
    message = f"validation: expected normal and AFib recordings, got {counts} AFib"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        cut(dataset, _SETTINGS.preprocessing, name="validation")


def test_every_batch_holds_afib_by_its_share() -> None:
    """A quarter of 8 is 2, in every batch; there is one batch for every 8 segments."""
    segments = cut(pulse_dataset(24), _SETTINGS.preprocessing, name="development")
    batches = _epoch(segments, afib_share=0.25)
    # 24 recordings of 5 s are 48 segments of 4 s.
    assert len(segments) == 48
    assert len(batches) == batches_per_epoch(segments, _SETTINGS.training) == 6
    assert all(segments.is_afib[batch].sum() == 2 for batch in batches)
    assert all(len(batch) == 8 for batch in batches)


@pytest.mark.parametrize(("share", "afib"), [(0.001, 1), (0.999, 7)])
def test_no_batch_lacks_a_class(share: float, afib: int) -> None:
    """However small a share, each class keeps one segment in each batch."""
    segments = cut(pulse_dataset(24), _SETTINGS.preprocessing, name="development")
    assert all(
        segments.is_afib[batch].sum() == afib for batch in _epoch(segments, afib_share=share)
    )


def test_a_class_is_used_up_before_it_is_repeated() -> None:
    """With equal shares of equal classes an epoch shows every segment exactly once."""
    segments = cut(pulse_dataset(24), _SETTINGS.preprocessing, name="development")
    seen = [position for batch in _epoch(segments) for position in batch]
    assert sorted(seen) == list(range(48))


def test_a_set_smaller_than_a_batch_still_fills_one() -> None:
    """Two segments make one batch of 8, each class repeated."""
    dataset = dataset_of("NA", [_ones(240)] * 2)
    segments = cut(dataset, _SETTINGS.preprocessing, name="development")
    assert _epoch(segments) == [[1, 1, 1, 1, 0, 0, 0, 0]]


def test_the_seed_decides_the_order() -> None:
    """The same seed deals the same batches, another one others."""
    segments = cut(pulse_dataset(24), _SETTINGS.preprocessing, name="development")
    assert _epoch(segments, seed=1) == _epoch(segments, seed=1)
    assert _epoch(segments, seed=1) != _epoch(segments, seed=2)
