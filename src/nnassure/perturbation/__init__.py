"""What may happen to a signal: the disturbances that a decision is held against.

A :class:`Ball` moves each sample on its own.
A :class:`LinearSet` moves all of them together, by few parameters on which it depends linearly:
what a recorder adds to an ECG, or makes of it, is of this form.
"""

from nnassure.perturbation.ball import Ball
from nnassure.perturbation.band import wander_band
from nnassure.perturbation.disturbances import (
    gain,
    mains,
    noise,
    offset,
    principal_components,
    wander,
)
from nnassure.perturbation.linear import LinearSet, jointly

__all__ = [
    "Ball",
    "LinearSet",
    "gain",
    "jointly",
    "mains",
    "noise",
    "offset",
    "principal_components",
    "wander",
    "wander_band",
]
