"""Recordings side by side with what the classifier says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from afib.dataset import Dataset
    from nnassure.arrays import BoolArray, FloatArray

__all__ = ["Judged"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Recordings with what the classifier says of them."""

    recordings: Dataset
    logits: FloatArray
    called: BoolArray

    @property
    def is_afib(self) -> BoolArray:
        """Which recordings are labelled AFib."""
        return self.recordings.is_afib

    @property
    def right(self) -> BoolArray:
        """Which recordings are decided rightly; meant for normal and AFib."""
        return np.asarray(self.called == self.recordings.is_afib)

    def of(self, *labels: str) -> Judged:
        """The recordings of some labels."""
        return self.where(np.isin(self.recordings.labels, labels))

    def where(self, mask: BoolArray) -> Judged:
        """The recordings of a mask."""
        return Judged(
            recordings=self.recordings.where(mask),
            logits=self.logits[mask],
            called=self.called[mask],
        )
