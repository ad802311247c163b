"""The disturbances that a proof can be about, by the names that the command knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from nnassure.errors import PerturbationError
from nnassure.perturbation import LinearSet, gain, jointly, mains, offset, wander

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray

__all__ = ["KINDS", "Kind", "disturbance"]

Kind: TypeAlias = Literal["linf", "gain", "offset", "wander", "mains"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def disturbance(  # noqa: PLR0913  a disturbance is told by its kind and its sizes
    kind: Kind,
    signal_mv: FloatArray,
    *,
    rate_hz: float,
    size: float,
    frequency_hz: float | None,
    radius_mv: float,
) -> LinearSet:
    """What may happen to a signal.

    Args:
        kind: ``linf``: every sample by itself, ``gain``: all by a common factor, ``offset``: all
            by a common amount, ``wander`` and ``mains``: a sine of any phase.
        signal_mv: The undisturbed samples where the disturbance enters, shape (samples,).
        rate_hz: Samples a second there.
        size: In mV, and for ``gain`` a share of the amplitude.
        frequency_hz: Of ``wander`` and ``mains``; the others have none.
        radius_mv: Of a box of single samples beside it, for all kinds but ``linf``.

    Raises:
        PerturbationError: If a size or a frequency is out of its range.
    """
    samples = len(signal_mv)
    if kind == "linf":
        return _box(samples, size)
    made = {
        "gain": lambda: gain(signal_mv, size),
        "offset": lambda: offset(samples, size),
        "wander": lambda: wander(samples, rate_hz, _stated(frequency_hz), size),
        "mains": lambda: mains(samples, rate_hz, _stated(frequency_hz), size),
    }[kind]()
    return jointly(made, radius_mv=radius_mv) if radius_mv else made


def _stated(frequency_hz: float | None) -> float:
    if frequency_hz is None:
        raise PerturbationError("frequency_hz: expected a number, got none")
    return frequency_hz


def _box(samples: int, radius_mv: float) -> LinearSet:
    nothing = np.zeros(0)
    return LinearSet(
        names=(),
        generators=np.zeros((0, samples)),
        lower=nothing,
        upper=nothing,
        radius_mv=radius_mv,
    )
