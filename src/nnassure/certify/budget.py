"""How long a refinement may go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a search may go on.

    Attributes:
        parts: The most parts to bound; of a set with parameters, by either kind of bounds.
        steps: Steps of ascent for each part; with none, only what costs little is tried.
        out_of_time: Asked before each round, and between the substitutions of one; True ends the
            search.
    """

    parts: int
    steps: int
    out_of_time: Callable[[], bool]
