"""The engine against auto_LiRPA, by back-substitution in real arithmetic.

The two differ in one thing: ours also keeps what intervals find where that is tighter.
On the door's own bounds of the layers both are to give the same margin. On its own ours is as
tight or tighter, but where a tighter layer makes the rule of thumb choose another lower line, and
that line is the worse one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from nnassure.bounds import prepare
from nnassure.certify.arithmetic import REAL
from nnassure.certify.intervals import next_bounds
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import linear_margins
from nnassure.certify.relaxation import adaptive
from nnassure.perturbation import Ball
from tests.support.engines import needs_auto_lirpa
from tests.support.questions import problem_of, segment, varied_network

if TYPE_CHECKING:
    from nnassure.bounds import BoundedNetwork
    from nnassure.certify.intervals import LayerBounds
    from nnassure.certify.margins import Problem

pytestmark = needs_auto_lirpa

_SAMPLES, _RADII = (9, 12, 17, 24), (0.003, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Both:
    """Margins of one question.

    *shared* is ours on the bounds of layers that the door found, *apart* how far ours of the
    second ReLUs, whose lines in the layer before are the same, are from the tighter of the
    door's and of intervals.
    """

    door: float
    own: float
    shared: float
    apart: float

    @property
    def is_same(self) -> bool:
        return self.apart <= 1e-6 and abs(self.shared - self.door) <= 1e-6 * max(1, abs(self.door))

    @property
    def is_looser(self) -> bool:
        return self.own < self.door - 1e-4 * max(1, abs(self.door))

    @property
    def is_tighter(self) -> bool:
        return self.own > self.door + 1e-4 * max(1, abs(self.door))


def test_both_engines_agree_on_some_networks() -> None:
    """On 60 random networks, of five radii and both classes."""
    _require_agreement(range(60))


@pytest.mark.long
def test_both_engines_agree_on_a_thousand_networks(capsys: pytest.CaptureFixture[str]) -> None:
    """As above, 1,000 times."""
    found = _require_agreement(range(1000))
    with capsys.disabled():
        print(  # noqa: T201  what the run is for
            f"\n{len(found)} networks, 0 disagreements on the same bounds of layers; by itself "
            f"ours is tighter on {sum(each.is_tighter for each in found)}, "
            f"looser on {sum(each.is_looser for each in found)}"
        )


def _require_agreement(seeds: range) -> list[_Both]:
    found = [_asked_of_both(seed) for seed in seeds]
    assert [seed for seed, each in zip(seeds, found, strict=True) if not each.is_same] == []
    # 12 of the first 1,000, all by the choice of lines.
    assert sum(each.is_looser for each in found) <= 0.02 * len(found)
    assert sum(each.is_tighter for each in found) >= sum(each.is_looser for each in found)
    return found


def _asked_of_both(seed: int) -> _Both:
    samples, radius = _SAMPLES[seed % 4], _RADII[seed % 5]
    side = 1.0 if seed % 3 else -1.0
    network = varied_network(seed, samples)
    signal = torch.randn(samples, generator=torch.Generator().manual_seed(seed))
    problem = problem_of(
        network, segment(signal, radius=radius), side=side, threshold=0.125, arithmetic=REAL
    )
    bounds, relaxations = linear_bounds(problem.chain, problem.region, REAL)
    own = float(linear_margins(problem, bounds, relaxations)[0])
    door = prepare(network, samples=samples)
    (margin,) = door.margin_bounds(
        signal[None].double(), Ball(radius_mv=radius), is_positive=np.array([side > 0]),
        threshold=0.125, method="crown",
    ).lower  # fmt: skip
    theirs = _of_the_door(problem, door, bounds)
    lines = [adaptive(each) for each in theirs[:-1]]
    shared = float(linear_margins(problem, theirs, lines)[0])
    return _Both(door=float(margin), own=own, shared=shared, apart=_apart(problem, bounds, theirs))


def _of_the_door(
    problem: Problem, door: BoundedNetwork, bounds: list[LayerBounds]
) -> list[LayerBounds]:
    """*bounds*, with what the door found of each layer before its ReLU."""
    kept, found = iter(door._intermediate().values()), list(bounds)
    for place, layer in enumerate(problem.chain.layers):
        if layer.rectified:
            lower, upper = (table.reshape(layer.channels, -1).T[None] for table in next(kept))
            found[place] = replace(bounds[place], lower=lower, upper=upper)
    assert next(kept, None) is None
    return found


def _apart(problem: Problem, bounds: list[LayerBounds], theirs: list[LayerBounds]) -> float:
    layers = problem.chain.layers
    second = [place for place, layer in enumerate(layers) if layer.rectified][1:2]
    apart = 0.0
    for place in second:
        own, door = bounds[place], theirs[place]
        interval = next_bounds(layers[place - 1], bounds[place - 1], layers[place], REAL)
        # Where an end is 0, as without a bias, ours is open by its own rounding alone.
        open_ = (interval.lower < -1e-6) & (interval.upper > 1e-6)
        lower, upper = interval.lower.maximum(door.lower), interval.upper.minimum(door.upper)
        apart = max(apart, *(own.lower - lower)[open_].abs().tolist(), 0.0)
        apart = max(apart, *(own.upper - upper)[open_].abs().tolist(), 0.0)
    return apart
