"""Bounds, averaging and polarity as options of the one trainer, through its front door."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch.nn.functional import conv1d

from afib.network import layers
from afib.settings import AttackSettings
from afib.training.batches import cut
from afib.training.interval import Boxes
from tests.support.training import certified_settings, pulse_dataset, tiny_settings
from tests.support.training_runs import (
    busy_settings,
    folder_digest,
    leave_interrupted,
    trained_on_pulses,
)

if TYPE_CHECKING:
    from pathlib import Path

    from afib.settings import Settings


def _certified_settings(kind: str) -> Settings:
    """The same with a bound, averaging, and a network that is blind to polarity."""
    busy = busy_settings()
    training = replace(
        busy.training, certified=certified_settings(kind), averaging=0.8, dropout=0.3
    )
    return replace(busy, training=training, network=replace(busy.network, polarity="invariant"))


def _averaged_settings() -> Settings:
    busy = busy_settings()
    return replace(busy, training=replace(busy.training, averaging=0.8))


def _share_held(network: torch.nn.Module, *, radius_mv: float) -> float:
    """Of new segments, the share whose interval bound is on the right side of 0."""
    segments = cut(pulse_dataset(24, seed=9), tiny_settings().preprocessing, name="new")
    boxes = Boxes(
        centre=segments.signals_mv[:, None],
        radius=torch.full_like(segments.signals_mv[:, None], radius_mv),
    )
    for layer in layers(network):
        if isinstance(layer, torch.nn.ReLU):
            boxes = boxes.relu()
        elif isinstance(layer, torch.nn.Conv1d):
            weight, padding = layer.weight.abs(), layer.kernel_size[0] // 2
            radius = conv1d(boxes.radius, weight, None, layer.stride, padding)
            boxes = Boxes(centre=layer(boxes.centre), radius=radius)
        elif isinstance(layer, torch.nn.Linear):
            boxes = boxes.through(layer)
        elif isinstance(layer, torch.nn.AdaptiveAvgPool1d):
            boxes = boxes.mean_over_time()
    lower, upper = boxes.lower, boxes.upper
    afib = segments.is_afib.bool()
    held = torch.where(afib, lower[:, 1] > upper[:, 0], lower[:, 0] > upper[:, 1])
    return float(held.float().mean())


@pytest.mark.parametrize("kind", ["none", "mtl_ibp", "sabr", "crown_ibp"])
def test_bound_and_average_survive_an_interruption(tmp_path: Path, kind: str) -> None:
    """Every option of training ends in the same bytes, with the average where it was."""
    settings = _averaged_settings() if kind == "none" else _certified_settings(kind)
    through = trained_on_pulses(settings)
    leave_interrupted(settings, tmp_path / "state", epochs=2)
    resumed = trained_on_pulses(settings, resume=tmp_path / "state")
    assert resumed.epochs == through.epochs
    assert folder_digest(resumed, settings) == folder_digest(through, settings)


def test_averaging_and_each_bound_give_another_network() -> None:
    """No option is read and then left out."""
    kinds = ("mtl_ibp", "sabr", "crown_ibp")
    every = [busy_settings(), _averaged_settings(), *(_certified_settings(kind) for kind in kinds)]
    weights = [
        trained_on_pulses(settings).network.state_dict()["head.0.weight"] for settings in every
    ]
    for number, one in enumerate(weights):
        assert not any(torch.equal(one, other) for other in weights[:number])


def test_averaging_changes_no_step_of_training() -> None:
    """The network is trained as without it; only what is judged and kept differs."""
    plain, averaged = trained_on_pulses(busy_settings()), trained_on_pulses(_averaged_settings())
    losses = [[epoch.training_loss for epoch in one.epochs] for one in (plain, averaged)]
    assert losses[0] == losses[1]
    assert plain.epochs != averaged.epochs


@pytest.mark.parametrize("kind", ["mtl_ibp", "sabr", "crown_ibp"])
def test_a_bound_that_is_trained_for_holds_more_often(kind: str) -> None:
    """Of new segments, far more keep their rhythm by intervals than without the bound."""
    attack = AttackSettings(kind="fgsm", radius_mv=0.03, steps=1)
    bound = certified_settings(kind, radius_mv=0.03)
    plain = trained_on_pulses(tiny_settings(epochs=12))
    trained = trained_on_pulses(tiny_settings(epochs=12, attack=attack, certified=bound))
    assert _share_held(plain.network, radius_mv=0.03) < 0.2
    assert _share_held(trained.network, radius_mv=0.03) > 0.6
