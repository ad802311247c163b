"""Found signals in whole steps of a converter."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from nnassure.attacks import to_steps
from nnassure.errors import AssuranceError

_CENTRES = np.array([[0, 100, -100]], dtype=np.int16)


def test_points_move_to_the_nearest_step_of_the_ball() -> None:
    """Each sample is rounded to a step, and no farther than the radius holds steps."""
    # 200 steps a mV: a radius of 12 µV holds 2.4 steps, so 2.
    points = np.array([[0.0061, 0.511, -0.52]])
    assert to_steps(points, _CENTRES, gain_per_mv=200, radius_mv=0.012).tolist() == [[1, 102, -102]]


@pytest.mark.parametrize(
    ("radius_mv", "gain_per_mv", "steps"),
    # As float64, 0.29 * 100 is below 29 and 0.07 * 100 above 7; both radii hold the whole step.
    # The number before 0.05 holds but 4 steps, and its product with 100 is rounded to 5.
    [
        (0.29, 100, 29),
        (0.07, 100, 7),
        (0.049999999999999996, 100, 4),
        (0.005, 1000, 5),
        (0.025, 200, 5),
        (0.0049, 200, 0),
    ],
)
def test_a_radius_of_whole_steps_holds_them(
    radius_mv: float, gain_per_mv: float, steps: int
) -> None:
    """The product of radius and gain is not lost, or exceeded, by its rounding."""
    far = np.full((1, 3), 1000.0)
    snapped = to_steps(far, _CENTRES, gain_per_mv=gain_per_mv, radius_mv=radius_mv)
    assert (snapped - _CENTRES).tolist() == [[steps] * 3]


def test_steps_stay_within_int16() -> None:
    """At the ends of the converter nothing wraps, and the mark of a missing sample is not made."""
    centres = np.array([32766, -32766], dtype=np.int16)
    snapped = to_steps(np.array([1e9, -1e9]), centres, gain_per_mv=100, radius_mv=1.0)
    assert snapped.tolist() == [32767, -32767]
    assert snapped.dtype == np.int16
    huge = to_steps(np.array([1e9, -1e9]), centres, gain_per_mv=1e300, radius_mv=1e300)
    assert huge.tolist() == [32767, -32767]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"points_mv": np.zeros((1, 2))},
            "points_mv: expected the shape of centres_adc, (1, 3), got (1, 2)",
        ),
        (
            {"points_mv": np.full((1, 3), np.nan)},
            "points_mv: expected finite values, got 3 of 3 that are not, the first at (0, 0)",
        ),
        (
            {"centres_adc": _CENTRES.astype(np.int32)},
            "centres_adc: expected int16 steps, got int32",
        ),
        (
            {"centres_adc": np.full((1, 3), -32768, np.int16)},
            "centres_adc: expected steps from -32767, got -32768, a missing sample",
        ),
        ({"gain_per_mv": 0.0}, "gain_per_mv: expected a finite number above 0, got 0.0"),
        ({"radius_mv": np.inf}, "radius_mv: expected a finite number above 0, got inf"),
    ],
)
def test_what_is_no_recording_is_refused(changes: dict[str, Any], message: str) -> None:
    """Shapes, numbers and gains that are none raise."""
    given: dict[str, Any] = {
        "points_mv": np.zeros((1, 3)),
        "centres_adc": _CENTRES,
        "gain_per_mv": 200.0,
        "radius_mv": 0.1,
    } | changes
    with pytest.raises(AssuranceError, match=f"^{re.escape(message)}$"):
        to_steps(**given)
