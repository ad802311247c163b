"""The tools that are asked: ours, auto_LiRPA, Marabou, and randomised smoothing beside them."""

from __future__ import annotations

import importlib.util
import resource
import time
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import torch

from benchmarks.shared.scoring import Answer
from nnassure.attacks import Budget as AttackBudget
from nnassure.attacks import portfolio
from nnassure.bounds import margin_bounds
from nnassure.certify.budget import Budget
from nnassure.certify.proving import proof
from nnassure.exchange import read_instance, replayed
from nnassure.perturbation import Ball
from nnassure.smoothing import smoothed
from tests.support.marabou import decided_by_marabou

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from benchmarks.shared.ecg_cases import Case
    from benchmarks.shared.scoring import Verdict
    from nnassure.arrays import BoolArray, FloatArray
    from nnassure.bounds import Method
    from nnassure.exchange import Instance, Read

    Told: TypeAlias = "tuple[Verdict, FloatArray | None] | None"

__all__ = ["TOOLS", "Tool", "ask", "installed"]

Tool: TypeAlias = Literal["ours", "auto_LiRPA", "Marabou", "smoothing"]

_SEED = 7
_QUICK = Budget(parts=1, steps=0, out_of_time=lambda: False)
_PARTS, _STEPS = 100, 5
_ATTACK = AttackBudget(
    restarts=3, auto_restarts=1, smooth_restarts=0, square_restarts=0, art_restarts=0
)
#: Of the samples that smoothing draws: with 1,000 copies and this confidence a radius of at most
#: 2.4 standard deviations can be shown.
_SIGMA_MV, _GUESSES, _COPIES, _CONFIDENCE = 0.1, 100, 1000, 0.999
#: Beyond so many ReLUs Marabou is not asked, and auto_LiRPA not to optimise.
_MOST_RELUS = 400


def installed(tool: Tool) -> bool:
    """Whether *tool* can be asked here."""
    package = {"auto_LiRPA": "auto_LiRPA", "Marabou": "maraboupy"}.get(tool, "nnassure")
    return importlib.util.find_spec(package) is not None


def ask(tool: Tool, case: Case, instance: Instance) -> Answer | None:
    """What *tool* says of *instance*; None if it cannot be asked.

    The time is that of the answer, reading of files apart.
    """
    read = read_instance(instance, place=case.name)
    begun = _cpu_s()
    told = TOOLS[tool](case, instance, read)
    if told is None:
        return None
    verdict, witness = told
    return Answer(name=case.name, verdict=verdict, witness=witness, cpu_s=_cpu_s() - begun)


def _ours(case: Case, instance: Instance, read: Read) -> Told:
    """Quick bounds, then an attack, then the bounds that take time."""
    begun = time.process_time()
    if proof(read.problem, _QUICK).margin > 0:
        return "unsat", None
    witness = _attacked(instance, read)
    if witness is not None:
        return "sat", witness
    budget = Budget(
        parts=_PARTS,
        steps=_STEPS,
        out_of_time=lambda: time.process_time() - begun > case.timeout_s,
    )
    return ("unsat" if proof(read.problem, budget).margin > 0 else "unknown"), None


def _attacked(instance: Instance, read: Read) -> FloatArray | None:
    """A point of the box that onnxruntime decides the other way; None if none was met."""
    asked = read.asked
    middle = torch.from_numpy((asked.lower + asked.upper) / 2)
    # What float32 makes of the middle and of a point has to stay inside.
    slack = 2.0**-22 * float(middle.abs().max())
    radius = float((asked.upper - asked.lower).min()) / 2 - slack
    if radius <= 0:
        return None
    side = float(read.problem.question.sides[0])

    def margin(points: Tensor) -> Tensor:
        return side * (_logits(read, points) - asked.threshold)

    ball = Ball(radius_mv=radius)
    met = portfolio(margin, middle.float()[None], ball, budget=_ATTACK, seed=_SEED)
    point = met.inputs[0]
    inside = bool(((asked.lower <= point) & (point <= asked.upper)).all())
    logit = float(replayed(instance.model, point[None])[0])
    return point if inside and side * (logit - asked.threshold) <= 0 else None


def _auto_lirpa(_: Case, __: Instance, read: Read) -> Told:
    """CROWN of each segment by itself; the mean of the margins bounds the recording's.

    Of small networks also optimised CROWN, which takes some fifty times as long.

    It knows neither ties between segments nor our filter, so behind one it is given the box that
    holds all that the filter can make of the one before.
    """
    (placed,) = read.problem.region.recordings
    resampling = read.problem.region.resampling
    radius = placed.radius if resampling is None else resampling.gain * placed.radius
    segments = placed.signal[placed.indices] * placed.signs[:, None]
    side = np.full(len(segments), float(read.problem.question.sides[0]) > 0)
    methods: tuple[Method, ...] = (
        ("crown", "crown-optimized") if _relus(read) <= _MOST_RELUS else ("crown",)
    )
    for method in methods:
        found = margin_bounds(
            read.network,
            segments,
            Ball(radius_mv=radius + float(placed.rounding.max())),
            is_positive=side,
            threshold=read.asked.threshold,
            method=method,
        )
        if float(found.lower.mean()) > 0:
            return "unsat", None
    return "unknown", None


def _marabou(case: Case, _: Instance, read: Read) -> Told:
    if _relus(read) > _MOST_RELUS or read.problem.region.resampling is not None:
        return None
    found = decided_by_marabou(read.network, read.problem, seconds=case.timeout_s)
    if found.outcome == "contradicted" and found.witness is not None:
        return "sat", found.witness.numpy().astype(np.float32)
    return ("unsat" if found.outcome == "proven" else "unknown"), None


def _smoothing(case: Case, _: Instance, read: Read) -> Told:
    """Of the vote over noisy copies, not of the network itself."""
    middle = ((read.asked.lower + read.asked.upper) / 2).astype(np.float32)

    def decide(points: FloatArray) -> BoolArray:
        with torch.no_grad():
            called: BoolArray = (
                _logits(read, torch.from_numpy(points)) > read.asked.threshold
            ).numpy()
        return called

    found = smoothed(
        decide,
        middle[None],
        sigma_mv=_SIGMA_MV,
        guesses=_GUESSES,
        copies=_COPIES,
        confidence=_CONFIDENCE,
        seed=_SEED,
    )
    is_afib = read.asked.relation == "<="
    same = bool(found.is_positive[0]) == is_afib and float(found.radius_linf_mv[0]) > case.radius_mv
    return ("unsat" if same else "unknown"), None


def _relus(read: Read) -> int:
    layers = read.problem.chain.layers
    return sum(each.frames * each.channels for each in layers if each.rectified)


def _logits(read: Read, points: Tensor) -> Tensor:
    """The logit of each of *points*, shape (points, samples), as torch computes it."""
    (placed,), resampling = read.problem.region.recordings, read.problem.region.resampling
    if resampling is not None:
        points = resampling.forward(points.double(), len(placed.signal)).float()
    pieces = points[:, placed.indices] * placed.signs.float()[:, None]
    logits = read.network(pieces.flatten(end_dim=1)[:, None])
    joined: Tensor = (logits[:, 1] - logits[:, 0]).reshape(len(points), -1).mean(dim=1)
    return joined


def _cpu_s() -> float:
    """Seconds of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


TOOLS: dict[Tool, Callable[[Case, Instance, Read], Told]] = {
    "ours": _ours,
    "auto_LiRPA": _auto_lirpa,
    "Marabou": _marabou,
    "smoothing": _smoothing,
}
