"""From a preset to prepared recordings, and from those to a model with its thresholds.

What the commands and the verification cases both need; each step says when there is nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL, manifest, manifest_digest, prepare, write_manifest
from afib.errors import ModelError
from afib.fitting import fit_temperature, fit_threshold
from afib.sources import cache_folder, open_source
from afib.training import train
from nnassure.detection import correct

if TYPE_CHECKING:
    from afib.dataset import Dataset
    from afib.settings import Settings
    from nnassure.arrays import BoolArray

__all__ = [
    "Prepared",
    "fitted",
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
    """

    dataset: Dataset
    document: dict[str, Any]
    digest: str


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
    return Prepared(dataset=dataset, document=document, digest=manifest_digest(document))


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
