"""What is known of recordings before they are decided: their quality, features and logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.embedding import embedded
from afib.preprocessing import to_network_rate
from afib.quality import QUALITY_FEATURES, quality_features
from nnassure.arrays import require_same_length

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afib.checkpoint import Checkpoint
    from afib.dataset import Dataset
    from afib.records import Recording
    from nnassure.arrays import BoolArray, DoubleArray

__all__ = ["Seen", "seen_in", "seen_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What is known of recordings before they are decided.

    Attributes:
        quality: What :func:`afib.quality.quality_features` says, shape (recordings, numbers).
        pooled: Of :class:`afib.embedding.Embedded`, shape (recordings, channels).
        logits: Of the same, shape (recordings, 2).
    """

    quality: DoubleArray
    pooled: DoubleArray
    logits: DoubleArray

    def __post_init__(self) -> None:
        require_same_length(quality=self.quality, pooled=self.pooled, logits=self.logits)

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def together(self) -> DoubleArray:
        """Quality and features beside each other, shape (recordings, numbers + channels)."""
        return np.concatenate([self.quality, self.pooled], axis=1)

    def where(self, chosen: BoolArray) -> Seen:
        """Those of *chosen*, shape (recordings,)."""
        return Seen(
            quality=self.quality[chosen], pooled=self.pooled[chosen], logits=self.logits[chosen]
        )

    @classmethod
    def joined(cls, parts: Iterable[Seen]) -> Seen:
        """All of some, in their order."""
        every = list(parts)
        return cls(
            quality=np.concatenate([part.quality for part in every]),
            pooled=np.concatenate([part.pooled for part in every]),
            logits=np.concatenate([part.logits for part in every]),
        )


def seen_in(checkpoint: Checkpoint, dataset: Dataset) -> Seen:
    """What is known of prepared recordings, which are usable.

    Raises:
        ModelError: If nothing is known of the features of this network.
        NotFiniteError: If the network computes no finite number.
    """
    found = embedded(checkpoint, dataset.signals)
    return Seen(quality=dataset.quality, pooled=found.pooled, logits=found.logits)


def seen_of(checkpoint: Checkpoint, recordings: Iterable[Recording]) -> Seen:
    """What is known of recordings as the recorder gave them.

    Raises:
        ModelError: If nothing is known of the features of this network.
        NotFiniteError: If the network computes no finite number.
    """
    quality, signals = [], []
    for each in recordings:
        quality.append(quality_features(each))
        signals.append(
            to_network_rate(each.signal_mv, each.rate_hz, checkpoint.settings.preprocessing)
        )
    found = embedded(checkpoint, signals)
    return Seen(
        quality=np.array(quality, dtype=np.float64).reshape(len(quality), len(QUALITY_FEATURES)),
        pooled=found.pooled,
        logits=found.logits,
    )
