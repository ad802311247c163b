"""Whether a disturbance could make the device say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from afib.decision import unusable, windows

if TYPE_CHECKING:
    from afib.records import Recording
    from afib.settings import UsabilitySettings
    from nnassure.arrays import DoubleArray, FloatArray

__all__ = ["Answer", "may_abstain"]

Answer: TypeAlias = bool | Literal["unknown"]


def may_abstain(
    recording: Recording, reach_mv: DoubleArray, limits: UsabilitySettings, *, is_box: bool
) -> Answer:
    """Whether some disturbance makes *recording* unusable, so that the device abstains.

    The device abstains on what is too short, flat or saturated; how long a recording is no
    disturbance changes. ``False`` is shown for the whole set, ``True`` by one signal of it that
    was seen to be unusable.

    Args:
        recording: As stored.
        reach_mv: How far each sample may move, shape (samples,).
        limits: What counts as unusable.
        is_box: Whether each sample may move by itself as far as it reaches; only then is a signal
            of the set looked for.
    """
    if not _could_be_flat(recording, reach_mv, limits) and not _could_be_saturated(
        recording, reach_mv, limits
    ):
        return False
    if is_box and any(
        unusable(signal, recording.rate_hz, limits) is not None
        for signal in _worst(recording, reach_mv)
    ):
        return True
    return "unknown"


def _could_be_flat(recording: Recording, reach_mv: DoubleArray, limits: UsabilitySettings) -> bool:
    signal = recording.signal_mv.astype(np.float64)
    ranges = np.ptp(windows(signal, recording.rate_hz), axis=1)
    given = windows(reach_mv, recording.rate_hz).max(axis=1) + _rounded(signal, reach_mv)
    return bool(np.mean(ranges - 2 * given < limits.flat_mv) > limits.flat_share)


def _could_be_saturated(
    recording: Recording, reach_mv: DoubleArray, limits: UsabilitySettings
) -> bool:
    signal = recording.signal_mv.astype(np.float64)
    given = float(reach_mv.max()) + _rounded(signal, reach_mv)
    at_most = (signal <= signal.min() + 2 * given) | (signal >= signal.max() - 2 * given)
    return bool(np.mean(at_most) > limits.saturated_share)


def _rounded(signal: DoubleArray, reach_mv: DoubleArray) -> float:
    """How far float32 may move a disturbed sample, or the difference of two, in mV."""
    return float(np.max(np.abs(signal)) + reach_mv.max()) * 2.0**-22


def _worst(recording: Recording, reach_mv: DoubleArray) -> list[FloatArray]:
    """Signals of a box that are as flat, and as saturated, as it allows."""
    signal = recording.signal_mv.astype(np.float64)
    # A little less than the reach, so that float32 stays inside it.
    reach = np.maximum(0.0, reach_mv - _rounded(signal, reach_mv))
    seconds = windows(signal, recording.rate_hz)
    middles = (seconds.max(axis=1) + seconds.min(axis=1)) / 2
    wanted = np.repeat(middles, seconds.shape[1])
    wanted = np.concatenate([wanted, signal[len(wanted) :]])
    flat = signal + np.clip(wanted - signal, -reach, reach)
    low, high = signal.min() + reach.max(), signal.max() - reach.max()
    clipped = signal + np.clip(np.clip(signal, low, max(low, high)) - signal, -reach, reach)
    return [flat.astype(np.float32), clipped.astype(np.float32)]
