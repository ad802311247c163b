"""Recordings prepared for a network: resampled, split by content, and named in a manifest."""

from __future__ import annotations

from afib.dataset.manifest import (
    check_against,
    manifest,
    manifest_digest,
    read_manifest,
    write_manifest,
)
from afib.dataset.preparation import prepare
from afib.dataset.splits import fold_of, split_of
from afib.dataset.table import AFIB, NORMAL, SPLITS, Dataset

__all__ = [
    "AFIB",
    "NORMAL",
    "SPLITS",
    "Dataset",
    "check_against",
    "fold_of",
    "manifest",
    "manifest_digest",
    "prepare",
    "read_manifest",
    "split_of",
    "write_manifest",
]
