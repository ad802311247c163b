"""The checks that methods open with: what they accept, and what they say otherwise."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.errors import NotFiniteError, ShapeError


def test_the_named_axes_are_accepted() -> None:
    """An array with as many axes as are named passes, empty or not."""
    require_shape("scores", np.zeros(0), "records")
    require_shape("signals", np.zeros((2, 9)), "recordings, samples")


@pytest.mark.parametrize(
    ("shape", "axes", "message"),
    [
        (
            (9000,),
            "recordings, samples",
            (
                "signals: expected shape (recordings, samples), got (9000,); "
                "add the recordings axis with signals[None]"
            ),
        ),
        (
            (),
            "records",
            "signals: expected shape (records,), got (); add the records axis with signals[None]",
        ),
        ((2, 3), "records", "signals: expected shape (records,), got (2, 3)"),
        ((2,), "a, b, c", "signals: expected shape (a, b, c), got (2,)"),
    ],
)
def test_other_axes_are_refused_by_name(shape: tuple[int, ...], axes: str, message: str) -> None:
    """The message names the axes, and how to add one if exactly one is missing."""
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        require_shape("signals", np.zeros(shape), axes)


def test_arrays_over_the_same_records_are_accepted() -> None:
    """Only the first axis counts."""
    require_same_length(scores=np.zeros(3), features=np.zeros((3, 8)))


def test_a_missing_record_is_named() -> None:
    """The message names the array that differs and the one it should follow."""
    message = "present: expected one value for each of the 3 of scores, got 2"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        require_same_length(scores=np.zeros(3), called=np.zeros(3), present=np.zeros(2))


def test_finite_values_are_accepted() -> None:
    """Zero, negative and no values are all finite."""
    require_finite("scores", np.array([0.0, -1.0]))
    require_finite("scores", np.zeros((0, 4)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [0.0, np.nan, np.inf],
            "scores: expected finite values, got 2 of 3 that are not, the first at 1",
        ),
        (
            [[0.0, 1.0], [2.0, -np.inf]],
            "scores: expected finite values, got 1 of 4 that are not, the first at (1, 1)",
        ),
    ],
)
def test_values_that_are_no_numbers_are_counted_and_placed(
    values: list[float], message: str
) -> None:
    """NaN and both infinities are refused, with how many there are and where the first is."""
    with pytest.raises(NotFiniteError, match=f"^{re.escape(message)}$"):
        require_finite("scores", np.array(values))
