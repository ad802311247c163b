"""What no prediction set can be calibrated on is refused by its name."""

from __future__ import annotations

import numpy as np
import pytest

from nnassure.conformal import class_thresholds, conformal_threshold, least_records
from nnassure.errors import FitError, NotFiniteError, ShapeError

SCORES = np.linspace(0, 1, 60).reshape(30, 2)
LABELS = np.arange(30) % 2


def test_a_score_of_the_other_class_has_to_be_a_number_too() -> None:
    """Though it calibrates nothing: what made it made the others."""
    scores = SCORES.copy()
    scores[0, 1] = np.nan
    with pytest.raises(NotFiniteError, match="scores"):
        class_thresholds(scores, LABELS, 0.2)


def test_labels_and_groups_are_integers_one_a_record() -> None:
    """Neither shares nor tables."""
    with pytest.raises(ShapeError, match="expected integers, got float64"):
        class_thresholds(SCORES, LABELS.astype(np.float64), 0.2)
    with pytest.raises(ShapeError, match="groups"):
        class_thresholds(SCORES, LABELS, 0.2, groups=np.zeros((30, 1), np.int64))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan"), 1e-320])
def test_an_alpha_that_no_number_of_records_meets_is_refused(alpha: float) -> None:
    """Below 1e-12 as well."""
    with pytest.raises(FitError, match="alpha: expected a number between 0 and 1"):
        least_records(alpha)
    with pytest.raises(FitError, match="alpha"):
        conformal_threshold(SCORES[:, 0], alpha)
