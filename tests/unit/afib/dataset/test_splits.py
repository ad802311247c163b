"""Splits and folds: a function of content and seed, worked by hand once."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from afib.dataset import SPLITS, fold_of, split_of
from afib.settings import SplitSettings

SETTINGS = SplitSettings(seed=17, train=0.6, validation=0.1, calibration=0.1, test=0.2, folds=5)


@pytest.mark.parametrize(
    ("digest", "split", "fold"),
    [
        # printf '17:a' | sha256sum: e46d33bae4d8ce55..., 0xe46d33bae4d8ce55 / 16**16 = 0.8923.
        # printf 'fold:17:a' | sha256sum: 221930ffcfaeb06b..., modulo 5 it is 1.
        ("a", "test", 1),
        ("abc", "train", 0),  # 9642468d60d4b20f: 0.5869
        ("i", "validation", 0),  # a670d4539e617e1d: 0.6502
        ("f", "calibration", 4),  # bb03fd0b8ff9496c: 0.7305
    ],
)
def test_splits_and_folds_follow_the_published_rule(digest: str, split: str, fold: int) -> None:
    """Anybody can recompute them with sha256sum and a calculator."""
    assert split_of(digest, SETTINGS) == split
    assert fold_of(digest, SETTINGS) == fold


def test_shares_come_out_as_stated() -> None:
    """Of 20,000 digests each split gets its share, within four standard errors."""
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(20_000)]
    splits = [split_of(digest, SETTINGS) for digest in digests]
    for split, share in zip(SPLITS, (0.6, 0.1, 0.1, 0.2), strict=True):
        error = (share * (1 - share) / 20_000) ** 0.5
        assert splits.count(split) / 20_000 == pytest.approx(share, abs=4 * error)
    folds = [fold_of(digest, SETTINGS) for digest in digests]
    assert {fold: folds.count(fold) / 20_000 for fold in set(folds)} == pytest.approx(
        dict.fromkeys(range(5), 0.2), abs=0.0113
    )


def test_another_seed_is_another_split() -> None:
    """The seed moves recordings, so it is part of what a manifest states."""
    other = dataclasses.replace(SETTINGS, seed=18)
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(200)]
    assert [split_of(d, SETTINGS) for d in digests] != [split_of(d, other) for d in digests]
    assert [fold_of(d, SETTINGS) for d in digests] != [fold_of(d, other) for d in digests]
