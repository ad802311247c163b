"""What an epoch is judged by: the loss on recordings that are not learnt from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from scipy.optimize import minimize_scalar
from torch.nn.functional import softplus

if TYPE_CHECKING:
    from torch import nn

    from afib.training.batches import Segments

__all__ = ["validation_loss"]

_CHUNK = 256
_LOG_TEMPERATURES = (math.log(0.01), math.log(100.0))


def validation_loss(network: nn.Module, validation: Segments, afib_share: float) -> float:
    """The mean log loss over recordings at the best temperature, AFib weighted as in training.

    A network grows surer of itself as it trains, and its log loss may rise while it still learns
    to tell the rhythms apart. The temperature is fitted on these recordings in the end (Guo 2017,
    arXiv:1706.04599), so epochs are compared as they will be used.
    Recordings count, not segments: the logit of one is the mean over its segments.

    Args:
        network: In evaluation mode.
        validation: Segments of both classes.
        afib_share: Weight of all AFib recordings together, in (0, 1).
    """
    with torch.no_grad():
        logits = torch.cat([network(chunk) for chunk in torch.split(validation.signals_mv, _CHUNK)])
    differences = (logits[:, 1] - logits[:, 0]).double()
    counts = torch.bincount(validation.recording)
    means = torch.bincount(validation.recording, weights=differences) / counts
    is_afib = torch.bincount(validation.recording, weights=validation.is_afib.double()) > 0

    def loss(log_temperature: float) -> float:
        scaled = means / math.exp(log_temperature)
        missed = softplus(-scaled[is_afib]).mean()
        alarmed = softplus(scaled[~is_afib]).mean()
        return float(afib_share * missed + (1 - afib_share) * alarmed)

    if not bool(means.isfinite().all()):
        return math.nan
    best = minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded")
    return float(best.fun)
