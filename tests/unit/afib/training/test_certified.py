"""The loss that asks for a bound."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn.functional import cross_entropy, softplus

from afib.errors import ModelError
from afib.network import build_network
from afib.training.backward import backward_margins
from afib.training.batches import Batch
from afib.training.certified import certified_loss
from afib.training.interval import interval_margins, passed
from tests.support.models import random_network
from tests.support.training import certified_settings, tiny_settings

if TYPE_CHECKING:
    from torch import Tensor

    from afib.network import PlainNetwork
    from afib.settings import CertifiedSettings

_RADIUS = 0.02
_SIGNALS = torch.randn((8, 240), generator=torch.Generator().manual_seed(2))
_NUDGES = torch.rand((8, 240), generator=torch.Generator().manual_seed(3)) * 2 - 1
_IS_AFIB = torch.arange(8) % 2


def _network() -> PlainNetwork:
    network: PlainNetwork = random_network(tiny_settings()).train()  # type: ignore[assignment]
    return network


def _batch(*, share: float) -> Batch:
    points = _SIGNALS + share * _RADIUS * _NUDGES
    return Batch(signals_mv=_SIGNALS, points_mv=points, is_afib=_IS_AFIB)


def _loss(settings: CertifiedSettings, *, share: float) -> Tensor:
    return certified_loss(_network(), _batch(share=share), settings, share=share)


def _expected(
    centres: Tensor, radius_mv: float, *, share: float, backward_share: float = 0.0
) -> Tensor:
    """The loss put together from its parts, with a weight of 0.3."""
    network, batch = _network(), _batch(share=share)
    way = passed(network, batch.points_mv, centres, radius_mv=radius_mv)
    interval = interval_margins(network, way, _IS_AFIB)
    back = backward_margins(network, way, centres, radius_mv=radius_mv, is_afib=_IS_AFIB)
    worst = backward_share * back + (1 - backward_share) * interval
    term, weight = softplus(-worst).mean(), 0.3 * share
    return (1 - weight) * cross_entropy(way.logits, _IS_AFIB) + weight * term


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_mtl_ibp_bounds_the_ball_round_the_signal(share: float) -> None:
    """Radius and weight are ramped together."""
    expected = _expected(_SIGNALS, share * _RADIUS, share=share)
    torch.testing.assert_close(_loss(certified_settings("mtl_ibp"), share=share), expected)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_sabr_bounds_a_small_box_near_the_attack(share: float) -> None:
    """Its centre is the attacked point, moved until the box of 0.4 radii is inside the ball."""
    centres = _SIGNALS + share * _RADIUS * _NUDGES.clamp(-0.6, 0.6)
    expected = _expected(centres, 0.4 * share * _RADIUS, share=share)
    torch.testing.assert_close(_loss(certified_settings("sabr"), share=share), expected)


def test_sabr_with_the_whole_ball_is_mtl_ibp() -> None:
    """A box as large as the ball has no room to be elsewhere."""
    whole = replace(certified_settings("sabr"), box_share=1.0)
    expected = _loss(certified_settings("mtl_ibp"), share=1.0)
    torch.testing.assert_close(_loss(whole, share=1.0), expected)


@pytest.mark.parametrize(("share", "backward_share"), [(0.2, 0.9), (1.0, 0.5)])
def test_crown_ibp_goes_over_from_backward_to_interval(share: float, backward_share: float) -> None:
    """Towards 0.5 at the end of the ramp: after a fifth of it, 0.9 of the bound is backward."""
    expected = _expected(_SIGNALS, share * _RADIUS, share=share, backward_share=backward_share)
    torch.testing.assert_close(_loss(certified_settings("crown_ibp"), share=share), expected)


def test_other_networks_are_refused() -> None:
    """Layer normalisation has no bound here."""
    settings = replace(tiny_settings().network, architecture="mathworks")
    message = "network: expected a plain one, got MathWorksNetwork"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        certified_loss(
            build_network(settings, 240),
            _batch(share=1.0),
            certified_settings("mtl_ibp"),
            share=1.0,
        )
