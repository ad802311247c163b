"""Whether a network can be bounded at all: every obstacle at once, with the rewrite that helps.

Only layers that :mod:`nnassure.bounds.lift` maps exactly are let through, by their very class:
a subclass may compute something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from nnassure.errors import NetworkError
from nnassure.unaltered import global_hooks, is_altered

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["IGNORED", "layers_of", "obstacles", "require_liftable"]

#: Layers that do nothing in evaluation mode.
IGNORED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.AlphaDropout)

_EXACT = (
    nn.Unflatten,
    nn.Flatten,
    nn.Conv1d,
    nn.BatchNorm1d,
    nn.ReLU,
    nn.AvgPool1d,
    nn.AdaptiveAvgPool1d,
    nn.Linear,
)
_KNOWN = {kind: kind.__name__ for kind in (*_EXACT, *IGNORED)}
_ON_LOGITS = "leave it out: margins are those of the logits"
_USE_RELU = "use ReLU"
_USE_NORMALISATION = "use BatchNorm1d, which is constant in evaluation mode"
_USE_CONVOLUTION = "use Conv1d"
_PAD_INSIDE = "use the padding of Conv1d, which is of zeros and alike on both sides"
_REWRITES: dict[type[nn.Module], str] = {
    **dict.fromkeys((nn.Softmax, nn.LogSoftmax, nn.Softmax2d), _ON_LOGITS),
    **dict.fromkeys(
        (nn.GELU, nn.SiLU, nn.ELU, nn.Hardswish, nn.Softplus, nn.LeakyReLU, nn.PReLU, nn.ReLU6),
        _USE_RELU,
    ),
    **dict.fromkeys((nn.Sigmoid, nn.Tanh), f"{_USE_RELU}; after the logits, leave it out"),
    **dict.fromkeys((nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm1d), _USE_NORMALISATION),
    **dict.fromkeys((nn.MaxPool1d, nn.AdaptiveMaxPool1d), "use AvgPool1d or a Conv1d with stride"),
    **dict.fromkeys((nn.LSTM, nn.GRU, nn.RNN, nn.MultiheadAttention), _USE_CONVOLUTION),
    **dict.fromkeys((nn.ConstantPad1d, nn.ZeroPad1d, nn.ReflectionPad1d), _PAD_INSIDE),
    nn.Conv2d: _USE_CONVOLUTION,
    nn.BatchNorm2d: "use BatchNorm1d",
    nn.AvgPool2d: "use AvgPool1d",
}
_PRECISIONS = (torch.float32, torch.float64)


def layers_of(network: nn.Module, place: str = "network") -> Iterator[tuple[str, nn.Module]]:
    """The layers in their order, nested ones too, each with its place such as ``network[1][0]``."""
    if type(network) is not nn.Sequential:
        yield place, network
        return
    for index, layer in enumerate(network):
        yield from layers_of(layer, f"{place}[{index}]")


def _parts_of(network: nn.Module, place: str = "network") -> Iterator[tuple[str, nn.Module]]:
    """As :func:`layers_of`, with what holds them."""
    yield place, network
    if type(network) is nn.Sequential:
        for index, layer in enumerate(network):
            yield from _parts_of(layer, f"{place}[{index}]")


def require_liftable(network: nn.Module) -> None:
    """Hold *network* to have no obstacle.

    Raises:
        NetworkError: If it has one; the message has a line for each.
    """
    if found := obstacles(network):
        raise NetworkError("\n".join(found))


def obstacles(network: nn.Module) -> list[str]:
    """Why *network* cannot be bounded: one sentence an obstacle, none if it can be.

    Args:
        network: An ``nn.Sequential`` of layers in evaluation mode.
    """
    if type(network) is not nn.Sequential:
        got = f"got {type(network).__name__}; write its forward as a chain of layers"
        return [f"network: expected an nn.Sequential, {got}"]
    found = global_hooks()
    found += [
        # A hook or a method of its own computes what no class tells.
        f"{place}: expected {type(part).__name__} as torch computes it, "
        "got one with hooks; remove them"
        for place, part in _parts_of(network)
        if is_altered(part)
    ]
    found += [f"{place}: {each}" for place, layer in layers_of(network) for each in _in(layer)]
    if len(precisions := {str(each.dtype) for each in network.parameters()}) > 1:
        found.insert(0, f"network: expected one precision, got {' and '.join(sorted(precisions))}")
    if any(module.training for module in network.modules()):
        found.insert(0, "network: expected evaluation mode, got training; call eval() first")
    return found


def _in(layer: nn.Module) -> Iterator[str]:
    kind = type(layer)
    if kind not in _KNOWN:
        rewrite = _REWRITES.get(kind, f"use {', '.join(_KNOWN.values())}")
        yield f"expected a layer with exact bounds, got {kind.__name__}; {rewrite}"
        return
    yield from _in_settings(layer)
    yield from _in_numbers(layer)


def _in_settings(layer: nn.Module) -> Iterator[str]:
    match layer:
        case nn.Conv1d() if layer.padding_mode != "zeros":
            yield f"expected padding with zeros, got {layer.padding_mode!r}; {_PAD_INSIDE}"
        case nn.BatchNorm1d() if layer.running_mean is None:
            yield "expected running statistics, got none; set track_running_stats"
        case nn.AvgPool1d() if layer.ceil_mode:
            yield "expected whole windows, got ceil_mode; leave it out"
        case nn.AvgPool1d() if not layer.count_include_pad and layer.padding not in {0, (0,)}:
            yield (
                "expected padding that counts, got count_include_pad=False; "
                "leave the padding out, or let it count"
            )
        case nn.AdaptiveAvgPool1d() if layer.output_size not in {1, (1,)}:
            yield (
                f"expected the mean over all time, got output_size={layer.output_size}; "
                "use AvgPool1d with a kernel and a stride"
            )
        case nn.Flatten() if (layer.start_dim, layer.end_dim) != (1, -1):
            yield (
                f"expected all axes but the first, got start_dim={layer.start_dim} and "
                f"end_dim={layer.end_dim}; use Flatten()"
            )
        case nn.Unflatten() if layer.dim != 1 or len(layer.unflattened_size) != 2:  # noqa: PLR2004
            yield "expected (channels, samples) from axis 1, got another shape"


def _in_numbers(layer: nn.Module) -> Iterator[str]:
    tensors = [*layer.named_parameters(), *layer.named_buffers()]
    for name, values in tensors:
        if not values.is_floating_point():
            continue
        if values.dtype not in _PRECISIONS or values.device.type != "cpu":
            yield (
                f"{name}: expected float32 or float64 on the processor, "
                f"got {values.dtype} on {values.device.type}"
            )
        elif not values.isfinite().all():
            yield f"{name}: expected finite values, got {int((~values.isfinite()).sum())} not"
