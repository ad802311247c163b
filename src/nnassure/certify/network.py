"""A network as the engine sees it: affine layers over time, some of them rectified.

Everything is channel last, (time, channels), in float64; the weights are the float32 ones of the
deployed network, which float64 holds exactly.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nnassure.certify.affine import Affine
from nnassure.errors import NetworkError
from nnassure.unaltered import global_hooks, is_altered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["Affine", "Chain", "chain_of"]

_PRECISIONS = (torch.float32, torch.float64)
#: By how much of the largest value on the way float64 may part what is the same.
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Layers from segments of one channel to two logits, ``[negative, positive]``.

    Attributes:
        layers: In order; all but the last may be rectified.
        samples: Samples of a segment.
    """

    layers: tuple[Affine, ...]
    samples: int

    def forward(self, segments: Tensor) -> tuple[Tensor, float]:
        """Logits of *segments* (segments, samples), and the largest value met on the way."""
        values, largest = segments[:, :, None], 1.0
        for layer in self.layers:
            terms = layer.spread(values.abs()) + layer.bias.abs()
            largest = max(largest, float(terms.max()))
            values = layer.forward(values)
            values = values.clamp(min=0) if layer.rectified else values
        return values[:, 0], largest


def chain_of(network: nn.Module, samples: int) -> Chain:
    """*network* for segments of *samples*, if the engine can bound it.

    Supported are Conv1d (strides, groups, zero padding), ReLU, AvgPool1d without overlap beyond
    its stride, AdaptiveAvgPool1d(1), Flatten, Linear, and what evaluation leaves out (Identity,
    Dropout), in an nn.Sequential; segments enter with shape (segments, 1, samples).

    Raises:
        NetworkError: With every layer that it cannot bound and what to do about it.
    """
    builder = _Builder(samples)
    for place, layer in _flattened(network, "network"):
        builder.add(place, layer)
    made = builder.chain()
    _require_same_function(network, made)
    return made


def _flattened(module: nn.Module, place: str) -> Iterator[tuple[str, nn.Module]]:
    # A subclass may compute anything; a module that stands in two places runs in both.
    if type(module) is not nn.Sequential or is_altered(module):
        yield place, module
        return
    for index, child in enumerate(module):
        yield from _flattened(child, f"{place}.{index}")


def _require_same_function(network: nn.Module, chain: Chain) -> None:
    """Hold *chain* against *network*, both in float64, on a swept sine."""
    time = torch.linspace(0, 1, chain.samples, dtype=torch.float64)
    signal = torch.sin(40 * time * (1 + time))[None]
    with torch.no_grad():
        got, largest = chain.forward(signal)
        try:
            wanted = copy.deepcopy(network).double()(signal[:, None])
        except (RuntimeError, ValueError) as error:
            raise NetworkError(
                f"network: expected one that takes (segments, 1, {chain.samples}), got {error}"
            ) from error
    if wanted.shape != got.shape or not bool((wanted - got).abs().max() <= _CLOSE * largest):
        raise NetworkError(
            f"network: expected the logits {got.tolist()} of its layers, got {wanted.tolist()}"
        )


class _Builder:
    """A chain under construction; problems are collected, not raised one by one."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._layers: list[Affine] = []
        self._problems = global_hooks()
        self._frames, self._channels = samples, 1

    def add(self, place: str, layer: nn.Module) -> None:
        if layer.training:
            self._problems.append(f"{place}: expected evaluation mode, got training; call eval()")
        if is_altered(layer):
            self._problems.append(f"{place}: expected a layer as torch computes it, got hooks")
        kind = type(layer)
        if kind in {nn.Identity, nn.Dropout, nn.Flatten}:
            # After a flatten, time and channels are one axis, which only a linear layer reads.
            return
        steps: dict[type[nn.Module], Callable[[str, Any], None]] = {
            nn.ReLU: self._rectify,
            nn.Conv1d: self._convolve,
            nn.AvgPool1d: self._pool,
            nn.AdaptiveAvgPool1d: self._mean,
            nn.Linear: self._connect,
        }
        # A subclass may compute anything.
        if kind in steps:
            steps[kind](place, layer)
        else:
            self._problems.append(f"{place}: expected a layer with a bound, got {_advice(layer)}")

    def chain(self) -> Chain:
        if not self._problems and (not self._layers or self._layers[-1].rectified):
            self._problems.append("network: expected an affine last layer, got another")
        if not self._problems and (self._frames, self._channels) != (1, 2):
            self._problems.append(
                f"network: expected two logits, got {self._frames} frames of "
                f"{self._channels} channels"
            )
        if self._problems:
            raise NetworkError("\n".join(self._problems))
        return Chain(layers=tuple(self._layers), samples=self._samples)

    def _rectify(self, place: str, _: nn.ReLU) -> None:
        if not self._layers:
            self._problems.append(f"{place}: expected an affine layer before a ReLU, got none")
            return
        self._layers[-1] = replace(self._layers[-1], rectified=True)

    def _convolve(self, place: str, layer: nn.Conv1d) -> None:
        if layer.padding_mode != "zeros" or layer.dilation != (1,):
            self._problems.append(
                f"{place}: expected zero padding and no dilation, got "
                f"{layer.padding_mode} padding and dilation {layer.dilation[0]}"
            )
            return
        if layer.in_channels != self._channels:
            self._problems.append(
                f"{place}: expected {self._channels} channels in, got {layer.in_channels}"
            )
            return
        padding = layer.padding
        if isinstance(padding, str):
            padding = ((layer.kernel_size[0] - 1) // 2,) if padding == "same" else (0,)
            if layer.padding == "same" and layer.kernel_size[0] % 2 == 0:
                self._problems.append(
                    f"{place}: expected padding that is the same on both sides, got 'same' for "
                    f"an even kernel; use an odd one"
                )
                return
        if not self._holds(place, layer.weight, layer.bias):
            return
        weight = _ungrouped(layer).double().permute(2, 1, 0).contiguous()
        self._append(place, weight, layer.bias, layer.stride[0], padding[0])

    def _pool(self, place: str, layer: nn.AvgPool1d) -> None:
        kernel, stride, padding = (
            _first(each) for each in (layer.kernel_size, layer.stride, layer.padding)
        )
        if layer.ceil_mode or padding:
            self._problems.append(
                f"{place}: expected pooling of whole windows without padding, got "
                f"ceil_mode={layer.ceil_mode} and padding {padding}"
            )
            return
        weight = torch.eye(self._channels, dtype=torch.float64).repeat(kernel, 1, 1) / kernel
        self._append(place, weight, None, stride, 0)

    def _mean(self, place: str, layer: nn.AdaptiveAvgPool1d) -> None:
        if layer.output_size not in {1, (1,)}:
            self._problems.append(
                f"{place}: expected a mean over all time, got {layer.output_size} frames; "
                f"use AvgPool1d or AdaptiveAvgPool1d(1)"
            )
            return
        self._layers.append(
            Affine(
                weight=None,
                bias=torch.zeros(self._channels, dtype=torch.float64),
                stride=1,
                padding=0,
                rectified=False,
                frames_in=self._frames,
                operations=self._frames + 2,
            )
        )
        self._frames = 1

    def _connect(self, place: str, layer: nn.Linear) -> None:
        wanted = self._frames * self._channels
        if layer.in_features != wanted:
            self._problems.append(
                f"{place}: expected a linear layer of {wanted} features, got {layer.in_features}"
            )
            return
        if not self._holds(place, layer.weight, layer.bias):
            return
        # torch flattens (channels, time); the engine has time first.
        weight = layer.weight.double().reshape(-1, self._channels, self._frames)
        self._append(place, weight.permute(2, 1, 0).contiguous(), layer.bias, 1, 0)

    def _append(
        self, place: str, weight: Tensor, bias: Tensor | None, stride: int, padding: int
    ) -> None:
        shift = torch.zeros(weight.shape[2]) if bias is None else bias
        made = Affine(
            # Of its own: whoever trains on changes nothing here.
            weight=weight.detach().clone(),
            bias=shift.detach().double().clone(),
            stride=stride,
            padding=padding,
            rectified=False,
            frames_in=self._frames,
            operations=int(weight.shape[0] * weight.shape[1]) + 2,
        )
        if made.frames < 1:
            self._problems.append(f"{place}: expected at least one window of input, got none")
            return
        self._layers.append(made)
        self._frames, self._channels = made.frames, made.channels

    def _holds(self, place: str, *tables: Tensor | None) -> bool:
        """Whether *tables* are weights of a float32 network on the processor."""
        for table in tables:
            if table is None:
                continue
            if table.dtype not in _PRECISIONS or table.device.type != "cpu":
                wanted, got = "float32 weights on the processor", f"{table.dtype} on {table.device}"
            elif not bool(table.isfinite().all()):
                wanted, got = "finite weights", "some that are not"
            elif not bool((table.float().double() == table.double()).all()):
                wanted, got = "weights that float32 holds", "some that it rounds"
            else:
                continue
            self._problems.append(f"{place}: expected {wanted}, got {got}")
            return False
        return True


def _first(size: int | tuple[int, ...]) -> int:
    return size if isinstance(size, int) else size[0]


def _ungrouped(layer: nn.Conv1d) -> Tensor:
    """The weights of the same convolution with one group, shape (out, in, kernel)."""
    if layer.groups == 1:
        return layer.weight.detach()
    out_each, in_each = layer.out_channels // layer.groups, layer.in_channels // layer.groups
    weight = layer.weight.new_zeros(layer.out_channels, layer.in_channels, layer.kernel_size[0])
    for group in range(layer.groups):
        rows = slice(group * out_each, (group + 1) * out_each)
        columns = slice(group * in_each, (group + 1) * in_each)
        weight[rows, columns] = layer.weight.detach()[rows]
    return weight


def _advice(layer: nn.Module) -> str:
    name = type(layer).__name__
    known = {
        "BatchNorm1d": "fold it into the convolution before it",
        "MaxPool1d": "use a strided convolution or AvgPool1d",
        "LayerNorm": "use batch normalisation and fold it",
        "GroupNorm": "use batch normalisation and fold it",
        "Softmax": "bound the logits",
        "GELU": "use ReLU",
        "SiLU": "use ReLU",
        "ELU": "use ReLU",
    }
    return f"{name}; {known.get(name, 'rewrite it with convolution, ReLU and means')}"
