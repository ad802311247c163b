"""What an epoch is judged by."""

from __future__ import annotations

import pytest
import torch

from afib.training.batches import Segments
from afib.training.validation import validation_loss


class _Echo(torch.nn.Module):
    """Answers with the first sample of a segment as AFib logit and 0 as normal one."""

    def forward(self, segments: torch.Tensor) -> torch.Tensor:
        """Logits of shape (segments, 2)."""
        first = segments[:, 0]
        return torch.stack([torch.zeros_like(first), first], dim=1)


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
