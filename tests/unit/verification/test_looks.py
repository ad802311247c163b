"""Which recordings an opening was of."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from tests.support.datasets import dataset_of
from verification.looks import recordings_digest


def test_recordings_are_told_by_name_label_and_samples() -> None:
    """The digest is that of sorted lines, so it hangs neither on the order nor on the split."""
    recordings = dataset_of("NA")
    lines = [
        f"R000\0N\0{recordings.digests[0]}\n",
        f"R001\0A\0{recordings.digests[1]}\n",
    ]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert recordings_digest(recordings) == expected
    turned = replace(
        recordings,
        names=recordings.names[::-1],
        labels=recordings.labels[::-1],
        digests=recordings.digests[::-1],
        splits=np.array(["test", "train"]),
    )
    assert recordings_digest(turned) == expected


def test_a_label_or_a_sample_makes_other_recordings() -> None:
    """Fewer recordings, another label, name or sample each have another digest."""
    one = dataset_of("NA")
    others = [
        one.where(np.array([True, False])),
        replace(one, labels=np.array(["N", "O"])),
        replace(one, names=np.array(["R000", "R002"])),
        replace(one, digests=one.digests[::-1]),
    ]
    assert len({recordings_digest(each) for each in (one, *others)}) == 5
