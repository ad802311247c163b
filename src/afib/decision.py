"""What the device says of one recording: a rhythm, or why it says none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from afib.preprocessing import to_network_rate
from nnassure.certify.arithmetic import require_plain_arithmetic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from afib.classifier import Classifier
    from afib.records import Recording
    from afib.settings import UsabilitySettings
    from nnassure.arrays import FloatArray

__all__ = ["AFIB_RHYTHM", "NORMAL_RHYTHM", "Decision", "Screener", "unusable", "windows"]

AFIB_RHYTHM, NORMAL_RHYTHM = "AFib", "normal"
_WINDOW_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on one recording.

    Attributes:
        record: Name of the recording.
        duration_s: Its duration.
        rhythm: `AFib` or `normal`; None exactly when the device abstained.
        probability_afib: In [0, 1]; None when the signal was not classified.
        prediction_set: Rhythms that cannot be ruled out; None while the model has no
            conformal threshold.
        ood_score: How strange the signal is; None while the model has no detector.
        ood_threshold: The score from which the device abstains; None likewise.
        abstained: Whether the device says no rhythm.
        reason: Why it abstained; None when it did not.
        model_digest: The model that decided.
    """

    record: str
    duration_s: float
    rhythm: str | None
    probability_afib: float | None
    prediction_set: tuple[str, ...] | None
    ood_score: float | None
    ood_threshold: float | None
    abstained: bool
    reason: str | None
    model_digest: str


@final
class Screener:
    """Decides recordings with one model.

    Raises:
        ArithmeticAssumptionError: If torch is set to compute with less precision than the proofs
            about its decisions assume.
    """

    def __init__(self, classifier: Classifier) -> None:
        require_plain_arithmetic()
        self._classifier = classifier

    @property
    def classifier(self) -> Classifier:
        """The model that it decides with."""
        return self._classifier

    def decide(self, recording: Recording) -> Decision:
        """The decision on *recording*; the device abstains on what can hold no rhythm."""
        settings = self._classifier.settings
        reason = unusable(recording.signal_mv, recording.rate_hz, settings.usability)
        if reason is not None:
            return self._decision(recording, rhythm=None, probability=None, reason=reason)
        signal = to_network_rate(recording.signal_mv, recording.rate_hz, settings.preprocessing)
        logits = self._classifier.logits([signal])
        called = bool(self._classifier.calls_afib(logits)[0])
        return self._decision(
            recording,
            rhythm=AFIB_RHYTHM if called else NORMAL_RHYTHM,
            probability=float(self._classifier.probabilities(logits)[0]),
            reason=None,
        )

    def _decision(
        self,
        recording: Recording,
        *,
        rhythm: str | None,
        probability: float | None,
        reason: str | None,
    ) -> Decision:
        return Decision(
            record=recording.name,
            duration_s=round(recording.duration_s, 3),
            rhythm=rhythm,
            probability_afib=probability,
            prediction_set=None,
            ood_score=None,
            ood_threshold=None,
            abstained=rhythm is None,
            reason=reason,
            model_digest=self._classifier.digest,
        )


def unusable(signal_mv: FloatArray, rate_hz: float, limits: UsabilitySettings) -> str | None:
    """Why a signal can hold no rhythm, or None if it may hold one.

    Args:
        signal_mv: Samples of the recorder in mV, shape (samples,).
        rate_hz: The recorder's rate.
        limits: What counts as too short, flat and saturated.
    """
    duration_s = len(signal_mv) / rate_hz
    if duration_s < limits.shortest_s:
        # Rounded down, so that it never reads as long enough.
        shown_s = math.floor(duration_s * 10) / 10
        return f"too short: {shown_s:.1f} s of at least {limits.shortest_s:g} s"
    flat = float(np.mean(np.ptp(windows(signal_mv, rate_hz), axis=1) < limits.flat_mv))
    if flat > limits.flat_share:
        return f"flat line in {flat:.0%} of the recording"
    low, high = float(signal_mv.min()), float(signal_mv.max())
    at_the_rails = float(np.mean((signal_mv == low) | (signal_mv == high)))
    if at_the_rails > limits.saturated_share:
        return f"saturated in {at_the_rails:.0%} of the recording"
    return None


def windows(samples: NDArray[np.floating], rate_hz: float) -> NDArray[np.floating]:
    """*samples* in whole windows of a second, or in one shorter whole; what is left over is cut.

    Args:
        samples: One value a sample of the recorder, shape (samples,).
        rate_hz: The recorder's rate.

    Returns:
        Shape (windows, samples in a window).
    """
    width = min(max(1, round(_WINDOW_S * rate_hz)), len(samples))
    return samples[: len(samples) // width * width].reshape(-1, width)
