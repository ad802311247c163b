"""A question about one recording as two files, and the question that two files state."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
import torch

from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.region import Placed, Region
from nnassure.errors import ExchangeError
from nnassure.exchange.drawing import steps_of
from nnassure.exchange.onnx_file import read_onnx, replayed, write_onnx
from nnassure.exchange.tracing import traced
from nnassure.exchange.vnnlib import Property, read_vnnlib, write_vnnlib

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nnassure.exchange.onnx_file import Step
    from nnassure.exchange.tracing import Traced

__all__ = ["Instance", "Read", "instance_of", "read_instance"]

#: By how much of the terms of the last sum float32 may part what is the same network.
_CLOSE = 1e-4
#: A little more than one, so that the box around a middle in float64 holds both of its ends.
_WIDER = 1 + 2.0**-48


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A question in the formats of other verifiers.

    Attributes:
        model: The network, an ONNX file.
        text: The property, a VNN-LIB file.
    """

    model: bytes
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """A question that was read from two files.

    Attributes:
        asked: The property.
        network: The layers, from segments (segments, 1, length) to two logits.
        problem: The same question for our engine; its box is never smaller than the file's.
    """

    asked: Property
    network: nn.Sequential
    problem: Problem


def instance_of(problem: Problem, *, title: str, start_mv: Tensor | None = None) -> Instance:
    """*problem* as two files; ``unsat`` of them is that its recording stays on its side.

    Args:
        problem: About one recording, every sample of which may move by itself.
        title: The first line of the property, a comment.
        start_mv: The samples before the filter in mV, shape (samples,), float64; not given, and
            not needed, without a filter.

    Raises:
        EngineMissingError: If onnx is not installed.
        ExchangeError: If *problem* is about several recordings or a set with parameters, the
            samples before its filter are not given, or float32 cannot hold a weight.
    """
    placed = _only_box(problem)
    start = placed.signal if problem.region.resampling is None else start_mv
    if start is None or tuple(start.shape) != (placed.recorder_samples,):
        got = "none" if start is None else str(tuple(start.shape))
        raise ExchangeError(
            f"start_mv: expected the {placed.recorder_samples} samples before the filter, got {got}"
        )
    middle = start.double().numpy()
    side, threshold = float(problem.question.sides[0]), problem.question.threshold
    asked = Property(
        lower=middle - placed.radius,
        upper=middle + placed.radius,
        relation="<=" if side > 0 else ">=",
        threshold=threshold,
    )
    steps = steps_of(problem.chain, placed, problem.region.resampling)
    return Instance(
        model=write_onnx(steps, inputs=placed.recorder_samples),
        text=write_vnnlib(asked, title=title),
    )


def read_instance(instance: Instance, *, place: str) -> Read:
    """The question that the two files state, for engines of this package.

    The network is held against the file: we would have to write the same nodes for it, and
    onnxruntime has to compute the same logit of the middle of the box and of both of its ends.

    Args:
        instance: What the files hold.
        place: What messages call them.

    Raises:
        EngineMissingError: If onnx or onnxruntime is not installed.
        ExchangeError: If a file is malformed, has nodes that we do not write, computes something
            else than they say, or the two do not fit together.
        NetworkError: If the layers cannot be bounded.
    """
    asked = read_vnnlib(instance.text, place=f"{place} (property)")
    inputs, steps = read_onnx(instance.model, place=f"{place} (network)")
    if inputs != len(asked.lower):
        raise ExchangeError(f"{place}: expected a box of {inputs} samples, got {len(asked.lower)}")
    found = traced(steps, inputs=inputs, place=f"{place} (network)")
    _require_same_logits(instance.model, found, asked, place)
    problem = _problem(found, asked)
    _require_same_nodes(steps, problem, f"{place} (network)")
    return Read(asked=asked, network=found.network, problem=problem)


def _only_box(problem: Problem) -> Placed:
    if len(problem.region.recordings) != 1:
        raise ExchangeError(
            f"problem: expected one recording, got {len(problem.region.recordings)}"
        )
    (placed,) = problem.region.recordings
    if len(placed.half_widths):
        raise ExchangeError(
            "problem: expected a box of single samples, got a set with "
            f"{len(placed.half_widths)} parameters, which a box of inputs cannot state"
        )
    return placed


def _problem(found: Traced, asked: Property) -> Problem:
    middle = torch.from_numpy((asked.lower + asked.upper) / 2)
    largest = float(np.maximum(np.abs(asked.lower), np.abs(asked.upper)).max())
    reach = float(max((asked.upper - middle.numpy()).max(), (middle.numpy() - asked.lower).max()))
    # What the decimals of a file say may lie half a step beside what float64 read.
    radius = _WIDER * (reach + float(np.spacing(largest)))
    signal, rounding = middle, torch.zeros_like(middle)
    if found.resampling is not None:
        signal = _filtered(found, middle[None])[0]
        operations = found.resampling.operations
        off = FLOAT32.relative_error(operations) * found.resampling.gain * largest
        rounding = torch.full_like(signal, off + FLOAT32.underflow(operations))
    placed = Placed(
        signal=signal,
        rounding=rounding,
        generators=torch.zeros(0, len(signal), dtype=torch.float64),
        half_widths=torch.zeros(0, dtype=torch.float64),
        radius=radius,
        indices=found.indices,
        signs=found.signs,
        recorder_samples=len(middle),
    )
    side = 1.0 if asked.relation == "<=" else -1.0
    return Problem(
        chain=chain_of(found.network, found.indices.shape[1]),
        region=Region((placed,), found.resampling),
        question=Question(
            sides=torch.tensor([side], dtype=torch.float64), threshold=asked.threshold
        ),
        arithmetic=FLOAT32,
    )


def _require_same_nodes(steps: list[Step], problem: Problem, place: str) -> None:
    """Three logits alone would not show a node that leaves them as they are."""
    (placed,) = problem.region.recordings
    for got, wanted in zip_longest(
        steps, steps_of(problem.chain, placed, problem.region.resampling)
    ):
        if got is None or wanted is None or not got.is_as(wanted):
            told = [f"{each.kind} {each.name}" if each else "the end" for each in (wanted, got)]
            raise ExchangeError(f"{place}: expected {told[0]} as we write it, got {told[1]}")


def _filtered(found: Traced, points: Tensor) -> Tensor:
    if found.resampling is None:
        return points
    samples = -(-points.shape[1] * found.resampling.up // found.resampling.down)
    return found.resampling.forward(points, samples)


def _require_same_logits(model: bytes, found: Traced, asked: Property, place: str) -> None:
    ends = np.stack([asked.lower, (asked.lower + asked.upper) / 2, asked.upper])
    points = ends.astype(np.float32)
    got = replayed(model, points)
    read = _filtered(found, torch.from_numpy(points).double())[:, found.indices]
    pieces = (read * found.signs[:, None]).float().flatten(end_dim=1)
    try:
        with torch.no_grad():
            logits = found.network(pieces[:, None])
    except RuntimeError as error:
        raise ExchangeError(f"{place}: expected layers that fit together, got {error}") from error
    wanted = (logits[:, 1] - logits[:, 0]).reshape(len(points), -1).mean(dim=1).numpy()
    largest = 1 + float(np.abs(logits.numpy()).max())
    if not bool((np.abs(got - wanted) <= _CLOSE * largest).all()):
        raise ExchangeError(
            f"{place}: expected the logits {wanted.tolist()} of the layers, got {got.tolist()}"
        )
