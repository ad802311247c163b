"""Split-conformal prediction sets: which classes cannot be ruled out, with a stated coverage.

Scores say how little a class fits a record (LAC: one minus its probability; Sadinle 2019,
doi:10.1080/01621459.2017.1395341). A class is in the set of a record unless its score is beyond
the threshold that scores of calibration records give: of exchangeable records, at least a share
1 - alpha have their true class in the set (Vovk 2005). That share is over all such records,
or over those of a class or a group where these were calibrated apart; it is never a probability
for one patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from crepes import ConformalClassifier

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.errors import FitError, ShapeError

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, DoubleArray, IntArray

__all__ = [
    "class_thresholds",
    "conformal_threshold",
    "covered",
    "lac_scores",
    "least_records",
    "prediction_sets",
]

# Below it no number of records would be enough.
_LEAST_ALPHA = 1e-12


def lac_scores(probabilities: DoubleArray) -> DoubleArray:
    """One minus the probability of each class.

    Args:
        probabilities: Shape (records, classes), each in [0, 1], adding up to 1.

    Raises:
        ShapeError: If there are other axes, or the probabilities of a record do not add up to 1.
        NotFiniteError: If one is NaN or infinite.
    """
    require_shape("probabilities", probabilities, "records, classes")
    require_finite("probabilities", probabilities)
    sums = probabilities.sum(axis=1)
    if not ((probabilities >= 0).all() and np.allclose(sums, 1.0, atol=1e-5)):
        raise ShapeError("probabilities: expected shares that add up to 1, got others")
    return np.asarray(1.0 - probabilities, np.float64)


def least_records(alpha: float) -> int:
    """How many calibration records a threshold at *alpha* needs to rule anything out.

    Raises:
        FitError: If *alpha* is not between 0 and 1.
    """
    _require_alpha(alpha)
    records = int(np.ceil(1 / alpha)) - 1
    return records if 1 / (records + 1) <= alpha else records + 1


def conformal_threshold(scores: DoubleArray, alpha: float) -> float:
    """The score up to which a class is kept, from the true scores of calibration records.

    It is the largest of *scores* whose conformal p-value, the share of calibration records and
    the asked one that fit no better, is above *alpha*.

    Args:
        scores: Of the true class of each calibration record, shape (records,).
        alpha: The share of records that may lose their true class, between 0 and 1.

    Raises:
        ShapeError: If *scores* is not one-dimensional.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If there are too few records for *alpha*: nothing would ever be ruled out.
    """
    require_shape("scores", scores, "records")
    require_finite("scores", scores)
    least = least_records(alpha)
    if len(scores) < least:
        raise FitError(
            f"scores: expected at least {least} calibration records for alpha {alpha:g}, "
            f"got {len(scores)}"
        )
    classifier = ConformalClassifier()
    classifier.fit(scores)
    p_values = classifier.predict_p(scores[:, None], smoothing=False)[:, 0]
    return float(scores[p_values > alpha].max())


def class_thresholds(
    scores: DoubleArray,
    labels: IntArray,
    alpha: float,
    *,
    groups: IntArray | None = None,
    by_class: bool = True,
) -> DoubleArray:
    """The threshold of each class in each group of records.

    Args:
        scores: Of all classes, shape (records, classes).
        labels: The true classes, shape (records,).
        alpha: The share of records that may lose their true class, between 0 and 1.
        groups: Which group each record is of, from 0, such as its signal quality (Mondrian
            taxonomy); None for one group.
        by_class: Whether the records of each class are calibrated by themselves, so that each
            class is covered; otherwise all together, and a rare class may be covered less.

    Returns:
        Shape (groups, classes).

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a score is NaN or infinite.
        FitError: If a class of a group has too few records for *alpha*.
    """
    require_shape("scores", scores, "records, classes")
    require_finite("scores", scores)
    require_shape("labels", labels, "records")
    groups = np.zeros(len(labels), dtype=np.int64) if groups is None else groups
    require_shape("groups", groups, "records")
    if not all(np.issubdtype(each.dtype, np.integer) for each in (labels, groups)):
        raise ShapeError(
            f"labels, groups: expected integers, got {labels.dtype} and {groups.dtype}"
        )
    require_same_length(scores=scores, labels=labels, groups=groups)
    classes, count = scores.shape[1], int(groups.max(initial=0)) + 1
    if len(labels) and not (labels.min() >= 0 and labels.max() < classes and groups.min() >= 0):
        raise ShapeError(f"labels, groups: expected 0 to {classes - 1} and from 0, got others")
    own = scores[np.arange(len(labels)), labels]
    thresholds = np.empty((count, classes))
    for group in range(count):
        for label in range(classes):
            chosen = (groups == group) & ((labels == label) | (not by_class))
            try:
                thresholds[group, label] = conformal_threshold(own[chosen], alpha)
            except FitError as error:
                raise FitError(f"class {label} of group {group}: {error}") from error
    return thresholds


def prediction_sets(
    scores: DoubleArray, thresholds: DoubleArray, *, groups: IntArray | None = None
) -> BoolArray:
    """Which classes cannot be ruled out: those with a score up to the threshold.

    Args:
        scores: Shape (records, classes).
        thresholds: What :func:`class_thresholds` returned, shape (groups, classes).
        groups: Which group each record is of; None for the first.

    Returns:
        Shape (records, classes). A row without any is an empty set: the record fits no class as
        well as calibration records did, which is no success.

    Raises:
        ShapeError: If the arrays do not match, or a group has no threshold.
        NotFiniteError: If a score or a threshold is NaN or infinite.
    """
    require_shape("scores", scores, "records, classes")
    require_shape("thresholds", thresholds, "groups, classes")
    require_finite("scores", scores)
    require_finite("thresholds", thresholds)
    groups = np.zeros(len(scores), dtype=np.int64) if groups is None else groups
    require_same_length(scores=scores, groups=groups)
    if scores.shape[1] != thresholds.shape[1]:
        raise ShapeError(
            f"thresholds: expected {scores.shape[1]} classes, got {thresholds.shape[1]}"
        )
    if len(groups) and not (groups.min() >= 0 and groups.max() < len(thresholds)):
        raise ShapeError(f"groups: expected 0 to {len(thresholds) - 1}, got others")
    return np.asarray(scores <= thresholds[groups], dtype=np.bool_)


def covered(sets: BoolArray, labels: IntArray) -> BoolArray:
    """Whether the true class of each record is in its set, shape (records,).

    Raises:
        ShapeError: If the arrays do not match.
    """
    require_shape("sets", sets, "records, classes")
    require_shape("labels", labels, "records")
    require_same_length(sets=sets, labels=labels)
    return np.asarray(sets[np.arange(len(labels)), labels], dtype=np.bool_)


def _require_alpha(alpha: float) -> None:
    if not _LEAST_ALPHA <= alpha < 1:
        raise FitError(f"alpha: expected a number between 0 and 1, got {alpha}")
