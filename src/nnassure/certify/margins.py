"""The margin of whole recordings: what all segments say together, held against a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.certify.arithmetic import MOST_TERMS
from nnassure.certify.linear import Rows, substituted, whole_frames
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from nnassure.certify.arithmetic import Arithmetic
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.network import Chain
    from nnassure.certify.region import Region
    from nnassure.certify.relaxation import Relaxation

__all__ = ["Problem", "Question", "contrast", "held", "interval_margins", "linear_margins"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Whether recordings stay on their side of a threshold.

    Attributes:
        sides: 1 for a recording that has to stay above it, -1 for one below, shape (recordings,).
        threshold: Held against the mean over segments of the positive logit minus the negative.

    Raises:
        PerturbationError: If a side is neither 1 nor -1, or the threshold no finite number.
    """

    sides: Tensor
    threshold: float

    def __post_init__(self) -> None:
        if not bool((self.sides.abs() == 1).all()):
            raise PerturbationError(f"sides: expected 1 or -1, got {self.sides.tolist()}")
        if not math.isfinite(self.threshold):
            raise PerturbationError(f"threshold: expected a finite number, got {self.threshold}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """What is to be bounded.

    Attributes:
        chain: The network.
        region: Where the segments of the recordings lie.
        question: Which side of which threshold they have to stay on.
        arithmetic: What the network is evaluated in.

    Raises:
        ShapeError: If segments are not as long as the network takes them, a recording has no side
            or is too long for the engine's own rounding, which is bounded for sums of fewer than
            2**23 terms.
    """

    chain: Chain
    region: Region
    question: Question
    arithmetic: Arithmetic

    def __post_init__(self) -> None:
        samples, recordings = self.region.centre.shape[1], self.region.recordings
        sides = tuple(self.question.sides.shape)
        if samples != self.chain.samples:
            raise ShapeError(f"region: expected {self.chain.samples} samples, got {samples}")
        if sides != (len(recordings),):
            raise ShapeError(f"sides: expected shape ({len(recordings)},), got {sides}")
        widest = max(layer.frames * layer.channels for layer in self.chain.layers)
        terms = max(len(each.indices) for each in recordings) * max(widest, samples)
        if terms >= MOST_TERMS:
            raise ShapeError(f"region: expected sums of fewer than {MOST_TERMS}, got {terms}")

    def final(self, terms: Tensor) -> Tensor:
        """The threshold, signed, and what the difference and the mean of logits lose to rounding.

        Args:
            terms: The sum of the absolute terms of both logits, shape (segments,).

        Returns:
            What is to be subtracted from the margins, shape (recordings,).
        """
        region, question, arithmetic = self.region, self.question, self.arithmetic
        counts = torch.bincount(region.recording, minlength=len(question.sides))
        most = int(counts.max())
        total = torch.zeros(len(question.sides), dtype=torch.float64)
        total = total.index_add(0, region.recording, terms * region.weights)
        # A difference, as many sums as there are segments, a division and its constant.
        lost = arithmetic.lost(total + abs(question.threshold), most + 6, summed=most)
        return lost + question.sides * question.threshold


def interval_margins(problem: Problem, bounds: list[LayerBounds]) -> Tensor:
    """Lower bounds of the margins from the bounds of the logits alone, shape (recordings,)."""
    last, region = bounds[-1], problem.region
    side = problem.question.sides[region.recording]
    low = last.lower[:, 0, 1] - last.upper[:, 0, 0]
    high = last.upper[:, 0, 1] - last.lower[:, 0, 0]
    worst = torch.where(side > 0, low, -high) * region.weights
    sums = torch.zeros(len(problem.question.sides), dtype=torch.float64)
    return _told(
        sums.index_add(0, region.recording, worst) - problem.final(_terms(problem, bounds))
    )


def linear_margins(
    problem: Problem, bounds: list[LayerBounds], relaxations: list[Relaxation]
) -> Tensor:
    """Lower bounds of the margins by back-substitution, shape (recordings,)."""
    segments = torch.arange(len(problem.region.centre))
    rows = Rows(
        coefficients=contrast(problem),
        constant=torch.zeros(len(segments), dtype=torch.float64),
        first=torch.zeros_like(segments),
        segment=segments,
    )
    chain = problem.chain
    rows = substituted(chain, rows, bounds, relaxations=relaxations, last=len(chain.layers) - 1)
    return held(problem, rows, bounds)[0]


def contrast(problem: Problem) -> Tensor:
    """What the margin weighs the logits of each segment with, shape (segments, 1, logits)."""
    region = problem.region
    side = (problem.question.sides[region.recording] * region.weights)[:, None]
    return torch.cat([-side, side], dim=1)[:, None]


def held(problem: Problem, rows: Rows, bounds: list[LayerBounds]) -> Tensor:
    """Margins of shape (copies, recordings), from *rows* over the samples of whole segments.

    Args:
        problem: What is bounded.
        rows: Of all segments of one copy of the region after the other.
        bounds: Of the layers; of the first copy at least.
    """
    region = problem.region
    rows = whole_frames(rows, problem.chain.samples)
    segments = len(region.centre)
    copies = len(rows.constant) // segments
    value, moved = region.joined(rows.coefficients[:, :, 0].reshape(copies, segments, -1))
    sums = torch.zeros(copies, len(problem.question.sides), dtype=torch.float64)
    sums = sums.index_add(1, region.recording, rows.constant.reshape(copies, segments))
    return _told(sums + value - moved - problem.final(_terms(problem, bounds)))


def _terms(problem: Problem, bounds: list[LayerBounds]) -> Tensor:
    """The sum of the absolute terms of both logits, shape (segments,)."""
    last, segments = bounds[-1], len(problem.region.centre)  # copies of a region round alike
    return (last.magnitude[:segments, 0] + last.rounding[:segments, 0]).sum(dim=1)


def _told(margins: Tensor) -> Tensor:
    """*margins*, minus infinity where they are no number: that proves nothing."""
    return torch.where(margins.isnan(), -math.inf, margins)
