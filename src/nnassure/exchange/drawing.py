"""The whole way of a recording as nodes of ONNX.

From samples in mV, shape (1, samples), to the logit of the recording, shape (1, 1), in float32.
The nodes are standard ones of operator set 13, in this order: the filter (``Gather`` of the
samples, those at the ends repeated, ``Conv``), the segments (``Gather``, and ``Mul`` with -1 for
those read upside down), the layers (``Conv``, ``AveragePool``, ``ReduceMean``, ``Gemm``,
``Relu``), the difference of the two logits (``MatMul``) and the mean over segments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nnassure.errors import ExchangeError
from nnassure.exchange.onnx_file import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from nnassure.arrays import FloatArray
    from nnassure.certify.network import Affine, Chain
    from nnassure.certify.region import Placed
    from nnassure.certify.resampling import Resampling

__all__ = ["DIFFERENCE", "FILTER", "JOINED", "SEGMENTS", "steps_of"]

FILTER, SEGMENTS, DIFFERENCE, JOINED = "filter", "segments", "difference", "joined"


def steps_of(chain: Chain, placed: Placed, resampling: Resampling | None) -> list[Step]:
    """The nodes from the samples that are disturbed to the logit of the recording.

    Args:
        chain: The layers.
        placed: Says which sample stands where in the segments.
        resampling: The filter before; None without one.

    Raises:
        ExchangeError: If float32 cannot hold a weight, so that the nodes would compute something
            else.
    """
    drawing = _Drawing()
    samples = len(placed.signal)
    if resampling is not None:
        drawing.filter(resampling, placed.recorder_samples, samples)
    drawing.segments(placed.indices, placed.signs, samples)
    drawing.layers(chain)
    drawing.add("MatMul", DIFFERENCE, np.array([[-1.0], [1.0]], np.float32))
    drawing.add("ReduceMean", JOINED, axes=[0], keepdims=1)
    if drawing.problems:
        raise ExchangeError(*drawing.problems)
    return drawing.steps


@dataclass(slots=True)
class _Drawing:
    """Nodes under construction; problems are collected, not raised one by one."""

    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, *tables: NDArray[Any], **settings: Any) -> None:  # noqa: ANN401  attributes of a node
        self.steps.append(Step(kind=kind, name=name, tables=tables, settings=settings))

    def filter(self, resampling: Resampling, inputs: int, samples: int) -> None:
        """Samples at the places of the raised grid, zeros between, and one convolution."""
        up, down, half = resampling.up, resampling.down, resampling.half
        places = np.arange(-half, (samples - 1) * down + half + 1)
        self.add("Gather", f"{FILTER}.places", np.clip(places // up, 0, inputs - 1), axis=1)
        if up > 1:
            self.add("Mul", f"{FILTER}.present", (places % up == 0).astype(np.float32)[None])
        self.add("Unsqueeze", f"{FILTER}.channel", np.array([1]))
        taps = self._single(f"{FILTER}.taps", resampling.taps.flip(0))
        self.add("Conv", f"{FILTER}.taps", taps[None, None], strides=[down])
        self.add("Reshape", f"{FILTER}.samples", np.array([1, samples]))

    def segments(self, indices: Tensor, signs: Tensor, samples: int) -> None:
        """(1, samples) to (segments, 1, length)."""
        count, length = indices.shape
        if count > 1 or not torch.equal(indices[0], torch.arange(samples)):
            self.add("Gather", f"{SEGMENTS}.places", indices.numpy(), axis=1)
        self.add("Reshape", f"{SEGMENTS}.channel", np.array([count, 1, length]))
        if bool((signs < 0).any()):
            column = signs.numpy().astype(np.float32)[:, None, None]
            self.add("Mul", f"{SEGMENTS}.signs", column)

    def layers(self, chain: Chain) -> None:
        """(segments, 1, length) to (segments, 2)."""
        whole = [_reads_all(layer) for layer in chain.layers]
        is_flat = False
        for place, layer in enumerate(chain.layers):
            name = f"layer.{place}"
            # Once every later layer reads all frames, time is no axis any more.
            may_end, ends = all(whole[place:]), all(whole[place + 1 :])
            if layer.weight is None and not is_flat:
                self.add("ReduceMean", name, axes=[2], keepdims=0 if ends else 1)
                is_flat = ends
            elif layer.weight is not None and _is_pool(layer, layer.weight) and not is_flat:
                self.add("AveragePool", name, kernel_shape=[layer.kernel], strides=[layer.stride])
            elif layer.weight is not None and may_end:
                if not is_flat:
                    self.add("Flatten", f"{name}.flat", axis=1)
                self._connect(name, layer, layer.weight)
                is_flat = True
            elif layer.weight is not None:
                self._convolve(name, layer, layer.weight)
            if layer.rectified:
                self.add("Relu", f"{name}.relu")
        if not is_flat:
            self.add("Flatten", "layer.flat", axis=1)

    def _connect(self, name: str, layer: Affine, weight: Tensor) -> None:
        # What was flattened has channels first, then time.
        dense = self._single(name, weight.permute(2, 1, 0).flatten(start_dim=1))
        self.add("Gemm", name, dense, self._single(name, layer.bias), transB=1)

    def _convolve(self, name: str, layer: Affine, weight: Tensor) -> None:
        taps, bias = self._single(name, weight.permute(2, 1, 0)), self._single(name, layer.bias)
        pads = [layer.padding, layer.padding]
        self.add("Conv", name, taps, bias, strides=[layer.stride], pads=pads)

    def _single(self, name: str, table: Tensor) -> FloatArray:
        """*table* in float32, if that holds it."""
        single = table.float()
        if not torch.equal(single.double(), table):
            self.problems.append(f"{name}: expected numbers that float32 holds, got others")
        return np.ascontiguousarray(single.numpy())


def _reads_all(layer: Affine) -> bool:
    """Whether the one window of *layer* is all frames."""
    return layer.kernel == layer.frames_in and layer.padding == 0


def _is_pool(layer: Affine, weight: Tensor) -> bool:
    kernel, width_in, width_out = weight.shape
    if width_in != width_out or layer.padding or bool((layer.bias != 0).any()):
        return False
    mean = torch.eye(width_in, dtype=torch.float64).repeat(kernel, 1, 1) / kernel
    return bool(torch.equal(weight, mean))
