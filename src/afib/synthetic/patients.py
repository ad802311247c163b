"""Who is recorded: the rhythm that belongs to a label, drawn from what its patients show.

The distributions overlap on purpose.
A normal recording may have a pronounced sinus arrhythmia or an occasional ectopic beat, and
fibrillation may be slow and nearly regular, so that no single statistic of the intervals tells
the labels apart (docs/synthetic-cohort.md says how hard it is).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from afib.synthetic.rhythm import Fibrillation, SinusRhythm

__all__ = ["draw_ectopic_rhythm", "draw_fibrillation", "draw_normal_rhythm"]

_OCCASIONAL_ECTOPY_SHARE = 0.12
_OCCASIONAL_GAPS = (8, 35)
_FREQUENT_GAPS = ((2, 6), (2, 2), (3, 3), (4, 4))
_FREQUENT_GAPS_SHARES = (0.5, 0.2, 0.15, 0.15)
_PRONOUNCED_ARRHYTHMIA_SHARE = 0.12
_REGULAR_FIBRILLATION_SHARE = 0.15
_ABERRANT_SHARE = 0.2


def draw_normal_rhythm(rng: np.random.Generator) -> SinusRhythm:
    """Sinus rhythm at 45 to 110 beats a minute, some of it irregular for harmless reasons."""
    rhythm = _draw_sinus_rhythm(rng)
    if rng.random() < _OCCASIONAL_ECTOPY_SHARE:
        return replace(rhythm, ectopic_gaps=_OCCASIONAL_GAPS)
    return rhythm


def draw_ectopic_rhythm(rng: np.random.Generator) -> SinusRhythm:
    """Sinus rhythm with frequent ectopic beats: every second to fourth beat, or irregularly."""
    gaps = _FREQUENT_GAPS[int(rng.choice(len(_FREQUENT_GAPS), p=_FREQUENT_GAPS_SHARES))]
    return replace(_draw_sinus_rhythm(rng), ectopic_gaps=gaps)


def draw_fibrillation(rng: np.random.Generator) -> Fibrillation:
    """Fibrillation at 50 to 160 beats a minute, a part of it controlled and nearly regular."""
    regular = rng.random() < _REGULAR_FIBRILLATION_SHARE
    beats_per_minute = 72.0 if regular else 90.0
    rate = np.clip(rng.lognormal(math.log(beats_per_minute), 0.22), 50.0, 160.0)
    wide = np.clip(rng.lognormal(math.log(0.21), 0.22), 0.12, 0.34)
    return Fibrillation(
        mean_rr_s=60.0 / float(rate),
        variation=rng.uniform(0.06, 0.13) if regular else float(wide),
        stages=int(rng.integers(2, 7)),
        aberrant_share=rng.uniform(0.03, 0.12) if rng.random() < _ABERRANT_SHARE else 0.0,
        breathing_hz=_draw_breathing_hz(rng),
    )


def _draw_sinus_rhythm(rng: np.random.Generator) -> SinusRhythm:
    rate = float(np.clip(rng.lognormal(math.log(72.0), 0.18), 45.0, 110.0))
    pronounced = rng.random() < _PRONOUNCED_ARRHYTHMIA_SHARE
    if pronounced:
        # Young and slow hearts: breathing dominates.
        rate = min(rate, 80.0)
        breathing_sd = rng.uniform(0.07, 0.16)
    else:
        breathing_sd = float(np.clip(rng.lognormal(math.log(0.022), 0.5), 0.005, 0.06))
    # McSharry et al. take half as much power near 0.1 Hz as near 0.25 Hz.
    balance = rng.lognormal(math.log(0.5), 0.5)
    return SinusRhythm(
        mean_rr_s=60.0 / rate,
        mayer_hz=rng.uniform(0.08, 0.12),
        breathing_hz=_draw_breathing_hz(rng),
        mayer_sd=min(breathing_sd * math.sqrt(balance), 0.1),
        breathing_sd=breathing_sd,
        ectopic_gaps=None,
        ventricular_share=rng.uniform(0.0, 1.0),
    )


def _draw_breathing_hz(rng: np.random.Generator) -> float:
    """10 to 21 breaths a minute."""
    return float(np.clip(rng.normal(0.25, 0.04), 0.17, 0.35))
