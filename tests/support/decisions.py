"""A decision that says everything, to be changed in parts."""

from __future__ import annotations

from afib.decision import Decision

__all__ = ["DECISION"]

DECISION = Decision(
    record="A00001",
    duration_s=24.0,
    rhythm="AFib",
    probability_afib=0.9871,
    prediction_set=("normal", "AFib"),
    alpha=0.02,
    ood_score=-0.5,
    ood_threshold=2.25,
    abstained=False,
    reason=None,
    model_digest="ab" * 32,
)
