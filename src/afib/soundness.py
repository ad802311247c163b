"""Whether the arrays of a gate fit together and mean what a fitted gate means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from afib.quality import QUALITY_FEATURES

if TYPE_CHECKING:
    from afib.strangeness import Strangeness
    from nnassure.arrays import DoubleArray
    from nnassure.ood import Density

__all__ = ["gate_problems"]

_DETECTORS = 3
# Shares of a fit add up to 1 as exactly as their logarithms are stored.
_ALL = 1e-6


def gate_problems(gate: Strangeness, channels: int) -> list[str]:
    """Every way in which *gate* is none beside a network with so many *channels*.

    Finite numbers alone are no gate: a spread below zero would turn what is strange into what is
    ordinary.
    """
    numbers = len(QUALITY_FEATURES)
    width = numbers + channels
    problems: list[str] = []
    for name in ("unreadable", "harmed"):
        part = getattr(gate, name)
        count = len(part.weights) if part.weights.ndim == 1 else 0
        problems += _of(
            name,
            {
                "middle": (part.middle, (width,)),
                "spread": (part.spread, (width,)),
                "vectors": (part.vectors, (count, width)),
                "weights": (part.weights, (count,)),
                "offset": (part.offset, ()),
                "narrowness": (part.narrowness, ()),
            },
            positive=("spread", "narrowness"),
        )
    density, combined = gate.density, gate.combined
    problems += _of_density(density, numbers)
    return problems + _of(
        "combined",
        {
            "middle": (combined.middle, (_DETECTORS,)),
            "spread": (combined.spread, (_DETECTORS,)),
        },
        positive=("spread",),
    )


def _of_density(density: Density, numbers: int) -> list[str]:
    """Its shapes; then that components share all records, and that none is turned inside out."""
    count = len(density.weights) if density.weights.ndim == 1 else 0
    problems = _of(
        "density",
        {
            "middle": (density.middle, (numbers,)),
            "spread": (density.spread, (numbers,)),
            "weights": (density.weights, (count,)),
            "means": (density.means, (count, numbers)),
            "precisions": (density.precisions, (count, numbers, numbers)),
        },
        positive=("spread",),
    )
    if problems:
        return problems
    if abs(float(logsumexp(density.weights))) > _ALL:
        problems.append("gate.density.weights: expected logarithms of shares of all, got others")
    if not (np.diagonal(density.precisions, axis1=1, axis2=2) > 0).all():
        problems.append("gate.density.precisions: expected roots of precisions, got others")
    return problems


def _of(
    part: str, arrays: dict[str, tuple[DoubleArray, tuple[int, ...]]], *, positive: tuple[str, ...]
) -> list[str]:
    problems = [
        f"gate.{part}.{name}: expected shape {shape}, got {values.shape}"
        for name, (values, shape) in arrays.items()
        if values.shape != shape
    ]
    if "weights" in arrays and 0 in arrays["weights"][1]:
        problems.append(f"gate.{part}.weights: expected at least one, got none")
    return problems + [
        f"gate.{part}.{name}: expected numbers above 0, got others"
        for name in positive
        if not (arrays[name][0] > 0).all()
    ]
