"""Detection against scikit-learn and hand-worked cases."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from nnassure.detection import placements, roc_curve


@pytest.mark.parametrize("seed", range(5))
def test_the_roc_curve_is_that_of_scikit_learn(seed: int) -> None:
    """All points agree, ties included, when scikit-learn leaves none out."""
    generator = np.random.default_rng(seed)
    present = generator.random(200) < 0.3
    scores = np.round(generator.normal(present, 1.0), 1).astype(np.float32)
    alarms, sensitivity, thresholds = metrics.roc_curve(present, scores, drop_intermediate=False)
    curve = roc_curve(scores, present)
    np.testing.assert_allclose(curve.false_alarm_rate, alarms, rtol=1e-12)
    np.testing.assert_allclose(curve.sensitivity, sensitivity, rtol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds)


@pytest.mark.parametrize("seed", range(5))
def test_placements_average_to_the_area_under_the_curve(seed: int) -> None:
    """The mean placement is scikit-learn's area, ties included."""
    generator = np.random.default_rng(seed)
    present = generator.random(200) < 0.3
    scores = np.round(generator.normal(present, 1.0), 1).astype(np.float32)
    area = metrics.roc_auc_score(present, scores)
    np.testing.assert_allclose(placements(scores, present).mean(), area, rtol=1e-6)
