"""The networks: shapes, folding, and what is left in a folded one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from afib.errors import ModelError
from afib.network import build_network, folded
from afib.settings import load_settings
from tests.support.models import random_network
from tests.support.training import tiny_settings

if TYPE_CHECKING:
    from afib.settings import NetworkSettings, Settings

_PLAIN = tiny_settings()
_MATHWORKS = replace(
    _PLAIN,
    network=replace(
        _PLAIN.network, architecture="mathworks", channels=(3, 5), kernels=(5, 5), strides=(1, 1)
    ),
)


def _preset() -> NetworkSettings:
    return load_settings("physionet2017").network


def _segments(count: int = 3, samples: int = 240) -> torch.Tensor:
    return torch.randn((count, samples), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("settings", [_PLAIN, _MATHWORKS], ids=["plain", "mathworks"])
def test_a_segment_gives_two_logits(settings: Settings) -> None:
    """Segments in, a normal and an AFib logit each out, in both forms of the network."""
    network = random_network(settings)
    for form in (network, folded(network)):
        assert form(_segments(3)).shape == (3, 2)


@pytest.mark.parametrize("settings", [_PLAIN, _MATHWORKS], ids=["plain", "mathworks"])
def test_folding_changes_no_answer(settings: Settings) -> None:
    """The folded network answers as the trained one does in evaluation mode."""
    network = random_network(settings, dropout=0.5).eval()
    assert torch.allclose(folded(network)(_segments()), network(_segments()), atol=1e-5)


def test_the_shipped_architecture_folds_as_well() -> None:
    """The same holds for the five blocks of the preset on segments of 30 s."""
    settings = load_settings("physionet2017")
    network = random_network(settings).eval()
    segments = _segments(2, samples=1800)
    assert torch.allclose(folded(network)(segments), network(segments), atol=1e-5)


def test_only_verifiable_layers_are_left() -> None:
    """A folded network holds convolutions, ReLU and linear layers, and nothing to be trained."""
    network = folded(random_network(_PLAIN, dropout=0.5))
    leaves = {type(layer) for layer in network.modules() if not list(layer.children())}
    assert leaves == {nn.Conv1d, nn.ReLU, nn.Linear}
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


@pytest.mark.parametrize("settings", [_PLAIN, _MATHWORKS], ids=["plain", "mathworks"])
def test_a_folded_network_folds_onto_itself(settings: Settings) -> None:
    """Folding twice is folding once."""
    once = folded(random_network(settings))
    twice = folded(once)
    assert torch.equal(once(_segments()), twice(_segments()))


@pytest.mark.parametrize("settings", [_PLAIN, _MATHWORKS], ids=["plain", "mathworks"])
def test_a_folded_network_is_a_copy(settings: Settings) -> None:
    """Further training of the network does not reach the copy, and folding draws no numbers."""
    network = random_network(settings)
    before = torch.get_rng_state()
    copy = folded(network)
    assert torch.equal(before, torch.get_rng_state())
    answer = copy(_segments())
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(1.0)
    assert torch.equal(answer, copy(_segments()))


def test_each_segment_is_answered_on_its_own() -> None:
    """Once folded, no segment can see the others of its batch."""
    network = folded(random_network(_PLAIN))
    together = network(_segments(3))
    alone = torch.cat([network(segment[None]) for segment in _segments(3)])
    assert torch.allclose(together, alone, atol=1e-6)


def test_dropout_is_for_training_alone() -> None:
    """Dropout makes a network in training form answer at random, and vanishes with folding."""
    network = random_network(_PLAIN, dropout=0.5)
    network.train()
    assert not torch.equal(network(_segments()), network(_segments()))
    copy = folded(network)
    assert torch.equal(copy(_segments()), copy(_segments()))


def test_a_segment_too_short_for_the_strides_is_refused() -> None:
    """The message names the block that would see little but padding, and the remedy."""
    message = (
        "network: expected segments that reach block 3 with more than 4 frames, got 4 of 24 "
        "samples; lower the strides or lengthen the segments"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        build_network(_preset(), 24)


def test_only_our_networks_can_be_folded() -> None:
    """A module of another kind is refused by its name."""
    message = "network: expected one that build_network made, got Linear"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        folded(nn.Linear(2, 2))
