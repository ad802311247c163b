"""Temperature where it is known, and baselines against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from afib.baselines import RRLogisticRegression
from afib.fitting import fit_temperature


@pytest.mark.parametrize(("count", "logit"), [(1, 2.0), (10, 3.0), (50, 0.5)])
def test_two_clusters_have_a_temperature_in_closed_form(count: int, logit: float) -> None:
    """With n recordings a class at +z and -z, the temperature is z / log(n + 1)."""
    # The loss is least where sigmoid(z / T) is the target (n + 1) / (n + 2), so
    # exp(z / T) = (n + 1) / (n + 2) / (1 / (n + 2)) = n + 1.
    is_afib = np.arange(2 * count) % 2 == 1
    logits = np.where(is_afib, logit, -logit).astype(np.float32)
    expected = logit / math.log(count + 1)
    assert fit_temperature(logits, is_afib) == pytest.approx(expected, rel=1e-5)


def test_the_regression_is_that_of_scikit_learn() -> None:
    """Log odds on raw features equal those of scikit-learn's pipeline on the same."""
    generator = np.random.default_rng(2)
    is_afib = generator.random(300) < 0.3
    centre = np.where(is_afib, 1.0, 0.0)[:, None]
    features = generator.normal(centre, np.arange(1.0, 9.0), (300, 8)).astype(np.float32)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    pipeline.fit(features.astype(np.float64), is_afib)
    expected = pipeline.decision_function(features.astype(np.float64))
    scores = RRLogisticRegression.fit(features, is_afib).scores(features)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
