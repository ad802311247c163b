"""Which samples of a record argue for a class, and which against: one weight a sample.

The answer that is explained is a difference of two logits, class minus other class. A positive
weight argues for the class, a negative one against it, that is, for the other. There is no ReLU at
the end, as Grad-CAM has one (Selvaraju 2017, arXiv:1610.02391): of a network of two classes it
would leave an empty map wherever nothing argues for the class, and an empty map looks like a calm
one. A map of zeros can still be the right answer, of a network that ignores its input; it is then
said to be empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion
from torch import Tensor, nn

from nnassure.arrays import require_finite, require_shape
from nnassure.errors import AttributionError, NetworkError
from nnassure.frames import (
    convolutions,
    frames_of,
    last_convolution,
    read_at,
    require_chain,
    widening,
)

if TYPE_CHECKING:
    from nnassure.arrays import BoolArray, DoubleArray, FloatArray

_AT_ONCE, _LOGIT_AXES = 64, 2
# Layers whose answer hangs on more than their input while a network is trained.
_DRAWN = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)  # noqa: SLF001  no public name for all of them

__all__ = [
    "METHODS",
    "Attribution",
    "Question",
    "attribution",
    "convolutions",
    "last_convolution",
    "widening",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is explained.

    Attributes:
        network: From inputs, shape (records, samples), to logits, shape (records, classes), in
            evaluation mode.
        wanted: The class.
        other: The class that it is held against.
        layer: Name of a convolution, for methods that look at one; None for the last. Where a
            ReLU follows it in a sequence, the map is of what the ReLU lets through.
        baseline_mv: What stands for nothing, for methods that compare with it.
        window: Samples that are hidden at once, for methods that hide.
        steps: Of the path, for methods that follow one.
    """

    network: nn.Module
    wanted: int
    other: int
    layer: str | None = None
    baseline_mv: float = 0.0
    window: int = 24
    steps: int = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """The weights of records.

    Attributes:
        weights: Above 0 for the class, below against it, shape (records, samples).
        empty: Whether all weights of a record are zero, shape (records,).
        answers: What was explained: logit of the class minus that of the other, shape (records,).
    """

    weights: DoubleArray
    empty: BoolArray
    answers: DoubleArray


Method: TypeAlias = Callable[[Question, Tensor], Tensor]


def attribution(method: str, question: Question, inputs: FloatArray) -> Attribution:
    """How each sample of *inputs* argues.

    Args:
        method: One of :data:`METHODS`.
        question: What is explained.
        inputs: Records, shape (records, samples).

    Raises:
        AttributionError: If there is no such method or class, a count is below 1, or a record is
            empty or constant: no sample of it can be told from another; or if the network draws
            its answers.
        ShapeError: If *inputs* has other axes.
        NotFiniteError: If a sample, an answer or a weight is not finite.
        NetworkError: If there is no such layer, or no convolution at all, or the network cannot
            read the records; or, for a map of a layer, if branches meet before it, or a layer that
            looks at the whole record stands there: where its frames lie is then not known.
    """
    if method not in METHODS:
        raise AttributionError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    _require_sound(question)
    require_shape("inputs", inputs, "records, samples")
    if inputs.shape[1] == 0:
        raise AttributionError("inputs: expected at least one sample, got none")
    require_finite("inputs", inputs)
    constant = np.flatnonzero(np.ptp(inputs, axis=1) == 0)
    if len(constant):
        raise AttributionError(
            f"inputs: expected records that vary, got constant ones at {constant.tolist()}"
        )
    given = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32))
    parts = []
    for start in range(0, len(given), _AT_ONCE):
        some = given[start : start + _AT_ONCE]
        with torch.no_grad():
            said = _answered(question, some)
        parts.append((said, METHODS[method](question, some).detach()))
    answers = _joined([said for said, _ in parts], (0,))
    weights = _joined([found for _, found in parts], inputs.shape)
    require_finite("answers", answers)
    require_finite("weights", weights)
    return Attribution(
        weights=np.asarray(weights, np.float64),
        empty=np.asarray(~weights.any(axis=1), np.bool_),
        answers=np.asarray(answers, np.float64),
    )


def _require_sound(question: Question) -> None:
    for name in ("window", "steps"):
        given = getattr(question, name)
        if not isinstance(given, int) or given < 1:
            raise AttributionError(f"{name}: expected an integer from 1, got {given}")
    if not math.isfinite(question.baseline_mv):
        raise AttributionError(f"baseline_mv: expected a finite number, got {question.baseline_mv}")
    if any(part.training for part in question.network.modules() if isinstance(part, _DRAWN)):
        raise AttributionError("network: expected one in evaluation mode, got one that draws")
    classes = (question.wanted, question.other)
    if any(type(each) is not int or each < 0 for each in classes) or len(set(classes)) == 1:
        raise AttributionError(
            f"classes: expected two integers from 0 that differ, got {classes[0]} and {classes[1]}"
        )
    if question.layer is not None:
        last_convolution(question.network, question.layer)


def _answered(question: Question, inputs: Tensor) -> Tensor:
    """What is explained of each record, shape (records,)."""
    try:
        answered: Tensor = _Difference(question)(inputs)
    except RuntimeError as error:
        # Of another precision, or longer in its kernels than the records are.
        raise NetworkError(
            f"network: expected one that reads float32 records of {inputs.shape[1]} samples, "
            f"got {error}"
        ) from error
    return answered


def _joined(parts: list[Tensor], shape: tuple[int, ...]) -> DoubleArray:
    return torch.cat(parts).double().numpy() if parts else np.zeros(shape, np.float64)


class _Difference(nn.Module):
    """The logit of a class minus that of another."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._network = question.network
        self._wanted, self._other = question.wanted, question.other

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self._network(inputs)
        if logits.ndim != _LOGIT_AXES or logits.shape[1] <= max(self._wanted, self._other):
            shape, asked = tuple(logits.shape), f"{self._wanted} and {self._other}"
            raise AttributionError(
                f"classes: expected two of (records, classes), got {asked} of {shape}"
            )
        # An answer that hangs on no input has slopes all the same: zeros.
        logits = logits + 0.0 * inputs.sum(dim=1, keepdim=True)
        return logits[:, self._wanted] - logits[:, self._other]


def _grad_cam(question: Question, inputs: Tensor) -> Tensor:
    """Channels of a layer, each by the mean of its gradient over time."""
    readings = _readings(question, inputs)
    if not any(slope.any() for _, slope in readings):
        # The answer hangs on nothing that the layer gives; captum would find no way to it.
        return torch.zeros_like(inputs)
    if len(readings) > 1:
        # A network that reads a record both ways up; captum sees one of the readings alone.
        maps = [(slope.mean(dim=-1, keepdim=True) * frames).sum(1) for frames, slope in readings]
        return _over_samples(question, torch.stack(maps).sum(dim=0), inputs)
    engine = LayerGradCam(_Difference(question), read_at(question.network, question.layer))
    frames = engine.attribute(inputs.clone().requires_grad_(), relu_attributions=False)
    return _over_samples(question, frames[:, 0], inputs)


def _grad_cam_plus(question: Question, inputs: Tensor) -> Tensor:
    """Grad-CAM++ (Chattopadhay 2018, arXiv:1710.11063), of what argues for minus what against.

    Each frame of a channel weighs by its own gradient, relative to the channel's activity. The
    method is made for gradients above 0; those below are those of the question turned round.
    """
    maps = []
    for frames, slope in _readings(question, inputs):
        for sign in (1.0, -1.0):
            own = torch.relu(sign * slope)
            below = 2 * own**2 + frames.sum(dim=-1, keepdim=True) * own**3
            shares = torch.where(below > 0, own**2 / torch.where(below > 0, below, 1.0), 0.0)
            weights = (shares * own).sum(dim=-1, keepdim=True)
            maps.append(sign * (weights * frames).sum(dim=1))
    return _over_samples(question, torch.stack(maps).sum(dim=0), inputs)


def _readings(question: Question, inputs: Tensor) -> list[tuple[Tensor, Tensor]]:
    """What the layer gave each time that the network used it, and the answer's gradient by it."""
    answers, kept = _kept(question, inputs.clone().requires_grad_())
    slopes = torch.autograd.grad(answers.sum(), kept, materialize_grads=True)
    return list(zip(kept, slopes, strict=True))


def _kept(question: Question, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The answers, and what the layer gave each time, alike in shape."""
    kept: list[Tensor] = []
    read = read_at(question.network, question.layer)
    handle = read.register_forward_hook(lambda _layer, _in, made: kept.append(made))
    try:
        answers = _Difference(question)(inputs)
    finally:
        handle.remove()
    if len({made.shape for made in kept}) != 1:
        shapes = ", ".join(str(tuple(made.shape)) for made in kept)
        raise NetworkError(f"layer: expected frames of one shape, got {shapes or 'none at all'}")
    return answers, kept


def _integrated_gradients(question: Question, inputs: Tensor) -> Tensor:
    """Gradients along the way from the baseline, times the way (Sundararajan 2017)."""
    engine = IntegratedGradients(_Difference(question))
    found: Tensor = engine.attribute(inputs, baselines=question.baseline_mv, n_steps=question.steps)
    return found


def _occlusion(question: Question, inputs: Tensor) -> Tensor:
    """What the answer loses when a window is hidden: a sample's mean over the windows it is in."""
    engine = Occlusion(_Difference(question))
    window = min(question.window, inputs.shape[1])
    with torch.no_grad():
        found: Tensor = engine.attribute(
            inputs,
            sliding_window_shapes=(window,),
            strides=(max(1, window // 2),),
            baselines=question.baseline_mv,
        )
    return found


#: By name; a default stands first.
METHODS: Mapping[str, Method] = {
    "grad-cam": _grad_cam,
    "grad-cam++": _grad_cam_plus,
    "integrated gradients": _integrated_gradients,
    "occlusion": _occlusion,
}


def _over_samples(question: Question, frames: Tensor, inputs: Tensor) -> Tensor:
    """A map of a layer, shape (records, frames), as weights of samples, by straight lines.

    Each frame has its weight where its centre is; a map that is merely stretched to the length of
    the record, as images of a power of two may be, would be late by up to half a frame.
    """
    placed = frames_of(question.network, question.layer)
    require_chain(placed, lambda some: torch.cat(_kept(question, some)[1], dim=1), inputs.shape[1])
    centres = placed.first + placed.step * np.arange(frames.shape[1])
    at = np.arange(inputs.shape[1])
    rows = [np.interp(at, centres, row) for row in frames.detach().double().numpy()]
    return torch.from_numpy(np.array(rows).reshape(tuple(inputs.shape)))
