"""APGD of the Adversarial Robustness Toolbox, as a second opinion on ours.

The only file that imports the toolbox (1.20.1; Nicolae 2018, arXiv:1807.01069), and only when an
attack asks for it. It is given the margin as a network of two classes; every point at which it
evaluates that network is first brought into the ball and then kept if it is worse than what was
met before, so that nothing depends on what the toolbox itself takes for success.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from nnassure.attacks.search import Game, finished, generator, margins_of, require_positive
from nnassure.errors import EngineMissingError, PerturbationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnassure.attacks.search import AttackResult, Margin, Runs
    from nnassure.perturbation import Ball

__all__ = ["art_apgd", "art_descents"]

Loss = Literal["cross_entropy", "logit_difference"]
_LOSSES: tuple[Loss, ...] = ("cross_entropy", "logit_difference")
_FIRST_STEP = 2.0


def art_apgd(  # noqa: PLR0913 - an attack is only told by its whole budget
    margin: Margin,
    inputs: Tensor,
    ball: Ball,
    *,
    loss: str,
    steps: int,
    restarts: int,
    seed: int,
) -> AttackResult:
    """The worst signals met by the toolbox's APGD (Croce and Hein 2020, arXiv:2003.01690).

    Args:
        margin: Positive where the decision is right, shape (records, samples) to (records,).
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        loss: What it climbs: ``"cross_entropy"``, or ``"logit_difference"``, the negative margin.
        steps: Steps of each run, at least 1; other steps are another search, not a longer one.
        restarts: Runs, at least 1; more of them never find less.
        seed: Seed of the starts. The global sources of randomness of numpy and torch, which the
            toolbox draws from, are afterwards as they were.

    Raises:
        EngineMissingError: If the toolbox is not installed.
        ShapeError: If *inputs* has other axes, or *margin* does not return one value a record.
        NotFiniteError: If an input or a margin is NaN or infinite.
        PerturbationError: If *inputs* are not float32, *margin* has no gradient, or loss or
            budget are out of their range.
    """
    require_positive(steps=steps, restarts=restarts)
    game = Game.of(margin, inputs, ball)
    runs = art_descents(game, loss=loss, steps=steps, restarts=restarts, seed=seed)
    return finished(game, runs)


def art_descents(game: Game, *, loss: str, steps: int, restarts: int, seed: int) -> Runs:
    """The runs of :func:`art_apgd`; records that are wrong undisturbed are left out."""
    if loss not in _LOSSES:
        raise PerturbationError(f"loss: expected one of {', '.join(_LOSSES)}, got {loss}")
    toolbox = _Toolbox()
    network = _Network(game, f"art apgd {loss.replace('_', ' ')}")
    if not network.is_attacked.any():
        return
    signals = game.centres[network.is_attacked].numpy()
    for restart in range(restarts):
        with _seeded(seed, restart), torch.enable_grad():
            attack = toolbox.attack(network, game.ball.radius_mv, loss, steps)
            attack.generate(signals, np.zeros(len(signals), dtype=np.int64))
        yield


class _Network(nn.Module):
    """The margin as logits of a right and a wrong class; what it is asked is met in the game.

    The toolbox asks for the records that were right undisturbed, and before that once for a
    signal of ones, to see whether probabilities come back.
    """

    def __init__(self, game: Game, method: str) -> None:
        super().__init__()
        self._game, self._method = game, method
        self.is_attacked = margins_of(game.margin, game.centres) > 0
        self.samples = game.centres.shape[1]

    def forward(self, signals: Tensor) -> Tensor:
        """Logits, shape (signals, 2): the margin for the right class and 0 for the wrong one."""
        if len(signals) != int(self.is_attacked.sum()):
            return signals.new_full((len(signals), 2), -1.0)
        points = self._game.centres.clone()
        points[self.is_attacked] = signals.detach()
        points = self._game.ball.project(points, self._game.centres)
        if not (torch.is_grad_enabled() and signals.requires_grad):
            margins = self._game.meet(points, self._method)[self.is_attacked]
        else:
            margins = self._differentiable(points, signals)
        return torch.stack([margins, torch.zeros_like(margins)], dim=1)

    def _differentiable(self, points: Tensor, signals: Tensor) -> Tensor:
        # The gradient of the margin at the point in the ball, past the projection, which has
        # none where rounding left the ball. The gradients of weights are not touched.
        margins, gradient = self._game.meet_with_gradient(points, self._method)
        moved = signals - signals.detach()
        slope: Tensor = (gradient[self.is_attacked] * moved).sum(dim=1)
        return margins[self.is_attacked] + slope


class _LogitDifference(nn.Module):
    """The wrong class's logit less the right one's; its labels are always the right class."""

    def __init__(self) -> None:
        super().__init__()
        self.reduction = "mean"  # which the toolbox sets

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002 - its interface
        """One value a signal, or their mean."""
        differences = logits[:, 1] - logits[:, 0]
        return differences if self.reduction == "none" else differences.mean()


class _Toolbox:
    """The two classes that we use, imported when first needed."""

    def __init__(self) -> None:
        try:
            from art.attacks.evasion.auto_projected_gradient_descent import (  # noqa: PLC0415
                AutoProjectedGradientDescent,
            )
            from art.estimators.classification import PyTorchClassifier  # noqa: PLC0415
        except ImportError as error:
            raise EngineMissingError(
                "adversarial-robustness-toolbox: expected it installed for its attacks, "
                "got nothing; pip install 'vericase[attacks]'"
            ) from error
        self._attack, self._classifier = AutoProjectedGradientDescent, PyTorchClassifier

    def attack(self, network: _Network, radius_mv: float, loss: str, steps: int) -> Any:  # noqa: ANN401 - it has no types
        classifier = self._classifier(
            model=network,
            loss=_LogitDifference(),
            input_shape=(network.samples,),
            nb_classes=2,
            device_type="cpu",
        )
        return self._attack(
            classifier,
            eps=radius_mv,
            eps_step=_FIRST_STEP * radius_mv,
            max_iter=steps,
            nb_random_init=1,
            batch_size=int(network.is_attacked.sum()),
            loss_type="cross_entropy" if loss == "cross_entropy" else None,
            verbose=False,
        )


@contextmanager
def _seeded(seed: int, restart: int) -> Iterator[None]:
    """The toolbox draws from numpy's global source, and its loaders from that of torch."""
    state = np.random.get_state()  # noqa: NPY002 - the source that the toolbox draws from
    np.random.seed(generator(seed, restart, "art").initial_seed() % 2**32)  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
