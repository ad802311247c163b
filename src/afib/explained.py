"""One recording with its decision and the reasons for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.beats import r_peaks
from afib.errors import ModelError
from afib.evidence import USUAL_METHOD, evidence_in
from afib.preprocessing import to_network_rate
from nnassure.errors import AttributionError

if TYPE_CHECKING:
    from afib.decision import Decision, Screener
    from afib.evidence import Evidence
    from afib.records import Recording
    from nnassure.arrays import DoubleArray

__all__ = ["Explained", "explain"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """A recording, what was decided, and what argues for it and against it.

    Attributes:
        recording: As stored.
        decision: What the device says of it.
        method: How the evidence was found, one of :data:`afib.evidence.METHODS`.
        evidence: At the network's rate.
        evidence_hz: That rate.
        peaks_s: Times of the R peaks from the start, shape (beats,).
    """

    recording: Recording
    decision: Decision
    method: str
    evidence: Evidence
    evidence_hz: float
    peaks_s: DoubleArray


def explain(screener: Screener, recording: Recording, *, method: str = USUAL_METHOD) -> Explained:
    """What *screener* says of *recording*, and why.

    Also where the device abstains: the evidence is then that of a network whose answer was not
    taken.

    Raises:
        ModelError: If the device is a network alone.
        AttributionError: If there is no such method, or the recording is constant.
        NotFiniteError: If the network answers no finite number.
    """
    if screener.limits is None:
        raise ModelError("model: expected a gate and prediction sets, got a network alone")
    checkpoint = screener.limits.checkpoint
    preprocessing = checkpoint.settings.preprocessing
    signal_mv = to_network_rate(recording.signal_mv, recording.rate_hz, preprocessing)
    if not np.ptp(signal_mv):
        raise AttributionError("expected a recording that varies, got a constant one")
    (evidence,) = evidence_in(checkpoint, [signal_mv], method=method)
    return Explained(
        recording=recording,
        decision=screener.decide(recording),
        method=method,
        evidence=evidence,
        evidence_hz=preprocessing.rate_hz,
        peaks_s=r_peaks(recording.signal_mv, recording.rate_hz) / recording.rate_hz,
    )
