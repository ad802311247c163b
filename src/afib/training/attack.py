"""Training on the worst signals near the recorded ones (Madry 2018, arXiv:1706.06083)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afib.network import folded
from nnassure.attacks import sign_step
from nnassure.perturbation import Ball

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from afib.settings import AttackSettings

__all__ = ["attacked"]

# One step of 1.25 radii from a random start is what makes FGSM training hold against
# stronger attacks (Wong 2020, arXiv:2001.03994).
_FGSM_STEP = 1.25
# All steps together are long enough to cross the ball (Madry 2018).
_PGD_PATH = 2.5


def attacked(  # noqa: PLR0913 - an attack is only told by its target, its budget and its seed
    network: nn.Module,
    signals_mv: Tensor,
    is_afib: Tensor,
    settings: AttackSettings,
    *,
    share: float,
    generator: torch.Generator,
) -> Tensor:
    """*signals_mv* moved to where *network* is more wrong, within a share of the radius.

    Without an attack in the settings, or with a share of 0, they are returned as they are.
    The network is attacked in the form in which it will be used: folded, so that the statistics
    of the batch are neither used nor disturbed.

    Args:
        network: In training form; it is left as it is.
        signals_mv: Segments in mV, shape (segments, samples).
        is_afib: 1 for AFib and 0 for normal, shape (segments,).
        settings: Kind, radius and steps.
        share: Share of the radius, in [0, 1].
        generator: Source of the random starts; it is advanced.

    Raises:
        NotFiniteError: If the network answers NaN.
    """
    if settings.kind == "none" or share == 0:
        return signals_mv
    ball = Ball(radius_mv=share * settings.radius_mv)
    steps = 1 if settings.kind == "fgsm" else settings.steps
    step_mv = ball.radius_mv * (_FGSM_STEP if settings.kind == "fgsm" else _PGD_PATH / steps)
    judge, sign = folded(network), 2 * is_afib - 1

    def margin(segments: Tensor) -> Tensor:
        logits: Tensor = judge(segments)
        return (logits[:, 1] - logits[:, 0]) * sign

    points = ball.draw(signals_mv, generator)
    for _ in range(steps):
        points = ball.project(sign_step(margin, points, step_mv=step_mv), signals_mv)
    return points
