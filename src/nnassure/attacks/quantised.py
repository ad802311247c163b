"""Found signals as a recorder could have written them: in whole steps of its converter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import require_finite
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnassure.arrays import DoubleArray, FloatArray

__all__ = ["to_steps"]

# The least int16 number marks a missing sample in WFDB records, so no sample may take it.
_LEAST, _GREATEST = -(2**15) + 1, 2**15 - 1


def to_steps(
    points_mv: FloatArray | DoubleArray,
    centres_adc: NDArray[np.int16],
    *,
    gain_per_mv: float,
    radius_mv: float,
) -> NDArray[np.int16]:
    """The recordings in whole steps that are nearest to *points_mv* within the ball.

    The ball lies around the integer recording: no sample is more steps away than fit into the
    radius, where a step counts as 1 / gain mV in float64.
    Whether such a recording still turns the decision has to be seen by evaluating it.

    Args:
        points_mv: Found signals at the recorder's samples, any shape.
        centres_adc: Recordings as written, without the baseline value, the same shape.
        gain_per_mv: Steps of the converter for 1 mV.
        radius_mv: Largest change of a sample.

    Returns:
        Recordings in steps, the shape of *points_mv*; the undisturbed ones where no whole step
        fits into the radius.

    Raises:
        ShapeError: If the two arrays differ in shape.
        NotFiniteError: If a point is NaN or infinite.
        PerturbationError: If the recordings are not int16 or hold its least number, which marks
            a missing sample, or gain or radius are not finite and above 0.
    """
    if points_mv.shape != centres_adc.shape:
        raise ShapeError(
            f"points_mv: expected the shape of centres_adc, {centres_adc.shape}, "
            f"got {points_mv.shape}"
        )
    require_finite("points_mv", points_mv)
    _require_recordings(centres_adc)
    for name, number in (("gain_per_mv", gain_per_mv), ("radius_mv", radius_mv)):
        if not (math.isfinite(number) and number > 0):
            raise PerturbationError(f"{name}: expected a finite number above 0, got {number}")
    centres, reach = centres_adc.astype(np.int64), _whole_steps(radius_mv, gain_per_mv)
    lower = np.maximum(centres - reach, _LEAST)
    upper = np.minimum(centres + reach, _GREATEST)
    # Clipped before as well, so that no product is too large for float64.
    near_mv = np.clip(
        points_mv.astype(np.float64), (lower - 1) / gain_per_mv, (upper + 1) / gain_per_mv
    )
    return np.clip(np.rint(near_mv * gain_per_mv), lower, upper).astype(np.int16)


def _whole_steps(radius_mv: float, gain_per_mv: float) -> int:
    """The most steps that are no farther than the radius, as float64 sees it."""
    steps = math.floor(min(radius_mv * gain_per_mv, 2.0**16))  # more than int16 holds
    # The product can be rounded across a whole number, in either direction.
    if (steps + 1) / gain_per_mv <= radius_mv:
        return steps + 1
    return steps if steps / gain_per_mv <= radius_mv else steps - 1


def _require_recordings(centres_adc: NDArray[np.int16]) -> None:
    if centres_adc.dtype != np.int16:
        raise PerturbationError(f"centres_adc: expected int16 steps, got {centres_adc.dtype}")
    if np.any(centres_adc < _LEAST):
        raise PerturbationError(
            f"centres_adc: expected steps from {_LEAST}, got {_LEAST - 1}, a missing sample"
        )
