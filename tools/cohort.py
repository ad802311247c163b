"""What networks look at, over many held-out recordings: numbers for tables and figures."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.beat_parts import PARTS, beat_parts
from afib.beats import r_peaks
from afib.checkpoint import Checkpoint
from afib.preprocessing import segments
from nnassure.attribution import Question, attribution
from verification.reasons import COARSE, FINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import nn

    from afib.dataset import Dataset
    from nnassure.arrays import BoolArray, DoubleArray, FloatArray

__all__ = [
    "AROUND_S",
    "CHANGES",
    "FLATTENED",
    "Fold",
    "around",
    "by_change",
    "densities",
    "fold_of",
    "irregularity",
    "kept",
]

#: How far on either side of an R peak means are taken.
AROUND_S = 0.6
#: What is flattened at once, by the places of :data:`afib.beat_parts.PARTS`.
FLATTENED = {part: (place,) for place, part in enumerate(PARTS)} | {
    "TP and P": (PARTS.index("TP"), PARTS.index("P")),
    "all but QRS": tuple(place for place, part in enumerate(PARTS) if part != "QRS"),
}
_CHANGED = 0.1
_FEWEST_RR = 3
#: Borders of the change of the RR interval, as shares of it.
CHANGES = (0.0, 0.05, 0.1, 0.2, float("inf"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """What one network says of its held-out recordings, a row each.

    Attributes:
        inputs: Their first segments in mV, shape (recordings, samples).
        is_afib: By label.
        right: Whether the network calls them so.
        coarse: Weights by Grad-CAM, of the shape of *inputs*.
        fine: Weights by integrated gradients, of the same shape.
        beats: Times of R peaks in seconds, of each recording.
        flattened: By part of the heartbeat, how much the logit changes when all of that part is
            made of straight lines.
        answers: The logit, AFib minus normal.
        threshold: Above it a recording is called AFib.
        rate_hz: Of *inputs*.
    """

    inputs: FloatArray
    is_afib: BoolArray
    right: BoolArray
    coarse: DoubleArray
    fine: DoubleArray
    beats: list[DoubleArray]
    flattened: dict[str, DoubleArray]
    answers: DoubleArray
    threshold: float
    rate_hz: float

    def chosen(self, *, is_afib: bool) -> BoolArray:
        """Which recordings are decided rightly and have this label."""
        return np.asarray(self.right & (self.is_afib == is_afib))


def fold_of(dataset: Dataset, network: Path) -> Fold:
    """What the network in a folder says of recordings that it never saw.

    Raises:
        ModelError: If the network cannot be read.
    """
    checkpoint = Checkpoint.load(network)
    preprocessing = checkpoint.settings.preprocessing
    rate_hz = preprocessing.rate_hz
    inputs = np.stack([segments(signal, preprocessing)[0] for signal in dataset.signals])
    question = Question(network=checkpoint.network, wanted=1, other=0)
    coarse = attribution(COARSE, question, inputs)
    beats = [r_peaks(row, rate_hz) / rate_hz for row in inputs]
    parts = np.stack([beat_parts(each, inputs.shape[1], rate_hz) for each in beats])
    flattened = {
        name: _answers(checkpoint.network, _flat(inputs, np.isin(parts, places))) - coarse.answers
        for name, places in FLATTENED.items()
    }
    return Fold(
        inputs=inputs,
        is_afib=dataset.is_afib,
        right=np.asarray((coarse.answers > checkpoint.threshold) == dataset.is_afib),
        coarse=coarse.weights,
        fine=attribution(FINE, question, inputs).weights,
        beats=beats,
        flattened=flattened,
        answers=coarse.answers,
        threshold=checkpoint.threshold,
        rate_hz=rate_hz,
    )


def _rows(
    fold: Fold, values: DoubleArray | FloatArray, *, is_afib: bool
) -> Iterator[tuple[DoubleArray | FloatArray, DoubleArray]]:
    """Of each recording that is decided rightly and has this label, its values and its beats."""
    for place in np.flatnonzero(fold.chosen(is_afib=is_afib)).tolist():
        yield values[place], fold.beats[place]


def _answers(network: nn.Module, inputs: FloatArray) -> DoubleArray:
    with torch.no_grad():
        logits = network(torch.from_numpy(inputs)).double().numpy()
    return np.asarray(logits[:, 1] - logits[:, 0], np.float64)


def _flat(inputs: FloatArray, chosen: BoolArray) -> FloatArray:
    """*inputs* with straight lines where they are *chosen*."""
    rows = []
    at = np.arange(inputs.shape[1])
    for row, gone in zip(inputs, chosen, strict=True):
        rows.append(np.interp(at, at[~gone], row[~gone]))
    return np.asarray(rows, np.float32)


def around(folds: list[Fold], values: str, *, is_afib: bool) -> DoubleArray:
    """The mean around R peaks, of means of recordings decided rightly.

    Args:
        folds: All recordings.
        values: ``inputs``, ``coarse`` or ``fine``.
        is_afib: Whether recordings with AFib are wanted.

    Returns:
        From :data:`AROUND_S` before the peak to as long after it, at the network's rate.
    """
    means = []
    for fold in folds:
        reach = round(AROUND_S * fold.rate_hz)
        window = np.arange(-reach, reach + 1)
        own = getattr(fold, values)
        for row, peaks_s in _rows(fold, own, is_afib=is_afib):
            at = np.rint(peaks_s * fold.rate_hz).astype(int)
            at = at[(at >= reach) & (at < len(row) - reach)]
            if len(at):
                beats = row[at[:, None] + window]
                upright = values == "inputs"
                means.append(beats.mean(axis=0) - (np.median(row) if upright else 0.0))
    return np.asarray(np.mean(means, axis=0), np.float64)


def by_change(folds: list[Fold], *, is_afib: bool) -> list[tuple[int, float]]:
    """Beats and mean evidence there, by how much the RR interval changes: see :data:`CHANGES`."""
    changes, weights = [], []
    for fold in folds:
        for row, peaks_s in _rows(fold, fold.coarse, is_afib=is_afib):
            rr_s = np.diff(peaks_s)
            if len(rr_s) > 1:
                changes.append(np.abs(np.diff(rr_s)) / rr_s[:-1])
                at = np.rint(peaks_s[1:-1] * fold.rate_hz).astype(int).clip(0, len(row) - 1)
                weights.append(row[at])
    change, weight = np.concatenate(changes), np.concatenate(weights)
    found = []
    for low, high in itertools.pairwise(CHANGES):
        own = (change >= low) & (change < high)
        found.append((int(own.sum()), float(weight[own].mean()) if own.any() else 0.0))
    return found


def densities(folds: list[Fold], *, is_afib: bool) -> list[tuple[float, float]]:
    """Of each part of the heartbeat the share of time and of evidence, summed over recordings."""
    times, shares = np.zeros(len(PARTS)), np.zeros(len(PARTS))
    for fold in folds:
        for row, peaks_s in _rows(fold, fold.fine, is_afib=is_afib):
            parts = beat_parts(peaks_s, len(row), fold.rate_hz)
            known = np.abs(row)[parts >= 0].sum()
            if known > 0:
                for place in range(len(PARTS)):
                    times[place] += (parts == place).sum() / (parts >= 0).sum()
                    shares[place] += np.abs(row)[parts == place].sum() / known
    return list(zip((times / times.sum()).tolist(), (shares / shares.sum()).tolist(), strict=True))


def kept(fold: Fold, part: str, *, is_afib: bool) -> BoolArray:
    """Whether the call stays, of recordings decided rightly with this label."""
    chosen = fold.chosen(is_afib=is_afib)
    after = fold.flattened[part][chosen] + fold.answers[chosen]
    return np.asarray((after > fold.threshold) == is_afib)


def irregularity(dataset: Dataset, rate_hz: float) -> DoubleArray:
    """The share of RR intervals that differ from the one before by over a tenth, by recording.

    Returns:
        Shape (recordings,); not a number where there are too few intervals.
    """
    found = np.full(len(dataset), np.nan)
    for place, signal in enumerate(dataset.signals):
        rr_s = np.diff(r_peaks(signal, rate_hz)) / rate_hz
        if len(rr_s) >= _FEWEST_RR:
            found[place] = np.mean(np.abs(np.diff(rr_s)) > _CHANGED * rr_s[:-1])
    return found
