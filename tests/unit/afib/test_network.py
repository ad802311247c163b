"""The networks: shapes, folding, and what is left in a folded one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from afib.errors import ModelError
from afib.network import PlainNetwork, build_network, folded, layers
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

_INVARIANT = tiny_settings(polarity="invariant")


def _preset() -> NetworkSettings:
    return load_settings("physionet2017").network


def _segments(count: int = 3, samples: int = 240) -> torch.Tensor:
    return torch.randn((count, samples), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "settings", [_PLAIN, _INVARIANT, _MATHWORKS], ids=["plain", "invariant", "mathworks"]
)
def test_a_segment_gives_two_logits(settings: Settings) -> None:
    """Segments in, a normal and an AFib logit each out, in both forms of the network."""
    network = random_network(settings)
    for form in (network, folded(network)):
        assert form(_segments(3)).shape == (3, 2)


@pytest.mark.parametrize(
    "settings", [_PLAIN, _INVARIANT, _MATHWORKS], ids=["plain", "invariant", "mathworks"]
)
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


@pytest.mark.parametrize(
    "settings", [_PLAIN, _INVARIANT, _MATHWORKS], ids=["plain", "invariant", "mathworks"]
)
def test_a_folded_network_folds_onto_itself(settings: Settings) -> None:
    """Folding twice is folding once."""
    once = folded(random_network(settings))
    twice = folded(once)
    assert torch.equal(once(_segments()), twice(_segments()))


@pytest.mark.parametrize(
    "settings", [_PLAIN, _INVARIANT, _MATHWORKS], ids=["plain", "invariant", "mathworks"]
)
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
    answers = {tuple(network(_segments()).flatten().tolist()) for _ in range(50)}
    assert len(answers) > 1
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


def test_an_invariant_network_answers_the_same_bits_either_way_round() -> None:
    """Turning over some segments or all, alone or together, changes no bit of a logit."""
    network = folded(random_network(_INVARIANT))
    segments = _segments(6)
    some = segments * torch.tensor([1.0, -1.0, -1.0, 1.0, -1.0, 1.0])[:, None]
    assert torch.equal(network(segments), network(-segments))
    assert torch.equal(network(segments), network(some))
    assert torch.equal(network(segments[:1]), network(-segments[:1]))


def test_an_invariant_network_is_invariant_in_training() -> None:
    """Both ways round are normalised together, so that a batch turned over has the same logits."""
    network = random_network(_INVARIANT).train()
    segments = _segments(6)
    # Sums over the batch are taken in another order.
    torch.testing.assert_close(network(segments), network(-segments), rtol=1e-4, atol=1e-5)


def test_an_invariant_network_is_the_mean_of_both_ways_round() -> None:
    """Its logits are those of the same weights with free polarity, averaged."""
    both, one = (folded(random_network(settings)) for settings in (_INVARIANT, _PLAIN))
    expected = (one(_segments()) + one(-_segments())) / 2
    assert torch.equal(both(_segments()), expected)
    assert not torch.equal(one(_segments()), one(-_segments()))


def test_a_network_tells_its_polarity() -> None:
    """Who bounds a network reads there whether it answers once or twice."""
    for settings in (_PLAIN, _INVARIANT):
        network = folded(random_network(settings))
        assert isinstance(network, PlainNetwork)
        assert network.settings.polarity == settings.network.polarity


def test_layers_are_standard_ones_in_sequence() -> None:
    """What a bound engine is given holds nothing but layers that it knows."""
    kinds = [type(layer) for layer in layers(folded(random_network(_PLAIN)))]
    blocks = [nn.Conv1d, nn.ReLU] * 2
    assert kinds == [*blocks, nn.AdaptiveAvgPool1d, nn.Flatten, nn.Linear, nn.ReLU, nn.Linear]


def test_layers_compute_what_the_network_computes() -> None:
    """The sequence takes a channel axis and gives the same logits up to rounding."""
    network = folded(random_network(_PLAIN))
    logits = layers(network)(_segments()[:, None])
    torch.testing.assert_close(logits, network(_segments()), rtol=1e-5, atol=1e-6)


def test_layers_of_an_invariant_network_are_those_that_answer_twice() -> None:
    """Put together from both ways round they are the network."""
    network = folded(random_network(_INVARIANT))
    answer, segments = layers(network), _segments()[:, None]
    logits = (answer(segments) + answer(-segments)) / 2
    torch.testing.assert_close(logits, network(_segments()), rtol=1e-5, atol=1e-6)


def test_layers_share_the_weights() -> None:
    """No weight is copied."""
    network = folded(random_network(_PLAIN))
    shared = {values.data_ptr() for values in layers(network).state_dict().values()}
    assert shared == {values.data_ptr() for values in network.state_dict().values()}


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            folded(random_network(_MATHWORKS)),
            (
                "network: expected convolution, ReLU, mean and linear layers alone, got layer "
                "normalisation, which divides by a deviation of its input and cannot be folded; "
                "use architecture 'plain'"
            ),
        ),
        (
            random_network(_PLAIN),
            "network: expected a folded one, got one in training form; fold it with folded",
        ),
        (nn.Linear(2, 2), "network: expected one that build_network made, got Linear"),
    ],
    ids=["mathworks", "in training", "another"],
)
def test_networks_without_such_layers_are_refused(network: nn.Module, message: str) -> None:
    """The message says why, and what to do."""
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        layers(network)
