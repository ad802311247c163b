"""The examples that a detector of strange recordings is fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from afib.corruption import FAMILIES, strange_recording
from afib.dataset import AFIB, NORMAL
from afib.errors import SettingsError
from afib.seen import seen_in, seen_of
from afib.strangeness import Examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afib.checkpoint import Checkpoint
    from afib.dataset import Dataset
    from afib.records import Recording
    from afib.settings import DisturbedSettings
    from afib.sources import Source

__all__ = ["examples_of", "named_disturbance"]

_OTHER, _NOISY = "O", "~"


def examples_of(
    checkpoint: Checkpoint,
    development: Dataset,
    source: Source,
    settings: DisturbedSettings,
    *,
    progress: bool,
) -> Examples:
    """What detectors beside the network of *checkpoint* are fitted on.

    Args:
        checkpoint: The network.
        development: Recordings that it was trained on, and those of other labels that no one else
            needs; what is not usable is left out.
        source: Where *development* comes from: disturbances are added to what was recorded.
        settings: How many recordings are disturbed, and how.
        progress: Whether to draw a progress bar on standard error.

    Raises:
        SettingsError: If a disturbance is of no family.
        SourceError: If a recording cannot be read again.
        PerturbationError: If a family has no such severity.
    """
    usable = development.where(development.usable)
    known = usable.of(labels=(NORMAL, AFIB))
    recordings = source.some(_drawn(known, settings))
    bar = tqdm(
        recordings,
        desc="disturbing recordings",
        total=len(_drawn(known, settings)),
        disable=not progress,
    )
    harmless, harmed = [], []
    for recording in bar:
        harmless += list(_copies(recording, settings.harmless, settings))
        harmed += list(_copies(recording, settings.harmful, settings))
    return Examples(
        known=seen_in(checkpoint, known),
        is_afib=known.is_afib,
        others=seen_in(checkpoint, usable.of(labels=(_OTHER,))),
        unreadable=seen_in(checkpoint, usable.of(labels=(_NOISY,))),
        harmless=seen_of(checkpoint, harmless),
        harmed=seen_of(checkpoint, harmed),
    )


def named_disturbance(text: str) -> tuple[str, float]:
    """The family and the severity that *text*, such as ``muscle 6``, names.

    Raises:
        SettingsError: If it names none.
    """
    family, _, severity = text.partition(" ")
    try:
        if family in FAMILIES:
            return family, float(severity)
    except ValueError:
        pass
    raise SettingsError(f"disturbed: expected a family and its severity, got {text!r}")


def _drawn(known: Dataset, settings: DisturbedSettings) -> frozenset[str]:
    """Names of the recordings that are disturbed: as many of each rhythm, drawn by the seed."""
    generator = np.random.default_rng(settings.seed)
    chosen: list[str] = []
    for label in (NORMAL, AFIB):
        names = sorted(known.of(labels=(label,)).names.tolist())
        chosen += generator.permutation(names)[: settings.recordings].tolist()
    return frozenset(chosen)


def _copies(
    recording: Recording, disturbances: tuple[str, ...], settings: DisturbedSettings
) -> Iterator[Recording]:
    """Copies of *recording* under so many of *disturbances*, drawn by seed and recording."""
    generator = np.random.default_rng([settings.seed, int(recording.digest[:8], 16)])
    count = min(settings.copies, len(disturbances))
    for place in generator.choice(len(disturbances), size=count, replace=False):
        family, severity = named_disturbance(disturbances[place])
        yield strange_recording(recording, family, severity, seed=settings.seed)
