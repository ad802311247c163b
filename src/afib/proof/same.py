"""Whether the network that decides is the one whose bounds are asked."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, final

import torch

from nnassure.errors import NetworkError
from nnassure.unaltered import classes_of, require_unaltered, settings_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from afib.checkpoint import Checkpoint
    from afib.classifier import Classifier
    from afib.proof.path import Way
    from nnassure.certify.network import Chain

__all__ = ["Taken", "require_same_logit", "require_same_settings"]

# Far above what float32 loses in a network of this size, far below what decides anything.
_CLOSE = 1e-5


@final
class Taken:
    """A network as it was when it was taken: its parts, what they are set to, its weights."""

    def __init__(self, network: nn.Module) -> None:
        self._classes, self._settings = classes_of(network), settings_of(network)
        self._weights = {name: tensor.clone() for name, tensor in _weights(network).items()}

    def hold(self, network: nn.Module) -> None:
        """Hold *network* to compute the same, in use.

        Raises:
            NetworkError: If it is in training mode, has hooks, other parts or settings of them,
                or other weights.
        """
        require_unaltered(network)
        if any(module.training for module in network.modules()):
            raise NetworkError("network: expected it in use, got its training mode")
        for taken, found in zip_longest(self._settings, settings_of(network)):
            if taken != found:
                raise NetworkError(f"network: expected {taken}, got {found}")
        if classes_of(network) != self._classes:
            raise NetworkError("network: expected the classes that were taken, got others so named")
        weights = _weights(network)
        if weights.keys() != self._weights.keys() or not all(
            torch.equal(weights[name], tensor) for name, tensor in self._weights.items()
        ):
            raise NetworkError("network: expected the weights that were taken, got others")


def _weights(network: nn.Module) -> dict[str, Tensor]:
    """Every number that *network* holds, as it is used; a state can be told otherwise by hooks."""
    return dict(network.named_parameters()) | dict(network.named_buffers())


def require_same_settings(checkpoint: Checkpoint) -> None:
    """Hold the network to read segments as the settings of its model say.

    Raises:
        NetworkError: If it was set otherwise.
    """
    wanted, got = checkpoint.settings.network, getattr(checkpoint.network, "settings", None)
    if got != wanted:
        raise NetworkError(f"network: expected the settings of its model, {wanted}, got {got}")


def require_same_logit(chain: Chain, classifier: Classifier, way: Way) -> None:
    """Hold that bounds of *chain* speak of what *classifier* says of the recording undisturbed.

    Raises:
        NetworkError: If its logit is another one.
    """
    recording = torch.from_numpy(way.network_mv).double()
    pieces = recording[way.placed.indices] * way.placed.signs[:, None]
    logits, largest = chain.forward(pieces)
    wanted = float((logits[:, 1] - logits[:, 0]).mean())
    got = float(classifier.logits([way.network_mv])[0])
    if not abs(got - wanted) <= _CLOSE * largest:
        raise NetworkError(
            f"network: expected the logit {wanted:g} of the layers that are bounded, "
            f"got {got:g} of what decides"
        )
