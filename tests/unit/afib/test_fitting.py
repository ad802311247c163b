"""Temperature and threshold from validation recordings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import TrainingError
from afib.fitting import fit_temperature, fit_threshold
from nnassure.detection import detected
from nnassure.errors import NotFiniteError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.arrays import BoolArray, FloatArray

_IS_AFIB = np.array([False, False, False, True, True])


def _logits(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float32)


def _threshold(logits: FloatArray, is_afib: BoolArray) -> float:
    return fit_threshold(logits, is_afib, 1.0)


def test_the_threshold_parts_the_classes() -> None:
    """Between classes that mirror each other it lies half way."""
    is_afib = np.array([False, False, False, True, True, True])
    threshold = fit_threshold(_logits(-3, -2, -1, 2, 3, 4), is_afib, 1.0)
    assert threshold == pytest.approx(0.5, abs=1e-4)


def test_a_heavier_miss_lowers_the_threshold() -> None:
    """The more a miss weighs, the lower the logit that is called AFib."""
    logits = _logits(-3, 1, 2, 0, 4)
    thresholds = [fit_threshold(logits, _IS_AFIB, weight) for weight in (0.5, 1.0, 3.0, 10.0)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert detected(logits, thresholds[-1])[_IS_AFIB].all()


def test_the_threshold_moves_with_the_logits() -> None:
    """Logits that are stretched and shifted have a threshold that is stretched and shifted."""
    logits = _logits(-3, 1, 2, 0, 4)
    threshold = fit_threshold(logits, _IS_AFIB, 2.0)
    moved = fit_threshold(10 * logits + 7, _IS_AFIB, 2.0)
    assert moved == pytest.approx(10 * threshold + 7, rel=1e-4)


def test_logits_that_fall_with_afib_have_no_threshold() -> None:
    """A network that points the wrong way is told, not shipped."""
    message = "logits: expected higher ones for AFib than for normal recordings"
    with pytest.raises(TrainingError, match=message):
        fit_threshold(_logits(3, 2, 1, -2, -4), _IS_AFIB, 1.0)


def test_overconfident_logits_are_cooled() -> None:
    """The same logits times ten need a temperature ten times as high."""
    generator = np.random.default_rng(3)
    is_afib = generator.random(400) < 0.4
    logits = generator.normal(np.where(is_afib, 1.0, -1.0), 1.5).astype(np.float32)
    temperature = fit_temperature(logits, is_afib)
    assert fit_temperature(10 * logits, is_afib) == pytest.approx(10 * temperature, rel=1e-4)


def test_separated_classes_have_a_finite_temperature() -> None:
    """A validation set without a single error does not make the model certain of everything."""
    temperature = fit_temperature(_logits(-3, -2, -1, 2, 4), _IS_AFIB)
    assert 0.1 < temperature < 10


def test_logits_that_point_the_wrong_way_have_no_weight() -> None:
    """The temperature then ends at its upper limit, where all probabilities are near one half."""
    assert fit_temperature(_logits(3, 2, 1, -2, -4), _IS_AFIB) == pytest.approx(100, rel=1e-3)


@pytest.mark.parametrize("fit", [fit_temperature, _threshold])
def test_both_classes_are_needed(fit: Callable[[FloatArray, BoolArray], float]) -> None:
    """The message counts what there is of each class."""
    message = "is_afib: expected normal and AFib recordings, got 2 normal and 0 AFib"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        fit(_logits(0, 1), np.array([False, False]))


@pytest.mark.parametrize("fit", [fit_temperature, _threshold])
def test_logits_have_to_be_numbers(fit: Callable[[FloatArray, BoolArray], float]) -> None:
    """NaN and logits of other recordings are refused by name."""
    with pytest.raises(NotFiniteError, match=r"^logits: expected finite values, got 1 of 2"):
        fit(_logits(0, np.nan), np.array([False, True]))
    with pytest.raises(ShapeError, match=r"^is_afib: expected one value for each of the 1 of"):
        fit(_logits(0), np.array([False, True]))
