"""Exchangeability and risk control, by MAPIE."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from mapie.exchangeability_testing import PValuePermutationTest
from mapie.regression import SplitConformalRegressor
from mapie.risk_control import BinaryClassificationController
from scipy.stats import rankdata
from sklearn.dummy import DummyRegressor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnassure.arrays import BoolArray, DoubleArray

__all__ = ["exchangeability_p_value", "noticed_shifts", "threshold_for_sensitivity"]


def exchangeability_p_value(scores: DoubleArray, *, permutations: int, seed: int) -> float:
    """The chance of a difference between earlier and later *scores* that is as large, by order.

    A permutation test on the largest difference of mean ranks over all places to split the order.
    The ranks are handed over as the residuals of a regression that always says zero.

    Args:
        scores: How little the true class fits each record, in the order that is questioned, shape
            (records,).
        permutations: How many are drawn.
        seed: Of the permutations.
    """
    nothing, ranks = np.zeros((len(scores), 1)), rankdata(scores)
    zero = DummyRegressor(strategy="constant", constant=0.0).fit(nothing[:1], ranks[:1])
    test = PValuePermutationTest(
        mapie_estimator=SplitConformalRegressor(estimator=zero, prefit=True),
        task="regression",
        random_state=seed,
        num_permutations=permutations,
        warn=False,
    )
    return float(test.run(nothing, ranks).p_values[-1])


def noticed_shifts(
    earlier: DoubleArray,
    later: DoubleArray,
    threshold: float,
    asked: Mapping[str, Any],
) -> list[tuple[str, ...]]:
    """What the test says of scores that are shifted: how much that costs, and whether it is seen.

    Args:
        earlier: How little the true rhythm fits calibration recordings, in logits, shape
            (recordings,).
        later: The same of others.
        threshold: Up to which the rhythm is kept, in logits.
        asked: ``shifts`` in logits, ``permutations`` and ``seed``.
    """
    table: list[tuple[str, ...]] = [("shift", "recordings", "still covered", "p value")]
    for shift in (0.0, *asked["shifts"]):
        shifted = later + shift
        p_value = exchangeability_p_value(
            np.concatenate([earlier, shifted]),
            permutations=asked["permutations"],
            seed=asked["seed"],
        )
        covered = int((shifted <= threshold).sum())
        table.append((f"{shift:g}", f"{len(later)}", f"{covered}", f"{p_value:.4f}"))
    return table


def threshold_for_sensitivity(
    probabilities: DoubleArray,
    is_afib: BoolArray,
    *,
    sensitivity: float,
    confidence: float,
    thresholds: int,
) -> float | None:
    """The highest probability from which AFib may be called, for a wanted sensitivity.

    Learn then test: over all recordings like these the sensitivity is at least the wanted one,
    unless calibration was unlucky, which has a chance of one minus *confidence*. Thresholds are
    tried in their order, from the lowest, until one cannot be shown.

    Args:
        probabilities: Of AFib, of calibration recordings, shape (recordings,).
        is_afib: By label, shape (recordings,).
        sensitivity: The wanted one.
        confidence: Of the calibration.
        thresholds: How many are tried, evenly over the logarithm of the odds.

    Returns:
        None if not even the lowest can be shown.
    """
    odds = np.linspace(-8.0, 8.0, thresholds)
    controller = BinaryClassificationController(
        predict_function=lambda rows: np.column_stack([1 - rows[:, 0], rows[:, 0]]),
        risk="recall",
        target_level=sensitivity,
        confidence_level=confidence,
        list_predict_params=1 / (1 + np.exp(-odds)),
        fwer_method="fixed_sequence",
    )
    with warnings.catch_warnings():
        # That nothing can be shown is an answer here.
        warnings.simplefilter("ignore", UserWarning)
        controller.calibrate(probabilities[:, None], is_afib.astype(int))
    valid = np.asarray(controller.valid_predict_params)
    return float(valid.max()) if len(valid) else None
