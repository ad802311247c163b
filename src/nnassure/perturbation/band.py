"""Waves of every frequency of a band, held in one linear set."""

from __future__ import annotations

import math

import numpy as np

from nnassure.errors import PerturbationError, ShapeError
from nnassure.perturbation.linear import LinearSet

__all__ = ["wander_band"]

# Up to this many radians of drift a line through 0 is near the sine; beyond it none is.
_NEAR_RAD = 1.5
# Far above what float64 loses in waves of any length: 1e-16 of some ten thousand radians.
_SLACK = 1e-9


def wander_band(
    samples: int, rate_hz: float, *, lowest_hz: float, highest_hz: float, mv: float
) -> LinearSet:
    """Baseline wander of any one frequency of a band, any phase, and an amplitude of at most *mv*.

    Between the ends of a recording a wave of another frequency drifts away from that in the middle
    of the band: by x radians, which grow with the time from the middle of the recording. It is
    that wave times cos x and the one a quarter turn ahead times sin x. The middle of what cos x
    can be, and the line that is nearest to sin x, are the generators, a sine and a cosine of each;
    what they miss is the residual, about the square of the largest drift in radians over 4.
    A narrow band is therefore held closely, and a wide one has to be cut.

    Args:
        samples: Length of the signal, at least 1.
        rate_hz: Samples a second.
        lowest_hz: Above 0.
        highest_hz: From *lowest_hz*, and below half of *rate_hz*.
        mv: Finite and above 0.

    Returns:
        A set that holds every such wave; beyond them, towards the corners of its box, others of
        more than *mv*.

    Raises:
        ShapeError: If there is no sample.
        PerturbationError: If a rate, the band or *mv* is out of its range.
    """
    _require_band(rate_hz, lowest_hz, highest_hz)
    if not (math.isfinite(mv) and mv > 0):
        raise PerturbationError(f"mv: expected a finite number above 0, got {mv}")
    if samples < 1:
        raise ShapeError(f"samples: expected at least 1, got {samples}")
    times_s = (np.arange(samples) - (samples - 1) / 2) / rate_hz
    angles = np.pi * (lowest_hz + highest_hz) * times_s
    drifts = np.pi * (highest_hz - lowest_hz) * times_s
    reach = np.abs(drifts)
    lowest = np.cos(np.minimum(reach, np.pi))
    near = reach < _NEAR_RAD
    # sin x is within x**5 / 120 of x - x**3 / 6, and x**3 within r**3 / 4 of 3 / 4 r**2 x for x
    # of at most r, as the third polynomial of Chebyshev tells.
    line = np.where(near, 1 - reach**2 / 8, 0.0) * drifts
    missed = np.where(near, reach**3 / 24 + reach**5 / 120, 1.0)
    residual = float(np.hypot((1 - lowest) / 2, missed).max())
    sine, cosine, kept = np.sin(angles), np.cos(angles), (1 + lowest) / 2
    # To the last digit, so that nothing is missing between two pieces of a band that is cut.
    name = f"wander {float(lowest_hz)!r} to {float(highest_hz)!r} Hz"
    return LinearSet(
        names=tuple(f"{name} {part}" for part in ("sine", "cosine", "ahead", "behind")),
        generators=np.stack([kept * sine, kept * cosine, line * cosine, -line * sine]),
        lower=np.full(4, -mv),
        upper=np.full(4, mv),
        radius_mv=mv * (residual * (1 + _SLACK) + _SLACK),
    )


def _require_band(rate_hz: float, lowest_hz: float, highest_hz: float) -> None:
    if not (math.isfinite(rate_hz) and rate_hz > 0):
        raise PerturbationError(f"rate_hz: expected a finite number above 0, got {rate_hz}")
    if not 0 < lowest_hz <= highest_hz < rate_hz / 2:
        raise PerturbationError(
            f"band_hz: expected two numbers in (0, {rate_hz / 2:g}), the lower one first, "
            f"got {lowest_hz} and {highest_hz}"
        )
