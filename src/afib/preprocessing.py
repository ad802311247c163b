"""From a recording to what the network sees: its sampling rate, and segments of equal length.

Amplitudes stay in mV throughout: nothing is normalised.
Both steps are linear in the samples, so a disturbance of at most so many mV at the recorder is one
of at most 1.78 times as many at the network (the sum of the filter's absolute taps, from 300 Hz).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import firwin, resample_poly

from nnassure.arrays import FloatArray, require_shape
from nnassure.errors import ShapeError

if TYPE_CHECKING:
    from afib.settings import PreprocessingSettings
    from nnassure.arrays import IntArray

__all__ = [
    "network_filter",
    "segment_indices",
    "segment_samples",
    "segments",
    "to_network_rate",
]

_MAX_DENOMINATOR = 1000
_HALF_LENGTH = 10
_KAISER_BETA = 5.0


def to_network_rate(
    recording_mv: FloatArray, rate_hz: float, settings: PreprocessingSettings
) -> FloatArray:
    """*recording_mv* at the network's rate, free of what that rate cannot carry.

    Polyphase resampling by up / down, the ratio of the rates with a denominator of at most 1000
    (300 Hz to 60 Hz is 1 / 5).
    The low-pass is a linear-phase FIR filter of 20 * max(up, down) + 1 taps, Kaiser window with
    beta 5, cut off (-6 dB) at the lower of the two Nyquist frequencies: the design that
    scipy.signal.resample_poly documents.
    From 300 Hz to 60 Hz it passes 25 Hz within 1 % and stops 35 Hz and above by 50 dB.
    Before its start and after its end the recording is taken to stay at its outermost samples.

    Args:
        recording_mv: Samples in mV, shape (samples,).
        rate_hz: The recorder's rate.
        settings: Names the network's rate.

    Returns:
        Samples in mV, shape (ceil(samples * up / down),), float32.

    Raises:
        ShapeError: If *recording_mv* is empty or not one-dimensional.
    """
    _require_samples("recording_mv", recording_mv)
    found = network_filter(rate_hz, settings)
    if found is None:
        return recording_mv.astype(np.float32)
    # scipy takes taps as well as the name of a window; its published types know only names.
    taps: Any = found[0]
    resampled = resample_poly(
        recording_mv.astype(np.float32), *found[1:], window=taps, padtype="edge"
    )
    return np.ascontiguousarray(resampled, dtype=np.float32)


def network_filter(
    rate_hz: float, settings: PreprocessingSettings
) -> tuple[FloatArray, int, int] | None:
    """The filter of :func:`to_network_rate`: its taps, and the ratio of the rates, up and down.

    Sample i of the result is the sum over k of ``taps[k] * up * z[i * down + half - k]``, where z
    holds the recorder's samples at the multiples of *up* and zeros between, and ``half`` taps lie
    on either side of the middle one.

    Args:
        rate_hz: The recorder's rate.
        settings: Names the network's rate.

    Returns:
        Taps of shape (taps,), float32, up and down; None if the rates are equal and nothing is
        filtered.
    """
    ratio = Fraction(settings.rate_hz / rate_hz).limit_denominator(_MAX_DENOMINATOR)
    if ratio == 1:
        return None
    up, down = ratio.numerator, ratio.denominator
    return _low_pass(max(up, down)), up, down


def segments(signal_mv: FloatArray, settings: PreprocessingSettings) -> FloatArray:
    """The segments of one recording at the network's rate, by :func:`segment_indices`.

    Args:
        signal_mv: Samples in mV, shape (samples,).
        settings: Names the length of a segment.

    Returns:
        Samples in mV, shape (segments, samples).

    Raises:
        ShapeError: If *signal_mv* is empty or not one-dimensional.
    """
    _require_samples("signal_mv", signal_mv)
    return signal_mv[segment_indices(len(signal_mv), segment_samples(settings))]


def segment_samples(settings: PreprocessingSettings) -> int:
    """Samples a segment has."""
    return round(settings.rate_hz * settings.segment_s)


def segment_indices(samples: int, length: int) -> IntArray:
    """Which sample of a recording stands where in its segments.

    The one rule by which recordings become segments; a segment never mixes two recordings.
    A recording shorter than a segment is repeated from its start and cut.
    A longer one is covered by the fewest segments that hold every sample, evenly spaced, so they
    overlap.

    Args:
        samples: Samples of the recording, at least 1.
        length: Samples of a segment, at least 1.

    Returns:
        Positions from 0 to *samples* - 1, shape (segments, length).

    Raises:
        ShapeError: If *samples* or *length* is below 1.
    """
    if samples < 1 or length < 1:
        raise ShapeError(
            f"segments: expected at least 1 sample and a length of 1, got {samples} and {length}"
        )
    within = np.arange(length, dtype=np.int64)
    if samples < length:
        return (within % samples)[None]
    count = -(-samples // length)
    starts = np.linspace(0, samples - length, count).round().astype(np.int64)
    return starts[:, None] + within


def _require_samples(name: str, signal_mv: FloatArray) -> None:
    require_shape(name, signal_mv, "samples")
    if len(signal_mv) == 0:
        raise ShapeError(f"{name}: expected at least 1 sample, got none")


@lru_cache(maxsize=16)
def _low_pass(longest: int) -> FloatArray:
    """The taps for a ratio whose larger part is *longest*; designing them costs most of a call."""
    taps = firwin(2 * _HALF_LENGTH * longest + 1, 1 / longest, window=("kaiser", _KAISER_BETA))
    return taps.astype(np.float32)
