"""Networks that real arithmetic and float32 disagree about.

Each holds a claim in real arithmetic that is far from close: the margin is above 0 on the whole
set, by much more than float64 could lose. In float32, evaluated in some order that a library may
take, a sum loses what is small beside what is large, and at a point of the set the claim is
wrong. The idea is that of Zombori 2021 (Fooling a complete neural network verifier) and Szasz 2025
(arXiv:2506.01054); the networks are our own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from tests.support.networks import resampling
from tests.support.questions import segment, with_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.certify.region import Placed
    from nnassure.certify.resampling import Resampling

__all__ = ["BACKDOORS", "Backdoor"]

# Above it float32 holds whole numbers of even size alone: an addend below 1 is lost.
_LARGE = 2.0**24
_X, _RADIUS = 0.75, 0.125


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backdoor:
    """A network, a set, and the point at which float32 breaks the claim.

    Attributes:
        network: Deployed in float32.
        recording: The set.
        side: 1 if the logit is claimed to stay above the threshold, -1 if below.
        threshold: Of the logit.
        witness: Samples inside the set, shape (samples,).
        resampling: The filter between the recorder and the network; None without one.
    """

    network: nn.Sequential
    recording: Placed
    side: float
    threshold: float
    witness: Tensor
    resampling: Resampling | None = None


def _ends(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _linear(weight: list[list[float]], bias: list[float]) -> nn.Module:
    return with_weights(nn.Linear(len(weight[0]), len(weight)), weight, bias)


def _conv(weight: list[list[list[float]]], bias: list[float], **options: int) -> nn.Module:
    made = nn.Conv1d(len(weight[0]), len(weight), len(weight[0][0]), **options)  # type: ignore[arg-type]  # torch's stubs take no mapping
    return with_weights(made, weight, bias)


def _at_its_centre(network: nn.Sequential, each: Placed, threshold: float) -> Backdoor:
    """What is lost at the undisturbed recording already."""
    return Backdoor(
        network=network, recording=each, side=1.0, threshold=threshold, witness=each.signal
    )


def _of_one(network: nn.Sequential, *, threshold: float = 0.25, side: float = 1.0) -> Backdoor:
    """One sample."""
    made = _at_its_centre(network, segment(torch.tensor([_X]), radius=_RADIUS), threshold)
    return replace(made, side=side)


def _read(weight: float = 1.0) -> nn.Module:
    """The logit of one feature."""
    return _linear([[0.0], [weight]], [0.0, 0.0])


def _absorbed(scale: float, *, weight: float = 1.0) -> Callable[[], Backdoor]:
    """A logit x as (x + L) - L, everything *scale* times as large: nothing is left of x."""

    def made() -> Backdoor:
        network = _ends(
            nn.Flatten(),
            _linear([[scale]], [scale * _LARGE]),
            _linear([[1 / scale]], [-_LARGE]),
            _read(weight),
        )
        # Above 0.25 in real arithmetic, or with the weight -1 below -0.25.
        return _of_one(network, threshold=0.25 * weight, side=weight)

    return made


def _rectified(scale: float) -> Callable[[], Backdoor]:
    """With a ReLU after each, which is always open."""

    def made() -> Backdoor:
        first, second = _linear([[scale]], [scale * _LARGE]), _linear([[1 / scale]], [-_LARGE])
        return _of_one(_ends(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), _read()))

    return made


def _in_a_convolution(kernel: int) -> Callable[[], Backdoor]:
    """The same in convolutions with padding, averaged over time."""

    def made() -> Backdoor:
        middle = kernel // 2
        tap = [[[1.0 if place == middle else 0.0 for place in range(kernel)]]]
        network = _ends(
            _conv(tap, [_LARGE], padding=middle),
            nn.ReLU(),
            _conv(tap, [-_LARGE], padding=0),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            _read(),
        )
        signal = torch.full((9,), _X)
        return _at_its_centre(network, segment(signal, radius=_RADIUS), 0.25)

    return made


def _in_the_head(weight: float) -> Callable[[], Backdoor]:
    """Both logits are large, and what parts them is lost from one."""

    def made() -> Backdoor:
        weights = [[0.0], [1.0]] if weight > 0 else [[1.0], [0.0]]
        network = _ends(nn.Flatten(), _linear(weights, [_LARGE, _LARGE]))
        return _of_one(network, threshold=0.25 * weight, side=weight)

    return made


def _cancelling_units() -> Backdoor:
    """Two large units cancel in the head: relu(x + L) - relu(L)."""
    network = _ends(
        nn.Flatten(),
        _linear([[1.0], [0.0]], [_LARGE, _LARGE]),
        nn.ReLU(),
        _linear([[0.0, 0.0], [1.0, -1.0]], [0.0, 0.0]),
    )
    return _of_one(network)


def _scaled() -> Backdoor:
    """Weights are large instead of biases: (2**25 x + 0.75) - 2**25 x, where 2**25 x > 2**24."""
    network = _ends(
        nn.Flatten(),
        _linear([[2.0**25], [2.0**25]], [0.75, 0.0]),
        _linear([[0.0, 0.0], [1.0, -1.0]], [0.0, 0.0]),
    )
    return _of_one(network)


def _of_many(
    weights: list[float], signal: list[float], *, threshold: float, radius: float
) -> Backdoor:
    """One sum over many samples, which float32 may take in any order."""
    network = _ends(nn.Flatten(), _linear([[0.0] * len(weights), weights], [0.0, 0.0]))
    centre = torch.tensor(signal)
    return _at_its_centre(network, segment(centre, radius=radius), threshold)


def _order() -> Backdoor:
    """Small terms between two large ones that cancel: each is lost if the large come first."""
    small = [1.0] * 8
    # 2**26 - 2**26 + 8 in real arithmetic; a sum in which the smaller come between is 0.
    return _of_many([2.0**26, *small, -(2.0**26)], [1.0] * 10, threshold=4.0, radius=2.0**-28)


def _order_reversed() -> Backdoor:
    """The same with halves, of which a sum by lanes or pairs keeps some, but not enough."""
    small = [0.5] * 16
    return _of_many([2.0**27, *small, -(2.0**27)], [1.0] * 18, threshold=5.0, radius=2.0**-28)


def _many_small() -> Backdoor:
    """Each term is half a unit of the large one, rounded to even: none of 16 counts."""
    return _of_many([2.0**24, *[1.0] * 16, -(2.0**24)], [1.0] * 18, threshold=8.0, radius=2.0**-26)


def _in_the_mean() -> Backdoor:
    """The frames of a mean over time cancel, and what is between them is lost."""
    # L + 2, 2, .., 2, 2 - L have the mean 2.
    count = 16
    large = [2.0**28, *[0.0] * (count - 2), -(2.0**28)]
    network = _ends(_conv([[[1.0]]], [0.0]), nn.AdaptiveAvgPool1d(1), nn.Flatten(), _read())
    signal = torch.tensor([each + 2.0 for each in large])
    return _at_its_centre(network, segment(signal, radius=2.0**-6), 1.0)


def _in_a_pool() -> Backdoor:
    """The same in windows of four."""
    signal = torch.tensor([2.0**27, 2.0, 2.0, -(2.0**27)] * 2)
    network = _ends(nn.AvgPool1d(4), nn.Flatten(), _linear([[0.0, 0.0], [1.0, 1.0]], [0.0, 0.0]))
    return _at_its_centre(network, segment(signal, radius=2.0**-8), 1.0)


def _over_segments() -> Backdoor:
    """The logits of segments cancel in their mean: 2**26, 3, 3, -2**26 have a mean of 1.5."""
    signal = torch.tensor([2.0**26, 3.0, 3.0, -(2.0**26)])
    network = _ends(nn.Flatten(), _read())
    each = segment(signal, radius=2.0**-6, indices=torch.arange(4)[:, None])
    return _at_its_centre(network, each, 0.5)


def _of_a_threshold() -> Backdoor:
    """The logit x + L equals the threshold L once it is rounded, and is above it before."""
    return _of_one(_ends(nn.Flatten(), _linear([[0.0], [1.0]], [0.0, _LARGE])), threshold=_LARGE)


def _along_a_direction() -> Backdoor:
    """A gain of the recording, absorbed by a bias."""
    network = _ends(
        nn.Flatten(), _linear([[1.0, 1.0]], [_LARGE]), _linear([[1.0]], [-_LARGE]), _read()
    )
    signal = torch.tensor([0.375, 0.375])
    each = segment(signal, generators=signal[None], half_widths=torch.tensor([0.25]))
    return _at_its_centre(network, each, 0.25)


def _behind_a_filter() -> Backdoor:
    """The set lies at the recorder; what the filter hands on is absorbed."""
    filter_ = resampling(down=2, half=2, seed=4)
    shape = filter_.forward(torch.ones(1, 6, dtype=torch.float64), 3)[0, 1]
    recorded = torch.full((1, 6), _X, dtype=torch.float64) / shape
    signal = filter_.forward(recorded, 3)[0]
    network = _ends(
        nn.Flatten(), _linear([[0.0, 1.0, 0.0]], [_LARGE]), _linear([[1.0]], [-_LARGE]), _read()
    )
    each = replace(
        segment(signal, radius=2.0**-10),
        recorder_samples=6,
        rounding=torch.full((3,), 1e-6, dtype=torch.float64),
    )
    return replace(_at_its_centre(network, each, 0.25), resampling=filter_)


def _in_the_filter() -> Backdoor:
    """A filter as a convolution whose outer taps cancel: what the middle one reads is lost."""
    network = _ends(_conv([[[2.0**25, 1.0, -(2.0**25)]]], [0.0]), nn.Flatten(), _read())
    signal = torch.ones(3)
    return _at_its_centre(network, segment(signal, radius=2.0**-29), 0.25)


def _twice() -> Backdoor:
    """A sample that stands twice cancels exactly; its two float32 terms absorb what is between."""
    network = _ends(nn.Flatten(), _linear([[0.0] * 3, [2.0**25, 1.0, -(2.0**25)]], [0.0, 0.0]))
    signal = torch.tensor([1.0, 1.0])
    each = segment(signal, radius=_RADIUS, indices=torch.tensor([[0, 1, 0]]))
    return _at_its_centre(network, each, 0.25)


def _below_the_smallest() -> Backdoor:
    """A product below the smallest number is lost, and made large again."""
    # x * 2**-150, which is rounded to 0 for x up to 1, as x * 2**-75 * 2**-75; then turned back.
    scales = [_linear([[2.0**power]], [0.0]) for power in (-75, -75, 75, 75)]
    return _of_one(_ends(nn.Flatten(), *scales, _read()))


#: By name.
BACKDOORS: dict[str, Callable[[], Backdoor]] = {
    "absorbed": _absorbed(1.0),
    "absorbed, 2**16 times as large": _absorbed(2.0**16),
    "absorbed, 2**60 times as large": _absorbed(2.0**60),
    "absorbed, 2**-40 times as large": _absorbed(2.0**-40),
    "absorbed, turned twice": _absorbed(-1.0),
    "absorbed, for the other side": _absorbed(1.0, weight=-1.0),
    "absorbed, 2**30 times as large, for the other side": _absorbed(2.0**30, weight=-1.0),
    "behind a ReLU": _rectified(1.0),
    "behind a ReLU, 2**20 times as large": _rectified(2.0**20),
    "in a convolution": _in_a_convolution(3),
    "in a wider convolution": _in_a_convolution(7),
    "in the head": _in_the_head(1.0),
    "in the head, for the other side": _in_the_head(-1.0),
    "units that cancel": _cancelling_units,
    "large weights": _scaled,
    "small between large": _order,
    "halves between large": _order_reversed,
    "many that are each half a unit": _many_small,
    "in the mean over time": _in_the_mean,
    "in a pool": _in_a_pool,
    "in the mean over segments": _over_segments,
    "of a threshold": _of_a_threshold,
    "along a direction": _along_a_direction,
    "behind a filter": _behind_a_filter,
    "in the filter": _in_the_filter,
    "a sample that stands twice": _twice,
    "below the smallest number": _below_the_smallest,
}
