"""What a beat looks like: waves as Gaussians around its R peak, seen from one lead.

A beat is a sum of Gaussians for P, Q, R, S and T (McSharry et al. 2003,
doi:10.1109/TBME.2003.808805), placed at each beat instead of along a limit cycle; the flanks of T
differ, since T rises slower than it falls.
Sizes follow from the lead: a wave is a vector in the frontal plane, and lead I, at 0 degrees,
sees its cosine.
T comes later and gets wider with the square root of the RR interval before (Bazett 1920).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from afib.synthetic.rhythm import BeatKind, Beats

if TYPE_CHECKING:
    from afib.corruption import Millivolts

__all__ = ["Morphology", "Positions", "draw_morphology", "positions", "render"]

_P, _Q, _R, _S, _T = range(5)
_REACH = 5.0  # widths after which a Gaussian is below 4e-6 of its height
_QRS_ONSET_S = 0.04
_T_TAIL = 2.2
_LONGEST_RR_S = 1.6
_INVERTED_SHARE = 0.3
_NEGATIVE_T_SHARE = 0.08

_Table: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Morphology:
    """How the beats of one recording look, one row a :class:`BeatKind`, one column a wave.

    Args:
        height_mv: Height of each wave; 0 where a kind of beat does not have it; (kinds, waves).
        offset_s: Centre of each wave after the R peak, for an RR interval of 1 s; (kinds, waves).
        rising_s: Width of the flank before the centre; (kinds, waves).
        falling_s: Width of the flank after the centre; (kinds, waves).
        breathing_depth: Share by which breathing changes the height.
        breathing_hz: Breathing frequency.
        breathing_phase: Phase of breathing at the first sample.
    """

    height_mv: _Table
    offset_s: _Table
    rising_s: _Table
    falling_s: _Table
    breathing_depth: float
    breathing_hz: float
    breathing_phase: float

    @property
    def beat_mv(self) -> float:
        """How far the tallest wave of an ordinary beat rises or falls."""
        return float(np.abs(self.height_mv[BeatKind.SINUS]).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where the waves of each beat are, in s; NaN where there is none; each of shape (beats,).

    Args:
        r_s: Peaks of R.
        p_s: Peaks of P.
        qrs_s: Middles of the QRS complex, between two widths before Q and two after S.
        t_s: Peaks of T.
    """

    r_s: NDArray[np.float64]
    p_s: NDArray[np.float64]
    qrs_s: NDArray[np.float64]
    t_s: NDArray[np.float64]


def draw_morphology(*, breathing_hz: float, rng: np.random.Generator) -> Morphology:
    """A morphology drawn from what healthy and diseased hearts show in lead I."""
    heights = _heights_mv(rng)
    offsets = np.array(
        [
            -rng.uniform(0.13, 0.19),
            -rng.uniform(0.024, 0.032),
            0.0,
            rng.uniform(0.026, 0.036),
            0.0,
        ]
    )
    rising = np.array(
        [
            rng.uniform(0.018, 0.028),
            rng.uniform(0.007, 0.010),
            rng.uniform(0.009, 0.013),
            rng.uniform(0.008, 0.012),
            rng.uniform(0.045, 0.065),
        ]
    )
    falling = rising * np.array([1.0, 1.0, 1.0, 1.0, rng.uniform(0.55, 0.8)])
    qt_s = np.clip(rng.normal(0.40, 0.02), 0.35, 0.46)
    offsets[_T] = qt_s - _QRS_ONSET_S - _T_TAIL * falling[_T]
    tables = _by_kind(heights, offsets, rising, falling, rng)
    return Morphology(
        height_mv=tables[0],
        offset_s=tables[1],
        rising_s=tables[2],
        falling_s=tables[3],
        breathing_depth=rng.uniform(0.0, 0.12),
        breathing_hz=breathing_hz,
        breathing_phase=rng.uniform(0.0, 2.0 * math.pi),
    )


def render(beats: Beats, morphology: Morphology, *, samples: int, rate_hz: float) -> Millivolts:
    """The electrocardiogram of *beats* without noise, in mV, shape (samples,).

    All Gaussians of all beats are evaluated at once, each within reach of its centre.
    """
    centre_s, rising_s, falling_s, height_mv = _waves(beats, morphology)
    reach = math.ceil(_REACH * rate_hz * max(rising_s.max(), falling_s.max()))
    nearest = np.rint(centre_s * rate_hz).astype(np.int64)
    index = nearest[..., None] + np.arange(-reach, reach + 1)
    away_s = index / rate_hz - centre_s[..., None]
    width_s = np.where(away_s < 0.0, rising_s[..., None], falling_s[..., None])
    values = height_mv[..., None] * np.exp(-0.5 * np.square(away_s / width_s))
    inside = (index >= 0) & (index < samples)
    added = np.bincount(index[inside], weights=values[inside], minlength=samples)
    return added.astype(np.float64)


def positions(beats: Beats, morphology: Morphology, *, duration_s: float) -> Positions:
    """Where the waves are, for the beats whose R peak lies in the recording."""
    centre_s, rising_s, falling_s, height_mv = _waves(beats, morphology)
    seen = (centre_s[:, _R] >= 0.0) & (centre_s[:, _R] < duration_s)
    absent = (height_mv == 0.0) | (centre_s < 0.0) | (centre_s >= duration_s)
    wave_s = np.where(absent, np.nan, centre_s)[seen]
    onset_s = (centre_s - 2.0 * rising_s)[seen, _Q]
    end_s = (centre_s + 2.0 * falling_s)[seen, _S]
    middle_s = np.clip((onset_s + end_s) / 2.0, 0.0, duration_s)
    return Positions(r_s=wave_s[:, _R], p_s=wave_s[:, _P], qrs_s=middle_s, t_s=wave_s[:, _T])


def _heights_mv(rng: np.random.Generator) -> NDArray[np.float64]:
    """Heights of P, Q, R, S, T in lead I: vectors turned by the axes of QRS, P and T."""
    voltage_mv = rng.lognormal(math.log(1.25), 0.45)
    axis = np.clip(rng.normal(30.0, 30.0), -45.0, 62.0)
    vectors = np.array(
        [
            (rng.uniform(0.09, 0.2), rng.normal(45.0, 15.0)),
            (rng.uniform(0.0, 0.18), axis + 180.0 + rng.normal(0.0, 30.0)),
            (1.0, axis),
            (rng.uniform(0.1, 0.5), axis + 180.0 + rng.normal(0.0, 30.0)),
            (rng.uniform(0.15, 0.4), axis + rng.normal(0.0, 15.0)),
        ]
    )
    seen = vectors[:, 0] * np.cos(np.deg2rad(vectors[:, 1]))
    polarity = -1.0 if rng.random() < _INVERTED_SHARE else 1.0
    if rng.random() < _NEGATIVE_T_SHARE:
        seen[_T] = -seen[_T]
    return np.asarray(polarity * voltage_mv * seen)


def _by_kind(
    heights: NDArray[np.float64],
    offsets: NDArray[np.float64],
    rising: NDArray[np.float64],
    falling: NDArray[np.float64],
    rng: np.random.Generator,
) -> _Table:
    """One row a kind of beat, from what a sinus beat looks like; shape (4, kinds, waves)."""
    tables = np.repeat(np.stack((heights, offsets, rising, falling))[:, None], len(BeatKind), 1)
    # An atrial focus sends its own P, ahead of the same QRS.
    tables[0, BeatKind.ATRIAL, _P] *= rng.uniform(-0.5, 1.2)
    tables[1, BeatKind.ATRIAL, _P] *= rng.uniform(0.7, 1.0)
    # Ventricular: no P, a wide and tall QRS, T against it.
    wider = rng.uniform(1.9, 2.6)
    taller = rng.uniform(1.0, 1.5) * rng.choice((-1.0, 1.0))
    tables[0, BeatKind.VENTRICULAR] *= np.array([0.0, taller, taller, 1.3 * taller, 0.0])
    against = -rng.uniform(0.25, 0.45) * tables[0, BeatKind.VENTRICULAR, _R]
    tables[0, BeatKind.VENTRICULAR, _T] = against
    tables[1:, BeatKind.VENTRICULAR, _Q:_T] *= wider
    # Fibrillating atria send no P.
    tables[0, BeatKind.CONDUCTED, _P] = 0.0
    return np.asarray(tables)


def _waves(beats: Beats, morphology: Morphology) -> tuple[_Table, _Table, _Table, _Table]:
    """Centre, widths of both flanks and height of each wave, shape (beats, waves) each."""
    stretch = np.ones((len(beats.times_s), 5))
    stretch[:, _T] = np.sqrt(np.minimum(beats.rr_s, _LONGEST_RR_S))
    breathing = np.sin(
        2.0 * math.pi * morphology.breathing_hz * beats.times_s + morphology.breathing_phase
    )
    gain = 1.0 + morphology.breathing_depth * breathing
    return (
        beats.times_s[:, None] + stretch * morphology.offset_s[beats.kinds],
        stretch * morphology.rising_s[beats.kinds],
        stretch * morphology.falling_s[beats.kinds],
        gain[:, None] * morphology.height_mv[beats.kinds],
    )
