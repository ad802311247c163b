"""Training on a bound: the loss that also asks what the worst signal of a box could do.

The loss mixes the cross entropy at an attacked point with that of a lower bound of the margin over
a box, as in MTL-IBP (De Palma 2024, arXiv:2305.13991). The box is the ball round the signal, or a
smaller one near the attacked point: SABR (Mueller 2023, arXiv:2210.04871). The bound is by
intervals (Gowal 2018, arXiv:1810.12715), or for a part by linear functions: CROWN-IBP (Zhang 2020,
arXiv:1906.06316). Radius and weight rise together along a ramp, without which intervals drive the
network to answer always the same (Shi 2021, arXiv:2103.17268).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy, softplus

from afib.errors import ModelError
from afib.network import PlainNetwork
from afib.training.backward import backward_margins
from afib.training.interval import interval_margins, passed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from afib.settings import CertifiedSettings
    from afib.training.batches import Batch

__all__ = ["certified_loss"]


def certified_loss(
    network: nn.Module, batch: Batch, settings: CertifiedSettings, *, share: float
) -> Tensor:
    """(1 - w) cross entropy of the attacked points + w softplus(-m), the mean over *batch*.

    m bounds the margin in a segment's box from below; w is the ramped weight.

    Args:
        network: In training form and mode; its running statistics move as by the points alone.
        batch: Segments with their attacked points.
        settings: Kind other than ``none``.
        share: How far along its ramp the training is, in (0, 1].

    Raises:
        ModelError: If *network* is none that can be bounded.
    """
    if not isinstance(network, PlainNetwork):
        raise ModelError(f"network: expected a plain one, got {type(network).__name__}")
    radius_mv, weight = share * settings.radius_mv * settings.box_share, share * settings.weight
    centres_mv = _centres(batch, settings, share=share)
    way = passed(network, batch.points_mv, centres_mv, radius_mv=radius_mv)
    worst = interval_margins(network, way, batch.is_afib)
    backward_share = _backward_share(settings, share)
    if backward_share > 0:
        tighter = backward_margins(
            network, way, centres_mv, radius_mv=radius_mv, is_afib=batch.is_afib
        )
        # Both are bounds, so what lies between them is one.
        worst = torch.lerp(worst, tighter, backward_share)
    at_points = cross_entropy(way.logits, batch.is_afib)
    return (1 - weight) * at_points + weight * softplus(-worst).mean()


def _centres(batch: Batch, settings: CertifiedSettings, *, share: float) -> Tensor:
    """Centres of the boxes: as near the attacked points as boxes stay inside the balls."""
    if settings.kind != "sabr":
        return batch.signals_mv
    room_mv = share * settings.radius_mv * (1 - settings.box_share)
    return torch.clamp(batch.points_mv, batch.signals_mv - room_mv, batch.signals_mv + room_mv)


def _backward_share(settings: CertifiedSettings, share: float) -> float:
    """From all of the bound at the start of the ramp to the setting's share at its end."""
    if settings.kind != "crown_ibp":
        return 0.0
    return 1 - share * (1 - settings.backward_share)
