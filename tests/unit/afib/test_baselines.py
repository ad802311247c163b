"""The two detectors that see only RR intervals."""

from __future__ import annotations

import re

import numpy as np
import pytest

from afib.baselines import RRIrregularityRule, RRLogisticRegression, rr_feature_table
from afib.beats import RR_FEATURE_NAMES, rr_features
from afib.errors import TrainingError
from nnassure.errors import NotFiniteError, ShapeError
from tests.support.training import RATE_HZ, pulse_dataset

_IS_AFIB = np.arange(40) % 2 == 1


def _features(seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Features of regular and irregular intervals, in turns."""
    generator = np.random.default_rng(seed)
    spread = np.where(_IS_AFIB, 0.25, 0.03)
    rows = [rr_features(generator.normal(0.8, each, 30).astype(np.float32)) for each in spread]
    return np.stack(rows)


@pytest.mark.parametrize("baseline", [RRIrregularityRule, RRLogisticRegression])
def test_irregular_intervals_are_called(
    baseline: type[RRIrregularityRule | RRLogisticRegression],
) -> None:
    """Fitted on some recordings, a baseline tells regular from irregular in others."""
    fitted = baseline.fit(_features(0), _IS_AFIB)
    assert np.array_equal(fitted.calls_afib(_features(1)), _IS_AFIB)
    scores = fitted.scores(_features(1))
    assert scores.shape == (40,)
    assert scores[_IS_AFIB].min() > scores[~_IS_AFIB].max()


def test_the_rule_looks_at_relative_differences_alone() -> None:
    """Its score is RMSSD over mean RR, whatever the other features say."""
    features = np.zeros((1, len(RR_FEATURE_NAMES)), dtype=np.float32)
    features[0, RR_FEATURE_NAMES.index("normalised_rmssd")] = 0.3
    assert RRIrregularityRule(threshold=0.2).calls_afib(features).tolist() == [True]
    assert RRIrregularityRule(threshold=0.4).calls_afib(features).tolist() == [False]


@pytest.mark.parametrize("baseline", [RRIrregularityRule, RRLogisticRegression])
def test_a_heavier_miss_makes_a_baseline_call_more(
    baseline: type[RRIrregularityRule | RRLogisticRegression],
) -> None:
    """With overlapping classes and a high weight, no AFib of the training set is missed."""
    generator = np.random.default_rng(5)
    features = (_features() + generator.normal(0, 2.0, (40, 8))).astype(np.float32)
    balanced = baseline.fit(features, _IS_AFIB).calls_afib(features)
    cautious = baseline.fit(features, _IS_AFIB, afib_weight=100.0).calls_afib(features)
    assert cautious[_IS_AFIB].all()
    assert cautious.sum() > balanced.sum()


@pytest.mark.parametrize("baseline", [RRIrregularityRule, RRLogisticRegression])
def test_a_baseline_needs_both_classes_and_whole_tables(
    baseline: type[RRIrregularityRule | RRLogisticRegression],
) -> None:
    """One class, missing columns and values that are no numbers are refused in words."""
    message = "is_afib: expected normal and AFib recordings, got 0 normal and 40 AFib"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        baseline.fit(_features(), np.ones(40, dtype=np.bool_))
    message = "features: expected the 8 features of rr_feature_table, got 7"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        baseline.fit(_features()[:, :7], _IS_AFIB)
    broken = _features()
    broken[3, 2] = np.nan
    with pytest.raises(NotFiniteError, match=r"^features: expected finite values, got 1 of 320"):
        baseline.fit(_features(), _IS_AFIB).scores(broken)


def test_the_table_has_a_row_a_recording() -> None:
    """Pulses once a second have a mean RR of a second, and rows come in the set's order."""
    dataset = pulse_dataset(6, duration_s=20.0)
    table = rr_feature_table(dataset, rate_hz=RATE_HZ, progress=False)
    assert table.shape == (6, len(RR_FEATURE_NAMES))
    mean_s = table[:, RR_FEATURE_NAMES.index("mean_s")]
    np.testing.assert_allclose(mean_s[~dataset.is_afib], 1.0, atol=0.02)
    again = rr_feature_table(dataset.where(dataset.is_afib), rate_hz=RATE_HZ, progress=False)
    assert np.array_equal(again, table[dataset.is_afib])
