"""R peaks, the intervals between them, and what the intervals tell about rhythm.

Beats are found by sleepecg's variant of Pan and Tompkins 1985 (doi:10.1109/TBME.1985.325532).
That detector prefers upright complexes, so the signal is turned upright first: within 5 to 30 Hz
the QRS complex is the largest deflection, and its side is the sign of the third moment.
A signal and its negative therefore have the same beats.
This file is the only one that imports sleepecg (decision 0005).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt
from sleepecg.heartbeats import detect_heartbeats

from nnassure.arrays import FloatArray, require_finite, require_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnassure.arrays import IntArray

__all__ = ["RR_FEATURE_NAMES", "r_peaks", "rr_features", "rr_intervals_s"]

RR_FEATURE_NAMES = (
    "mean_s",
    "sd_s",
    "rmssd_s",
    "pnn50",
    "normalised_sd",
    "normalised_rmssd",
    "normalised_median_step",
    "sample_entropy",
)

_QRS_BAND_HZ = (5.0, 30.0)
_LOWEST_RATE_HZ = 200.0
_SHORTEST_S = 2.0
_FEWEST_INTERVALS = 3
_STEP_S = 0.05
_ALIKE = 0.1


def r_peaks(signal_mv: FloatArray, rate_hz: float) -> IntArray:
    """The samples nearest to the R peaks, rising.

    Args:
        signal_mv: Samples in mV, shape (samples,), of either polarity.
        rate_hz: Samples a second.

    Returns:
        Positions in *signal_mv*, shape (beats,); none for a signal that is flat, or shorter than
        2 s from its first move on, in which the detector could learn no threshold.

    Raises:
        ShapeError: If *signal_mv* is not one-dimensional.
        NotFiniteError: If a sample is not finite.
    """
    positions = np.rint(_peak_times_s(signal_mv, rate_hz) * rate_hz).astype(np.int64)
    return np.unique(np.clip(positions, 0, max(len(signal_mv) - 1, 0)))


def rr_intervals_s(signal_mv: FloatArray, rate_hz: float) -> FloatArray:
    """The times between neighbouring R peaks in seconds, shape (beats - 1,) or (0,).

    Below 200 Hz they are finer than the sampling interval, because beats are sought in the
    interpolated signal.

    Raises:
        ShapeError: If *signal_mv* is not one-dimensional.
        NotFiniteError: If a sample is not finite.
    """
    return np.diff(_peak_times_s(signal_mv, rate_hz)).astype(np.float32)


def rr_features(rr_s: FloatArray) -> FloatArray:
    """What the intervals tell about rhythm, in the order of :data:`RR_FEATURE_NAMES`.

    Mean, standard deviation, RMSSD (root mean square of successive differences) and pNN50 (share
    of successive differences above 50 ms) are those of the Task Force 1996
    (doi:10.1161/01.CIR.93.5.1043); "normalised" divides by the mean; the median step is the
    median absolute successive difference, which one missed beat hardly moves.
    The sample entropy (Richman and Moorman 2000, doi:10.1152/ajpheart.2000.278.6.H2039) compares
    single intervals that differ by at most a tenth of the mean; half a match is added to both of
    its counts, so that it is finite when no two intervals agree.

    Args:
        rr_s: Intervals in seconds, shape (intervals,).

    Returns:
        Features, shape (8,), all finite. Fewer than 3 intervals show no irregularity and give
        zeros.

    Raises:
        ShapeError: If *rr_s* is not one-dimensional.
        NotFiniteError: If an interval is not finite.
    """
    require_shape("rr_s", rr_s, "intervals")
    require_finite("rr_s", rr_s)
    if len(rr_s) < _FEWEST_INTERVALS:
        return np.zeros(len(RR_FEATURE_NAMES), dtype=np.float32)
    rr = rr_s.astype(np.float64)
    mean, deviation = float(rr.mean()), float(rr.std(ddof=1))
    steps = np.abs(np.diff(rr))
    rmssd = math.sqrt(float((steps**2).mean()))
    features = [
        mean,
        deviation,
        rmssd,
        float((steps > _STEP_S).mean()),
        deviation / mean,
        rmssd / mean,
        float(np.median(steps)) / mean,
        _sample_entropy(rr, _ALIKE * mean),
    ]
    return np.array(features, dtype=np.float32)


def _sample_entropy(rr: NDArray[np.float64], tolerance: float) -> float:
    """Minus the logarithm of the share of alike pairs whose successors are alike too."""
    alike = np.abs(rr[:, None] - rr[None]) <= tolerance
    # Pairs of different intervals that both have a successor, each pair once.
    first, second = np.triu_indices(len(rr) - 1, k=1)
    single = int(alike[first, second].sum())
    double = int((alike[first, second] & alike[first + 1, second + 1]).sum())
    return -math.log((double + 0.5) / (single + 0.5))


def _peak_times_s(signal_mv: FloatArray, rate_hz: float) -> NDArray[np.float64]:
    """The times of the R peaks in seconds from the start, rising, shape (beats,)."""
    require_shape("signal_mv", signal_mv, "samples")
    require_finite("signal_mv", signal_mv)
    if len(signal_mv) < _SHORTEST_S * rate_hz or np.ptp(signal_mv) == 0:
        return np.empty(0)
    factor = math.ceil(_LOWEST_RATE_HZ / rate_hz)
    samples = resample_poly(signal_mv.astype(np.float64), factor, 1, padtype="edge")
    fine_hz = rate_hz * factor
    # The detector passes over a flat start, and needs as much after it.
    if len(samples) - int(np.argmax(samples != samples[0])) < _SHORTEST_S * fine_hz:
        return np.empty(0)
    band = butter(2, _QRS_BAND_HZ, "bandpass", fs=fine_hz, output="sos")
    upright = np.sign(np.sum(sosfiltfilt(band, samples) ** 3)) or 1.0
    return np.asarray(detect_heartbeats(samples * upright, fine_hz)) / fine_hz
