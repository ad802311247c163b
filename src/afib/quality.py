"""What a recording tells about itself before any network sees it: numbers for a quality gate.

An ECG of a heart has its power in certain bands, complexes that look alike, and a plausible rate;
what has not is noise, another signal, or an ECG that went wrong on its way. The numbers are such
as signal quality indices of ECG use: band powers, kurtosis, flatness, clipping, and the likeness of
complexes (Clifford 2012, doi:10.1088/0967-3334/33/9/1419; Orphanidou 2015,
doi:10.1109/JBHI.2014.2338351).

They are taken at one rate and without what lies above 40 Hz, where the network sees nothing
either; and what a sample's steps could tell is asked in steps as coarse as the intended use allows.
So they tell about the recording, and hardly about the recorder, or the mains beside it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import butter, firwin, resample_poly, sosfiltfilt, welch

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

_RATE_HZ, _HIGHEST_HZ = 200.0, 40.0
_REACH_S, _KAISER_BETA = 0.125, 5.0
_MAX_DENOMINATOR = 1000
_BANDS_HZ = ((0.0, 0.5), (0.5, 5.0), (5.0, 15.0), (15.0, 40.0))
_QRS_BAND_HZ = (5.0, 30.0)
_SPECTRUM_S = 4.0
_FLAT_MV = 0.02
_STEP_MV = 0.01
# No multiple of a step that recorders have, so that no sample stands on the border.
_NEAR_MV = 0.0095
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
    raw, rate_hz = recording.signal_mv.astype(np.float64), recording.rate_hz
    # Without its offset, which a filter of several phases would turn into a ripple.
    signal = _at_one_rate(raw - np.median(raw), rate_hz)
    centred = signal - np.median(signal)
    qrs = _band(centred)
    peaks = r_peaks(signal.astype(np.float32), _RATE_HZ)
    return np.array(
        [
            *_sizes(centred),
            *_spectrum(centred),
            *_shape(centred, qrs),
            *_limits(raw, signal),
            *_rhythm(peaks, len(signal) / _RATE_HZ),
            *_likeness(qrs, peaks),
            _periodicity(qrs),
        ],
        dtype=np.float64,
    )


def _at_one_rate(raw: DoubleArray, rate_hz: float) -> DoubleArray:
    """*raw* at 200 Hz, passed up to 34 Hz and stopped from 46 Hz by 50 dB."""
    ratio = Fraction(_RATE_HZ / rate_hz).limit_denominator(_MAX_DENOMINATOR)
    taps: Any = _low_pass(rate_hz * ratio.numerator, min(_HIGHEST_HZ, rate_hz / 2))
    if ratio == 1:
        # For this ratio scipy returns its input, and filters nothing.
        return np.convolve(np.pad(raw, len(taps) // 2, mode="edge"), taps, mode="valid")
    resampled = resample_poly(raw, ratio.numerator, ratio.denominator, window=taps, padtype="edge")
    return np.asarray(resampled, np.float64)


@lru_cache(maxsize=16)
def _low_pass(rate_hz: float, highest_hz: float) -> DoubleArray:
    taps = 2 * round(_REACH_S * rate_hz) + 1
    designed = firwin(taps, highest_hz, window=("kaiser", _KAISER_BETA), fs=rate_hz)
    return np.asarray(designed, np.float64)


def _sizes(centred: DoubleArray) -> tuple[float, float]:
    low, high = np.quantile(centred, [0.005, 0.995])
    return math.log(centred.std() + 1e-4), math.log(high - low + 1e-3)


def _spectrum(centred: DoubleArray) -> list[float]:
    """Shares of power by band, and how flat the spectrum is from 0.5 to 40 Hz."""
    width = min(len(centred), round(_SPECTRUM_S * _RATE_HZ))
    frequency, power = welch(centred, _RATE_HZ, nperseg=width, detrend="constant")
    power += 1e-12
    total = power[frequency < _HIGHEST_HZ].sum()
    shares = [power[(frequency >= low) & (frequency < high)].sum() for low, high in _BANDS_HZ]
    inside = power[(frequency >= _BANDS_HZ[1][0]) & (frequency < _BANDS_HZ[3][1])]
    flatness = math.exp(np.log(inside).mean()) / inside.mean() if len(inside) else 1.0
    return [*(math.log(share / total + _LITTLE) for share in shares), flatness]


def _shape(centred: DoubleArray, qrs: DoubleArray) -> tuple[float, ...]:
    steps = np.diff(centred)
    kurtosis, skewness = _moments(qrs)
    crossings = float((np.diff(np.sign(qrs)) != 0).mean()) * _RATE_HZ if len(qrs) > 1 else 0.0
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


def _limits(raw: DoubleArray, signal: DoubleArray) -> tuple[float, ...]:
    width = min(round(_RATE_HZ), len(signal))
    seconds = signal[: len(signal) // width * width].reshape(-1, width)
    flat = float((np.ptp(seconds, axis=1) < _FLAT_MV).mean())
    # A limit is asked of the recorder's samples: a filter would blur it.
    at_limits = float(((raw < raw.min() + _NEAR_MV) | (raw > raw.max() - _NEAR_MV)).mean())
    levels = len(np.unique(np.rint(raw / _STEP_MV)))
    # Between one move and the next the signal rests: of an ECG with noise hardly ever for long.
    moves = np.flatnonzero(np.diff(np.rint(signal / _STEP_MV)))
    rests = np.diff(np.concatenate([[-1], moves, [len(signal) - 1]])) - 1
    longest_s = float(rests.max()) / _RATE_HZ
    return flat, math.log(at_limits + 1e-4), math.log(levels + 1), math.log(longest_s + 0.01)


def _rhythm(peaks: IntArray, duration_s: float) -> tuple[float, ...]:
    rr_s = np.diff(peaks) / _RATE_HZ
    if len(rr_s) == 0:
        return len(peaks) / duration_s * 60, 0.0, 1.0
    low, high = _PLAUSIBLE_RR_S
    implausible = float(((rr_s < low) | (rr_s > high)).mean())
    return len(peaks) / duration_s * 60, float(np.median(rr_s)), implausible


def _likeness(qrs: DoubleArray, peaks: IntArray) -> tuple[float, ...]:
    """How alike the complexes are: their correlation with the median complex."""
    reach = max(1, round(_EITHER_SIDE_S * _RATE_HZ))
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
    return float(middle), float(low), alike, over, _width_s(typical)


def _width_s(typical: DoubleArray) -> float:
    """Twice the root mean square distance from the middle of the power of a complex, in s."""
    power = typical**2
    total = power.sum()
    if not total > 0:
        return 0.0
    times_s = np.arange(len(typical)) / _RATE_HZ
    middle_s = float((power * times_s).sum() / total)
    return 2 * math.sqrt(float((power * (times_s - middle_s) ** 2).sum() / total))


def _periodicity(qrs: DoubleArray) -> float:
    """The largest autocorrelation of the complexes' size at the distances that beats may have."""
    first, last = (round(lag_s * _RATE_HZ) for lag_s in _LAG_S)
    size = np.abs(qrs) - np.abs(qrs).mean()
    if len(qrs) <= 3 * last or not size.any():
        return 0.0
    spectrum = np.abs(np.fft.rfft(size, 2 * len(size))) ** 2
    correlation = np.fft.irfft(spectrum)[:last]
    return float(correlation[first:].max() / (correlation[0] + 1e-12))


def _band(centred: DoubleArray) -> DoubleArray:
    """*centred* from 5 to 30 Hz, where the QRS complexes are largest."""
    sections = butter(2, _QRS_BAND_HZ, "bandpass", fs=_RATE_HZ, output="sos")
    shortest = 3 * (2 * len(sections) + 1)
    if len(centred) <= shortest:
        return np.zeros_like(centred)
    return np.asarray(sosfiltfilt(sections, centred))
