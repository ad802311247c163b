"""The weights of a folded network: from bytes, and held against what the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from_bytes

from afib.errors import ModelError
from afib.network import build_network
from afib.preprocessing import segment_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from afib.settings import Settings

__all__ = ["network_of", "tensors_of", "weight_problems"]

_FILE = "model.safetensors"


def tensors_of(data: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file, by name.

    Raises:
        ModelError: If *data* is no such file.
    """
    try:
        return tensors_from_bytes(data)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{_FILE}: expected a safetensors file, got {error}") from error


def network_of(weights: Mapping[str, Tensor], settings: Settings) -> nn.Module:
    """The folded network with these *weights*, in evaluation mode.

    Raises:
        ModelError: With every way in which they are not those that *settings* ask for.
    """
    problems = weight_problems(weights, settings)
    if problems:
        raise ModelError(*problems)
    network = _architecture(settings)
    network.load_state_dict(dict(weights), assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def _architecture(settings: Settings) -> nn.Module:
    """The folded network that *settings* ask for, without memory for its weights."""
    with torch.device("meta"):
        samples = segment_samples(settings.preprocessing)
        return build_network(settings.network, samples, state="folded")


def weight_problems(weights: Mapping[str, Tensor], settings: Settings) -> list[str]:
    """Every way in which *weights* are not those of the network that *settings* ask for."""
    wanted = {
        name: tuple(values.shape) for name, values in _architecture(settings).state_dict().items()
    }
    problems = [
        f"weights {name}: expected shape {wanted[name]}, got none"
        for name in wanted
        if name not in weights
    ]
    for name, values in weights.items():
        shape = tuple(values.shape)
        if name not in wanted:
            problems.append(f"weights {name}: expected no such weights, got shape {shape}")
        elif shape != wanted[name]:
            problems.append(f"weights {name}: expected shape {wanted[name]}, got {shape}")
        elif values.dtype != torch.float32:
            problems.append(f"weights {name}: expected float32, got {values.dtype}")
        elif not values.isfinite().all():
            bad = int((~values.isfinite()).sum())
            problems.append(f"weights {name}: expected finite numbers, got {bad} that are not")
    return problems
