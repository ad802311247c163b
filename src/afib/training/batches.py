"""What one epoch sees: every normal segment about once, AFib as often as its share asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.dataset import AFIB, NORMAL
from afib.errors import TrainingError
from afib.preprocessing import segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from afib.dataset import Dataset
    from afib.settings import PreprocessingSettings, TrainingSettings
    from nnassure.arrays import IntArray

__all__ = ["Batch", "Segments", "batches_of_epoch", "batches_per_epoch", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """The segments of a set of normal and AFib recordings.

    Attributes:
        signals_mv: Samples in mV, shape (segments, samples).
        is_afib: 1 for AFib and 0 for normal, shape (segments,), int64.
        recording: Which recording a segment is of, from 0, rising, shape (segments,), int64.
    """

    signals_mv: Tensor
    is_afib: Tensor
    recording: Tensor

    def __len__(self) -> int:
        return len(self.is_afib)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """The segments of one step of training.

    Attributes:
        signals_mv: Varied samples in mV, shape (segments, samples).
        points_mv: The same, attacked; the same without an attack.
        is_afib: 1 for AFib and 0 for normal, shape (segments,), int64.
    """

    signals_mv: Tensor
    points_mv: Tensor
    is_afib: Tensor


def cut(dataset: Dataset, settings: PreprocessingSettings, *, name: str) -> Segments:
    """All segments of the normal and AFib recordings of *dataset*; other labels are left out.

    Args:
        dataset: Recordings at the network's rate.
        settings: Length of a segment.
        name: What the caller calls the set; it opens the message.

    Raises:
        TrainingError: If one of the two labels is missing.
    """
    chosen = dataset.of(labels=(NORMAL, AFIB))
    afib = int(chosen.is_afib.sum())
    if afib in {0, len(chosen)}:
        raise TrainingError(
            f"{name}: expected normal and AFib recordings, "
            f"got {len(chosen) - afib} normal and {afib} AFib"
        )
    pieces = [segments(signal, settings) for signal in chosen.signals]
    counts = [len(piece) for piece in pieces]
    return Segments(
        signals_mv=torch.from_numpy(np.concatenate(pieces)),
        is_afib=torch.from_numpy(np.repeat(chosen.is_afib.astype(np.int64), counts)),
        recording=torch.from_numpy(np.repeat(np.arange(len(chosen)), counts)),
    )


def batches_per_epoch(development: Segments, settings: TrainingSettings) -> int:
    """How many batches hold as many segments as there are, at least one."""
    return max(1, len(development) // settings.batch_size)


def batches_of_epoch(
    development: Segments, settings: TrainingSettings, generator: np.random.Generator
) -> Iterator[IntArray]:
    """The segments of each batch of one epoch, AFib first.

    Each class is dealt from a shuffled deck that is shuffled again when it is used up,
    so no segment is seen a second time before its class has been seen once.

    Args:
        development: What to draw from.
        settings: Size of a batch, and the share of AFib in it (at least one of each class).
        generator: Source of the randomness; it is advanced.

    Yields:
        Positions in *development*, shape (batch_size,).
    """
    is_afib = development.is_afib.numpy().astype(np.bool_)
    size, count = settings.batch_size, batches_per_epoch(development, settings)
    afib = min(max(1, round(size * settings.afib_share)), size - 1)
    afib_deck = _dealt(np.flatnonzero(is_afib), count * afib, generator)
    normal_deck = _dealt(np.flatnonzero(~is_afib), count * (size - afib), generator)
    for batch in range(count):
        first = afib_deck[batch * afib : (batch + 1) * afib]
        rest = normal_deck[batch * (size - afib) : (batch + 1) * (size - afib)]
        yield np.concatenate([first, rest])


def _dealt(cards: IntArray, count: int, generator: np.random.Generator) -> IntArray:
    decks = -(-count // len(cards))
    return np.concatenate([generator.permutation(cards) for _ in range(decks)])[:count]
