"""What a recording tells about itself before any network sees it: numbers for a quality gate.

An ECG of a heart has its power in certain bands, complexes that look alike, and a plausible rate;
what has not is noise, another signal, or an ECG that went wrong on its way. The numbers are such
as signal quality indices of ECG use: band powers, kurtosis, flatness, clipping, and the likeness of
complexes (Clifford 2012, doi:10.1088/0967-3334/33/9/1419; Orphanidou 2015,
doi:10.1109/JBHI.2014.2338351).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, sosfiltfilt, welch

from afib.beats import r_peaks

if TYPE_CHECKING:
    from afib.records import Recording
    from nnassure.arrays import DoubleArray, IntArray

__all__ = ["QUALITY_FEATURES", "quality_features"]

QUALITY_FEATURES = (
    "log_deviation",
    "log_range",
    "log_power_0_to_0.5_hz",
    "log_power_0.5_to_5_hz",
    "log_power_5_to_15_hz",
    "log_power_15_to_40_hz",
    "log_power_above_40_hz",
    "log_power_mains",
    "spectral_flatness",
    "log_kurtosis_qrs_band",
    "skewness_qrs_band",
    "crossings_per_s",
    "log_mobility",
    "log_kurtosis_steps",
    "flat_share",
    "log_share_at_limits",
    "log_levels",
    "log_longest_rest_s",
    "beats_per_minute",
    "median_rr_s",
    "implausible_rr_share",
    "median_likeness",
    "low_likeness",
    "alike_share",
    "log_qrs_over_rest",
    "qrs_width_s",
    "pulse_periodicity",
)

_BANDS_HZ = ((0.0, 0.5), (0.5, 5.0), (5.0, 15.0), (15.0, 40.0), (40.0, 110.0))
_MAINS_HZ, _MAINS_WIDTH_HZ = (50.0, 60.0), 0.6
_QRS_BAND_HZ = (5.0, 30.0)
_SPECTRUM_S = 4.0
_FLAT_MV = 0.02
_STEP_MV = 0.001
_PLAUSIBLE_RR_S = (0.3, 2.0)
_EITHER_SIDE_S = 0.12
_FEWEST_BEATS = 4
_ALIKE = 0.8
_LAG_S = (0.3, 2.0)
_LITTLE = 1e-6


def quality_features(recording: Recording) -> DoubleArray:
    """The numbers of *recording*, in the order of :data:`QUALITY_FEATURES`.

    Args:
        recording: As stored, of at least one second.

    Returns:
        Shape (features,), all finite, whatever the recording holds.
    """
    signal, rate_hz = recording.signal_mv.astype(np.float64), recording.rate_hz
    centred = signal - np.median(signal)
    qrs = _band(centred, rate_hz)
    peaks = r_peaks(recording.signal_mv, rate_hz)
    return np.array(
        [
            *_sizes(centred),
            *_spectrum(centred, rate_hz),
            *_shape(centred, qrs, rate_hz),
            *_limits(signal, rate_hz),
            *_rhythm(peaks, len(signal) / rate_hz, rate_hz),
            *_likeness(qrs, peaks, rate_hz),
            _periodicity(qrs, rate_hz),
        ],
        dtype=np.float64,
    )


def _sizes(centred: DoubleArray) -> tuple[float, float]:
    low, high = np.quantile(centred, [0.005, 0.995])
    return math.log(centred.std() + 1e-4), math.log(high - low + 1e-3)


def _spectrum(centred: DoubleArray, rate_hz: float) -> list[float]:
    """Shares of power by band, of the mains, and how flat the spectrum is from 0.5 to 40 Hz."""
    width = min(len(centred), round(_SPECTRUM_S * rate_hz))
    frequency, power = welch(centred, rate_hz, nperseg=width, detrend="constant")
    power += 1e-12
    total = power.sum()
    shares = [power[(frequency >= low) & (frequency < high)].sum() for low, high in _BANDS_HZ]
    mains = max(power[np.abs(frequency - each) <= _MAINS_WIDTH_HZ].sum() for each in _MAINS_HZ)
    inside = power[(frequency >= _BANDS_HZ[1][0]) & (frequency < _BANDS_HZ[3][1])]
    flatness = math.exp(np.log(inside).mean()) / inside.mean() if len(inside) else 1.0
    return [*(math.log(share / total + _LITTLE) for share in (*shares, mains)), flatness]


def _shape(centred: DoubleArray, qrs: DoubleArray, rate_hz: float) -> tuple[float, ...]:
    steps = np.diff(centred)
    kurtosis, skewness = _moments(qrs)
    crossings = float((np.diff(np.sign(qrs)) != 0).mean()) * rate_hz if len(qrs) > 1 else 0.0
    # Hjorth 1970 (doi:10.1016/0013-4694(70)90143-4): how fast it moves for its size.
    mobility = math.log((steps.var() + 1e-12) / (centred.var() + 1e-12)) if len(steps) else 0.0
    return kurtosis, skewness, crossings, mobility, _moments(steps)[0]


def _moments(values: DoubleArray) -> tuple[float, float]:
    """The logarithm of one plus the kurtosis, and the size of the skewness."""
    deviation = values.std() if len(values) else 0.0
    if deviation < _LITTLE * _LITTLE:
        return 0.0, 0.0
    standard = (values - values.mean()) / deviation
    return math.log1p((standard**4).mean()), abs(float((standard**3).mean()))


def _limits(signal: DoubleArray, rate_hz: float) -> tuple[float, ...]:
    width = min(max(1, round(rate_hz)), len(signal))
    seconds = signal[: len(signal) // width * width].reshape(-1, width)
    flat = float((np.ptp(seconds, axis=1) < _FLAT_MV).mean())
    at_limits = float(((signal == signal.min()) | (signal == signal.max())).mean())
    levels = len(np.unique(np.rint(signal / _STEP_MV)))
    moves = np.flatnonzero(np.diff(signal))
    # Between one move and the next the signal rests: of an ECG with noise hardly ever for long.
    rests = np.diff(np.concatenate([[-1], moves, [len(signal) - 1]])) - 1
    longest_s = float(rests.max()) / rate_hz
    return flat, math.log(at_limits + 1e-4), math.log(levels + 1), math.log(longest_s + 0.01)


def _rhythm(peaks: IntArray, duration_s: float, rate_hz: float) -> tuple[float, ...]:
    rr_s = np.diff(peaks) / rate_hz
    if len(rr_s) == 0:
        return len(peaks) / duration_s * 60, 0.0, 1.0
    low, high = _PLAUSIBLE_RR_S
    implausible = float(((rr_s < low) | (rr_s > high)).mean())
    return len(peaks) / duration_s * 60, float(np.median(rr_s)), implausible


def _likeness(qrs: DoubleArray, peaks: IntArray, rate_hz: float) -> tuple[float, ...]:
    """How alike the complexes are: their correlation with the median complex."""
    reach = max(1, round(_EITHER_SIDE_S * rate_hz))
    whole = peaks[(peaks >= reach) & (peaks < len(qrs) - reach)]
    if len(whole) < _FEWEST_BEATS:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    around = np.arange(-reach, reach + 1)
    beats = qrs[whole[:, None] + around]
    typical = np.median(beats, axis=0)
    apart = beats - beats.mean(axis=1, keepdims=True)
    mean_free = typical - typical.mean()
    sizes = np.linalg.norm(apart, axis=1) * np.linalg.norm(mean_free)
    likeness = apart @ mean_free / (sizes + 1e-9)
    rest = np.ones(len(qrs), dtype=np.bool_)
    rest[(whole[:, None] + around).ravel()] = False
    between = float(np.sqrt((qrs[rest] ** 2).mean())) if rest.any() else 1.0
    over = math.log((np.ptp(typical) + _LITTLE) / (between + _LITTLE))
    low, middle = np.quantile(likeness, [0.1, 0.5])
    alike = float((likeness > _ALIKE).mean())
    return float(middle), float(low), alike, over, _width_s(typical, rate_hz)


def _width_s(typical: DoubleArray, rate_hz: float) -> float:
    """Twice the root mean square distance from the middle of the power of a complex, in s."""
    power = typical**2
    total = power.sum()
    if not total > 0:
        return 0.0
    times_s = np.arange(len(typical)) / rate_hz
    middle_s = float((power * times_s).sum() / total)
    return 2 * math.sqrt(float((power * (times_s - middle_s) ** 2).sum() / total))


def _periodicity(qrs: DoubleArray, rate_hz: float) -> float:
    """The largest autocorrelation of the complexes' size at the distances that beats may have."""
    first, last = (round(lag_s * rate_hz) for lag_s in _LAG_S)
    size = np.abs(qrs) - np.abs(qrs).mean()
    if len(qrs) <= 3 * last or not size.any():
        return 0.0
    spectrum = np.abs(np.fft.rfft(size, 2 * len(size))) ** 2
    correlation = np.fft.irfft(spectrum)[:last]
    return float(correlation[first:].max() / (correlation[0] + 1e-12))


def _band(centred: DoubleArray, rate_hz: float) -> DoubleArray:
    """*centred* from 5 to 30 Hz, where the QRS complexes are largest."""
    high = min(_QRS_BAND_HZ[1], 0.45 * rate_hz)
    sections = butter(2, (_QRS_BAND_HZ[0], high), "bandpass", fs=rate_hz, output="sos")
    shortest = 3 * (2 * len(sections) + 1)
    if len(centred) <= shortest:
        return np.zeros_like(centred)
    return np.asarray(sosfiltfilt(sections, centred))
