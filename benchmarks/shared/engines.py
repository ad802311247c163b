"""One question to both engines of bounds: the margin of one segment by back-substitution."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.shared import proving
from benchmarks.shared.unrounded import unrounded
from nnassure.bounds import prepare
from nnassure.certify.arithmetic import FLOAT32, REAL
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from nnassure.arrays import FloatArray
    from nnassure.certify.arithmetic import Arithmetic

__all__ = ["Answers", "Case", "answers", "ours", "theirs"]

_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network, the box that it is asked about, and the ratio that is aimed at."""

    told: str
    network: nn.Sequential
    threshold: float
    radius_mv: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Of one segment: margins, CPU seconds, and which share of the ReLUs was open.

    Attributes:
        sound: The margin of our engine, sound for float32.
        real: Its margin in real arithmetic.
        unrounded: What it comes to without the boxes that carry rounding.
        theirs: The margin of auto_LiRPA.
        sound_s: CPU seconds of ours, sound for float32; the median of some passes.
        unrounded_s: CPU seconds of as many passes without those boxes, in turn with them.
        theirs_s: CPU seconds of auto_LiRPA.
        open_share: Which share of the ReLUs was open.
    """

    sound: float
    real: float
    unrounded: float
    theirs: float
    sound_s: float
    unrounded_s: float
    theirs_s: float
    open_share: float


def ours(
    case: Case, signal: FloatArray, arithmetic: Arithmetic
) -> Callable[[], tuple[float, float]]:
    """The question to our engine: the margin, and which share of the ReLUs is open.

    What is made ready once for many is not part of it, nor which side is asked about.
    """
    proving.chain(case.network, len(signal))
    side = _side(case, signal)

    def ask() -> tuple[float, float]:
        asked = proving.problem(
            case.network,
            signal,
            radius_mv=case.radius_mv,
            threshold=case.threshold,
            side=side,
            arithmetic=arithmetic,
        )
        return proving.linear_pass(asked)

    return ask


def theirs(case: Case, signal: FloatArray) -> Callable[[], float]:
    """The question to auto_LiRPA; what is made ready once for many is not part of it."""
    ready = prepare(case.network, samples=len(signal), dtype=torch.float32)
    is_positive = np.array([_side(case, signal) > 0])

    def ask() -> float:
        bounds = ready.margin_bounds(
            torch.from_numpy(signal)[None],
            Ball(radius_mv=case.radius_mv),
            is_positive=is_positive,
            threshold=case.threshold,
            method="crown",
        )
        return float(bounds.lower[0])

    return ask


def answers(case: Case, signal: FloatArray) -> Answers:
    """Both engines in turn, ours sound for float32 and without what that asks for.

    None is timed as it makes a network ready.
    """
    ask, ask_ours = theirs(case, signal), ours(case, signal, FLOAT32)
    other, other_s = proving.timed(ask)
    sound_s, unrounded_s = [], []
    for _ in range(_ROUNDS):
        (sound, share), took_s = proving.timed(ask_ours)
        sound_s.append(took_s)
        with unrounded():
            (bare, _), took_s = proving.timed(ask_ours)
        unrounded_s.append(took_s)
    return Answers(
        sound=sound,
        real=ours(case, signal, REAL)()[0],
        unrounded=bare,
        theirs=other,
        sound_s=statistics.median(sound_s),
        unrounded_s=statistics.median(unrounded_s),
        theirs_s=other_s,
        open_share=share,
    )


def _side(case: Case, signal: FloatArray) -> float:
    return proving.side(case.network, signal, case.threshold)
