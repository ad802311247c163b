"""A half-finished training on disk: one file, replaced as a whole after every epoch.

It holds tensors and JSON, nothing that has to be unpickled.
A state goes on only with the settings, recordings and torch version it was made with, since with
others the result would be that of no training at all.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensors_to_bytes

from afib.dataset.atomic import replacing
from afib.errors import TrainingError
from afib.training.loop import Epoch, State

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from afib.dataset import Dataset
    from afib.settings import Settings

__all__ = ["load_state", "save_state", "training_digest"]

_FILE = "training-state.safetensors"
# A safetensors file has the same bytes each time only with at most one metadata key.
_KEY = "state"


def training_digest(development: Dataset, validation: Dataset, settings: Settings) -> str:
    """What decides the result of a training: settings, recordings with labels, torch's version."""
    text = json.dumps(
        {
            "settings": settings.digest,
            "torch": str(torch.__version__),
            "development": _listed(development),
            "validation": _listed(validation),
        },
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def save_state(folder: Path, state: State, digest: str) -> None:
    """Write *state* into *folder*, which is made if need be; an earlier state is replaced.

    Raises:
        TrainingError: If the folder cannot be written.
    """
    tensors = {f"network.{name}": values for name, values in state.network.state_dict().items()}
    tensors |= {f"best.{name}": values for name, values in state.best_weights.items()}
    if state.average is not None:
        tensors |= {
            f"average.{name}": values for name, values in state.average.state_dict().items()
        }
    for number, entry in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": values for name, values in entry.items()}
    epochs = [asdict(epoch) for epoch in state.epochs]
    description = {
        "checksum": _checksum(epochs, tensors),
        "epochs": epochs,
        "training": digest,
    }
    text = json.dumps(description, sort_keys=True, allow_nan=False)
    try:
        with replacing(folder / _FILE) as file:
            file.write(tensors_to_bytes(tensors, {_KEY: text}))
    except OSError as error:
        raise TrainingError(
            f"{folder}: expected a folder to write, got {error.strerror}"
        ) from error


def load_state(folder: Path, fresh: State, digest: str) -> State:
    """The state that *folder* holds, or *fresh* if it holds none.

    Args:
        folder: What :func:`save_state` wrote to; need not exist.
        fresh: A state before its first epoch; its network and optimiser are used.
        digest: What :func:`training_digest` returned for this training.

    Raises:
        TrainingError: If the state is damaged, or of another training.
    """
    file = folder / _FILE
    if not file.exists():
        return fresh
    try:
        description, tensors = _read(file)
        same = description["training"] == digest
        intact = description["checksum"] == _checksum(description["epochs"], tensors)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, str(error)) from error
    if not intact:
        raise _damaged(file, "its content has another checksum")
    if not same:
        raise TrainingError(
            f"{file}: expected the state of this training, got one with other settings, "
            f"recordings or torch version; delete it to start over"
        )
    _restore(fresh, tensors)
    epochs = tuple(Epoch(**entry) for entry in description["epochs"])
    return replace(fresh, epochs=epochs, best_weights=_under("best", tensors))


def _damaged(file: Path, reason: str) -> TrainingError:
    return TrainingError(
        f"{file}: expected the state of a training, got a damaged file ({reason}); "
        f"delete it to start over"
    )


def _checksum(epochs: list[dict[str, float]], tensors: dict[str, Tensor]) -> str:
    text = json.dumps(epochs, sort_keys=True)
    return hashlib.sha256(text.encode() + tensors_to_bytes(tensors)).hexdigest()


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    with safe_open(file, framework="pt") as content:
        names = content.keys()
        description = json.loads(content.metadata()[_KEY])
        return description, {name: content.get_tensor(name) for name in names}


def _restore(state: State, tensors: dict[str, Tensor]) -> None:
    """Give the network, its average and the optimiser of *state* the values in *tensors*."""
    state.network.load_state_dict(_under("network", tensors))
    if state.average is not None:
        state.average.load_state_dict(_under("average", tensors))
    numbers = range(len(list(state.network.parameters())))
    entries = {number: _under(f"optimizer.{number}", tensors) for number in numbers}
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": entries, "param_groups": groups})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {
        name.removeprefix(start): values
        for name, values in tensors.items()
        if name.startswith(start)
    }


def _listed(dataset: Dataset) -> list[list[str]]:
    columns = zip(dataset.names, dataset.labels, dataset.digests, strict=True)
    return [[str(value) for value in row] for row in columns]
