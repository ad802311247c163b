"""What all detectors have in common, and how one is kept as arrays."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import numpy as np

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.errors import FitError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["Detector", "as_arrays", "from_arrays", "require_fit", "require_records"]


class Detector(Protocol):
    """One score a record.

    Attributes:
        name: What it is called in tables.
    """

    name: ClassVar[str]

    def scores(self, features: DoubleArray, logits: DoubleArray) -> DoubleArray:
        """How strange each record is.

        Args:
            features: What the network computed of each record, shape (records, features).
            logits: Its answers, shape (records, classes).

        Returns:
            Shape (records,); higher is stranger.

        Raises:
            ShapeError: If the arrays do not match each other or what the detector was fitted on.
            NotFiniteError: If a feature or logit is NaN or infinite.
        """
        ...


_Kind = TypeVar("_Kind")


def as_arrays(detector: Any) -> dict[str, DoubleArray]:  # noqa: ANN401  any of the dataclasses
    """What *detector* holds, by name."""
    return {field.name: np.asarray(getattr(detector, field.name)) for field in fields(detector)}


def from_arrays(kind: type[_Kind], arrays: Mapping[str, DoubleArray]) -> _Kind:
    """The detector of a *kind* that holds *arrays*.

    Raises:
        ShapeError: If one is missing, or there is one that this kind has no use for.
        NotFiniteError: If a value is NaN or infinite.
    """
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if names != set(arrays):
        differ = ", ".join(sorted(names ^ set(arrays)))
        raise ShapeError(
            f"{kind.__name__}: expected the arrays {sorted(names)}, got others: {differ}"
        )
    for name, values in arrays.items():
        require_finite(name, values)
    return kind(**{name: np.asarray(values, np.float64) for name, values in arrays.items()})


def require_records(features: DoubleArray, logits: DoubleArray, *, width: int | None) -> None:
    """Hold features and logits to be of the same records; *width* is how many features there are.

    Raises:
        ShapeError: If they do not match each other, or there are more or fewer features.
        NotFiniteError: If one is NaN or infinite.
    """
    require_shape("features", features, "records, features")
    require_shape("logits", logits, "records, classes")
    require_same_length(features=features, logits=logits)
    if width is not None and features.shape[1] != width:
        raise ShapeError(f"features: expected {width} a record, got {features.shape[1]}")
    require_finite("features", features)
    require_finite("logits", logits)


def require_fit(
    features: DoubleArray, logits: DoubleArray, labels: IntArray, *, least: int
) -> None:
    """Hold what a detector is fitted on to be enough records of each class.

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a feature or logit is NaN or infinite.
        FitError: If a class has fewer records than *least*.
    """
    require_records(features, logits, width=None)
    require_shape("labels", labels, "records")
    require_same_length(features=features, labels=labels)
    classes = logits.shape[1]
    if len(labels) and not (labels.min() >= 0 and labels.max() < classes):
        raise ShapeError(f"labels: expected classes from 0 to {classes - 1}, got others")
    counts = np.bincount(labels, minlength=classes)
    if counts.min() < least:
        raise FitError(
            f"labels: expected at least {least} records of each class, got {counts.tolist()}"
        )
