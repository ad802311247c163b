"""How far decisions are on the right side of their threshold, and bounds on that.

The margin of a record with the condition is its logit less the threshold, of one without it the
threshold less its logit; the logit is the second output of the network less the first.
It is positive where the decision is right, and on the threshold no decision is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import BoolArray, require_finite, require_same_length, require_shape
from nnassure.errors import BoundError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MarginBounds", "logit_margins"]

_CLASSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginBounds:
    """Between which values the margin lies for every disturbance of a set, one entry a record.

    Attributes:
        lower: No disturbance brings the margin below it, shape (records,); minus infinity where
            nothing is known.
        upper: No disturbance brings the margin above it, shape (records,); infinity where nothing
            is known.
        clean: The margin of the undisturbed signal, shape (records,), finite.

    Raises:
        ShapeError: If they do not hold one value for each of the same records.
        NotFiniteError: If a margin is NaN or infinite.
        BoundError: If a bound is NaN, or does not hold the margin of the undisturbed signal.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    clean: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("clean", "lower", "upper"):
            require_shape(name, getattr(self, name), "records")
        require_same_length(clean=self.clean, lower=self.lower, upper=self.upper)
        require_finite("clean", self.clean)
        # Written so that NaN fails it as well.
        held = (self.lower <= self.clean) & (self.clean <= self.upper)
        if not held.all():
            first = int(np.argmin(held))
            raise BoundError(
                f"bounds: expected lower <= clean <= upper, got {self.lower[first]}, "
                f"{self.clean[first]} and {self.upper[first]} for record {first}"
            )

    @property
    def certified(self) -> BoolArray:
        """Records that no disturbance of the set brings to a wrong decision, shape (records,)."""
        return np.asarray(self.lower > 0, dtype=np.bool_)


def logit_margins(
    logits: NDArray[np.floating], *, is_positive: BoolArray, threshold: float
) -> NDArray[np.float64]:
    """The margin of each record, in float64, shape (records,).

    Args:
        logits: What the network answers, shape (records, 2), [negative, positive].
        is_positive: Whether each record has the condition, shape (records,).
        threshold: The logit above which a record is called.

    Raises:
        ShapeError: If there are not two logits and one flag for each record.
        NotFiniteError: If a logit, or the threshold, is NaN or infinite.
    """
    require_shape("logits", logits, "records, classes")
    require_shape("is_positive", is_positive, "records")
    require_same_length(logits=logits, is_positive=is_positive)
    require_finite("logits", logits)
    require_finite("threshold", np.array([threshold]))
    if logits.shape[1] != _CLASSES:
        raise ShapeError(f"logits: expected 2 classes, got {logits.shape[1]}")
    exact = np.asarray(logits, dtype=np.float64)
    above = exact[:, 1] - exact[:, 0] - threshold
    return np.where(is_positive, above, -above)
