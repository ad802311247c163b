"""From a source to a dataset, read once and kept from then on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

import afib.beats
import afib.preprocessing
import afib.quality
import afib.usability
from afib.dataset.prepared import Prepared, load, save
from afib.dataset.splits import fold_of, split_of
from afib.dataset.table import Dataset
from afib.errors import SourceError
from afib.preprocessing import to_network_rate
from afib.quality import QUALITY_FEATURES, quality_features
from afib.sources.base import digest_of, in_short
from afib.sources.labels import chosen_labels
from afib.usability import unusable

if TYPE_CHECKING:
    from afib.records import Recording
    from afib.settings import Settings
    from afib.sources import Source
    from nnassure.arrays import DoubleArray, FloatArray, StrArray

__all__ = ["prepare"]

# Goes up with every change of what a prepared file holds or how it is computed.
_FORMAT = 4
_LOW, _HIGH = 1, 99


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What is kept of one recording; the recorder's samples are let go."""

    name: str
    digest: str
    duration_s: float
    rate_hz: float
    peak_mv: float
    amplitude_mv: float
    usable: bool
    quality: DoubleArray
    signal: FloatArray


def prepare(source: Source, settings: Settings, cache: Path | None, *, progress: bool) -> Dataset:
    """The recordings of *source* at the network's rate, with their splits and folds.

    Args:
        source: Where the recordings come from.
        settings: Preprocessing, splits, label version, and whether this is a rehearsal.
        cache: Folder for prepared recordings; None neither reads nor writes any.
        progress: Whether to draw a progress bar on standard error while recordings are read.

    Raises:
        SourceError: If recordings are damaged or missing, or have no label in the version, or the
            cache cannot be written.
    """
    prepared = _prepared(source, settings, cache, progress=progress)
    digests: list[str] = prepared.digests.tolist()
    split = settings.data.split
    return Dataset(
        source=source.name,
        # Generated recordings, and a part of real ones, release nothing, whatever settings say.
        rehearsal=settings.data.rehearsal
        or source.name == "synthetic"
        or settings.data.limit is not None,
        names=prepared.names,
        labels=_labels(prepared, settings.data.label_version, source.name),
        digests=prepared.digests,
        splits=np.array([split_of(digest, split) for digest in digests], dtype=np.str_),
        folds=np.array([fold_of(digest, split) for digest in digests], dtype=np.int64),
        durations_s=prepared.durations_s,
        rates_hz=prepared.rates_hz,
        peak_mv=prepared.peak_mv,
        amplitude_mv=prepared.amplitude_mv,
        usable=prepared.usable,
        quality=prepared.quality,
        signals=prepared.signals(),
        label_versions=prepared.label_versions,
    )


def _prepared(
    source: Source, settings: Settings, cache: Path | None, *, progress: bool
) -> Prepared:
    if cache is None:
        return _read(source, settings, progress=progress)
    # Of preprocessing the rate alone counts: segments are cut when they are asked for.
    key = digest_of(
        {
            "code": _code_digest(),
            "format": _FORMAT,
            "quality": QUALITY_FEATURES,
            "rate_hz": settings.preprocessing.rate_hz,
            "source": source.fingerprint(),
            "usability": asdict(settings.usability),
        }
    )
    path = cache / f"{source.name}-{key[:32]}.npz"
    found = load(path)
    if found is not None:
        return found
    prepared = _read(source, settings, progress=progress)
    try:
        save(path, prepared)
    except OSError as error:
        raise SourceError(f"{cache}: expected a folder to write, got {error.strerror}") from error
    return prepared


def _code_digest() -> str:
    """The SHA-256 of the code that a row is computed with."""
    parts = sha256()
    for module in (afib.beats, afib.preprocessing, afib.quality, afib.usability):
        parts.update(sha256(Path(str(module.__file__)).read_bytes()).digest())
    return parts.hexdigest()


def _read(source: Source, settings: Settings, *, progress: bool) -> Prepared:
    bar = tqdm(
        source.recordings(),
        desc=f"reading {source.name}",
        total=len(source),
        unit=" recordings",
        disable=not progress,
    )
    rows = sorted((_row(recording, settings) for recording in bar), key=lambda row: row.name)
    if not rows:
        raise SourceError(f"{source.name}: expected at least one recording, got none")
    versions = source.label_versions()
    return Prepared(
        names=np.array([row.name for row in rows], dtype=np.str_),
        digests=np.array([row.digest for row in rows], dtype=np.str_),
        durations_s=np.array([row.duration_s for row in rows], dtype=np.float32),
        rates_hz=np.array([row.rate_hz for row in rows], dtype=np.float32),
        peak_mv=np.array([row.peak_mv for row in rows], dtype=np.float32),
        amplitude_mv=np.array([row.amplitude_mv for row in rows], dtype=np.float32),
        usable=np.array([row.usable for row in rows], dtype=np.bool_),
        quality=np.stack([row.quality for row in rows]),
        samples=np.concatenate([row.signal for row in rows]),
        offsets=np.cumsum([0, *(len(row.signal) for row in rows)], dtype=np.int64),
        label_versions={
            version: np.array([labels.get(row.name, "") for row in rows], dtype=np.str_)
            for version, labels in sorted(versions.items())
        },
    )


def _row(recording: Recording, settings: Settings) -> _Row:
    low, high = np.percentile(recording.signal_mv, (_LOW, _HIGH))
    reason = unusable(recording.signal_mv, recording.rate_hz, settings.usability)
    return _Row(
        name=recording.name,
        digest=recording.digest,
        duration_s=recording.duration_s,
        rate_hz=recording.rate_hz,
        peak_mv=float(np.abs(recording.signal_mv).max()),
        amplitude_mv=float(high - low),
        usable=reason is None,
        quality=np.zeros(len(QUALITY_FEATURES)) if reason else quality_features(recording),
        signal=to_network_rate(recording.signal_mv, recording.rate_hz, settings.preprocessing),
    )


def _labels(prepared: Prepared, version: str, place: str) -> StrArray:
    by_name = {
        known: dict(zip(prepared.names.tolist(), labels.tolist(), strict=True))
        for known, labels in prepared.label_versions.items()
    }
    chosen = chosen_labels(by_name, version, place)
    if unlabelled := [name for name, label in chosen.items() if not label]:
        raise SourceError(
            f"{place}: expected a label {version} for every recording, "
            f"got none for {in_short(unlabelled)}"
        )
    return prepared.label_versions[version]
