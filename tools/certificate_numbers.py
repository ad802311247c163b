"""What the checker of certificates computes with: numbers that do not round, or are allowed to.

It also has the one way in which the checker says no.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, np.dtype[Any]]
Lines = tuple[Array, Array, Array, Array]
UNIT, SMALLEST = 2.0**-24, 2.0**-149
# In exact arithmetic numbers are multiples of 2**-BITS, and coefficients are cut to 2**-COARSE.
BITS, COARSE = 640, 80
# Of a wave's drift, where a line through 0 is near its sine [7].
NEAR_RAD = 1.5


class RefusedError(Exception):
    """A file does not show what it claims."""


def require(holds: object, place: str, expected: object, got: object) -> None:
    """Refuse unless *holds*."""
    if not holds:
        # What a file says cannot end the line that is told of it.
        shown = str(got)[:120].encode("unicode_escape").decode()
        raise RefusedError(f"{place}: expected {expected}, got {shown}")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; refused where it says one thing twice, and readers may differ."""
    names = [name for name, _ in pairs]
    require(len(set(names)) == len(names), "document", "each name once", names)
    return dict(pairs)


def told_of(name: str, direction: Array, signal: Array, rate_hz: float) -> str:
    """*name*, if one unit of *direction* is what it says; else that this is not shown.

    A gain adds the signal, an offset 1 mV; a wave is a sine or a cosine from the first sample on,
    of a frequency below half of the rate, with an amplitude of 1 mV.
    """
    known = {"gain": signal, "offset": np.ones(len(signal))}.get(name)
    wave = re.fullmatch(r"(wander|mains) ([0-9.]+) Hz (sine|cosine)", name)
    if known is None and wave is not None and 0 < float(wave.group(2)) < rate_hz / 2:
        angles = 2 * np.pi * float(wave.group(2)) / rate_hz * np.arange(len(signal))
        known = np.sin(angles) if wave.group(3) == "sine" else np.cos(angles)
    # Of its own height, as the size beside it may be any.
    near = 0.0 if known is None else 1e-6 * np.abs(known).max()
    same = known is not None and np.allclose(direction, known, rtol=0, atol=near)
    return repr(name) if same else f"a direction that it calls {name!r}"


class Held(NamedTuple):
    """A set: names and half widths of parameters, what one unit moves, and the box beside."""

    names: list[str]
    halves: Array
    moves: Array
    radius: float


def sizes_told(held: Held, signal: Array, rate_hz: float) -> list[str]:
    """Each part of the set with its size, rounded down."""
    wave = _any_wave(held, rate_hz)
    used = 0.0 if wave is None else wave[1]
    if wave is not None and used <= held.radius:
        sizes = [f"{rounded_down(held.halves.min(), 6)} mV of {wave[0]}"]
    else:
        used, rows = 0.0, zip(held.names, held.halves, held.moves, strict=True)
        sizes = [
            f"{rounded_down(half, 6)} of {told_of(name, move, signal, rate_hz)}"
            for name, half, move in rows
        ]
    left = held.radius - used
    return [f"{rounded_down(left, 6)} mV a sample", *sizes] if left > 0 else sizes


def _any_wave(held: Held, rate_hz: float) -> tuple[str, float] | None:
    """The waves of a band that four directions hold, and how much of the box that takes [7]."""
    pattern = r"wander ([0-9.e-]+) to ([0-9.e-]+) Hz (\w+)"
    told = [part.groups() for name in held.names if (part := re.fullmatch(pattern, name))]
    parts = ["sine", "cosine", "ahead", "behind"]
    if [each[2] for each in told] != parts or len(held.names) > len(parts):
        return None
    low, high = float(told[0][0]), float(told[0][1])
    if len({each[:2] for each in told}) > 1 or not 0 < low <= high < rate_hz / 2:
        return None
    samples = held.moves.shape[1]
    times = (np.arange(samples) - (samples - 1) / 2) / rate_hz
    drift, angle = np.pi * (high - low) * times, np.pi * (low + high) * times
    reach, least = np.abs(drift), np.cos(np.minimum(np.abs(drift), np.pi))
    near = reach < NEAR_RAD
    kept, line = (1 + least) / 2, np.where(near, 1 - reach**2 / 8, 0.0) * drift
    sine, cosine = np.sin(angle), np.cos(angle)
    wanted = np.stack([kept * sine, kept * cosine, line * cosine, -line * sine])
    if not np.allclose(held.moves, wanted, rtol=0, atol=1e-10):
        return None
    missed = np.where(near, reach**3 / 24 + reach**5 / 120, 1.0)
    used = float(held.halves.min() * (np.hypot((1 - least) / 2, missed).max() + 1e-9))
    return f"a wave of any one frequency from {low!r} to {high!r} Hz and any phase", used


class Numbers(NamedTuple):
    """How to compute: rounding in float64, or never, in whole multiples of 2**-BITS."""

    exact: bool

    def read(self, values: object) -> Array:
        """Floating-point numbers, as they are."""
        floats = np.atleast_1d(np.asarray(values, dtype=np.float64))
        return np.asarray(np.frompyfunc(_whole, 1, 1)(floats)) if self.exact else floats

    def shown(self, value: Any) -> float:  # noqa: ANN401  of the kind in use
        """One of the numbers, rounded for display."""
        return float(Fraction(value) / 2**BITS) if self.exact else float(value)

    def slack(self, terms: int) -> float:
        """At least gamma(terms + 2) of float64, for fewer than 2**26 terms [6]."""
        return 0.0 if self.exact else (terms + 8) * 2.0**-53

    def times(self, x: Array, y: Array | float) -> Array:
        """The product, entry by entry."""
        both = x * (y if isinstance(y, np.ndarray) else self.read(y))
        if self.exact:
            fits = not (both & (2**BITS - 1)).any()
            require(fits, "--exact", f"multiples of 2**-{BITS}", "finer ones")
        return both >> BITS if self.exact else both

    def short(self, c: Array) -> Array:
        """What may be a little lower, so that whole numbers stay short."""
        return c >> BITS - COARSE << BITS - COARSE if self.exact else c

    def linear(self, f: Callable[[Array, Array], Array], x: Array, y: Array, terms: int) -> Array:
        """``f(x, y)``, where *f* is linear in both and sums at most *terms* products a result.

        Whole numbers are cut into digits to the base 2**16, whose products float64 sums exactly.
        """
        if not self.exact:
            return f(x, y)
        (zeros, left), (more, right) = _digits(x), _digits(y)
        fits = terms * len(left) < 2**20 and zeros + more >= BITS
        require(fits, "--exact", f"short sums of multiples of 2**-{BITS}", f"{terms} terms")
        total: Any = 0
        for place in range(len(left) + len(right) - 1):
            pairs = range(max(0, place - len(right) + 1), min(place + 1, len(left)))
            part: Any = sum(f(left[i], right[place - i]) for i in pairs)
            total = total + (part.astype(np.int64).astype(object) << 16 * place)
        return np.asarray(total << zeros + more - BITS)


def _whole(value: float) -> int:
    top, bottom = value.as_integer_ratio()
    require(bottom.bit_length() <= BITS, "--exact", f"multiples of 2**-{BITS}", value)
    return (top << BITS) // bottom


def _digits(whole: Array) -> tuple[int, list[Array]]:
    together = int(np.bitwise_or.reduce(whole, axis=None))
    zeros = (together & -together).bit_length() - 1 if together else BITS
    digits, whole = [], whole >> zeros
    while ((whole != 0) & (whole != -1)).any():
        digits.append((whole & 0xFFFF).astype(np.float64))
        whole = whole >> 16
    return zeros, [*digits, whole.astype(np.float64)]


def gamma(terms: int) -> float:
    """The gamma of float32, rounded up."""
    return math.nextafter(float(terms * Fraction(UNIT) / (1 - terms * Fraction(UNIT))), math.inf)


def lines(numbers: Numbers, lower: Array, upper: Array, slopes: Array) -> Lines:
    """Of ReLUs: slopes of the lower and upper lines, and how far their ends are from 0 [3]."""
    inside = (lower < 0) & (upper > 0)
    rising = np.where(inside, slopes, lower >= 0)
    falling = np.where(inside, upper / np.where(inside, upper - lower, 1.0), lower >= 0)
    # Any slope from 0 to 1 does, so one of few digits.
    slopes = np.floor(np.stack([rising, falling]) * 2.0**60) * 2.0**-60
    ends = np.stack([np.maximum(-lower, 0), np.maximum(upper, 0)])
    return (*numbers.read(slopes), *numbers.read(ends))


def rounded_down(value: float, digits: int) -> str:
    """*value*, from 0, to so many digits, and never as more than it is."""
    text = f"{value:.{digits}g}"
    if float(text) > value:
        text = f"{value - 10 ** (np.floor(np.log10(value)) + 1 - digits) / 2:.{digits}g}"
    return text
