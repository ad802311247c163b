"""A cohort of generated electrocardiograms, labelled by construction.

Every recording states where its waves are, and needs no download and no licence.
It stands in for real recordings where the path from requirement to gate is rehearsed, never where
a device is released.
"""

from __future__ import annotations

from afib.synthetic.cohort import (
    GENERATOR_VERSION,
    LABELS,
    RATE_HZ,
    SyntheticRecording,
    cohort_numbers,
    generate_cohort,
    generate_recording,
)

__all__ = [
    "GENERATOR_VERSION",
    "LABELS",
    "RATE_HZ",
    "SyntheticRecording",
    "cohort_numbers",
    "generate_cohort",
    "generate_recording",
]
