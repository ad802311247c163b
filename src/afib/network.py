"""The networks: segments of ECG in millivolts to two logits, ``[normal, AFib]``.

A network is trained with batch normalisation and dropout and used without:
:func:`folded` moves the normalisation into the weights of the convolutions, so that what is
verified and shipped consists of convolution, ReLU, mean over time and linear layers alone.
:func:`layers` gives those as one sequence of standard layers, for engines that bound them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal, final

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from afib.errors import ModelError

if TYPE_CHECKING:
    from afib.settings import NetworkSettings

__all__ = ["MathWorksNetwork", "PlainNetwork", "build_network", "folded", "layers"]

_CLASSES = 2


def build_network(
    settings: NetworkSettings,
    samples: int,
    *,
    dropout: float = 0.0,
    state: Literal["training", "folded"] = "training",
) -> nn.Module:
    """A network with random weights, drawn from torch's global generator.

    Args:
        settings: Layers. ``mathworks`` has no hidden layer and leaves ``hidden`` unused.
        samples: Samples of a segment.
        dropout: Share of hidden features that training leaves out, in [0, 1).
        state: ``folded`` gives the layers of :func:`folded`: neither normalisation nor dropout.

    Returns:
        A module from segments in mV, shape (segments, samples), to logits, shape (segments, 2).

    Raises:
        ModelError: If a segment is too short for the strides.
    """
    _require_frames(settings, samples)
    if settings.architecture == "mathworks":
        return MathWorksNetwork(settings)
    return PlainNetwork(settings, dropout=dropout, state=state)


@final
class PlainNetwork(nn.Module):
    """Blocks of strided convolution, batch normalisation and ReLU; mean over time; two linear.

    With ``settings.polarity`` invariant, these layers f answer twice, and the logits of a signal x
    are (f(x) + f(-x)) / 2: in evaluation mode the same bits for x as for -x.
    """

    def __init__(
        self,
        settings: NetworkSettings,
        *,
        dropout: float = 0.0,
        state: Literal["training", "folded"] = "training",
    ) -> None:
        super().__init__()
        self.settings = settings
        in_training = state == "training"
        layers: list[nn.Module] = []
        for (width_in, width), kernel, stride in _blocks(settings):
            # (segments, width_in, frames) -> (segments, width, ceil(frames / stride));
            # the normalisation has a bias of its own, so the convolution needs none in training.
            layers.append(
                nn.Conv1d(width_in, width, kernel, stride, kernel // 2, bias=not in_training)
            )
            if in_training:
                layers.append(nn.BatchNorm1d(width))
            layers.append(nn.ReLU())
        self.features = nn.Sequential(*layers)
        weigh = [nn.Linear(settings.channels[-1], settings.hidden), nn.ReLU()]
        drop = [nn.Dropout(dropout)] if in_training else []
        self.head = nn.Sequential(*weigh, *drop, nn.Linear(settings.hidden, _CLASSES))

    def forward(self, segments: Tensor) -> Tensor:
        """Logits of shape (segments, 2) of *segments* in mV, shape (segments, samples)."""
        if self.settings.polarity == "free":
            return self._answer(segments)
        if self.training:
            # Together, so that both ways round are normalised by the same statistics.
            upright, inverted = self._answer(torch.cat([segments, -segments])).chunk(2)
        else:
            # Apart, so that each way round is the very same computation.
            upright, inverted = self._answer(segments), self._answer(-segments)
        return (upright + inverted) / 2

    def _answer(self, segments: Tensor) -> Tensor:
        frames: Tensor = self.features(segments.unsqueeze(1))  # (segments, channels, frames)
        logits: Tensor = self.head(frames.mean(dim=-1))
        return logits


@final
class MathWorksNetwork(nn.Module):
    """The network of the MathWorks example: the baseline that ours has to beat.

    Its public pages state blocks of one-dimensional convolution with filter size 5, ReLU and
    layer normalisation, twice, and global average pooling.
    The number of filters, the stride and the padding are not visible there and are ours,
    as the settings state them.
    The normalisation depends on the input, so it cannot be folded.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width_in, width, kernel, stride, kernel // 2)
            for (width_in, width), kernel, stride in _blocks(settings)
        )
        # MATLAB normalises over the channels of each time step.
        self.normalisations = nn.ModuleList(nn.LayerNorm(width) for width in settings.channels)
        self.head = nn.Linear(settings.channels[-1], _CLASSES)

    def forward(self, segments: Tensor) -> Tensor:
        """Logits of shape (segments, 2) of *segments* in mV, shape (segments, samples)."""
        frames = segments.unsqueeze(1)  # (segments, channels, frames)
        for convolution, normalisation in zip(self.convolutions, self.normalisations, strict=True):
            frames = torch.relu(convolution(frames))
            frames = normalisation(frames.transpose(1, 2)).transpose(1, 2)
        logits: Tensor = self.head(frames.mean(dim=-1))
        return logits


def folded(network: nn.Module) -> nn.Module:
    """A copy of *network* as it is used: in evaluation mode, normalisation in the weights.

    It computes what *network* computes in evaluation mode, up to rounding, with fewer layers.
    The copy shares no memory with *network* and needs no gradients.

    Raises:
        ModelError: If *network* is none that :func:`build_network` makes.
    """
    if not isinstance(network, PlainNetwork | MathWorksNetwork):
        raise ModelError(
            f"network: expected one that build_network made, got {type(network).__name__}"
        )
    weights = network.state_dict()
    # Built without memory, so that no random weights are drawn only to be replaced.
    with torch.device("meta"):
        copy: nn.Module
        if isinstance(network, PlainNetwork):
            copy = PlainNetwork(network.settings, state="folded")
            weights = _folded_weights(network)
        else:
            copy = MathWorksNetwork(network.settings)
    weights = {name: values.detach().clone() for name, values in weights.items()}
    copy.load_state_dict(weights, assign=True)
    return copy.eval().requires_grad_(False)


def layers(network: nn.Module) -> nn.Sequential:
    """The layers of a folded *network* in one sequence, which shares its weights.

    Convolutions and ReLUs in turn, the mean over time, and two linear layers round a ReLU:
    from segments in mV, shape (segments, 1, samples), to logits, shape (segments, 2), equal to
    those of *network* up to rounding.
    Of a network with invariant polarity they are f alone: its logits are (f(x) + f(-x)) / 2, which
    whoever bounds them has to put together from both.

    Raises:
        ModelError: If *network* has other layers, or is not folded.
    """
    if isinstance(network, MathWorksNetwork):
        raise ModelError(
            "network: expected convolution, ReLU, mean and linear layers alone, got layer "
            "normalisation, which divides by a deviation of its input and cannot be folded; "
            "use architecture 'plain'"
        )
    # A class derived from one of these may compute something else.
    if not isinstance(network, PlainNetwork) or type(network) is not PlainNetwork:
        raise ModelError(
            f"network: expected one that build_network made, got {type(network).__name__}"
        )
    for name, part in (("features", network.features), ("head", network.head)):
        if type(part) is not nn.Sequential:
            raise ModelError(
                f"network.{name}: expected torch.nn.Sequential, got {type(part).__name__}"
            )
    if any(isinstance(layer, nn.BatchNorm1d) for layer in network.features):
        raise ModelError(
            "network: expected a folded one, got one in training form; fold it with folded"
        )
    return nn.Sequential(
        *network.features, nn.AdaptiveAvgPool1d(1), nn.Flatten(), *network.head
    ).train(network.training)


def _folded_weights(network: PlainNetwork) -> dict[str, Tensor]:
    """The weights of *network* under the names of its folded layers."""
    layers = list(network.features)
    normalisations = [layer for layer in layers if isinstance(layer, nn.BatchNorm1d)]
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv1d)]
    if not normalisations:
        return network.state_dict()
    weights: dict[str, Tensor] = {}
    for block, (convolution, normalisation) in enumerate(
        zip(convolutions, normalisations, strict=True)
    ):
        weight, bias = _folded_block(convolution, normalisation)
        # A folded block is a convolution and a ReLU: two layers.
        weights |= {f"features.{2 * block}.weight": weight, f"features.{2 * block}.bias": bias}
    first, last = network.head[0], network.head[-1]
    # The hidden linear layer, its ReLU, and without dropout the last one comes third.
    weights |= {f"head.0.{name}": values for name, values in first.state_dict().items()}
    return weights | {f"head.2.{name}": values for name, values in last.state_dict().items()}


def _folded_block(convolution: nn.Conv1d, normalisation: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    mean, variance = normalisation.running_mean, normalisation.running_var
    if mean is None or variance is None:
        raise ModelError("network: expected batch normalisation with running statistics, got none")
    return fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        mean,
        variance,
        normalisation.eps,
        normalisation.weight,
        normalisation.bias,
    )


def _blocks(settings: NetworkSettings) -> list[tuple[tuple[int, int], int, int]]:
    """Channels in and out, kernel and stride of each block."""
    widths = itertools.pairwise((1, *settings.channels))
    return list(zip(widths, settings.kernels, settings.strides, strict=True))


def _require_frames(settings: NetworkSettings, samples: int) -> None:
    """Hold a segment to reach the last block with more than its kernel's padding."""
    frames = samples
    for block, (kernel, stride) in enumerate(zip(settings.kernels, settings.strides, strict=True)):
        if frames <= kernel // 2:
            raise ModelError(
                f"network: expected segments that reach block {block + 1} with more than "
                f"{kernel // 2} frames, got {frames} of {samples} samples; "
                f"lower the strides or lengthen the segments"
            )
        frames = -(-frames // stride)
