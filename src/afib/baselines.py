"""What a network has to beat: two detectors that look at nothing but the RR intervals.

Both are fitted on training recordings, threshold included, and are plain numbers afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from afib.beats import RR_FEATURE_NAMES, rr_features, rr_intervals_s
from afib.errors import TrainingError
from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.detection import cheapest_threshold, detected
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from afib.dataset import Dataset
    from nnassure.arrays import BoolArray, FloatArray, IntArray

__all__ = [
    "BASELINES",
    "RRIrregularityRule",
    "RRLogisticRegression",
    "held_out_calls",
    "rr_feature_table",
]

#: What :func:`held_out_calls` tells of.
BASELINES = ("rr_rule", "rr_regression")

_IRREGULARITY = RR_FEATURE_NAMES.index("normalised_rmssd")


def rr_feature_table(dataset: Dataset, *, rate_hz: float, progress: bool) -> FloatArray:
    """The RR features of each recording.

    Args:
        dataset: Recordings at the network's rate.
        rate_hz: That rate.
        progress: Whether to show a progress bar on standard error.

    Returns:
        Features in the order of ``RR_FEATURE_NAMES``, shape (recordings, features).
    """
    table = np.empty((len(dataset), len(RR_FEATURE_NAMES)), dtype=np.float32)
    bar = tqdm(dataset.signals, desc="RR intervals", unit="recording", disable=not progress)
    for row, signal_mv in zip(table, bar, strict=True):
        row[:] = rr_features(rr_intervals_s(signal_mv, rate_hz))
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class RRIrregularityRule:
    """Calls AFib where successive RR intervals differ much: RMSSD over mean RR.

    Attributes:
        threshold: A recording above it is called AFib.
    """

    threshold: float

    @classmethod
    def fit(
        cls, features: FloatArray, is_afib: BoolArray, *, afib_weight: float = 1.0
    ) -> RRIrregularityRule:
        """The rule with the fewest weighted errors on these recordings.

        Args:
            features: What :func:`rr_feature_table` returned, shape (recordings, features).
            is_afib: Whether each is AFib, shape (recordings,).
            afib_weight: False alarms that one missed AFib weighs.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature is not finite.
            TrainingError: If one of the two classes is missing.
        """
        _require_training(features, is_afib)
        irregularity = features[:, _IRREGULARITY]
        return cls(threshold=cheapest_threshold(irregularity, is_afib, miss_cost=afib_weight))

    def scores(self, features: FloatArray) -> FloatArray:
        """The normalised RMSSD of each recording, shape (recordings,); higher is less regular.

        Raises:
            ShapeError: If *features* is no feature table.
            NotFiniteError: If a feature is not finite.
        """
        _require_features(features)
        return features[:, _IRREGULARITY]

    def calls_afib(self, features: FloatArray) -> BoolArray:
        """Which recordings are called AFib, shape (recordings,).

        Raises:
            ShapeError: If *features* is no feature table.
            NotFiniteError: If a feature is not finite.
        """
        return detected(self.scores(features), self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class RRLogisticRegression:
    """Calls AFib where a logistic regression on all RR features does.

    Attributes:
        weights: Change of the log odds for each unit of a feature, shape (features,).
        intercept: Log odds where all features are 0.
        threshold: A recording with log odds above it is called AFib.
    """

    weights: tuple[float, ...]
    intercept: float
    threshold: float

    @classmethod
    def fit(
        cls, features: FloatArray, is_afib: BoolArray, *, afib_weight: float = 1.0
    ) -> RRLogisticRegression:
        """The regression of scikit-learn's defaults on standardised features.

        The threshold is that of the fewest weighted errors on the same recordings.

        Args:
            features: What :func:`rr_feature_table` returned, shape (recordings, features).
            is_afib: Whether each is AFib, shape (recordings,).
            afib_weight: False alarms that one missed AFib weighs.

        Raises:
            ShapeError: If the arrays do not match.
            NotFiniteError: If a feature is not finite.
            TrainingError: If one of the two classes is missing.
        """
        _require_training(features, is_afib)
        scaler = StandardScaler().fit(features.astype(np.float64))
        standardised = scaler.transform(features.astype(np.float64))
        regression = LogisticRegression(max_iter=1000).fit(standardised, is_afib)
        weights = regression.coef_[0] / scaler.scale_
        intercept = float(regression.intercept_[0] - weights @ scaler.mean_)
        fitted = cls(weights=tuple(map(float, weights)), intercept=intercept, threshold=0.0)
        threshold = cheapest_threshold(fitted.scores(features), is_afib, miss_cost=afib_weight)
        return cls(weights=fitted.weights, intercept=intercept, threshold=threshold)

    def scores(self, features: FloatArray) -> FloatArray:
        """The log odds of AFib, shape (recordings,).

        Raises:
            ShapeError: If *features* is no feature table.
            NotFiniteError: If a feature is not finite.
        """
        _require_features(features)
        scores = features.astype(np.float64) @ np.array(self.weights) + self.intercept
        return np.asarray(scores, dtype=np.float32)

    def calls_afib(self, features: FloatArray) -> BoolArray:
        """Which recordings are called AFib, shape (recordings,).

        Raises:
            ShapeError: If *features* is no feature table.
            NotFiniteError: If a feature is not finite.
        """
        return detected(self.scores(features), self.threshold)


def held_out_calls(
    features: FloatArray, is_afib: BoolArray, folds: IntArray, *, afib_weight: float
) -> dict[str, BoolArray]:
    """By name of the baseline, its calls on each fold, fitted on the others, (recordings,) each.

    Args:
        features: As :func:`rr_feature_table` gives them, shape (recordings, features).
        is_afib: By label, shape (recordings,).
        folds: Shape (recordings,).
        afib_weight: False alarms that a missed AFib weighs.

    Raises:
        ShapeError: If *features* is no feature table.
        TrainingError: If all but one fold lack a rhythm.
    """
    calls = {name: np.zeros(len(is_afib), dtype=np.bool_) for name in BASELINES}
    for fold in sorted(set(folds.tolist())):
        held_out = folds == fold
        seen, truth = features[~held_out], is_afib[~held_out]
        rule = RRIrregularityRule.fit(seen, truth, afib_weight=afib_weight)
        regression = RRLogisticRegression.fit(seen, truth, afib_weight=afib_weight)
        for name, each in zip(BASELINES, (rule, regression), strict=True):
            calls[name][held_out] = each.calls_afib(features[held_out])
    return calls


def _require_features(features: FloatArray) -> None:
    require_shape("features", features, "recordings, features")
    if features.shape[1] != len(RR_FEATURE_NAMES):
        raise ShapeError(
            f"features: expected the {len(RR_FEATURE_NAMES)} features of rr_feature_table, "
            f"got {features.shape[1]}"
        )
    require_finite("features", features)


def _require_training(features: FloatArray, is_afib: BoolArray) -> None:
    _require_features(features)
    require_shape("is_afib", is_afib, "recordings")
    require_same_length(features=features, is_afib=is_afib)
    afib = int(is_afib.sum())
    if afib in {0, len(is_afib)}:
        raise TrainingError(
            f"is_afib: expected normal and AFib recordings, "
            f"got {len(is_afib) - afib} normal and {afib} AFib"
        )
