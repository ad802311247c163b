"""Sets of signals that are linear in parameters."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from nnassure.errors import AssuranceError, NotFiniteError, PerturbationError, ShapeError
from nnassure.perturbation import LinearSet, jointly, offset

_CENTRE = np.array([1.0, 2.0, 4.0])
_FIELDS: dict[str, Any] = {
    "names": ("tilt", "offset"),
    "generators": np.array([[-1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]),
    "lower": np.array([-0.5, 0.0]),
    "upper": np.array([0.5, 0.25]),
    "radius_mv": 0.125,
}


def _set(**changes: Any) -> LinearSet:  # noqa: ANN401 - fields of any type
    return LinearSet(**(_FIELDS | changes))


def test_a_point_is_the_centre_moved_by_each_parameter() -> None:
    """Centre, parameters times generators and residual are added up."""
    # 1 - 0.5 + 0.25, 2 + 0.25, 4 + 0.5 + 0.25, and the residual of the first sample.
    residual = np.array([0.125, 0.0, 0.0])
    assert _set().point(_CENTRE, np.array([0.5, 0.25]), residual).tolist() == [0.875, 2.25, 4.75]
    assert _set().point(_CENTRE, np.array([0.5, 0.25])).tolist() == [0.75, 2.25, 4.75]


@pytest.mark.parametrize(
    ("values", "residual", "message"),
    [
        (
            [0.5, 0.5],
            0.0,
            "parameters: expected values from [-0.5, 0.0] to [0.5, 0.25], got [0.5, 0.5]",
        ),
        (
            [np.nan, 0.0],
            0.0,
            "parameters: expected values from [-0.5, 0.0] to [0.5, 0.25], got [nan, 0.0]",
        ),
        ([0.0, 0.0], -0.25, "residual: expected at most 0.125 mV a sample, got 0.25"),
        ([0.0, 0.0], np.nan, "residual: expected at most 0.125 mV a sample, got nan"),
        ([0.0], 0.0, "parameters: expected 2 parameters, got 1"),
    ],
)
def test_no_point_is_given_that_is_not_in_the_set(
    values: list[float], residual: float, message: str
) -> None:
    """Parameters and residuals out of their range are refused."""
    with pytest.raises(AssuranceError, match=f"^{re.escape(message)}$"):
        _set().point(_CENTRE, np.array(values), residual)


def test_membership_is_told_with_the_box_and_the_radius() -> None:
    """Corners with the whole residual are in, what is a little farther is not."""
    corner = _CENTRE + np.array([-0.5 + 0.25, 0.25, 0.5 + 0.25])
    moved = np.array([0.125, -0.125, 0.125])
    points = np.stack([_CENTRE, corner, corner + moved, corner + 1.01 * moved])
    assert _set().contains(points, _CENTRE, 1e-12).tolist() == [True, True, True, False]
    assert _set().contains(points, _CENTRE, 0.002).tolist() == [True, True, True, True]


def test_membership_is_found_where_least_squares_leave_the_box() -> None:
    """Where the residual bends the fit out of the box, other parameters are found."""
    noise = LinearSet(
        names=("a",),
        generators=np.array([[1.0, 2.0]]),
        lower=np.array([0.0]),
        upper=np.array([1.0]),
        radius_mv=1.0,
    )
    # Least squares give (2 + 2 * 3) / 5 = 1.6, clipped 1: misses of 1 and 1, so it is in.
    assert noise.contains(np.array([[2.0, 3.0]]), np.zeros(2), 1e-9).tolist() == [True]
    # (1 - 2 * 1) / 5 = -0.2, clipped 0, misses 1 and 1; with 0.5 more, -0.4 and a miss of 1.5.
    assert noise.contains(np.array([[1.0, -1.0], [1.0, -1.5]]), np.zeros(2), 0.0).tolist() == [
        True,
        False,
    ]
    # (0.9 + 2 * 1.7) / 5 = 0.86 fits best, and misses little.
    assert noise.contains(np.array([[0.9, 1.7]]), np.zeros(2), 0.0).tolist() == [True]


def test_membership_is_found_where_least_squares_miss_by_more_than_another_fit() -> None:
    """The largest miss counts, which least squares do not make least."""
    noise = LinearSet(
        names=("offset",),
        generators=np.ones((1, 4)),
        lower=np.array([-1.0]),
        upper=np.array([1.0]),
        radius_mv=0.5,
    )
    # The mean, 0.25, misses the last by 0.75; half of it, 0.5, misses each by 0.5.
    assert noise.contains(np.array([[0.0, 0.0, 0.0, 1.0]]), np.zeros(4), 1e-9).tolist() == [True]
    assert noise.contains(np.array([[0.0, 0.0, 0.0, 1.01]]), np.zeros(4), 1e-9).tolist() == [False]


def test_halves_share_the_middle() -> None:
    """The lower half ends where the upper one begins, and other parameters stay."""
    low, high = _set().halves(0)
    assert (low.lower.tolist(), low.upper.tolist()) == ([-0.5, 0.0], [0.0, 0.25])
    assert (high.lower.tolist(), high.upper.tolist()) == ([0.0, 0.0], [0.5, 0.25])
    assert low.radius_mv == high.radius_mv == 0.125
    assert low.names == ("tilt", "offset")


def test_what_cannot_be_halved_is_refused() -> None:
    """A parameter that is not there, or is a point already, has no halves."""
    message = "parameter: expected one of the 2, got number 2"
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}$"):
        _set().halves(2)
    with pytest.raises(PerturbationError, match=r"^parameter: expected an interval to halve, got"):
        _set(lower=np.array([0.5, 0.0])).halves(0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"names": ("tilt", "tilt")},
            PerturbationError,
            "names: expected each once, got tilt, tilt",
        ),
        ({"names": ("tilt",)}, ShapeError, "lower: expected 1 parameters, got 2"),
        (
            {"generators": np.ones(3)},
            ShapeError,
            (
                "generators: expected shape (parameters, samples), got (3,); "
                "add the parameters axis with generators[None]"
            ),
        ),
        (
            {"generators": np.ones((3, 3))},
            ShapeError,
            "generators: expected shape (2, 3), got (3, 3)",
        ),
        (
            {"generators": np.ones((2, 0))},
            ShapeError,
            "generators: expected shape (2, 1), got (2, 0)",
        ),
        ({"upper": np.ones(3)}, ShapeError, "upper: expected 2 parameters, got 3"),
        (
            {"upper": np.array([0.5, np.inf])},
            NotFiniteError,
            "upper: expected finite values, got 1 of 2 that are not, the first at 1",
        ),
        (
            {"upper": np.array([-1.0, 0.25])},
            PerturbationError,
            "lower: expected at most [-1.0, 0.25], got [-0.5, 0.0]",
        ),
        (
            {"radius_mv": -0.1},
            PerturbationError,
            "radius_mv: expected a finite number of at least 0, got -0.1",
        ),
        (
            {"radius_mv": np.nan},
            PerturbationError,
            "radius_mv: expected a finite number of at least 0, got nan",
        ),
        (
            {"radius_mv": 0.0, "lower": np.array([0.5, 0.25])},
            PerturbationError,
            "radius_mv: expected above 0 where no parameter moves the signal, got 0.0",
        ),
        (
            {"radius_mv": 0.0, "generators": np.zeros((2, 3))},
            PerturbationError,
            "radius_mv: expected above 0 where no parameter moves the signal, got 0.0",
        ),
    ],
)
def test_a_set_that_is_none_is_refused(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Arrays that do not fit, boxes inside out, and sets of one signal raise."""
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        _set(**changes)


def test_a_set_without_parameters_is_a_ball() -> None:
    """With a radius, there need not be a parameter."""
    empty = np.empty(0)
    ball = LinearSet(names=(), generators=np.empty((0, 3)), lower=empty, upper=empty, radius_mv=0.5)
    points = np.stack([_CENTRE + 0.5, _CENTRE - 0.51])
    assert ball.contains(points, _CENTRE, 0.0).tolist() == [True, False]
    assert ball.point(_CENTRE, empty, 0.5).tolist() == [1.5, 2.5, 4.5]


def test_a_set_keeps_its_own_arrays() -> None:
    """What the caller writes later does not reach the set, and nobody writes to it."""
    generators = np.ones((2, 3))
    noise = _set(generators=generators)
    generators[0] = 7.0
    assert noise.generators.max() == 1.0
    with pytest.raises(ValueError, match="read-only"):
        noise.generators[0] = 7.0


@pytest.mark.parametrize(
    ("points", "tolerance", "message"),
    [
        (np.ones(3), 0.0, "points: expected shape (points, samples), got (3,); "),
        (np.ones((1, 4)), 0.0, "points: expected 3 samples, got 4"),
        (np.ones((1, 3)), -1.0, "tolerance: expected at least 0, got -1.0"),
        (np.ones((1, 3)), np.nan, "tolerance: expected at least 0, got nan"),
    ],
)
def test_membership_needs_signals_and_a_tolerance(
    points: np.ndarray, tolerance: float, message: str
) -> None:
    """Points of another length and tolerances below 0 are refused."""
    with pytest.raises(AssuranceError, match=f"^{re.escape(message)}"):
        _set().contains(points, _CENTRE, tolerance)


def test_sets_act_jointly() -> None:
    """Parameters stand side by side, and radii add up."""
    both = jointly(_set(names=("tilt", "level")), offset(3, 2.0), radius_mv=0.25)
    assert both.names == ("tilt", "level", "offset")
    assert both.generators.shape == (3, 3)
    assert both.lower.tolist() == [-0.5, 0.0, -2.0]
    assert both.radius_mv == 0.375


def test_sets_that_do_not_go_together_are_refused() -> None:
    """No set, other samples, a name twice or a negative radius cannot be joined."""
    message = "sets: expected one or more over the same samples, got [3, 4] samples"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        jointly(_set(), offset(4, 1.0))
    with pytest.raises(ShapeError, match=r"^sets: expected one or more over the same samples"):
        jointly()
    with pytest.raises(PerturbationError, match=r"^names: expected each once, got tilt, offset, o"):
        jointly(_set(), offset(3, 1.0))
    with pytest.raises(PerturbationError, match=r"^radius_mv: expected a finite number of at leas"):
        jointly(_set(), radius_mv=-0.1)
