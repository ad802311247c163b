"""Recordings and what is said of them stay side by side."""

from __future__ import annotations

import numpy as np

from tests.support.datasets import dataset_of
from verification.judged import Judged


def judged() -> Judged:
    """One recording of each label: the normal one is called AFib, the AFib one and O too."""
    return Judged(
        recordings=dataset_of("NAO~"),
        logits=np.array([1.0, 2.0, 3.0, -1.0], dtype=np.float32),
        called=np.array([True, True, True, False]),
    )


def test_labels_say_which_are_afib() -> None:
    """Of all labels A alone is AFib."""
    assert judged().is_afib.tolist() == [False, True, False, False]


def test_right_is_where_call_and_label_agree() -> None:
    """A false alarm is wrong, a found AFib is right."""
    assert judged().of("N", "A").right.tolist() == [False, True]


def test_a_part_keeps_recordings_logits_and_calls_together() -> None:
    """By labels or by a mask, nothing slips against another column."""
    part = judged().of("A", "~")
    assert part.recordings.names.tolist() == ["R001", "R003"]
    assert part.logits.tolist() == [2.0, -1.0]
    assert part.called.tolist() == [True, False]
    last = part.where(np.array([False, True]))
    assert (last.recordings.names.tolist(), last.logits.tolist()) == (["R003"], [-1.0])


def test_labels_that_none_has_give_nothing() -> None:
    """An empty part is no error; what is measured on it has no trials."""
    part = judged().of("X")
    assert (len(part.recordings), part.right.tolist()) == (0, [])
