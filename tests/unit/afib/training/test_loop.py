"""When a training ends, and what an epoch is judged by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from afib.training.batches import Segments
from afib.training.loop import Epoch, State, fresh_state, validation_loss
from tests.support.training import tiny_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_SETTINGS = tiny_settings(epochs=6, patience=2)


def _after(losses: Sequence[float]) -> State:
    epochs = tuple(Epoch(training_loss=1.0, validation_loss=loss) for loss in losses)
    return replace(fresh_state(_SETTINGS, 240), epochs=epochs)


class _Echo(torch.nn.Module):
    """Answers with the first sample of a segment as AFib logit and 0 as normal one."""

    def forward(self, segments: torch.Tensor) -> torch.Tensor:
        """Logits of shape (segments, 2)."""
        first = segments[:, 0]
        return torch.stack([torch.zeros_like(first), first], dim=1)


@pytest.mark.parametrize(
    ("losses", "finished"),
    [
        ([], False),
        ([3.0], False),
        ([3.0, 2.0, 2.5], False),
        ([3.0, 2.0, 2.5, 2.1], True),
        # Equal is not better.
        ([3.0, 2.0, 2.0, 2.0], True),
        ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], True),
    ],
)
def test_training_ends_with_its_epochs_or_its_patience(
    losses: list[float],
    finished: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    """With a patience of 2, two epochs in a row without a lower loss are the last."""
    assert _after(losses).is_finished(_SETTINGS.training) is finished


def test_the_first_of_equally_good_epochs_is_the_best() -> None:
    """A later epoch has to be better to count."""
    assert _after([3.0, 1.0, 2.0, 1.0]).best_epoch == 1


def test_only_settled_epochs_are_compared_once_there_are_any() -> None:
    """A lucky epoch at a high rate does not beat the ones after the rate has fallen."""
    # Of 6 epochs the rate is below a tenth of its peak from the last one on.
    assert _after([6.0, 1.0, 4.0, 3.0, 2.0]).best_epoch == 1
    assert _after([6.0, 1.0, 4.0, 3.0, 2.0, 2.5]).best_epoch == 5


def test_the_seed_decides_the_first_weights() -> None:
    """The same seed starts with the same network, another one with another."""
    first, again = (fresh_state(tiny_settings(seed=1), 240).network for _ in range(2))
    other = fresh_state(tiny_settings(seed=2), 240).network
    weights = [network.state_dict()["features.0.weight"] for network in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_validation_counts_recordings_at_the_best_temperature(scale: float) -> None:
    """Segments are averaged to recordings, and how sure the network is does not matter."""
    # The first normal recording has logits -1 and -3, so -2; of four of each rhythm three are
    # right by 2 and one is wrong by 2.
    first_samples = [-1.0, -3.0, -2.0, -2.0, 2.0, 2.0, 2.0, 2.0, -2.0]
    segments = Segments(
        signals_mv=scale * torch.tensor([[sample] for sample in first_samples]),
        is_afib=torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1]),
        recording=torch.tensor([0, 0, 1, 2, 3, 4, 5, 6, 7]),
    )
    # At the best temperature a right recording has probability 3/4, so the loss is the entropy
    # -(3/4) log(3/4) - (1/4) log(1/4) = 0.562335.
    assert validation_loss(_Echo(), segments, 0.5) == pytest.approx(0.562335, abs=1e-5)


def test_validation_weighs_the_rhythms() -> None:
    """The more AFib weighs, the more a network that always says normal loses."""
    segments = Segments(
        signals_mv=torch.tensor([[-2.0], [-2.0]]),
        is_afib=torch.tensor([0, 1]),
        recording=torch.tensor([0, 1]),
    )
    # With both logits alike the best probability of AFib is its share, 0.2: the entropy of 0.2
    # is -(1/5) log(1/5) - (4/5) log(4/5) = 0.500402.
    assert validation_loss(_Echo(), segments, 0.2) == pytest.approx(0.500402, abs=1e-5)
