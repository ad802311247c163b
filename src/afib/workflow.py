"""From a preset to prepared recordings, and from those to a model with its thresholds.

What the commands and the verification cases both need; each step says when there is nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL, manifest, manifest_digest, prepare, write_manifest
from afib.errors import ModelError, TrainingError
from afib.examples import examples_of
from afib.fitting import fit_temperature, fit_threshold
from afib.seen import seen_in
from afib.sets import fit_sets
from afib.sources import cache_folder, open_source
from afib.strangeness import Strangeness, fit_strangeness
from afib.training import train
from afib.uncertainty import Uncertainty
from nnassure.detection import correct

if TYPE_CHECKING:
    from afib.dataset import Dataset
    from afib.settings import Settings, UncertaintySettings
    from afib.sources import Source
    from nnassure.arrays import BoolArray

__all__ = [
    "Prepared",
    "calibrate",
    "fitted",
    "gate_of",
    "is_calibrated",
    "is_current",
    "prepared",
    "shipped_model",
    "train_model",
    "write_prepared",
]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Recordings ready for a network.

    Attributes:
        dataset: The recordings with their splits.
        document: Their manifest.
        digest: SHA-256 of the manifest's file.
        source: Where they come from, for what needs them as the recorder gave them.
    """

    dataset: Dataset
    document: dict[str, Any]
    digest: str
    source: Source


def shipped_model(preset: str = "physionet2017") -> Path:
    """The folder of a model that comes with the package, trained by *preset*."""
    return Path(str(resources.files("afib").joinpath("models", preset)))


def prepared(
    settings: Settings, root: Path | None, *, progress: bool, cached: bool = True
) -> Prepared:
    """The recordings that *settings* name, read or, if *cached*, taken from the cache.

    Raises:
        SourceError: If recordings or labels are missing, damaged or do not match.
    """
    source = open_source(settings.data, root, progress=progress)
    cache = cache_folder() / "prepared" if cached else None
    dataset = prepare(source, settings, cache, progress=progress)
    document = manifest(dataset, source, settings)
    return Prepared(
        dataset=dataset, document=document, digest=manifest_digest(document), source=source
    )


def write_prepared(data: Prepared, folder: Path) -> Path:
    """The file of the manifest in *folder*, written anew."""
    path = folder / MANIFEST
    write_manifest(data.document, path)
    return path


def is_current(folder: Path, settings: Settings, data: Prepared) -> bool:
    """Whether *folder* holds a sound model made with these settings from these recordings."""
    try:
        checkpoint = Checkpoint.load(folder)
    except ModelError:
        return False
    same_data = checkpoint.provenance.get("manifest_sha256") == data.digest
    return same_data and checkpoint.settings.digest == settings.digest


def is_calibrated(folder: Path, settings: UncertaintySettings, data: Prepared) -> bool:
    """Whether gate and prediction sets in *folder* were fitted with these settings on these data.

    The network that they stand beside is the one in *folder*, or they would not be read.
    """
    try:
        found = Uncertainty.load(folder, Checkpoint.load(folder))
    except ModelError:
        return False
    same_data = found.provenance.get("manifest_sha256") == data.digest
    return same_data and found.settings.digest == settings.digest


def calibrate(
    data: Prepared, checkpoint: Checkpoint, settings: UncertaintySettings, *, progress: bool
) -> Uncertainty:
    """The gate and the prediction sets of a model.

    The detectors are fitted on the split for training, their threshold on that for validation, and
    the sets on that for calibration; the split for test is not looked at.

    Raises:
        TrainingError: If there are too few recordings of a kind.
        SourceError: If a recording cannot be read again.
    """
    trained_on = checkpoint.provenance.get("manifest_sha256")
    if trained_on != data.digest:
        raise TrainingError(
            f"calibration: expected the recordings and splits of the network's training, "
            f"manifest {str(trained_on)[:16]}, got manifest {data.digest[:16]}; recordings that "
            "it was trained on would calibrate it"
        )
    dataset = data.dataset
    gate = gate_of(
        checkpoint,
        data.source,
        dataset.of(split="train"),
        dataset.of(split="validation"),
        settings,
        progress=progress,
    )
    kept = dataset.of(split="calibration")
    kept = kept.where(kept.usable)
    scores = gate.scores(seen_in(checkpoint, kept))
    calibration = kept.where(scores <= gate.threshold).of(labels=(NORMAL, AFIB))
    logits = Classifier(checkpoint).logits(calibration.signals)
    thresholds = fit_sets(
        logits,
        calibration.is_afib,
        temperature=checkpoint.temperature,
        alpha=settings.conformal.alpha,
    )
    afib = int(calibration.is_afib.sum())
    return Uncertainty(
        network_sha256=checkpoint.digest,
        strangeness=gate,
        thresholds=thresholds,
        ordinary_scores=np.sort(scores),
        settings=settings,
        provenance={
            "manifest_sha256": data.digest,
            "calibration": {"afib": afib, "normal": len(calibration) - afib},
        },
    )


def gate_of(  # noqa: PLR0913  a gate is told by its network, its recordings and its settings
    checkpoint: Checkpoint,
    source: Source,
    development: Dataset,
    validation: Dataset,
    settings: UncertaintySettings,
    *,
    progress: bool,
) -> Strangeness:
    """The gate beside a network: fitted on *development*, its threshold on *validation*.

    Raises:
        TrainingError: If there are too few recordings of a kind.
        SourceError: If a recording cannot be read again.
    """
    shown = examples_of(checkpoint, development, source, settings.disturbed, progress=progress)
    rhythms = validation.where(validation.usable).of(labels=(NORMAL, AFIB))
    return fit_strangeness(
        shown,
        validation=seen_in(checkpoint, rhythms),
        is_afib=rhythms.is_afib,
        settings=settings.detector,
    )


def train_model(
    data: Prepared, settings: Settings, *, progress: bool, resume: Path | None
) -> Checkpoint:
    """A model trained on the split for training, its thresholds fitted on that for validation.

    The other splits are not looked at.

    Raises:
        TrainingError: If a split lacks a rhythm, or the loss is no longer finite.
    """
    rhythms = (NORMAL, AFIB)
    development = data.dataset.of(split="train", labels=rhythms)
    validation = data.dataset.of(split="validation", labels=rhythms)
    origin = {"manifest_sha256": data.digest, "source": data.dataset.source}
    return fitted(
        development, validation, settings, origin=origin, progress=progress, resume=resume
    )


def fitted(  # noqa: PLR0913  a model is told by its recordings, its settings and its origin
    development: Dataset,
    validation: Dataset,
    settings: Settings,
    *,
    origin: dict[str, Any],
    progress: bool,
    resume: Path | None,
) -> Checkpoint:
    """A model trained on *development*, its thresholds fitted on *validation*."""
    trained = train(development, validation, settings, progress=progress, resume=resume)
    raw = Checkpoint(
        network=trained.network, settings=settings, threshold=0.0, temperature=1.0, provenance={}
    )
    logits = Classifier(raw).logits(validation.signals)
    threshold = fit_threshold(logits, validation.is_afib, settings.fitting.afib_weight)
    return Checkpoint(
        network=trained.network,
        settings=settings,
        threshold=threshold,
        temperature=fit_temperature(logits, validation.is_afib),
        provenance={
            **origin,
            **trained.provenance,
            "recordings": len(development),
            "validation": _counts(logits > threshold, validation.is_afib),
        },
    )


def _counts(called: BoolArray, is_afib: BoolArray) -> dict[str, int]:
    right = correct(called, is_afib)
    return {
        "afib": int(is_afib.sum()),
        "afib_right": int(right[is_afib].sum()),
        "normal": int((~is_afib).sum()),
        "normal_right": int(right[~is_afib].sum()),
    }
