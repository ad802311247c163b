"""The disturbances that a proof can be about, by the names that the command knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from nnassure.errors import PerturbationError
from nnassure.perturbation import LinearSet, gain, jointly, mains, noise, offset, wander

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnassure.arrays import DoubleArray, FloatArray

__all__ = ["JOINED", "KINDS", "Kind", "disturbance"]

Kind: TypeAlias = Literal[
    "linf", "gain", "offset", "wander", "mains", "wander-band", "noise", "joint"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: What ``joint`` joins, each at as many times the size.
JOINED: Mapping[str, float] = {"gain": 1.0, "offset": 1.0, "wander": 1.0, "mains": 1.0}


def disturbance(  # noqa: PLR0913  a disturbance is told by its kind and its sizes
    kind: str,
    signal_mv: FloatArray,
    *,
    rate_hz: float,
    size: float,
    frequency_hz: float | None,
    radius_mv: float,
    mains_hz: float = 50.0,
    weights: Mapping[str, float] = JOINED,
    components: DoubleArray | None = None,
) -> LinearSet:
    """What may happen to a signal.

    Args:
        kind: ``linf``: every sample by itself, ``gain``: all by a common factor, ``offset``: all
            by a common amount, ``wander`` and ``mains``: a sine of any phase, ``noise``: recorded
            noise that *components* span, ``joint``: several of them at once.
        signal_mv: The undisturbed samples where the disturbance enters, shape (samples,).
        rate_hz: Samples a second there.
        size: In mV, and for ``gain`` a share of the amplitude.
        frequency_hz: Of ``wander`` and ``mains``; the others have none.
        radius_mv: Of a box of single samples beside it, for all kinds but ``linf``.
        mains_hz: Of the mains in ``joint``.
        weights: What ``joint`` joins, each at as many times *size*.
        components: Shapes with a peak of 1, shape (components, samples); only ``noise`` has them.

    Raises:
        PerturbationError: If a size or a frequency is out of its range, or *kind* is no single
            set: the frequencies of ``wander-band`` are the union of many.
    """
    if kind == "linf":
        return _box(len(signal_mv), size)
    if kind == "joint":
        parts = [
            _single(
                each,
                signal_mv,
                rate_hz=rate_hz,
                size=weight * size,
                frequency_hz=mains_hz if each == "mains" else frequency_hz,
            )
            for each, weight in weights.items()
        ]
        return jointly(*parts, radius_mv=radius_mv)
    if kind == "noise":
        if components is None:
            raise PerturbationError("components: expected shapes of recorded noise, got none")
        made = noise(components, size)
    else:
        made = _single(kind, signal_mv, rate_hz=rate_hz, size=size, frequency_hz=frequency_hz)
    return jointly(made, radius_mv=radius_mv) if radius_mv else made


def _single(
    kind: str, signal_mv: FloatArray, *, rate_hz: float, size: float, frequency_hz: float | None
) -> LinearSet:
    samples = len(signal_mv)
    if kind == "gain":
        return gain(signal_mv, size)
    if kind == "offset":
        return offset(samples, size)
    if kind not in {"wander", "mains"}:
        raise PerturbationError(f"disturbance: expected one of {', '.join(JOINED)}, got {kind}")
    if frequency_hz is None:
        raise PerturbationError("frequency_hz: expected a number, got none")
    wave = wander if kind == "wander" else mains
    return wave(samples, rate_hz, frequency_hz, size)


def _box(samples: int, radius_mv: float) -> LinearSet:
    nothing = np.zeros(0)
    return LinearSet(
        names=(),
        generators=np.zeros((0, samples)),
        lower=nothing,
        upper=nothing,
        radius_mv=radius_mv,
    )
