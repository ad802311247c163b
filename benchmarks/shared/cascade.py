"""The cascade of bounds on whole recordings, as `afib certify` runs it, timed without attacks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from benchmarks.shared import proving
from nnassure.attacks import pgd
from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.budget import Budget
from nnassure.certify.proving import proof
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nnassure.arrays import FloatArray
    from nnassure.certify.margins import Problem

__all__ = ["End", "cascade"]

_PARTS, _STEPS = 400, 8
_ATTACK_STEPS, _RESTARTS, _SEED = 40, 5, 17


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What decided about a recording, and the CPU seconds of the bounds alone."""

    told: str
    seconds: float


def cascade(  # noqa: PLR0913  a question is told by its set, its network and its budget
    network: nn.Sequential,
    signal: FloatArray,
    *,
    radius_mv: float,
    threshold: float,
    segment: int,
    seconds: float,
) -> End:
    """How it ends with *signal*, on the side that the network puts it, in so many *seconds*."""
    asked = proving.problem(
        network,
        signal,
        radius_mv=radius_mv,
        threshold=threshold,
        side=proving.side(network, signal, threshold, segment),
        arithmetic=FLOAT32,
        segment=segment,
    )
    quick, quick_s = proving.timed(
        lambda: proof(asked, Budget(parts=1, steps=0, out_of_time=lambda: False))
    )
    if quick.margin > 0:
        return End(told=quick.method, seconds=quick_s)
    if _is_turned(network, signal, asked, radius_mv):
        return End(told="an attack", seconds=quick_s)
    begun = time.process_time()
    budget = Budget(
        parts=_PARTS,
        steps=_STEPS,
        out_of_time=lambda: time.process_time() - begun > seconds,
    )
    found, found_s = proving.timed(lambda: proof(asked, budget))
    return End(told=found.method if found.margin > 0 else "nothing", seconds=quick_s + found_s)


def _is_turned(
    network: nn.Sequential, signal: FloatArray, asked: Problem, radius_mv: float
) -> bool:
    indices, side = asked.region.recordings[0].indices, float(asked.question.sides[0])

    def margin(points: Tensor) -> Tensor:
        logits = network(points[:, indices].flatten(end_dim=1)[:, None])
        apart = (logits[:, 1] - logits[:, 0]).reshape(len(points), -1).mean(dim=1)
        margins: Tensor = side * (apart - asked.question.threshold)
        return margins

    result = pgd(
        margin,
        torch.from_numpy(signal)[None],
        Ball(radius_mv=radius_mv),
        steps=_ATTACK_STEPS,
        restarts=_RESTARTS,
        seed=_SEED,
    )
    return bool(result.found[0])
