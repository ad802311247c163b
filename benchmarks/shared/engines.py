"""One question to both engines of bounds: the margin of one segment by back-substitution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from benchmarks.shared import proving
from nnassure.bounds import prepare
from nnassure.certify.arithmetic import FLOAT32, REAL
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from nnassure.arrays import FloatArray
    from nnassure.certify.arithmetic import Arithmetic

__all__ = ["Answers", "Case", "answers", "ours", "theirs"]


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

    Without auto_LiRPA its two are no numbers.
    """

    sound: float
    real: float
    theirs: float
    sound_s: float
    real_s: float
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
    """Both engines in turn, ours sound for float32 and in real arithmetic.

    None is timed as it makes a network ready.
    """
    ask, ask_ours = theirs(case, signal), ours(case, signal, FLOAT32)
    ask_real = ours(case, signal, REAL)
    (sound, share), sound_s = proving.timed(ask_ours)
    other, other_s = proving.timed(ask)
    (real, _), real_s = proving.timed(ask_real)
    return Answers(
        sound=sound,
        real=real,
        theirs=other,
        sound_s=sound_s,
        real_s=real_s,
        theirs_s=other_s,
        open_share=share,
    )


def _side(case: Case, signal: FloatArray) -> float:
    return proving.side(case.network, signal, case.threshold)
