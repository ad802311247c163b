"""What a vote over noisy copies withstands, told by a sample of them."""

import numpy as np
import pytest

from nnassure.arrays import BoolArray, FloatArray
from nnassure.errors import NotFiniteError, PerturbationError, ShapeError
from nnassure.smoothing import Smoothed, smoothed


def above_zero(points: FloatArray) -> BoolArray:
    """Whether the first sample is above 0."""
    return np.asarray(points[:, 0] > 0)


def asked(signals_mv: FloatArray, **other: object) -> Smoothed:
    """Of signals, with numbers that do."""
    numbers = {
        "sigma_mv": 0.5,
        "guesses": 20,
        "copies": 200,
        "confidence": 0.99,
        "seed": 3,
        **other,
    }
    return smoothed(above_zero, signals_mv, **numbers)  # type: ignore[arg-type]  # by name


def test_a_unanimous_vote_has_the_radius_of_its_bound() -> None:
    """Nothing but agreement: p**200 = 0.01, so p = 0.97724, whose normal quantile is 2.000."""
    found = asked(np.array([[100.0, 0.0, 0.0, 0.0]], np.float32))
    assert found.is_positive.tolist() == [True]
    assert found.radius_l2_mv[0] == pytest.approx(0.5 * 2.0001, abs=1e-3)
    # Of four samples half of that.
    assert found.radius_linf_mv[0] == pytest.approx(0.25 * 2.0001, abs=1e-3)


def test_an_even_vote_abstains() -> None:
    """On the border half of the copies fall to either side."""
    found = asked(np.zeros((1, 4), np.float32))
    assert (found.abstained.tolist(), found.radius_l2_mv.tolist()) == ([True], [0.0])


def test_votes_do_not_depend_on_the_recordings_behind_or_the_batches() -> None:
    """Each recording draws noise of its own, in one order whatever is decided together."""
    signals = np.array([[0.2, 0, 0], [-0.4, 0, 0]], np.float32)
    both = asked(signals)
    assert asked(signals[:1]).radius_l2_mv[0] == both.radius_l2_mv[0]
    assert asked(signals, at_once=7).radius_l2_mv.tolist() == both.radius_l2_mv.tolist()
    assert both.is_positive.tolist() == [True, False]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"sigma_mv": 0.0}, "sigma_mv: expected a finite number above 0, got 0.0"),
        ({"sigma_mv": float("nan")}, "sigma_mv: expected a finite number above 0, got nan"),
        ({"confidence": 1.0}, r"confidence: expected a number in \(0, 1\), got 1.0"),
        ({"copies": 0}, "copies: expected at least 1, got 0"),
        ({"guesses": 0}, "guesses: expected at least 1, got 0"),
        ({"at_once": 0}, "at_once: expected at least 1, got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(other: dict[str, float], message: str) -> None:
    """Each is told by its name."""
    with pytest.raises(PerturbationError, match=message):
        asked(np.zeros((1, 4), np.float32), **other)


def test_signals_without_records_or_numbers_are_refused() -> None:
    """A missing axis and a NaN."""
    with pytest.raises(ShapeError, match=r"signals_mv: expected shape \(records, samples\)"):
        asked(np.zeros(4, np.float32))
    with pytest.raises(NotFiniteError, match="signals_mv: expected finite values"):
        asked(np.full((1, 4), np.nan, np.float32))


def test_a_decision_of_another_shape_is_refused() -> None:
    """One value a copy is wanted."""
    with pytest.raises(ShapeError, match=r"decide: expected shape \(20,\), got \(20, 4\)"):
        smoothed(
            lambda points: points > 0,
            np.zeros((1, 4), np.float32),
            sigma_mv=0.5,
            guesses=20,
            copies=10,
            confidence=0.9,
            seed=0,
        )
