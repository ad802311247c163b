"""A network as the engine sees it: affine layers over time, some of them rectified.

Everything is channel last, (time, channels), in float64; the weights are the float32 ones of the
deployed network, which float64 holds exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from nnassure.errors import NetworkError

__all__ = ["Affine", "Chain", "chain_of"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine:
    """One affine layer, and whether a ReLU follows it.

    Attributes:
        weight: Shape (kernel, channels in, channels out); None for a mean over time.
        bias: Shape (channels out,).
        stride: Frames from one window to the next.
        padding: Zeros before the first and after the last frame.
        rectified: Whether a ReLU follows.
        frames_in: Frames that it reads.
        operations: Roundings that a deployed output may go through.
    """

    weight: Tensor | None
    bias: Tensor
    stride: int
    padding: int
    rectified: bool
    frames_in: int
    operations: int

    @property
    def kernel(self) -> int:
        """Frames that one output reads."""
        return self.frames_in if self.weight is None else int(self.weight.shape[0])

    @property
    def frames(self) -> int:
        """Frames that it writes."""
        if self.weight is None:
            return 1
        return (self.frames_in + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def channels(self) -> int:
        """Channels that it writes."""
        return len(self.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """The layer without its ReLU, (segments, time, channels) to the same."""
        if self.weight is None:
            return frames.mean(dim=1, keepdim=True)
        return self._windows(frames) @ self.weight.flatten(end_dim=1) + self.bias

    def spread(self, radii: Tensor) -> Tensor:
        """How far outputs move if every input moves by up to its radius; shapes as `forward`."""
        if self.weight is None:
            return radii.mean(dim=1, keepdim=True)
        return self._windows(radii) @ self.weight.abs().flatten(end_dim=1)

    def backward(self, rows: Tensor) -> Tensor:
        """Coefficients of the inputs, given those of a stretch of outputs.

        Args:
            rows: Shape (rows, outputs in a row, channels out).

        Returns:
            Shape (rows, (outputs - 1) * stride + kernel, channels in); the first column belongs
            to input ``start * stride - padding`` of a row whose first output is ``start``.
        """
        if self.weight is None:
            return (rows / self.frames_in).expand(-1, self.frames_in, -1)
        kernel, width_in, width_out = self.weight.shape
        count, outputs = rows.shape[:2]
        if outputs == 1:
            flat = self.weight.permute(2, 0, 1).reshape(width_out, -1)
            return (rows[:, 0] @ flat).reshape(count, kernel, width_in)
        # Each stride of inputs is reached by so many neighbouring outputs, the same for all.
        reach = -(-kernel // self.stride)
        padded = nn.functional.pad(rows, (0, 0, reach - 1, reach - 1))
        windows = padded.unfold(1, reach, 1).transpose(2, 3).reshape(-1, reach * width_out)
        strides = (windows @ self._transposed(reach)).reshape(count, -1, width_in)
        return strides[:, : (outputs - 1) * self.stride + kernel]

    def _transposed(self, reach: int) -> Tensor:
        """From *reach* neighbouring outputs to the stride of inputs that the last one starts."""
        if self.weight is None:
            raise NetworkError("network: expected a layer with weights, got a mean")
        kernel, width_in, width_out = self.weight.shape
        taps = self.weight.new_zeros(reach * self.stride, width_in, width_out)
        taps[:kernel] = self.weight
        # The input at tap j * stride + r is reached by the output j before the last.
        blocks = taps.reshape(reach, self.stride * width_in, width_out).flip(0)
        return blocks.transpose(1, 2).reshape(reach * width_out, -1)

    def first_input(self, first_output: Tensor) -> Tensor:
        """The input at the first column of :meth:`backward`, a row."""
        if self.weight is None:
            return torch.zeros_like(first_output)
        return first_output * self.stride - self.padding

    def _windows(self, frames: Tensor) -> Tensor:
        padded = nn.functional.pad(frames, (0, 0, self.padding, self.padding))
        windows = padded.unfold(1, self.kernel, self.stride)  # (segments, time, channels, kernel)
        return windows.transpose(2, 3).flatten(start_dim=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Layers from segments of one channel to two logits, ``[negative, positive]``.

    Attributes:
        layers: In order; all but the last may be rectified.
        samples: Samples of a segment.
    """

    layers: tuple[Affine, ...]
    samples: int


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
    return builder.chain()


def _flattened(module: nn.Module, place: str) -> list[tuple[str, nn.Module]]:
    if isinstance(module, nn.Sequential):
        return [
            part
            for name, child in module.named_children()
            for part in _flattened(child, f"{place}.{name}")
        ]
    return [(place, module)]


class _Builder:
    """A chain under construction; problems are collected, not raised one by one."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._layers: list[Affine] = []
        self._problems: list[str] = []
        self._frames, self._channels = samples, 1

    def add(self, place: str, layer: nn.Module) -> None:
        if layer.training:
            self._problems.append(f"{place}: expected evaluation mode, got training; call eval()")
        if isinstance(layer, nn.Identity | nn.Dropout | nn.Flatten):
            # After a flatten, time and channels are one axis, which only a linear layer reads.
            return
        if isinstance(layer, nn.ReLU):
            self._rectify(place)
        elif isinstance(layer, nn.Conv1d):
            self._convolve(place, layer)
        elif isinstance(layer, nn.AvgPool1d):
            self._pool(place, layer)
        elif isinstance(layer, nn.AdaptiveAvgPool1d):
            self._mean(place, layer)
        elif isinstance(layer, nn.Linear):
            self._connect(place, layer)
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

    def _rectify(self, place: str) -> None:
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
        padding = layer.padding
        if isinstance(padding, str):
            padding = ((layer.kernel_size[0] - 1) // 2,) if padding == "same" else (0,)
            if layer.padding == "same" and layer.kernel_size[0] % 2 == 0:
                self._problems.append(
                    f"{place}: expected padding that is the same on both sides, got 'same' for "
                    f"an even kernel; use an odd one"
                )
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
        # torch flattens (channels, time); the engine has time first.
        weight = layer.weight.double().reshape(-1, self._channels, self._frames)
        self._append(place, weight.permute(2, 1, 0).contiguous(), layer.bias, 1, 0)

    def _append(
        self, place: str, weight: Tensor, bias: Tensor | None, stride: int, padding: int
    ) -> None:
        weight = weight.detach()
        shift = torch.zeros(weight.shape[2]) if bias is None else bias.detach()
        if not (weight.isfinite().all() and shift.isfinite().all()):
            self._problems.append(f"{place}: expected finite weights, got some that are not")
            return
        made = Affine(
            weight=weight,
            bias=shift.double(),
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
