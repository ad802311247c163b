"""One epoch after another, from fixed seeds, until the validation loss no longer falls.

Everything random in an epoch comes from the seed and the number of the epoch.
No generator lives longer than an epoch, so a training that is taken up again after one has
no generator state to restore: it cannot help going on as it would have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch.nn.functional import cross_entropy, softplus

from afib.errors import TrainingError
from afib.network import build_network, folded
from afib.training.attack import attacked
from afib.training.augmentation import augmented
from afib.training.batches import batches_of_epoch, batches_per_epoch
from afib.training.schedule import attack_share, one_cycle, settled_from
from nnassure.errors import NotFiniteError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

    from afib.settings import Settings, TrainingSettings
    from afib.training.batches import Segments
    from nnassure.arrays import IntArray

__all__ = ["Course", "Epoch", "State", "fresh_state", "next_epoch", "validation_loss"]

_CHUNK = 256
# The second moment of AdamW; the first follows the one-cycle schedule.
_SECOND_MOMENT = 0.999
_LOG_TEMPERATURES = (math.log(0.01), math.log(100.0))


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
        optimizer: Of the network's parameters.
        epochs: Every epoch so far.
        best_weights: The network's state after the best epoch; empty before the first.
        settled_from: The first epoch, from 0, whose weights have settled.
    """

    network: nn.Module
    optimizer: torch.optim.AdamW
    epochs: tuple[Epoch, ...]
    best_weights: Mapping[str, Tensor]
    settled_from: int

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
            signals, is_afib = _prepared(state.network, course, batch, number, draws)
            _set_rates(state.optimizer, step, training.epochs * course.batches, training)
            losses.append(_learn(state, signals, is_afib))
            on_batch()
        judged = validation_loss(folded(state.network), course.validation, training.afib_share)
        done = Epoch(training_loss=math.fsum(losses) / len(losses), validation_loss=judged)
        _require_finite(done)
    except NotFiniteError as error:
        raise TrainingError(
            f"epoch {number + 1}: expected a finite loss, got none ({error}); "
            f"lower the learning rate or look for damaged recordings"
        ) from error
    return _with_epoch(state, done)


def validation_loss(network: nn.Module, validation: Segments, afib_share: float) -> float:
    """The mean log loss over recordings at the best temperature, AFib weighted as in training.

    A network grows surer of itself as it trains, and its log loss may rise while it still learns
    to tell the rhythms apart. The temperature is fitted on these recordings in the end (Guo 2017,
    arXiv:1706.04599), so epochs are compared as they will be used.
    Recordings count, not segments: the logit of one is the mean over its segments.

    Args:
        network: In evaluation mode.
        validation: Segments of both classes.
        afib_share: Weight of all AFib recordings together, in (0, 1).
    """
    with torch.no_grad():
        logits = torch.cat([network(chunk) for chunk in torch.split(validation.signals_mv, _CHUNK)])
    differences = (logits[:, 1] - logits[:, 0]).double()
    counts = torch.bincount(validation.recording)
    means = torch.bincount(validation.recording, weights=differences) / counts
    is_afib = torch.bincount(validation.recording, weights=validation.is_afib.double()) > 0

    def loss(log_temperature: float) -> float:
        scaled = means / math.exp(log_temperature)
        missed = softplus(-scaled[is_afib]).mean()
        alarmed = softplus(scaled[~is_afib]).mean()
        return float(afib_share * missed + (1 - afib_share) * alarmed)

    if not bool(means.isfinite().all()):
        return math.nan
    best = minimize_scalar(loss, bounds=_LOG_TEMPERATURES, method="bounded")
    return float(best.fun)


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
    network: nn.Module, course: Course, batch: IntArray, epoch: int, draws: _Draws
) -> tuple[Tensor, Tensor]:
    """The varied and attacked signals of *batch*, and whether each is AFib."""
    training, positions = course.settings.training, torch.from_numpy(batch)
    is_afib = course.development.is_afib[positions]
    signals = augmented(
        course.development.signals_mv[positions],
        training.augmentation,
        rate_hz=course.settings.preprocessing.rate_hz,
        generator=draws.generator,
    )
    share = attack_share(epoch, training.epochs)
    signals = attacked(
        network, signals, is_afib, training.attack, share=share, generator=draws.attack
    )
    return signals, is_afib


def _set_rates(
    optimizer: torch.optim.AdamW, step: int, steps: int, settings: TrainingSettings
) -> None:
    rate, momentum = one_cycle(step, steps, peak=settings.learning_rate)
    for group in optimizer.param_groups:
        group["lr"], group["betas"] = rate, (momentum, _SECOND_MOMENT)


def _learn(state: State, signals: Tensor, is_afib: Tensor) -> float:
    """The loss of one batch, after the weights have moved against it."""
    state.network.train()
    loss = cross_entropy(state.network(signals), is_afib)
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
    weights = {name: values.clone() for name, values in state.network.state_dict().items()}
    return replace(extended, best_weights=weights)
