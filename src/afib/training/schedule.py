"""How the learning rate, the momentum and the radii change over a training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from afib.settings import RampSettings

__all__ = ["one_cycle", "ramped", "settled_from"]

_RISING = 0.3
_START, _END = 1 / 25, 1 / (25 * 1e4)
_MOMENTUM_HIGH, _MOMENTUM_LOW = 0.95, 0.85
_SETTLED = 0.1


def one_cycle(step: int, steps: int, *, peak: float) -> tuple[float, float]:
    """Learning rate and momentum of one step of a one-cycle schedule (Smith 2018, 1803.09820).

    The rate rises along a cosine from 1/25 of the peak over the first 30 % of the steps and falls
    along another to 1/250,000 of it; the momentum goes the opposite way, from 0.95 to 0.85 and
    back. The values are those of torch's ``OneCycleLR``; being a function of the step alone, they
    leave nothing to be saved with a half-finished training.

    Args:
        step: From 0 to *steps* - 1.
        steps: Steps of the whole training, at least 1.
        peak: Highest learning rate.
    """
    top = _RISING * steps - 1
    if step <= top:
        share = step / top
        return (
            _cosine(_START * peak, peak, share),
            _cosine(_MOMENTUM_HIGH, _MOMENTUM_LOW, share),
        )
    share = (step - top) / (steps - 1 - top)
    return _cosine(peak, _END * peak, share), _cosine(_MOMENTUM_LOW, _MOMENTUM_HIGH, share)


def settled_from(epochs: int) -> int:
    """The first epoch, from 0, at whose start the rate has fallen below a tenth of its peak.

    Before it the weights still move far in every batch, and what validation says of one epoch
    is largely chance.
    """
    late = range(math.ceil(_RISING * epochs), epochs)
    return next((e for e in late if one_cycle(e, epochs, peak=1.0)[0] < _SETTLED), epochs - 1)


def ramped(done: int, whole: int, ramp: RampSettings) -> float:
    """Which share of their radii attack and bound have once *done* of *whole* is done, in [0, 1].

    None up to the start of the ramp, all from its end on, rising evenly between: a network that is
    attacked before it has learnt anything learns to answer always the same.

    Args:
        done: Epochs or steps so far, from 0.
        whole: Those of the whole training.
        ramp: Start and end as shares of the training.
    """
    return min(1.0, max(0.0, (done / whole - ramp.start) / (ramp.end - ramp.start)))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
