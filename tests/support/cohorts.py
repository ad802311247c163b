"""Synthetic recordings for tests, made once a process."""

from __future__ import annotations

from functools import cache

from afib.settings import CohortSettings
from afib.synthetic import LABELS, SyntheticRecording, generate_recording

__all__ = ["cohort_settings", "synthetic_recordings"]


def cohort_settings(
    *, seed: int = 17, normal: int = 1, afib: int = 1, other: int = 0, noisy: int = 0
) -> CohortSettings:
    """A small cohort, one normal and one AFib recording unless told otherwise."""
    return CohortSettings(seed=seed, normal=normal, afib=afib, other=other, noisy=noisy)


@cache
def synthetic_recordings(
    label: str, count: int, *, seed: int = 17, noisy: bool = True
) -> tuple[SyntheticRecording, ...]:
    """The first *count* recordings of a label."""
    first = LABELS.index(label) + 1
    numbers = range(first, first + len(LABELS) * count, len(LABELS))
    return tuple(generate_recording(seed=seed, number=number, noisy=noisy) for number in numbers)
