"""One single-lead ECG recording in millivolts, and what every reader holds it to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from afib.errors import RecordError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnassure.arrays import FloatArray

__all__ = ["MAX_MV", "RATES_HZ", "Recording", "signal_digest"]

MAX_MV = 20.0
"""No surface ECG reaches this; what does was read with a wrong gain, format or offset."""

RATES_HZ = (50.0, 10_000.0)
"""Lowest and highest sampling rate of an ECG recorder that we believe."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """One lead, sampled evenly.

    Attributes:
        name: The record's name, such as ``A00001``.
        signal_mv: Samples in mV, shape (samples,), read-only.
        rate_hz: Samples a second.
        label: ``N``, ``A``, ``O``, ``~`` or another word of its source; None where unlabelled.
        digest: SHA-256 of the samples, see :func:`signal_digest`; equal signals share it.
        origin: Where it was read: a path, and inside an archive ``archive!member``.
        step_mv: The step of the recorder's converter in mV; None where the file states none.
        range_mv: The least and the greatest sample that the file's numbers hold, likewise.
    """

    name: str
    signal_mv: FloatArray
    rate_hz: float
    label: str | None
    digest: str
    origin: str
    step_mv: float | None = None
    range_mv: tuple[float, float] | None = None

    @classmethod
    def of(  # noqa: PLR0913  a recording is told by its samples, rate and origin
        cls,
        *,
        name: str,
        signal_mv: NDArray[np.floating],
        rate_hz: float,
        origin: str,
        label: str | None = None,
        step_mv: float | None = None,
        range_mv: tuple[float, float] | None = None,
    ) -> Recording:
        """A recording of a copy of *signal_mv*, with its digest.

        Raises:
            RecordError: If the signal is empty or not one-dimensional, a sample is not finite or
                beyond 20 mV, or the rate is no recorder's.
        """
        problems = _problems(origin, signal_mv, rate_hz)
        if problems:
            raise RecordError(name, *problems)
        samples = np.array(signal_mv, dtype=np.float32, order="C")
        samples.flags.writeable = False
        return cls(
            name=name,
            signal_mv=samples,
            rate_hz=float(rate_hz),
            label=label,
            digest=signal_digest(samples),
            origin=origin,
            step_mv=step_mv,
            range_mv=range_mv,
        )

    @property
    def duration_s(self) -> float:
        """Samples over rate, in seconds."""
        return len(self.signal_mv) / self.rate_hz


def signal_digest(signal_mv: FloatArray) -> str:
    """The SHA-256, in hexadecimal, of the samples as little-endian float32 millivolts."""
    return hashlib.sha256(np.ascontiguousarray(signal_mv, dtype="<f4").data).hexdigest()


def _problems(origin: str, signal_mv: NDArray[np.floating], rate_hz: float) -> list[str]:
    lowest, highest = RATES_HZ
    problems = []
    if not lowest <= rate_hz <= highest:
        problems.append(
            f"{origin}: rate: expected {lowest:g} to {highest:g} Hz, got {rate_hz:g} Hz"
        )
    if signal_mv.ndim != 1 or signal_mv.size == 0:
        problems.append(f"{origin}: expected shape (samples,), got {signal_mv.shape}")
        return problems
    peak = float(np.max(np.abs(signal_mv)))
    if not np.isfinite(peak):
        count = int((~np.isfinite(signal_mv)).sum())
        problems.append(
            f"{origin}: expected finite samples, got {count} of {signal_mv.size} that are not"
        )
    elif peak > MAX_MV:
        problems.append(
            f"{origin}: expected samples within {MAX_MV:g} mV, got {peak:g} mV; "
            "the gain or the format is wrong"
        )
    return problems
