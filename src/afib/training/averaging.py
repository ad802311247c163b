"""The moving average of the weights, which wavers less from batch to batch than they do.

The average of the last iterates generalises better than the last one (Polyak 1992,
doi:10.1137/0330046); with exponential weights it needs no end to be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

__all__ = ["move_average"]


def move_average(average: nn.Module, network: nn.Module, *, decay: float, steps: int) -> None:
    """*average* moved towards *network*, running statistics with the weights.

    The decay is at most (1 + steps) / (10 + steps), so that the first weights, which are random,
    are soon forgotten. Whole numbers are copied.

    Args:
        average: A copy of *network*, changed in place.
        network: After a step of training; left as it is.
        decay: What is kept of the average, in [0, 1).
        steps: Steps of training so far, from 1.
    """
    kept = min(decay, (1 + steps) / (10 + steps))
    pairs = zip(average.state_dict().values(), network.state_dict().values(), strict=True)
    with torch.no_grad():
        for mean, value in pairs:
            if value.is_floating_point():
                mean.lerp_(value, 1 - kept)
            else:
                mean.copy_(value)
