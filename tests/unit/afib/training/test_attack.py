"""The attack inside training."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from afib.network import folded
from afib.settings import AttackSettings
from afib.training.attack import attacked
from tests.support.models import random_network
from tests.support.training import NO_ATTACK, tiny_settings

_SIGNALS = torch.randn((16, 240), generator=torch.Generator().manual_seed(2))
_IS_AFIB = torch.arange(16) % 2
_FGSM = AttackSettings(kind="fgsm", radius_mv=0.2, steps=1)
_PGD = AttackSettings(kind="pgd", radius_mv=0.2, steps=4)


def _attacked(settings: AttackSettings, *, share: float = 1.0, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    network = random_network(tiny_settings())
    return attacked(network, _SIGNALS, _IS_AFIB, settings, share=share, generator=generator)


@pytest.mark.parametrize(
    ("settings", "share"), [(NO_ATTACK, 1.0), (_FGSM, 0.0)], ids=["none", "before the attack"]
)
def test_without_an_attack_signals_stay(settings: AttackSettings, share: float) -> None:
    """No kind, or no share of the radius yet, changes nothing."""
    assert torch.equal(_attacked(settings, share=share), _SIGNALS)


@pytest.mark.parametrize("settings", [_FGSM, _PGD], ids=["fgsm", "pgd"])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_an_attack_stays_within_its_share_of_the_radius(
    settings: AttackSettings, share: float
) -> None:
    """The largest change is the share of the radius, and it is used."""
    change = (_attacked(settings, share=share).double() - _SIGNALS.double()).abs().max()
    assert 0.99 * share * 0.2 < float(change) <= share * 0.2


@pytest.mark.parametrize("settings", [_FGSM, _PGD], ids=["fgsm", "pgd"])
def test_attacked_signals_are_harder(settings: AttackSettings) -> None:
    """The loss of the network as it will be used rises, for both classes."""
    network = folded(random_network(tiny_settings()))
    points = _attacked(settings)
    for label in (0, 1):
        chosen = _IS_AFIB.eq(label)
        before = cross_entropy(network(_SIGNALS[chosen]), _IS_AFIB[chosen])
        after = cross_entropy(network(points[chosen]), _IS_AFIB[chosen])
        assert after > before


def test_an_attack_leaves_the_network_as_it_is() -> None:
    """Weights, gradients, running statistics and the mode of training are untouched."""
    network = random_network(tiny_settings())
    before = {name: values.clone() for name, values in network.state_dict().items()}
    attacked(network, _SIGNALS, _IS_AFIB, _PGD, share=1.0, generator=torch.Generator())
    assert network.training
    assert all(torch.equal(before[name], values) for name, values in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())


def test_random_starts_come_from_the_generator() -> None:
    """The same seed starts at the same points, another one elsewhere."""
    assert torch.equal(_attacked(_FGSM, seed=1), _attacked(_FGSM, seed=1))
    assert not torch.equal(_attacked(_FGSM, seed=1), _attacked(_FGSM, seed=2))
