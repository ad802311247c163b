"""What held-out gates and networks say of every recording, and of strange ones made of them.

Each fold's network judges its recordings, beside a gate that never saw them either. Prediction
sets of a third of a fold are calibrated on the other two, which neither network nor gate has seen;
so every recording is judged once, by thresholds from about as many recordings as the split for
calibration holds. What is kept are numbers of single recordings; thresholds of sets and all counts
follow from them.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.corruption import ACQUISITIONS, FAMILIES, strange_recording, taken_otherwise
from afib.dataset import AFIB, NORMAL
from afib.dataset.splits import part_of
from afib.errors import ManifestError, SourceError
from afib.heldout.origin import gate_digest, origin_of
from afib.heldout.rows import FoldGate, HeldOut, Rows, read_held_out, write_held_out
from afib.preprocessing import to_network_rate
from afib.seen import seen_in, seen_of
from afib.sources import noise_folder
from afib.sources.noise import noise_records
from afib.usability import unusable
from afib.workflow import gate_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from afib.corruption import NoiseRecords
    from afib.dataset import Dataset
    from afib.records import Recording
    from afib.settings import UncertaintySettings
    from afib.strangeness import Strangeness
    from afib.workflow import Prepared

__all__ = [
    "FoldGate",
    "HeldOut",
    "Rows",
    "bases_of",
    "gate_digest",
    "judge_fold",
    "judge_folds",
    "kinds_made",
    "origin_of",
    "read_held_out",
    "write_held_out",
]


def judge_folds(
    data: Prepared,
    networks: Mapping[int, Path],
    settings: UncertaintySettings,
    *,
    each: int,
    processes: int,
) -> HeldOut:
    """What the networks of all folds, and gates beside them, say.

    Args:
        data: All recordings.
        networks: The folder of each fold's network.
        settings: Of the gates.
        each: Strange recordings of each family and severity, over all folds.
        processes: Folds at a time; the results do not depend on it.

    Raises:
        ManifestError: If there is no network for a fold.
        ModelError: If a network cannot be read.
        TrainingError: If a gate cannot be fitted.
        SourceError: If a recording cannot be read again, or recorded noise is damaged.
    """
    folds = sorted(set(data.dataset.folds.tolist()))
    if missing := [fold for fold in folds if fold not in networks]:
        raise ManifestError(f"networks: expected one for each fold, got none for {missing}")
    share = each // len(folds)
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        jobs = [
            pool.submit(judge_fold, data, networks[fold], settings, fold=fold, each=share)
            for fold in folds
        ]
        parts = [job.result() for job in jobs]
    return HeldOut(
        rows=Rows.joined([rows for rows, _ in parts]),
        gates=tuple(gate for _, gate in parts),
        origin=origin_of(data, settings, each=share * len(folds)),
    )


def judge_fold(
    data: Prepared, network: Path, settings: UncertaintySettings, *, fold: int, each: int
) -> tuple[Rows, FoldGate]:
    """What the model of one fold says of the recordings that it never saw.

    Raises:
        ModelError: If the network cannot be read.
        TrainingError: If the gate cannot be fitted.
        SourceError: If a recording cannot be read again, or recorded noise is damaged.
    """
    torch.set_num_threads(1)
    checkpoint, dataset = Checkpoint.load(network), data.dataset
    held_out = dataset.folds == fold
    chosen_by = (dataset.splits == "validation") & ~held_out
    gate = gate_of(
        checkpoint,
        data.source,
        dataset.where(~held_out & ~chosen_by),
        dataset.where(chosen_by),
        settings,
        progress=False,
    )
    seed = data.document["split"]["seed"]
    real = _real(checkpoint, gate, dataset.where(held_out), fold, seed)
    made = _made(checkpoint, gate, data, real, fold=fold, each=each)
    return Rows.joined([real, made]), FoldGate(
        fold=fold,
        network_sha256=checkpoint.digest,
        threshold=checkpoint.threshold,
        temperature=checkpoint.temperature,
        ood_threshold=gate.threshold,
    )


def _real(
    checkpoint: Checkpoint, gate: Strangeness, dataset: Dataset, fold: int, seed: int
) -> Rows:
    usable = dataset.usable
    logits, scores = np.zeros(len(dataset)), np.zeros(len(dataset))
    logits[usable] = Classifier(checkpoint).logits(dataset.where(usable).signals)
    scores[usable] = gate.scores(seen_in(checkpoint, dataset.where(usable)))
    return Rows(
        names=dataset.names,
        labels=dataset.labels,
        folds=np.full(len(dataset), fold, dtype=np.int64),
        parts=np.array([part_of(each, seed) for each in dataset.digests.tolist()], dtype=np.int64),
        families=np.full(len(dataset), "", dtype=np.str_),
        severities=np.zeros(len(dataset)),
        usable=usable,
        logits=logits,
        scores=scores,
    )


def _made(  # noqa: PLR0913  a strange recording is told by its model, its recordings and its number
    checkpoint: Checkpoint,
    gate: Strangeness,
    data: Prepared,
    real: Rows,
    *,
    fold: int,
    each: int,
) -> Rows:
    """Strange recordings made of *each* recordings of the fold, half of them with AFib."""
    chosen = bases_of(real, each, seed=fold)
    place = {name: position for position, name in enumerate(real.names.tolist())}
    parts = []
    for recording in data.source.some(chosen):
        noise = _noise(recording.rate_hz)
        row = real.where(np.arange(len(real)) == place[recording.name])
        strange = list(_every(recording, noise, seed=fold))
        parts.append(_judged(checkpoint, gate, row, strange))
    return Rows.joined(parts)


def bases_of(real: Rows, each: int, *, seed: int) -> frozenset[str]:
    """Names of *each* usable recordings, half of them with AFib, drawn from *real* by *seed*."""
    generator = np.random.default_rng(seed)
    chosen: list[str] = []
    for label, count in ((NORMAL, each - each // 2), (AFIB, each // 2)):
        names = sorted(real.names[(real.labels == label) & real.usable].tolist())
        chosen += generator.permutation(names)[:count].tolist()
    return frozenset(chosen)


def kinds_made() -> tuple[tuple[str, float], ...]:
    """What is made of a recording: each family at its severities, each way of taking it."""
    strange = [(name, each) for name, family in FAMILIES.items() for each in family.severities]
    otherwise = [(name, size) for name, way in ACQUISITIONS.items() for size in way.sizes]
    return (*strange, *otherwise)


def _every(
    recording: Recording, noise: NoiseRecords, *, seed: int
) -> Iterator[tuple[str, float, Recording]]:
    for number, (name, size) in enumerate(kinds_made()):
        # Another seed than that of the examples that gates were shown, and one for each severity:
        # severities of one draw would be one signal at several sizes.
        own = 1000 + seed + _APART * number
        if name in ACQUISITIONS:
            yield name, size, taken_otherwise(recording, name, size, seed=own)
        else:
            yield name, size, strange_recording(recording, name, size, seed=own, noise=noise)


def _judged(
    checkpoint: Checkpoint,
    gate: Strangeness,
    row: Rows,
    strange: list[tuple[str, float, Recording]],
) -> Rows:
    settings, count = checkpoint.settings, len(strange)
    usable = np.array(
        [
            unusable(made.signal_mv, made.rate_hz, settings.usability) is None
            for _, _, made in strange
        ]
    )
    held = [made for (_, _, made), is_usable in zip(strange, usable, strict=True) if is_usable]
    logits, scores = np.zeros(count), np.zeros(count)
    signals = [
        to_network_rate(made.signal_mv, made.rate_hz, settings.preprocessing) for made in held
    ]
    logits[usable] = Classifier(checkpoint).logits(signals)
    scores[usable] = gate.scores(seen_of(checkpoint, held))
    return Rows(
        names=np.repeat(row.names, count),
        labels=np.repeat(row.labels, count),
        folds=np.repeat(row.folds, count),
        parts=np.repeat(row.parts, count),
        families=np.array([family for family, _, _ in strange], dtype=np.str_),
        severities=np.array([severity for _, severity, _ in strange], dtype=np.float64),
        usable=usable,
        logits=logits,
        scores=scores,
    )


def _noise(rate_hz: float) -> NoiseRecords:
    """The second half of recorded noise, or none where there is no such noise."""
    try:
        folder = noise_folder()
    except SourceError:
        return {}
    return _kept_noise(folder, rate_hz)


_APART = 10_000
_READ: dict[tuple[Path, float], NoiseRecords] = {}


def _kept_noise(folder: Path, rate_hz: float) -> NoiseRecords:
    key = (folder, rate_hz)
    if key not in _READ:
        _READ[key] = noise_records(folder, rate_hz=rate_hz, later=True)
    return _READ[key]
