"""Whether a disturbance could make the device say nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from afib.decision import unusable

if TYPE_CHECKING:
    from afib.records import Recording
    from afib.settings import UsabilitySettings
    from nnassure.arrays import FloatArray

__all__ = ["Answer", "may_abstain"]

Answer: TypeAlias = bool | Literal["unknown"]


def may_abstain(
    recording: Recording, reach_mv: FloatArray, limits: UsabilitySettings, *, is_box: bool
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


def _could_be_flat(recording: Recording, reach_mv: FloatArray, limits: UsabilitySettings) -> bool:
    ranges = _windowed(recording, np.max) - _windowed(recording, np.min)
    given = 2 * _windows(reach_mv, recording.rate_hz).max(axis=1)
    # Rounding of a window's range cannot hide a flat one.
    least = (ranges - given) * (1 - 1e-6)
    return bool(np.mean(least < limits.flat_mv) > limits.flat_share)


def _could_be_saturated(
    recording: Recording, reach_mv: FloatArray, limits: UsabilitySettings
) -> bool:
    signal = recording.signal_mv.astype(np.float64)
    given = float(reach_mv.max()) * (1 + 1e-6) + 1e-6
    at_most = (signal <= signal.min() + 2 * given) | (signal >= signal.max() - 2 * given)
    return bool(np.mean(at_most) > limits.saturated_share)


def _worst(recording: Recording, reach_mv: FloatArray) -> list[FloatArray]:
    """Signals of a box that are as flat, and as saturated, as it allows."""
    signal = recording.signal_mv.astype(np.float64)
    reach = reach_mv * (1 - 1e-6)
    width = _width(recording)
    middles = (_windowed(recording, np.max) + _windowed(recording, np.min)) / 2
    wanted = np.repeat(middles, width)
    wanted = np.concatenate([wanted, signal[len(wanted) :]])
    flat = signal + np.clip(wanted - signal, -reach, reach)
    low, high = signal.min() + reach.max(), signal.max() - reach.max()
    clipped = signal + np.clip(np.clip(signal, low, max(low, high)) - signal, -reach, reach)
    return [flat.astype(np.float32), clipped.astype(np.float32)]


def _windowed(recording: Recording, of: np.ufunc | object) -> FloatArray:
    windows = _windows(recording.signal_mv.astype(np.float64), recording.rate_hz)
    return np.asarray(of(windows, axis=1))  # type: ignore[operator]


def _windows(values: FloatArray, rate_hz: float) -> FloatArray:
    width = min(max(1, round(rate_hz)), len(values))
    return values[: len(values) // width * width].reshape(-1, width)


def _width(recording: Recording) -> int:
    return min(max(1, round(recording.rate_hz)), len(recording.signal_mv))
