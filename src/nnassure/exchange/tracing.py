"""Nodes of ONNX as layers that can be bounded again; what no node of ours computes is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from nnassure.certify.resampling import Resampling
from nnassure.errors import ExchangeError
from nnassure.exchange.drawing import DIFFERENCE, FILTER, JOINED, SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from nnassure.exchange.onnx_file import Step

__all__ = ["Traced", "traced"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traced:
    """What the nodes of a file compute.

    Attributes:
        network: From segments, shape (segments, 1, length), to two logits, in evaluation mode.
        indices: Which filtered sample stands where in the segments, shape (segments, length).
        signs: 1, or -1 for a segment that is read upside down, shape (segments,).
        resampling: The filter before; None without one.
    """

    network: nn.Sequential
    indices: Tensor
    signs: Tensor
    resampling: Resampling | None


def traced(steps: list[Step], *, inputs: int, place: str) -> Traced:
    """What *steps* compute from so many *inputs*.

    What it says holds only if the file computes the same; whoever reads one has to compare.

    Args:
        steps: Nodes in their order.
        inputs: Samples that the first one takes.
        place: What messages call the file.

    Raises:
        ExchangeError: With every node that is none of ours.
    """
    by_part: dict[str, list[Step]] = {FILTER: [], SEGMENTS: [], "layer": []}
    for step in steps[:-2]:
        by_part.setdefault(step.name.split(".")[0], []).append(step)
    problems = [
        f"{place}: expected {FILTER}, {SEGMENTS} and layer, got a node {step.name}"
        for part, some in by_part.items()
        if part not in {FILTER, SEGMENTS, "layer"}
        for step in some
    ]
    if [step.name for step in steps[-2:]] != [DIFFERENCE, JOINED]:
        problems.append(f"{place}: expected {DIFFERENCE} and {JOINED} at the end, got others")
    layers: list[nn.Module] = []
    for step in by_part["layer"]:
        make = _LAYERS.get(step.kind)
        if make is None:
            problems.append(
                f"{place}: expected one of {', '.join(_LAYERS)}, got {step.kind} {step.name}"
            )
        elif wrong := _other_settings(step):
            problems.append(f"{place}: expected {step.kind} as we write it, got {wrong}")
        else:
            layers += make(step)
    if problems:
        raise ExchangeError(*problems)
    try:
        resampling, samples = _filter(by_part[FILTER], inputs)
        indices, signs = _segments(by_part[SEGMENTS], samples)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ExchangeError(
            f"{place}: expected the nodes of a filter and of segments, got others ({error!r})"
        ) from error
    network = nn.Sequential(*layers).eval().requires_grad_(requires_grad=False)
    return Traced(network=network, indices=indices, signs=signs, resampling=resampling)


def _other_settings(step: Step) -> str:
    """What of *step* would change what it computes in a way that no layer here has."""
    settings, known = step.settings, _SETTINGS[step.kind]
    if settings.keys() != known:
        return f"the attributes {', '.join(sorted(settings))} of {step.name}"
    if len(set(settings.get("pads", [0]))) != 1:
        return f"uneven padding {settings['pads']} of {step.name}"
    return ""


def _filter(steps: list[Step], inputs: int) -> tuple[Resampling | None, int]:
    """The filter, and the samples behind it."""
    if not steps:
        return None, inputs
    named = {step.name.removeprefix(f"{FILTER}."): step for step in steps}
    present = named["present"].tables[0][0] if "present" in named else np.ones(2)
    grid = np.flatnonzero(present)
    taps = torch.from_numpy(named["taps"].tables[0][0, 0].astype(np.float64)).flip(0)
    (down,) = named["taps"].settings["strides"]
    resampling = Resampling(taps=taps, up=int(grid[1] - grid[0]), down=int(down))
    return resampling, int(named["samples"].tables[0][1])


def _segments(steps: list[Step], samples: int) -> tuple[Tensor, Tensor]:
    """Which sample stands where, and the signs of the segments."""
    named = {step.name.removeprefix(f"{SEGMENTS}."): step.tables[0] for step in steps}
    places = named.get("places", np.arange(samples)[None])
    signs = named["signs"][:, 0, 0] if "signs" in named else np.ones(len(places))
    return torch.from_numpy(places.copy()), torch.from_numpy(signs.astype(np.float64))


def _convolution(step: Step) -> list[nn.Module]:
    weight, bias = step.tables
    (stride,), pads = step.settings["strides"], step.settings["pads"]
    layer = nn.Conv1d(weight.shape[1], weight.shape[0], weight.shape[2], stride, pads[0])
    return [_with(layer, weight, bias)]


def _dense(step: Step) -> list[nn.Module]:
    weight, bias = step.tables
    return [_with(nn.Linear(weight.shape[1], weight.shape[0]), weight, bias)]


def _mean(step: Step) -> list[nn.Module]:
    pool: list[nn.Module] = [nn.AdaptiveAvgPool1d(1)]
    return pool if step.settings["keepdims"] else [*pool, nn.Flatten()]


def _pool(step: Step) -> list[nn.Module]:
    (kernel,), (stride,) = step.settings["kernel_shape"], step.settings["strides"]
    return [nn.AvgPool1d(kernel, stride)]


def _with(layer: nn.Conv1d | nn.Linear, weight: Any, bias: Any) -> nn.Module:  # noqa: ANN401  arrays of a file
    layer.weight = nn.Parameter(torch.from_numpy(weight.copy()))
    layer.bias = nn.Parameter(torch.from_numpy(bias.copy()))
    return layer


_LAYERS: dict[str, Callable[[Step], list[nn.Module]]] = {
    "Conv": _convolution,
    "AveragePool": _pool,
    "ReduceMean": _mean,
    "Flatten": lambda _: [nn.Flatten()],
    "Gemm": _dense,
    "Relu": lambda _: [nn.ReLU()],
}
_SETTINGS: dict[str, frozenset[str]] = {
    "Conv": frozenset({"strides", "pads"}),
    "AveragePool": frozenset({"kernel_shape", "strides"}),
    "ReduceMean": frozenset({"axes", "keepdims"}),
    "Flatten": frozenset({"axis"}),
    "Gemm": frozenset({"transB"}),
    "Relu": frozenset(),
}
