"""When the heart beats: sinus rhythm, ectopic beats, and the irregular answer to fibrillation.

Sinus rhythm: beats fall where the integral of a modulated rate passes whole numbers (integral
pulse frequency modulation: Mateo and Laguna 2000, IEEE Trans Biomed Eng 47(8):985-996).
The modulation has the two-peaked spectrum of McSharry et al. 2003 (doi:10.1109/TBME.2003.808805):
Mayer waves near 0.1 Hz and breathing near 0.25 Hz.

Fibrillation: an interval is the refractory period of the atrioventricular node plus the wait for
an impulse that passes it (Corino et al. 2011, doi:10.1109/TBME.2011.2166262); the wait is
Erlang-distributed and independent from beat to beat, so the intervals are uncorrelated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, next_fast_len, rfftfreq

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnassure.arrays import BoolArray, IntArray

__all__ = ["BeatKind", "Beats", "Fibrillation", "SinusRhythm", "fibrillation_beats", "sinus_beats"]

_GRID_HZ = 20.0
_FEWEST_POINTS = 4096  # 205 s, so that the spectrum is finer than its peaks
_MAYER_WIDTH_HZ = 0.01
_BREATHING_WIDTH_HZ = 0.02
_LEAD_S = 2.0
_SHORTEST_RR_S = 0.28


class BeatKind(IntEnum):
    """Where a beat starts, which decides how it looks."""

    SINUS = 0
    ATRIAL = 1
    VENTRICULAR = 2
    CONDUCTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Beats:
    """Beats in order of time, from shortly before a recording starts to shortly after it ends.

    Args:
        times_s: R peaks, shape (beats,); 0 is the first sample.
        rr_s: The interval before each beat, shape (beats,).
        kinds: A :class:`BeatKind` each, shape (beats,).
    """

    times_s: NDArray[np.float64]
    rr_s: NDArray[np.float64]
    kinds: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SinusRhythm:
    """A sinus node and the ectopic beats that interrupt it.

    Args:
        mean_rr_s: Mean interval.
        mayer_hz: Centre of the Mayer waves.
        breathing_hz: Breathing frequency.
        mayer_sd: Standard deviation of the rate that Mayer waves cause, relative to its mean.
        breathing_sd: The same for breathing.
        ectopic_gaps: Fewest and most beats from one early beat to the next, at least 2: (2, 2) is
            bigeminy, (3, 3) trigeminy; None if no beat comes early.
        ventricular_share: Share of early beats that start in the ventricles, the rest in the atria.
    """

    mean_rr_s: float
    mayer_hz: float
    breathing_hz: float
    mayer_sd: float
    breathing_sd: float
    ectopic_gaps: tuple[int, int] | None
    ventricular_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fibrillation:
    """The ventricles' answer to fibrillating atria.

    Args:
        mean_rr_s: Mean interval.
        variation: Standard deviation of the intervals relative to their mean.
        stages: Stages of the Erlang distribution; fewer have a longer tail.
        aberrant_share: Share of the shorter intervals that end in a widely conducted beat.
        breathing_hz: Breathing frequency; it moves the size of the beats, not the intervals.
    """

    mean_rr_s: float
    variation: float
    stages: int
    aberrant_share: float
    breathing_hz: float


def sinus_beats(rhythm: SinusRhythm, duration_s: float, rng: np.random.Generator) -> Beats:
    """The beats of a sinus rhythm with its ectopic beats."""
    # Early beats shorten what follows: with bigeminy of atrial beats by up to a sixth.
    span_s = 1.4 * duration_s + 4.0 * _LEAD_S
    rr_s = np.diff(_sinus_times(rhythm, span_s, rng))
    early = _early_beats(rhythm, len(rr_s), rng)
    kinds = np.full(len(rr_s), BeatKind.SINUS, dtype=np.int64)
    ventricular = rng.random(len(rr_s)) < rhythm.ventricular_share
    kinds[early] = np.where(ventricular[early], BeatKind.VENTRICULAR, BeatKind.ATRIAL)
    return _placed(_with_pauses(rr_s, kinds, rng), kinds, duration_s, rng)


def fibrillation_beats(rhythm: Fibrillation, duration_s: float, rng: np.random.Generator) -> Beats:
    """The beats during fibrillation: intervals are independent draws from one distribution."""
    count = math.ceil(2.0 * (duration_s + 4.0 * _LEAD_S) / rhythm.mean_rr_s)
    scale_s = rhythm.variation * rhythm.mean_rr_s / math.sqrt(rhythm.stages)
    refractory_s = rhythm.mean_rr_s - rhythm.stages * scale_s
    waits_s = rng.gamma(rhythm.stages, scale_s, size=count)
    rr_s = np.maximum(refractory_s + waits_s, _SHORTEST_RR_S)
    aberrant = (rng.random(count) < rhythm.aberrant_share) & (rr_s < rhythm.mean_rr_s)
    kinds = np.where(aberrant, BeatKind.VENTRICULAR, BeatKind.CONDUCTED).astype(np.int64)
    return _placed(rr_s, kinds, duration_s, rng)


def _sinus_times(
    rhythm: SinusRhythm, span_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Where the integral of the sinus rate passes whole numbers."""
    time_s = np.arange(0.0, span_s, 1.0 / _GRID_HZ)
    modulation = _modulation(rhythm, max(len(time_s), _FEWEST_POINTS), rng)[: len(time_s)]
    # The rate stays positive, however strong the sinus arrhythmia.
    rate_hz = (1.0 + np.clip(modulation, -0.45, 0.45)) / rhythm.mean_rr_s
    cells = (rate_hz[1:] + rate_hz[:-1]) / (2.0 * _GRID_HZ)
    beats = np.concatenate(([0.0], np.cumsum(cells)))
    return np.asarray(np.interp(np.arange(math.floor(beats[-1]) + 1), beats, time_s))


def _modulation(rhythm: SinusRhythm, points: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How the rate departs from its mean, relative to it, on the grid; shape (points,)."""
    points = next_fast_len(points, real=True)
    frequency_hz = rfftfreq(points, 1.0 / _GRID_HZ)
    power = _peak(frequency_hz, rhythm.mayer_hz, _MAYER_WIDTH_HZ) * rhythm.mayer_sd**2
    power += _peak(frequency_hz, rhythm.breathing_hz, _BREATHING_WIDTH_HZ) * rhythm.breathing_sd**2
    phases = rng.uniform(0.0, 2.0 * np.pi, size=len(frequency_hz))
    # A cosine of amplitude a has power a**2 / 2, and irfft needs it as a * points / 2.
    spectrum = np.sqrt(2.0 * power) * np.exp(1j * phases) * (points / 2.0)
    return np.asarray(irfft(spectrum, points))


def _peak(
    frequency_hz: NDArray[np.float64], centre_hz: float, width_hz: float
) -> NDArray[np.float64]:
    peak = np.exp(-0.5 * np.square((frequency_hz - centre_hz) / width_hz))
    peak[0] = 0.0
    return np.asarray(peak / peak.sum())


def _early_beats(rhythm: SinusRhythm, count: int, rng: np.random.Generator) -> BoolArray:
    """Which beats come early, shape (count,)."""
    early = np.zeros(count, dtype=np.bool_)
    if rhythm.ectopic_gaps is not None:
        fewest, most = rhythm.ectopic_gaps
        gaps = rng.integers(fewest, most, size=count, endpoint=True)
        # The first gap may have begun before the recording.
        places = np.cumsum(gaps) - rng.integers(1, gaps[0], endpoint=True)
        early[places[places < count]] = True
    return early


def _with_pauses(
    rr_s: NDArray[np.float64], kinds: IntArray, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Intervals in which early beats are early and pauses follow them.

    A ventricular beat leaves the sinus node alone, so the next beat comes when it would have come
    (a full compensatory pause); an atrial beat resets the node, and a slightly longer interval
    follows.
    """
    # One focus fires at about one distance from the beat before.
    coupling = rng.uniform(0.55, 0.78) + 0.015 * rng.standard_normal(len(rr_s))
    delay = rng.uniform(1.02, 1.15, size=len(rr_s))
    early = kinds != BeatKind.SINUS
    changed = np.where(early, coupling * rr_s, rr_s)
    after_ventricular = np.concatenate(([False], kinds[:-1] == BeatKind.VENTRICULAR))
    after_atrial = np.concatenate(([False], kinds[:-1] == BeatKind.ATRIAL))
    missed_s = np.concatenate(([0.0], ((1.0 - coupling) * rr_s)[:-1]))
    changed += np.where(after_ventricular, missed_s, 0.0)
    return np.where(after_atrial, changed * delay, changed)


def _placed(
    rr_s: NDArray[np.float64], kinds: IntArray, duration_s: float, rng: np.random.Generator
) -> Beats:
    """The beats around a recording that starts at a random moment of the rhythm."""
    times_s = np.cumsum(rr_s) - rr_s[0] * (1.0 + rng.random()) - _LEAD_S
    near = (times_s > -_LEAD_S) & (times_s < duration_s + _LEAD_S)
    # After a pause longer than the lead, the beat on the other side of it belongs to it too.
    begin, end = np.searchsorted(times_s, (0.0, duration_s), side="right")
    near[begin - 1 : end + 1] = True
    return Beats(times_s=times_s[near], rr_s=rr_s[near], kinds=kinds[near])
