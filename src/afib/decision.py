"""What the device says of one recording: a rhythm, or why it says none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.preprocessing import to_network_rate
from afib.rule import (
    AFIB_RHYTHM,
    CONTRADICTED,
    EMPTY,
    NORMAL_RHYTHM,
    RHYTHMS,
    STRANGE,
    answers,
)
from afib.seen import seen_of
from afib.sets import sets_of
from afib.uncertainty import Uncertainty, device_digest
from afib.usability import unusable, windows
from nnassure.certify.arithmetic import require_plain_arithmetic

if TYPE_CHECKING:
    from pathlib import Path

    from afib.records import Recording
    from nnassure.arrays import BoolArray, FloatArray

__all__ = [
    "AFIB_RHYTHM",
    "NORMAL_RHYTHM",
    "Decision",
    "Limits",
    "Screener",
    "load_screener",
    "unusable",
    "windows",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on one recording.

    Attributes:
        record: Name of the recording.
        duration_s: Its duration.
        rhythm: `AFib` or `normal`; None exactly when the device abstained.
        probability_afib: In [0, 1]; None when the signal was not classified.
        prediction_set: Rhythms that cannot be ruled out; None when the signal was not classified.
            Of many recordings like those of calibration, all but a share *alpha* of each rhythm
            have it in their set; of one patient this says nothing.
        alpha: That share; None for a network without prediction sets.
        ood_score: How strange the signal is; None when it can hold no rhythm at all.
        ood_threshold: A signal with a score above it is not classified; None for a network
            without a gate.
        abstained: Whether the device says no rhythm.
        reason: Why it abstained; None when it did not.
        model_digest: The model that decided.
    """

    record: str
    duration_s: float
    rhythm: str | None
    probability_afib: float | None
    prediction_set: tuple[str, ...] | None
    alpha: float | None
    ood_score: float | None
    ood_threshold: float | None
    abstained: bool
    reason: str | None
    model_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a network is to be trusted with: its gate and its prediction sets, beside it."""

    checkpoint: Checkpoint
    uncertainty: Uncertainty

    @property
    def threshold(self) -> float:
        """A recording with a score above it is strange."""
        return self.uncertainty.strangeness.threshold

    @property
    def alpha(self) -> float:
        """The share of recordings of each rhythm that may lose it from their set."""
        return self.uncertainty.settings.conformal.alpha

    @property
    def digest(self) -> str:
        """The digest of the model folder."""
        return device_digest(self.checkpoint, self.uncertainty)

    def score(self, recording: Recording) -> float:
        """How strange *recording* is.

        Raises:
            NotFiniteError: If the network computes no finite number.
        """
        seen = seen_of(self.checkpoint, [recording])
        return float(self.uncertainty.strangeness.scores(seen)[0])

    def sets(self, logits: FloatArray) -> BoolArray:
        """Which of :data:`afib.rule.RHYTHMS` cannot be ruled out, shape (recordings, 2)."""
        return sets_of(
            logits,
            temperature=self.checkpoint.temperature,
            thresholds=self.uncertainty.thresholds,
        )


def load_screener(folder: Path) -> Screener:
    """The device with the model in *folder*.

    Raises:
        ModelError: If the model is damaged, or lacks its gate and prediction sets: without them it
            decides nothing.
        ArithmeticAssumptionError: If torch is set to compute with less precision than the proofs
            about its decisions assume.
    """
    checkpoint = Checkpoint.load(folder)
    limits = Limits(checkpoint=checkpoint, uncertainty=Uncertainty.load(folder, checkpoint))
    return Screener(Classifier(checkpoint), limits)


@final
class Screener:
    """Decides recordings with one model.

    Args:
        classifier: The network with its threshold.
        limits: Its gate and prediction sets. None for the network alone, which proofs are about;
            what people screen with comes from :func:`load_screener`.

    Raises:
        ArithmeticAssumptionError: If torch is set to compute with less precision than the proofs
            about its decisions assume.
    """

    def __init__(self, classifier: Classifier, limits: Limits | None = None) -> None:
        require_plain_arithmetic()
        self._classifier = classifier
        self._limits = limits
        self._digest = classifier.digest if limits is None else limits.digest

    @property
    def classifier(self) -> Classifier:
        """The network that it decides with."""
        return self._classifier

    @property
    def limits(self) -> Limits | None:
        """Its gate and prediction sets; None for the network alone."""
        return self._limits

    @property
    def digest(self) -> str:
        """The digest of the model that it decides with."""
        return self._digest

    def decide(self, recording: Recording) -> Decision:
        """The decision on *recording*.

        The device abstains on what can hold no rhythm, on what its gate does not know, and where
        the prediction set is empty or without the rhythm that the threshold calls.
        """
        settings = self._classifier.settings
        reason = unusable(recording.signal_mv, recording.rate_hz, settings.usability)
        if reason is not None:
            return self._decision(recording, reason=reason)
        score = None if self._limits is None else self._limits.score(recording)
        # Written so that a score that is no number is refused too.
        if self._limits is not None and not (score is not None and score <= self._limits.threshold):
            return self._decision(recording, score=score, reason=_REASONS[STRANGE])
        signal = to_network_rate(recording.signal_mv, recording.rate_hz, settings.preprocessing)
        logits = self._classifier.logits([signal])
        sets = (
            np.ones((1, 2), dtype=np.bool_) if self._limits is None else self._limits.sets(logits)
        )
        answer = str(
            answers(
                usable=np.array([True]),
                accepted=np.array([True]),
                called_afib=self._classifier.calls_afib(logits),
                sets=sets,
            )[0]
        )
        named = tuple(rhythm for rhythm, kept in zip(RHYTHMS, sets[0], strict=True) if kept)
        return self._decision(
            recording,
            rhythm=answer if answer in RHYTHMS else None,
            probability=float(self._classifier.probabilities(logits)[0]),
            prediction_set=None if self._limits is None else named,
            score=score,
            reason=_REASONS.get(answer),
        )

    def _decision(  # noqa: PLR0913  as many as a decision has parts
        self,
        recording: Recording,
        *,
        rhythm: str | None = None,
        probability: float | None = None,
        prediction_set: tuple[str, ...] | None = None,
        score: float | None = None,
        reason: str | None,
    ) -> Decision:
        return Decision(
            record=recording.name,
            duration_s=round(recording.duration_s, 3),
            rhythm=rhythm,
            probability_afib=probability,
            prediction_set=prediction_set,
            alpha=None if self._limits is None else self._limits.alpha,
            ood_score=score,
            ood_threshold=None if self._limits is None else self._limits.threshold,
            abstained=rhythm is None,
            reason=reason,
            model_digest=self._digest,
        )


_REASONS = {
    STRANGE: "unlike the recordings that the device was made for",
    EMPTY: "fits neither rhythm as well as calibration recordings did",
    CONTRADICTED: "the prediction set rules out the rhythm that the threshold calls",
}
