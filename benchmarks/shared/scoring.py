"""Points for verdicts, as in the competition of verifiers (VNN-COMP).

Ten for a right verdict, minus 150 for a wrong one, none for an open one; ``sat`` has to come with
a counterexample, which is run again here (Brix et al. 2023, arXiv:2312.16760; 2024,
arXiv:2412.19985).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from nnassure.exchange import replayed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nnassure.arrays import DoubleArray, FloatArray
    from nnassure.exchange import Property

__all__ = ["Answer", "Mark", "Verdict", "Witness", "mark", "truth_of", "witness_of"]

Verdict: TypeAlias = Literal["unsat", "sat", "unknown"]
#: What a counterexample is when it is run again.
Witness: TypeAlias = Literal["exact", "within tolerance", "none"]

_RIGHT, _WRONG = 10, -150
#: How far a counterexample may be off, and how far samples may be off by rounding alone.
_TOLERANCE, _ROUNDING = 1e-4, 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What a tool says of an instance.

    Attributes:
        name: Of the instance.
        verdict: ``unsat`` is that there is no counterexample.
        witness: The samples of one in mV, shape (samples,), float32; None if none is given.
        cpu_s: Processor time that it took.
    """

    name: str
    verdict: Verdict
    witness: FloatArray | None
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Points for one answer, and why."""

    points: int
    reason: str

    @property
    def is_wrong(self) -> bool:
        """Whether the answer costs."""
        return self.points < 0


def witness_of(asked: Property, model: bytes, samples_mv: FloatArray | None) -> Witness:
    """What is left of a counterexample when onnxruntime computes its logit.

    Args:
        asked: What a counterexample is.
        model: The network as a file.
        samples_mv: The alleged one, shape (samples,); None if none was given.

    Raises:
        EngineMissingError: If onnxruntime is not installed.
        ExchangeError: If it cannot run *model*.
    """
    if samples_mv is None or samples_mv.shape != asked.lower.shape:
        return "none"
    if not bool(np.isfinite(samples_mv).all()):
        return "none"
    point = samples_mv.astype(np.float32)
    outside = _outside(asked, point.astype(np.float64))
    inside = _inside(asked, point)
    if inside is not None and outside <= _ROUNDING and _beyond(asked, model, inside) <= 0:
        return "exact"
    # Written so that a logit that is no number fails it as well.
    is_near = outside <= _TOLERANCE and _beyond(asked, model, point) <= _TOLERANCE
    return "within tolerance" if is_near else "none"


def truth_of(expected: Verdict, witnesses: Iterable[Witness]) -> Verdict:
    """What is true of an instance: a counterexample that any tool shows outweighs all else."""
    return "sat" if "exact" in set(witnesses) else expected


def mark(verdict: Verdict, witness: Witness, *, truth: Verdict, is_late: bool = False) -> Mark:
    """Points for *verdict*.

    What nobody could settle counts as the competition counts it: ``unsat`` is right while no
    counterexample is known.

    Args:
        verdict: Of the tool.
        witness: What its counterexample is; of no matter unless it says ``sat``.
        truth: What is known of the instance.
        is_late: Whether the tool took longer than the instance allows: no answer, then.
    """
    if is_late or verdict == "unknown":
        return Mark(points=0, reason="out of time" if is_late else "open")
    if verdict == "unsat":
        if truth == "sat":
            return Mark(points=_WRONG, reason="there is a counterexample")
        return Mark(points=_RIGHT, reason="right" if truth == "unsat" else "not contradicted")
    if witness == "none":
        return Mark(points=_WRONG, reason="no counterexample that holds")
    if witness == "within tolerance" and truth == "unsat":
        return Mark(points=0, reason="a counterexample within tolerance of what is proven")
    return Mark(points=_RIGHT, reason="right")


def _beyond(asked: Property, model: bytes, point: FloatArray) -> float:
    """How far the logit of *point* is on the side that is no counterexample's."""
    logit = float(replayed(model, point[None])[0])
    return logit - asked.threshold if asked.relation == "<=" else asked.threshold - logit


def _inside(asked: Property, point: FloatArray) -> FloatArray | None:
    """*point*, moved into the box; None if the box holds no float32 samples."""
    low, high = asked.lower.astype(np.float32), asked.upper.astype(np.float32)
    low = np.where(low < asked.lower, np.nextafter(low, np.float32(np.inf)), low)
    high = np.where(high > asked.upper, np.nextafter(high, np.float32(-np.inf)), high)
    return np.clip(point, low, high) if bool((low <= high).all()) else None


def _outside(asked: Property, point: DoubleArray) -> float:
    """How far *point* is outside the box, in mV."""
    return float(np.maximum(asked.lower - point, point - asked.upper).max())
