"""When a training ends, and what its state holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from afib.settings import AttackSettings
from afib.training.batches import cut
from afib.training.loop import Course, Epoch, State, fresh_state, next_epoch
from tests.support.training import certified_settings, pulse_dataset, tiny_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.settings import Settings

_SETTINGS = tiny_settings(epochs=6, patience=2)


def _after(losses: Sequence[float]) -> State:
    epochs = tuple(Epoch(training_loss=1.0, validation_loss=loss) for loss in losses)
    return replace(fresh_state(_SETTINGS, 240), epochs=epochs)


def _course(settings: Settings) -> Course:
    return Course(
        development=cut(pulse_dataset(12), settings.preprocessing, name="development"),
        validation=cut(pulse_dataset(12), settings.preprocessing, name="validation"),
        settings=settings,
    )


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


def test_only_averaging_keeps_an_average() -> None:
    """Without it the network itself is judged; with it a copy that the optimiser never moves."""
    plain, averaged = (fresh_state(tiny_settings(averaging=decay), 240) for decay in (0.0, 0.9))
    assert plain.average is None
    assert plain.judged is plain.network
    assert averaged.average is averaged.judged is not averaged.network


def test_the_average_counts_steps_through_all_epochs() -> None:
    """After two epochs it is what the weights after each step come to, worked out anew."""
    settings = tiny_settings(epochs=2, averaging=0.99)
    state, course = fresh_state(settings, 240), _course(settings)
    weight = state.network.state_dict()["head.0.weight"]
    seen = [weight.clone()]
    for _ in range(2):
        state = next_epoch(state, course, on_batch=lambda: seen.append(weight.clone()))
    expected, *later = seen
    for step, value in enumerate(later, start=1):
        kept = (1 + step) / (10 + step)
        expected = kept * expected + (1 - kept) * value
    assert len(later) == 6
    torch.testing.assert_close(state.judged.state_dict()["head.0.weight"], expected)


def test_an_attack_is_ramped_by_epochs_and_a_bound_by_steps() -> None:
    """Of 3 epochs of 3 batches, the ramp from 0.1 to 0.5 reaches its end in the second."""
    attack = AttackSettings(kind="fgsm", radius_mv=0.1, steps=1)
    by_epochs = _course(tiny_settings(epochs=3, attack=attack))
    by_steps = _course(tiny_settings(epochs=3, certified=certified_settings("mtl_ibp")))
    # After 1 of 3 epochs: (1/3 - 0.1) / 0.4 = 0.58; after 1 of 9 steps (1/9 - 0.1) / 0.4 = 0.03.
    assert by_epochs.batches == by_steps.batches == 3
    shares = [by_epochs.share(step) for step in range(9)]
    assert shares == pytest.approx([0.0] * 3 + [0.7 / 1.2] * 3 + [1.0] * 3)
    shares = [by_steps.share(step) for step in range(9)]
    rising = [(step / 9 - 0.1) / 0.4 for step in range(1, 5)]
    assert shares == pytest.approx([0.0, *rising, 1.0, 1.0, 1.0, 1.0])
