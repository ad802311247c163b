"""One-dimensional networks as two-dimensional ones that compute the same.

auto_LiRPA 0.3 knows no one-dimensional layer, so time becomes the second of two axes and every
kernel one of height 1.
Batch normalisation is folded into the layer before it or becomes a layer of its own, means over
windows become convolutions, and dropout is left out.
A dilated kernel is filled with zeros, and padding that is one longer on the right, as ``same``
gives for an even kernel, gets a kernel with a zero in front.
All this is exact in real arithmetic; weights are computed in float64 and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from nnassure.bounds.preflight import IGNORED, layers_of, require_liftable
from nnassure.errors import NetworkError

__all__ = ["Lifted", "lift"]

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOGITS = 2
_SIGNAL_AXES = 3  # records, channels, samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """A network for auto_LiRPA.

    Attributes:
        network: From (records, channels, 1, samples), or (records, features), to three outputs:
            the two logits, and a constant one for what a specification adds.
        channels_first: The shape of one record as *network* takes it.
        takes_channels: Whether the network that was lifted takes (records, 1, samples) rather
            than (records, samples).
    """

    network: nn.Sequential
    channels_first: tuple[int, ...]
    takes_channels: bool


def lift(network: nn.Module, *, samples: int, dtype: torch.dtype) -> Lifted:
    """*network* as auto_LiRPA can take it; the two share no memory.

    Args:
        network: An ``nn.Sequential`` in evaluation mode, from (records, samples) or
            (records, 1, samples) to two logits.
        samples: Samples of a record.
        dtype: Precision of the weights, float32 or float64.

    Raises:
        NetworkError: If a layer cannot be lifted, or does not fit what comes before it.
    """
    require_liftable(network)
    layers = [(place, layer) for place, layer in layers_of(network) if type(layer) not in IGNORED]
    takes_channels = _takes_channels([layer for _, layer in layers], samples)
    builder = _Builder((1, 1, samples) if takes_channels else (1, samples))
    # New layers draw random weights, which are replaced; that must not move the generator.
    with torch.random.fork_rng(devices=[]):
        for place, layer in layers:
            builder.add(place, layer)
        lifted = builder.finished()
    return Lifted(
        network=lifted.to(dtype).eval().requires_grad_(False),
        channels_first=builder.record,
        takes_channels=takes_channels,
    )


def _takes_channels(layers: Sequence[nn.Module], samples: int) -> bool:
    """By the first layer that tells."""
    for layer in layers:
        if isinstance(layer, nn.Unflatten | nn.Linear):
            return False
        if isinstance(layer, nn.Conv1d | nn.AvgPool1d | nn.AdaptiveAvgPool1d | nn.Flatten):
            return True
        if isinstance(layer, nn.BatchNorm1d):
            return layer.num_features != samples
    return False


class _Builder:
    """The lifted layers so far, with a signal of zeros that went through the original ones."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._probe = torch.zeros(shape)
        self._layers: list[nn.Module] = []
        self.record = _lifted_shape(self._probe)

    def add(self, place: str, layer: nn.Module) -> None:
        before = self._probe
        self._probe = _passed(place, layer, before)
        match layer:
            case nn.Flatten() | nn.Unflatten():
                self._reshape(place, layer)
            case nn.Conv1d():
                self._layers.append(_convolution(layer))
            case nn.Linear():
                self._add_linear(place, layer, before)
            case nn.BatchNorm1d():
                self._normalise(layer)
            case nn.AvgPool1d():
                self._layers.append(_mean(layer, channels=before.shape[1]))
            case nn.AdaptiveAvgPool1d():
                self._layers.append(nn.AdaptiveAvgPool2d(1))
            case _:
                self._layers.append(nn.ReLU())

    def finished(self) -> nn.Sequential:
        if self._probe.shape != (1, _LOGITS):
            shape = ", ".join(map(str, self._probe.shape[1:]))
            raise NetworkError(
                f"network: expected two logits a record, got shape (records, {shape}); "
                "end with Flatten and Linear"
            )
        before, last = self._layers[:-1], self._layers[-1] if self._layers else None
        if not isinstance(last, nn.Linear):
            before, last = self._layers, _dense(torch.eye(_LOGITS), torch.zeros(_LOGITS))
        bias = functional.pad(last.bias, (0, 1), value=1.0)
        return nn.Sequential(*before, _dense(functional.pad(last.weight, (0, 0, 0, 1)), bias))

    def _reshape(self, place: str, layer: nn.Module) -> None:
        if not self._layers:
            self.record = _lifted_shape(self._probe)
        elif isinstance(layer, nn.Unflatten):
            raise NetworkError(
                f"{place}: expected Unflatten before every other layer, got it among them"
            )
        elif not isinstance(self._layers[-1], nn.Flatten):
            self._layers.append(nn.Flatten())

    def _add_linear(self, place: str, layer: nn.Linear, before: Tensor) -> None:
        if before.dim() == _SIGNAL_AXES:
            raise NetworkError(
                f"{place}: expected features (records, features), got (records, channels, "
                "samples); put Flatten before Linear"
            )
        self._layers.append(_dense(layer.weight, layer.bias))

    def _normalise(self, layer: nn.BatchNorm1d) -> None:
        scale, shift = _scale_and_shift(layer)
        last = self._layers[-1] if self._layers else None
        if isinstance(last, nn.Conv2d):
            weight = last.weight * scale[:, None, None, None]
            bias = _weight_and_bias(last.weight, last.bias)[1] * scale + shift
            self._layers[-1] = _kernels(weight, bias, like=last)
        elif isinstance(last, nn.Linear):
            self._layers[-1] = _dense(last.weight * scale[:, None], last.bias * scale + shift)
        elif self._probe.dim() == _SIGNAL_AXES:
            self._layers.append(_depthwise(scale[:, None], shift))
        else:
            self._layers.append(_dense(torch.diag(scale), shift))


def _passed(place: str, layer: nn.Module, signal: Tensor) -> Tensor:
    try:
        with torch.no_grad():
            tensors = [*layer.parameters(), *layer.buffers()]
            dtype = tensors[0].dtype if tensors else signal.dtype
            passed: Tensor = layer(signal.to(dtype))
    except (RuntimeError, ValueError) as error:
        shape = ", ".join(map(str, signal.shape[1:]))
        raise NetworkError(
            f"{place}: expected what {type(layer).__name__} takes, got shape (records, {shape})"
        ) from error
    return passed


def _lifted_shape(signal: Tensor) -> tuple[int, ...]:
    """The shape of one record, with the axis of height one that the lift adds."""
    shape = signal.shape[1:]
    return (shape[0], 1, shape[1]) if signal.dim() == _SIGNAL_AXES else tuple(shape)


def _convolution(layer: nn.Conv1d) -> nn.Conv2d:
    weight, bias = _weight_and_bias(layer.weight, layer.bias)
    (dilation,), (stride,) = layer.dilation, layer.stride
    if dilation > 1:
        apart = weight.new_zeros((*weight.shape[:2], dilation * (weight.shape[2] - 1) + 1))
        apart[:, :, ::dilation] = weight
        weight = apart
    padding = 0 if layer.padding == "valid" else layer.padding[0]
    if layer.padding == "same":
        if weight.shape[2] % 2 == 0:
            weight = functional.pad(weight, (1, 0))
        padding = weight.shape[2] // 2
    return _flat_kernels(weight, bias, stride=stride, padding=int(padding), groups=layer.groups)


def _mean(layer: nn.AvgPool1d, *, channels: int) -> nn.Conv2d:
    kernel, stride, padding = map(_one, (layer.kernel_size, layer.stride, layer.padding))
    weight = torch.full((channels, kernel), 1 / kernel, dtype=torch.float64)
    return _depthwise(weight, weight.new_zeros(channels), stride=stride, padding=padding)


def _one(size: int | tuple[int]) -> int:
    return size if isinstance(size, int) else size[0]


def _depthwise(weight: Tensor, bias: Tensor, *, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    """A convolution of each channel by its row of *weight*, shape (channels, kernel)."""
    return _flat_kernels(
        weight[:, None], bias, stride=stride, padding=padding, groups=weight.shape[0]
    )


def _flat_kernels(
    weight: Tensor, bias: Tensor, *, stride: int, padding: int, groups: int
) -> nn.Conv2d:
    """Kernels of height one, of *weight* with shape (channels, channels of a group, kernel)."""
    like = nn.Conv2d(
        weight.shape[1] * groups,
        weight.shape[0],
        (1, weight.shape[2]),
        (1, stride),
        (0, padding),
        groups=groups,
    )
    return _kernels(weight[:, :, None], bias, like=like)


def _kernels(weight: Tensor, bias: Tensor, *, like: nn.Conv2d) -> nn.Conv2d:
    like.weight, like.bias = nn.Parameter(weight), nn.Parameter(bias)
    return like


def _dense(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    exact, offset = _weight_and_bias(weight, bias)
    layer.weight, layer.bias = nn.Parameter(exact), nn.Parameter(offset)
    return layer


def _weight_and_bias(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    exact = weight.detach().double().clone()
    if bias is None:
        return exact, exact.new_zeros(len(exact))
    return exact, bias.detach().double().clone()


def _scale_and_shift(layer: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    mean, variance = layer.running_mean, layer.running_var
    if mean is None or variance is None:  # told by the obstacles; here for the types
        raise NetworkError("BatchNorm1d: expected running statistics, got none")
    scale = (variance.double() + layer.eps).rsqrt()
    shift = -mean.double() * scale
    if layer.affine:
        scale, shift = scale * layer.weight.double(), shift * layer.weight.double()
        shift = shift + layer.bias.double()
    return scale.detach(), shift.detach()
