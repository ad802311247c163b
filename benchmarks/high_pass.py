"""A high-pass in front of the network: what it costs, and what it lets be proven.

Baseline wander and offsets lie below the ECG, so a network that never sees them is proven against
them for nothing; but the filter spreads what moves single samples. Two networks are trained alike
on one fold of the development recordings, one of them with a linear-phase FIR high-pass composed
with its first convolution: the same weights there, convolved with the taps, so that the result is
one convolution of standard form. Both are held against the same box of single samples at their
input, and against offsets, on recordings that neither saw.
At the ends of a segment the high-pass sees zeros, as the first convolution does.
The fold's recordings are of the splits for training and validation; no other split is looked at.
Run ``python -m benchmarks.high_pass --preset physionet2017-certified`` with VERICASE_DATA set.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.signal import firwin
from torch import Tensor, nn
from torch.nn.utils import parametrize

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL
from afib.decision import AFIB_RHYTHM
from afib.fitting import fit_threshold
from afib.network import PlainNetwork, folded
from afib.preprocessing import segment_samples
from afib.proof.many import Challenge, answer
from afib.records import Recording
from afib.settings import load_settings
from afib.training.batches import cut
from afib.training.loop import Course, State, fresh_state, next_epoch
from afib.workflow import prepared
from benchmarks.shared.measuring import heading
from vericase.statistics import proportion_lower

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.dataset import Dataset
    from afib.proof import Kind
    from afib.settings import Settings
    from nnassure.arrays import BoolArray, DoubleArray

__all__ = ["composed", "high_pass", "main", "with_high_pass"]

_CONFIDENCE = 0.95
_OFFSET_MV = 0.2


class _Composed(nn.Module):
    """The weights of a convolution behind a filter, as those of one convolution without it."""

    def __init__(self, taps: Tensor) -> None:
        super().__init__()
        self.taps: Tensor
        self.register_buffer("taps", taps[None, None])

    def forward(self, weight: Tensor) -> Tensor:
        """Of shape (channels, 1, kernel + taps - 1), given (channels, 1, kernel)."""
        return composed(weight, self.taps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fold:
    """The recordings of a trial: to learn from, to choose the epoch and threshold by, to judge."""

    development: Dataset
    validation: Dataset
    judged: Dataset


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains both networks and prints the table."""
    parsed = _parsed(arguments)
    if parsed.preset is None or not os.environ.get("VERICASE_DATA"):
        print("nothing to measure: name a --preset, and set VERICASE_DATA")
        return
    torch.set_num_threads(1)
    settings = load_settings(parsed.preset)
    epochs = parsed.epochs or settings.training.epochs
    settings = replace(settings, training=replace(settings.training, epochs=epochs))
    data = prepared(settings, Path(os.environ["VERICASE_DATA"]), progress=True)
    fold = _fold(data.dataset, parsed.fold, parsed.recordings)
    print(
        f"{heading('High-pass')}\npreset {parsed.preset}, {epochs} epochs, fold {parsed.fold}, "
        f"{len(fold.development)} recordings to learn from, {parsed.size_mv * 1000:g} uV; "
        f"high-pass {parsed.cutoff_hz:g} Hz, {parsed.taps} taps; disturbed before it\n\n"
        "| network | held against | sensitivity | specificity | CPU s |\n|---|---|---|---|---|"
    )
    taps = high_pass(parsed.taps, parsed.cutoff_hz, settings.preprocessing.rate_hz)
    for name, used in (("plain", None), ("high-pass", taps)):
        begun = time.process_time()
        checkpoint = _trained(fold, settings, used)
        _print(name, "training", "", "", begun)
        _print_rates(name, checkpoint, fold.judged, parsed)


def high_pass(taps: int, cutoff_hz: float, rate_hz: float) -> DoubleArray:
    """A linear-phase FIR high-pass that stops a constant altogether, shape (taps,).

    Raises:
        ValueError: If *taps* is even.
    """
    if taps % 2 == 0:
        raise ValueError(f"taps: expected an odd number, got {taps}")
    designed = np.asarray(firwin(taps, cutoff_hz, pass_zero=False, fs=rate_hz), np.float64)
    window = np.hamming(taps)
    return np.asarray(designed - window * (designed.sum() / window.sum()), np.float64)


def composed(weight: Tensor, taps: Tensor) -> Tensor:
    """The weights of one convolution that does what a symmetric filter and *weight* do in turn.

    Args:
        weight: Shape (channels, 1, kernel).
        taps: Shape (1, 1, taps).

    Returns:
        Shape (channels, 1, kernel + taps - 1).
    """
    return nn.functional.conv1d(weight, taps, padding=taps.shape[-1] - 1)


def with_high_pass(network: PlainNetwork, taps: DoubleArray, kernel: int) -> None:
    """The first convolution of *network* has weights of length *kernel*, behind the filter.

    Args:
        network: In training form, its first kernel as long as the composed one.
        taps: Symmetric, shape (taps,).
        kernel: What is learnt.
    """
    first = network.features[0]
    if not isinstance(first, nn.Conv1d):
        raise TypeError(f"network: expected a convolution first, got {type(first).__name__}")
    middle = (first.weight.shape[-1] - kernel) // 2
    # Fewer products an output than the long kernel was drawn for.
    scale = (first.weight.shape[-1] / kernel) ** 0.5
    kept = first.weight.detach()[:, :, middle : middle + kernel].clone() * scale
    first.weight = nn.Parameter(kept)
    filter_ = _Composed(torch.from_numpy(taps).float())
    parametrize.register_parametrization(first, "weight", filter_, unsafe=True)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.high_pass", description=__doc__)
    parser.add_argument("--preset", help="settings of both trainings")
    parser.add_argument("--epochs", type=int, help="default: those of the preset")
    parser.add_argument("--fold", type=int, default=0, help="which fold is judged; default 0")
    parser.add_argument("--recordings", type=int, help="learn from so many of each rhythm at most")
    parser.add_argument("--each", type=int, default=100, help="recordings judged of each rhythm")
    parser.add_argument("--size-mv", type=float, default=0.025)
    parser.add_argument("--cutoff-hz", type=float, default=0.5)
    parser.add_argument("--taps", type=int, default=241, help="odd; 241 are 4 s at 60 Hz")
    parser.add_argument("--parts", type=int, default=60, help="parts that a proof may try")
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU time of a proof")
    return parser.parse_args([] if arguments is None else arguments)


def _fold(dataset: Dataset, number: int, most: int | None) -> _Fold:
    chosen = dataset.of(labels=(NORMAL, AFIB))
    chosen = chosen.where(np.isin(chosen.splits, ("train", "validation")))
    is_judged = chosen.folds == number
    learnt = chosen.where(~is_judged)
    return _Fold(
        development=_at_most(learnt.of(split="train"), most),
        validation=learnt.of(split="validation"),
        judged=chosen.where(is_judged),
    )


def _at_most(dataset: Dataset, most: int | None) -> Dataset:
    """The first *most* of each rhythm."""
    if most is None:
        return dataset
    kept = np.zeros(len(dataset), dtype=np.bool_)
    for is_afib in (False, True):
        kept[np.flatnonzero(dataset.is_afib == is_afib)[:most]] = True
    return dataset.where(kept)


def _trained(fold: _Fold, settings: Settings, taps: DoubleArray | None) -> Checkpoint:
    network = settings.network
    if taps is not None:
        longer = (network.kernels[0] + len(taps) - 1, *network.kernels[1:])
        network = replace(network, kernels=longer)
    used = replace(settings, network=network)
    course = Course(
        development=cut(fold.development, used.preprocessing, name="development"),
        validation=cut(fold.validation, used.preprocessing, name="validation"),
        settings=used,
    )
    state = fresh_state(used, segment_samples(used.preprocessing))
    if taps is not None:
        state = _behind(state, used, taps, settings.network.kernels[0])
    while not state.is_finished(used.training):
        state = next_epoch(state, course, on_batch=lambda: None)
    state.network.load_state_dict(dict(state.best_weights))
    raw = Checkpoint(
        network=folded(state.network),
        settings=used,
        threshold=0.0,
        temperature=1.0,
        provenance={},
    )
    logits = Classifier(raw).logits(fold.validation.signals)
    threshold = fit_threshold(logits, fold.validation.is_afib, used.fitting.afib_weight)
    return replace(raw, threshold=threshold)


def _behind(state: State, settings: Settings, taps: DoubleArray, kernel: int) -> State:
    """*state* with the network behind the filter, and an optimiser of what is then learnt."""
    if not isinstance(state.network, PlainNetwork):
        raise TypeError(f"network: expected a plain one, got {type(state.network).__name__}")
    with_high_pass(state.network, taps, kernel)
    training = settings.training
    return replace(
        state,
        average=copy.deepcopy(state.network) if training.averaging > 0 else None,
        optimizer=torch.optim.AdamW(
            state.network.parameters(),
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
        ),
    )


def _print_rates(
    name: str, checkpoint: Checkpoint, judged: Dataset, parsed: argparse.Namespace
) -> None:
    begun = time.process_time()
    classifier = Classifier(checkpoint)
    called = classifier.calls_afib(classifier.logits(judged.signals))
    right = called == judged.is_afib
    _print(name, "nothing", _rate(right[judged.is_afib]), _rate(right[~judged.is_afib]), begun)
    some = _at_most(judged, parsed.each)
    sets: tuple[tuple[Kind, float], ...] = (("linf", parsed.size_mv), ("offset", _OFFSET_MV))
    for kind, size in sets:
        begun = time.process_time()
        proven = _proven(checkpoint, some, kind, size, parsed)
        _print(
            name,
            f"{kind} {size * 1000:g} uV",
            _rate(proven[some.is_afib]),
            _rate(proven[~some.is_afib]),
            begun,
        )


def _proven(
    checkpoint: Checkpoint, judged: Dataset, kind: Kind, size: float, parsed: argparse.Namespace
) -> BoolArray:
    """Which recordings are decided rightly and proven, shape (recordings,)."""
    challenge = Challenge(
        kind=kind,
        at="network",
        size=size,
        frequency_hz=None,
        box_mv=0.0,
        parts=parsed.parts,
        steps=8,
        seconds=parsed.seconds,
        restarts=1,
        queries=50,
        seed=17,
    )
    prover = challenge.prover(checkpoint)
    rate_hz = checkpoint.settings.preprocessing.rate_hz
    proven = []
    for name, signal_mv, is_afib in zip(judged.names, judged.signals, judged.is_afib, strict=True):
        one = Recording.of(name=str(name), signal_mv=signal_mv, rate_hz=rate_hz, origin=str(name))
        known = answer(challenge, prover, one)
        is_right = (known.rhythm == AFIB_RHYTHM) == bool(is_afib)
        proven.append(known.outcome == "certified" and is_right)
    return np.array(proven, dtype=np.bool_)


def _rate(mask: BoolArray) -> str:
    right, total = int(mask.sum()), len(mask)
    lower = proportion_lower(right, total, _CONFIDENCE)
    return f"{right / total:.4f} ({right} of {total}, from {lower:.4f})"


def _print(name: str, what: str, sensitivity: str, specificity: str, begun: float) -> None:
    seconds = time.process_time() - begun
    print(f"| {name} | {what} | {sensitivity} | {specificity} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
