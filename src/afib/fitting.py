"""What is fitted after training, on validation recordings: temperature and threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

from afib.errors import TrainingError
from nnassure.arrays import require_finite, require_same_length, require_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnassure.arrays import BoolArray, FloatArray

__all__ = ["fit_temperature", "fit_threshold"]

_COLDEST, _HOTTEST = 0.01, 100.0


def fit_temperature(logits: FloatArray, is_afib: BoolArray) -> float:
    """The temperature at which the probabilities of these recordings are least wrong.

    Temperature scaling (Guo 2017, arXiv:1706.04599) by the log loss, with the targets that Platt
    1999 uses instead of 0 and 1: (n + 1) / (n + 2) for a class of n recordings and its
    counterpart. They keep the temperature finite where the logits separate the classes, which in
    a small validation set they may do by luck.

    Args:
        logits: Logits of validation recordings, shape (recordings,).
        is_afib: Whether each is AFib, shape (recordings,).

    Returns:
        A temperature from 0.01 to 100; the upper end says that the logits tell nothing.

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a logit is not finite.
        TrainingError: If one of the two classes is missing.
    """
    _require_classes(logits, is_afib)
    values = logits.astype(np.float64)
    targets = _platt_targets(is_afib)

    def log_loss(log_temperature: float) -> float:
        scaled = values / math.exp(log_temperature)
        return float(np.mean(np.logaddexp(0.0, scaled) - targets * scaled))

    # In 1 / temperature the loss is convex, so along its logarithm it has one minimum.
    found = minimize_scalar(
        log_loss,
        bounds=(math.log(_COLDEST), math.log(_HOTTEST)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return math.exp(float(found.x))


def fit_threshold(logits: FloatArray, is_afib: BoolArray, afib_weight: float) -> float:
    """The threshold with the least expected cost on recordings like these.

    A logistic curve is fitted to the recordings, each AFib counting *afib_weight* and each normal
    1, with the targets of :func:`fit_temperature`; the threshold is where the curve crosses one
    half. A count of errors on so few AFib recordings would hang on the two or three nearest to
    the threshold; the curve uses them all (Platt 1999).

    Args:
        logits: Logits of validation recordings, shape (recordings,).
        is_afib: Whether each is AFib, shape (recordings,).
        afib_weight: False alarms that one missed AFib weighs, above 0.

    Returns:
        A threshold; a recording is called AFib if its logit is above it.

    Raises:
        ShapeError: If the arrays do not match.
        NotFiniteError: If a logit is not finite.
        TrainingError: If one of the two classes is missing, or the logits do not rise with AFib.
    """
    _require_classes(logits, is_afib)
    values = logits.astype(np.float64)
    middle, spread = float(values.mean()), float(values.std()) or 1.0
    standard = (values - middle) / spread
    targets = _platt_targets(is_afib)
    weights = np.where(is_afib, afib_weight, 1.0)

    def loss(curve: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = curve[0] * standard + curve[1]
        value = float(np.sum(weights * (np.logaddexp(0.0, scores) - targets * scores)))
        slopes = weights * (expit(scores) - targets)
        return value, np.array([slopes @ standard, slopes.sum()])

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    if slope <= 0:
        raise TrainingError(
            "logits: expected higher ones for AFib than for normal recordings, got no such rise; "
            "the network has learned nothing"
        )
    return float(np.float32(middle - spread * offset / slope))


def _platt_targets(is_afib: BoolArray) -> NDArray[np.float64]:
    afib, normal = int(is_afib.sum()), int((~is_afib).sum())
    return np.where(is_afib, (afib + 1) / (afib + 2), 1 / (normal + 2))


def _require_classes(logits: FloatArray, is_afib: BoolArray) -> None:
    require_shape("logits", logits, "recordings")
    require_shape("is_afib", is_afib, "recordings")
    require_same_length(logits=logits, is_afib=is_afib)
    require_finite("logits", logits)
    afib = int(is_afib.sum())
    if afib in {0, len(is_afib)}:
        raise TrainingError(
            f"is_afib: expected normal and AFib recordings, "
            f"got {len(is_afib) - afib} normal and {afib} AFib"
        )
