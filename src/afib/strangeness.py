"""Whether a recording is one that the device was made for: one score, and where it ends.

Three detectors look at it, and what is strange to any of them is strange. One was shown recordings
that experts found too noisy to read, one recordings that are so damaged that they are to be
refused, since the network decides most of them wrongly; both know them by their quality and by what
the network computes. The third was shown nothing strange: it asks how thinly recordings of this
quality are spread, and so speaks up at what nobody thought of. All were shown disturbances that
leave decisions about as right as they were, among the recordings that the device is made for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import ModelError, TrainingError
from afib.seen import Seen
from nnassure.errors import AssuranceError
from nnassure.ood import (
    Combined,
    Density,
    ExposedKernel,
    as_arrays,
    from_arrays,
    threshold_at_acceptance,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afib.settings import DetectorSettings
    from nnassure.arrays import BoolArray, DoubleArray

__all__ = ["Examples", "Strangeness", "fit_strangeness"]

_PARTS = {
    "unreadable": ExposedKernel,
    "harmed": ExposedKernel,
    "density": Density,
    "combined": Combined,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """What detectors are fitted on; none of it is looked at again to place the threshold.

    Attributes:
        known: Recordings with normal rhythm or AFib.
        is_afib: Of these, by label, shape (recordings of *known*,).
        others: Readable recordings of other rhythms: strange to the classifier, not to read.
        unreadable: Recordings that experts found too noisy to read.
        harmless: Disturbed copies of known recordings that the network decides as before.
        harmed: Copies so disturbed that they are to be refused; most are decided wrongly.
    """

    known: Seen
    is_afib: BoolArray
    others: Seen
    unreadable: Seen
    harmless: Seen
    harmed: Seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strangeness:
    """The fitted detectors, and the threshold.

    Attributes:
        unreadable: Was shown recordings too noisy to read.
        harmed: Was shown damaged recordings.
        density: Was shown nothing strange.
        combined: Brings all to one unit.
        threshold: A recording with a score above it is not decided.
    """

    unreadable: ExposedKernel
    harmed: ExposedKernel
    density: Density
    combined: Combined
    threshold: float

    def scores(self, seen: Seen) -> DoubleArray:
        """How strange each recording is, shape (recordings,); higher is stranger.

        Raises:
            ShapeError: If there are other numbers or features than were fitted.
            NotFiniteError: If one is NaN or infinite.
        """
        return self.combined.of(self.parts(seen))

    def parts(self, seen: Seen) -> DoubleArray:
        """The score of each detector in its own unit, shape (recordings, 3)."""
        return _parts(self.unreadable, self.harmed, self.density, seen)

    def accepts(self, seen: Seen) -> BoolArray:
        """Which recordings the device decides, shape (recordings,)."""
        return np.asarray(self.scores(seen) <= self.threshold, dtype=np.bool_)

    def tensors(self) -> dict[str, DoubleArray]:
        """All that it holds, by name."""
        found = {
            f"{part}.{name}": values
            for part in _PARTS
            for name, values in as_arrays(getattr(self, part)).items()
        }
        return found | {"threshold": np.asarray(self.threshold)}

    @classmethod
    def of(cls, tensors: Mapping[str, DoubleArray]) -> Strangeness:
        """The one that holds *tensors*.

        Raises:
            ModelError: If one is missing, strange, or no finite number.
        """
        parts: dict[str, dict[str, DoubleArray]] = {part: {} for part in _PARTS}
        for name, values in tensors.items():
            part, _, rest = name.partition(".")
            if name != "threshold":
                parts.setdefault(part, {})[rest] = values
        threshold = tensors.get("threshold", np.asarray(np.nan))
        if set(parts) != set(_PARTS) or threshold.shape or not np.isfinite(threshold):
            raise ModelError(
                f"strangeness: expected {', '.join(_PARTS)} and a finite threshold, "
                f"got {sorted(tensors)}"
            )
        try:
            return cls(
                unreadable=from_arrays(ExposedKernel, parts["unreadable"]),
                harmed=from_arrays(ExposedKernel, parts["harmed"]),
                density=from_arrays(Density, parts["density"]),
                combined=from_arrays(Combined, parts["combined"]),
                threshold=float(threshold),
            )
        except AssuranceError as error:
            raise ModelError(f"strangeness: {error}") from error


def fit_strangeness(
    shown: Examples, *, validation: Seen, is_afib: BoolArray, settings: DetectorSettings
) -> Strangeness:
    """The detectors of these recordings.

    Args:
        shown: What they are fitted on.
        validation: Recordings of normal rhythm and AFib that nothing was fitted on; they bring
            the scores to one unit and place the threshold.
        is_afib: Of *validation*, by label, shape (recordings,).
        settings: How they are fitted, and what share of *validation* is accepted.

    Raises:
        TrainingError: If there are too few of any of them.
    """
    try:
        unreadable = _exposed(shown, shown.unreadable, settings)
        harmed = _exposed(shown, shown.harmed, settings)
        density = _density(shown, settings)
        parts = _parts(unreadable, harmed, density, validation)
        combined = Combined.fit(parts)
        scores = combined.of(parts)
        threshold = max(
            threshold_at_acceptance(scores, settings.acceptance),
            threshold_at_acceptance(scores[is_afib], settings.afib_acceptance),
        )
    except AssuranceError as error:
        raise TrainingError(f"strangeness: {error}") from error
    return Strangeness(
        unreadable=unreadable,
        harmed=harmed,
        density=density,
        combined=combined,
        threshold=threshold,
    )


def _exposed(shown: Examples, strange: Seen, settings: DetectorSettings) -> ExposedKernel:
    """A detector that knows *strange* from whatever the device is made for."""
    readable = Seen.joined([shown.known, shown.others, shown.harmless])
    beside = len(shown.others) + len(shown.harmless)
    labels = np.concatenate([shown.is_afib, np.zeros(beside, dtype=np.bool_)])
    return ExposedKernel.fit(
        readable.together,
        readable.logits,
        labels.astype(np.int64),
        strange=strange.together,
        weights=np.where(labels, float(settings.afib_weight), 1.0),
        cost=settings.exposed_cost,
        narrowness=settings.exposed_narrowness,
    )


def _density(shown: Examples, settings: DetectorSettings) -> Density:
    # The mixture knows no weights: a recording with AFib counts as several.
    copies = np.where(shown.is_afib, settings.afib_weight, 1)
    counted = np.repeat(np.arange(len(shown.known)), copies)
    known = Seen.joined(
        [
            Seen(
                quality=shown.known.quality[counted],
                pooled=shown.known.pooled[counted],
                logits=shown.known.logits[counted],
            ),
            shown.harmless,
        ]
    )
    labels = np.concatenate([shown.is_afib[counted], np.zeros(len(shown.harmless), dtype=np.bool_)])
    return Density.fit(
        known.quality,
        known.logits,
        labels.astype(np.int64),
        components=settings.density_components,
        seed=settings.density_seed,
    )


def _parts(
    unreadable: ExposedKernel, harmed: ExposedKernel, density: Density, seen: Seen
) -> DoubleArray:
    return np.stack(
        [
            unreadable.scores(seen.together, seen.logits),
            harmed.scores(seen.together, seen.logits),
            density.scores(seen.quality, seen.logits),
        ],
        axis=1,
    )
