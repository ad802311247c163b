"""One epoch after another, from fixed seeds, until the validation loss no longer falls.

Everything random in an epoch comes from the seed and the number of the epoch.
No generator lives longer than an epoch, so a training that is taken up again after one has
no generator state to restore: it cannot help going on as it would have.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from afib.errors import TrainingError
from afib.network import build_network, folded
from afib.training.attack import attacked
from afib.training.augmentation import augmented
from afib.training.averaging import move_average
from afib.training.batches import Batch, batches_of_epoch, batches_per_epoch
from afib.training.certified import certified_loss
from afib.training.schedule import one_cycle, ramped, settled_from
from afib.training.validation import validation_loss
from nnassure.errors import NotFiniteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

    from afib.settings import CertifiedSettings, Settings, TrainingSettings
    from afib.training.batches import Segments
    from nnassure.arrays import IntArray

__all__ = ["Course", "Epoch", "State", "fresh_state", "next_epoch"]

# The second moment of AdamW; the first follows the one-cycle schedule.
_SECOND_MOMENT = 0.999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What stays the same throughout a training.

    Attributes:
        development: What to learn from.
        validation: What an epoch is judged by.
        settings: All settings.
    """

    development: Segments
    validation: Segments
    settings: Settings

    @property
    def batches(self) -> int:
        """Batches of an epoch."""
        return batches_per_epoch(self.development, self.settings.training)

    def share(self, step: int) -> float:
        """Which share of its radius the attack has in *step*, and with it the bound, in [0, 1].

        An attack alone is ramped by epochs; with a bound, whose loss feels each jump, by steps.
        """
        training = self.settings.training
        if training.certified.kind == "none":
            return ramped(step // self.batches, training.epochs, training.ramp)
        return ramped(step, training.epochs * self.batches, training.ramp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        training_loss: Mean over its batches, as trained (varied and attacked).
        validation_loss: What :func:`validation_loss` returned after it.
    """

    training_loss: float
    validation_loss: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """A training between two epochs. The network and the optimiser change as it goes on.

    Attributes:
        network: In training form, after the last epoch.
        average: The moving average of the network, likewise; None without averaging.
        optimizer: Of the network's parameters.
        epochs: Every epoch so far.
        best_weights: State of what was judged after the best epoch; empty before the first.
        settled_from: The first epoch, from 0, whose weights have settled.
    """

    network: nn.Module
    average: nn.Module | None
    optimizer: torch.optim.AdamW
    epochs: tuple[Epoch, ...]
    best_weights: Mapping[str, Tensor]
    settled_from: int

    @property
    def judged(self) -> nn.Module:
        """What validation judges and a model is made of: the average, or the network itself."""
        return self.network if self.average is None else self.average

    @property
    def best_epoch(self) -> int:
        """The number of the epoch with the lowest validation loss, from 0; the first of equals.

        Once an epoch has settled, only such epochs are compared.
        """
        start = self.settled_from if len(self.epochs) > self.settled_from else 0
        losses = [epoch.validation_loss for epoch in self.epochs]
        return losses.index(min(losses[start:]), start)

    def is_finished(self, settings: TrainingSettings) -> bool:
        """Whether all epochs are done, or as many in a row as patience allows brought nothing."""
        done = len(self.epochs)
        if done == 0:
            return False
        return done >= settings.epochs or done - 1 - self.best_epoch >= settings.patience


def fresh_state(settings: Settings, samples: int) -> State:
    """A network with random weights, for segments of so many *samples*, and its optimiser.

    Torch's global generator is seeded.

    Raises:
        ModelError: If a segment is too short for the network.
    """
    torch.manual_seed(settings.training.seed)
    network = build_network(settings.network, samples, dropout=settings.training.dropout)
    optimizer = torch.optim.AdamW(
        network.parameters(),
        lr=settings.training.learning_rate,
        weight_decay=settings.training.weight_decay,
    )
    return State(
        network=network,
        average=copy.deepcopy(network) if settings.training.averaging > 0 else None,
        optimizer=optimizer,
        epochs=(),
        best_weights={},
        settled_from=settled_from(settings.training.epochs),
    )


def next_epoch(state: State, course: Course, *, on_batch: Callable[[], object]) -> State:
    """*state* one epoch on.

    Torch's global generator is seeded, because dropout draws from it.

    Args:
        state: Is used up: its network and optimiser are trained further.
        course: Recordings and settings.
        on_batch: Called after every batch.

    Raises:
        TrainingError: If the loss is no longer a finite number.
    """
    training, number = course.settings.training, len(state.epochs)
    draws = _Draws.of_epoch(training.seed, number)
    losses = []
    try:
        batches = batches_of_epoch(course.development, training, draws.generator)
        for step, batch in enumerate(batches, start=number * course.batches):
            share = course.share(step)
            prepared = _prepared(state.network, course, batch, draws, share=share)
            _set_rates(state.optimizer, step, training.epochs * course.batches, training)
            losses.append(_learn(state, prepared, training.certified, share=share))
            if state.average is not None:
                move_average(state.average, state.network, decay=training.averaging, steps=step + 1)
            on_batch()
        judged = validation_loss(folded(state.judged), course.validation, training.afib_share)
        done = Epoch(training_loss=math.fsum(losses) / len(losses), validation_loss=judged)
        _require_finite(done)
    except NotFiniteError as error:
        raise TrainingError(
            f"epoch {number + 1}: expected a finite loss, got none ({error}); "
            f"lower the learning rate or look for damaged recordings"
        ) from error
    return _with_epoch(state, done)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Draws:
    """The random numbers of one epoch."""

    generator: np.random.Generator
    attack: torch.Generator

    @classmethod
    def of_epoch(cls, seed: int, epoch: int) -> _Draws:
        generator = np.random.default_rng([seed, epoch])
        torch.manual_seed(int(generator.integers(2**63)))
        attack = torch.Generator().manual_seed(int(generator.integers(2**63)))
        return cls(generator=generator, attack=attack)


def _prepared(
    network: nn.Module, course: Course, positions: IntArray, draws: _Draws, *, share: float
) -> Batch:
    """The segments at *positions*, varied and attacked within a *share* of the radius."""
    training, chosen = course.settings.training, torch.from_numpy(positions)
    is_afib = course.development.is_afib[chosen]
    signals = augmented(
        course.development.signals_mv[chosen],
        training.augmentation,
        rate_hz=course.settings.preprocessing.rate_hz,
        generator=draws.generator,
    )
    points = attacked(
        network, signals, is_afib, training.attack, share=share, generator=draws.attack
    )
    return Batch(signals_mv=signals, points_mv=points, is_afib=is_afib)


def _set_rates(
    optimizer: torch.optim.AdamW, step: int, steps: int, settings: TrainingSettings
) -> None:
    rate, momentum = one_cycle(step, steps, peak=settings.learning_rate)
    for group in optimizer.param_groups:
        group["lr"], group["betas"] = rate, (momentum, _SECOND_MOMENT)


def _learn(state: State, batch: Batch, settings: CertifiedSettings, *, share: float) -> float:
    """The loss of one batch, after the weights have moved against it."""
    state.network.train()
    if settings.kind == "none" or share == 0:
        loss = cross_entropy(state.network(batch.points_mv), batch.is_afib)
    else:
        loss = certified_loss(state.network, batch, settings, share=share)
    state.optimizer.zero_grad()
    torch.autograd.backward(loss)
    state.optimizer.step()
    return float(loss.detach())


def _require_finite(epoch: Epoch) -> None:
    if not (math.isfinite(epoch.training_loss) and math.isfinite(epoch.validation_loss)):
        raise NotFiniteError(
            f"training loss {epoch.training_loss:g}, validation loss {epoch.validation_loss:g}"
        )


def _with_epoch(state: State, done: Epoch) -> State:
    extended = replace(state, epochs=(*state.epochs, done))
    if extended.best_epoch < len(state.epochs):
        return extended
    weights = {name: values.clone() for name, values in state.judged.state_dict().items()}
    return replace(extended, best_weights=weights)
