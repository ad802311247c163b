"""Bounds of the engine worked by hand, on networks of a neuron or two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from nnassure.certify.arithmetic import REAL
from nnassure.certify.ascended import ascended_bounds
from nnassure.certify.intervals import interval_bounds
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import interval_margins, linear_margins
from nnassure.certify.optimised import optimised, undecided
from nnassure.certify.proving import proof
from nnassure.certify.resampling import Resampling
from tests.support.questions import budget, lost, problem_of, relus, segment, with_weights

if TYPE_CHECKING:
    from nnassure.certify.margins import Problem

#: In real arithmetic the engine adds its own rounding alone: 2**-29 of the terms, per layer.
_CLOSE = 1e-6


def _interval(problem: Problem) -> float:
    bounds = interval_bounds(problem.chain, problem.region, problem.arithmetic)
    return float(interval_margins(problem, bounds)[0])


def _linear(problem: Problem) -> float:
    bounds, relaxations = linear_bounds(problem.chain, problem.region, problem.arithmetic)
    return float(linear_margins(problem, bounds, relaxations)[0])


def _optimised(problem: Problem, steps: int = 80) -> float:
    bounds, _ = linear_bounds(problem.chain, problem.region, problem.arithmetic)
    return float(optimised(problem, undecided(bounds), steps=steps).margins[0, 0])


def _weighed(weights: list[float], bias: float = 0.0) -> nn.Module:
    """Of some samples: their sum with these weights, and a constant."""
    head = with_weights(nn.Linear(len(weights), 2), [[0.0] * len(weights), weights], [0.0, bias])
    return nn.Sequential(nn.Flatten(), head).eval().requires_grad_(False)


def _two_relus(side: float, threshold: float = 0.25) -> Problem:
    # x in [-1, 1]; z1 = 2x + 1 in [-1, 3], z2 = x + 0.5 in [-0.5, 1.5];
    # the logit is relu(z1) - relu(z2) + 5.
    network = relus([2.0, 1.0], [1.0, 0.5], [1.0, -1.0], 5.0)
    return problem_of(
        network,
        segment(torch.zeros(1), radius=1.0),
        side=side,
        threshold=threshold,
        arithmetic=REAL,
    )


def test_intervals_of_two_relus() -> None:
    """Each layer from the one before it, the two ReLUs apart."""
    # Logit from 0 - 1.5 + 5 = 3.5 to 3 - 0 + 5 = 8; above 0.25, or below it.
    assert _interval(_two_relus(1.0)) == pytest.approx(3.5 - 0.25, abs=_CLOSE)
    assert _interval(_two_relus(-1.0)) == pytest.approx(0.25 - 8.0, abs=_CLOSE)


def test_lines_of_two_relus() -> None:
    """Both substituted back to the one sample that they read."""
    # Both reach farther up than down, so lower lines have slope 1; upper ones 3/4 (z1 + 1) and
    # 3/4 (z2 + 0.5). At least 2x + 1 - 0.75 (x + 1) + 5 = 1.25 x + 5.25 >= 4,
    # at most 1.5 (x + 1) - (x + 0.5) + 5 = 0.5 x + 6 <= 6.5.
    assert _linear(_two_relus(1.0)) == pytest.approx(4.0 - 0.25, abs=_CLOSE)
    assert _linear(_two_relus(-1.0)) == pytest.approx(0.25 - 6.5, abs=_CLOSE)


def test_the_best_slope_of_two_relus() -> None:
    """Ascent over the slope of z1's lower line, as long as nothing is proven."""
    # With slope a for z1: a (2x + 1) - 0.75 (x + 1) + 5, at x = -1 5 - a, at x = 1 3a + 3.5:
    # best a = 3/8, which is 4.625. The true minimum is 5, at x = -0.5.
    assert _optimised(_two_relus(1.0, 4.75)) == pytest.approx(4.625 - 4.75, abs=2e-3)


def _step(threshold: float, *, parametric: bool = False) -> Problem:
    # x in [-1, 1], f = relu(x) - relu(x - 0.25): from 0 to 0.25.
    network = relus([1.0, 1.0], [0.0, -0.25], [1.0, -1.0], 0.0)
    each = segment(torch.zeros(1), radius=1.0)
    if parametric:
        each = segment(torch.zeros(1), generators=torch.full((1, 1), 2.0),
                       half_widths=torch.tensor([0.5]))  # fmt: skip
    return problem_of(network, each, threshold=threshold, arithmetic=REAL)


def test_a_step_needs_to_be_split() -> None:
    """No slope decides it; with its ReLUs on either side of 0 it is exact."""
    # Upper line of z2 in [-1.25, 0.75]: 3/8 (x + 1). Slope a for relu(x): a x - 3/8 (x + 1), at
    # x = -1 -a, at x = 1 a - 3/4: best a = 3/8, so -3/8 where the true minimum is 0.
    assert _optimised(_step(0.0)) == pytest.approx(-0.375, abs=2e-3)
    found = proof(_step(-0.125), budget(parts=20, steps=30))
    assert found.method == "split"
    # Of the parts one holds x in [-1, 0], where f = 0.
    assert 0 < found.margin <= 0.125 + _CLOSE
    assert proof(_step(0.0625), budget(parts=20, steps=30)).margin <= -0.0625 + _CLOSE


def test_halves_of_a_parameter_decide_a_step() -> None:
    """Of x = 2p with p in [-0.5, 0.5], in either half every line is exact at its ends."""
    # p in [-0.5, 0]: both ReLUs are 0. p in [0, 0.5], x in [0, 1]: relu(x) = x, upper line of
    # z2 in [-0.25, 0.75] 3/4 (z2 + 0.25) = 3/4 x, so x / 4 >= 0.
    found = proof(_step(-0.125, parametric=True), budget(parts=3, steps=0))
    assert [part.halves for part in found.parts] == [((0, 0),), ((0, 1),)]
    assert [float(part.recording.signal[0]) for part in found.parts] == [-0.5, 0.5]
    assert found.margin == pytest.approx(0.125, abs=_CLOSE)


def test_a_sample_that_stands_twice_moves_once() -> None:
    """A recording of two samples, repeated to three: weights of one sample add up first."""
    each = segment(torch.tensor([1.0, 2.0]), radius=0.5, indices=torch.tensor([[0, 1, 0]]))
    problem = problem_of(_weighed([3.0, 1.0, -2.0]), each, arithmetic=REAL)
    # 3 x0 + x1 - 2 x0 = x0 + x1 = 3, less 0.5 * (|3 - 2| + 1).
    assert _linear(problem) == pytest.approx(3 - 1.0, abs=_CLOSE)
    # An interval takes the two apart: less 0.5 * (3 + 1 + 2).
    assert _interval(problem) == pytest.approx(3 - 3.0, abs=_CLOSE)


def test_segments_that_overlap_share_a_sample() -> None:
    """Two of three samples each: what one adds of the middle the other takes away."""
    each = segment(
        torch.tensor([4.0, 1.0, 2.0]), radius=0.5, indices=torch.tensor([[0, 1], [1, 2]])
    )
    problem = problem_of(_weighed([1.0, -1.0]), each, arithmetic=REAL)
    # ((x0 - x1) + (x1 - x2)) / 2 = (x0 - x2) / 2 = 1, less 0.5 * (1 + 1) / 2.
    assert _linear(problem) == pytest.approx(1 - 0.5, abs=_CLOSE)
    # Apart: less 0.5 * 2 in each.
    assert _interval(problem) == pytest.approx(1 - 1.0, abs=_CLOSE)


def test_upside_down_a_sample_moves_against_itself() -> None:
    """f(x) + f(-x) of one sample, f(x) = relu(x + 3) - relu(3 - x) / 2, both ReLUs sure."""
    network = relus([1.0, -1.0], [3.0, 3.0], [1.0, -0.5], 0.0)
    each = segment(
        torch.ones(1), radius=0.5, indices=torch.tensor([[0], [0]]), signs=torch.tensor([1.0, -1.0])
    )
    problem = problem_of(network, each, arithmetic=REAL)
    # f(x) = 1.5 x + 1.5 and f(-x) = 1.5 - 1.5 x, so their mean is 1.5 whatever x is.
    assert _linear(problem) == pytest.approx(1.5, abs=_CLOSE)


def test_a_filter_folds_what_lies_beyond_an_end() -> None:
    """Three samples at the recorder, taps 1 2 1, every second: the outermost count again."""
    taps = Resampling(taps=torch.tensor([1.0, 2.0, 1.0]).double(), up=1, down=2)
    # y0 = x(-1) + 2 x0 + x1 = 3 x0 + x1 = 5, y1 = x1 + 2 x2 + x3 = x1 + 3 x2 = 11.
    signal = taps.forward(torch.tensor([[1.0, 2.0, 3.0]]).double(), 2)[0]
    assert signal.tolist() == [5.0, 11.0]
    placed = replace(segment(signal, radius=0.5), recorder_samples=3)
    problem = problem_of(_weighed([1.0, -1.0]), placed, side=-1.0, arithmetic=REAL, resampling=taps)
    # y0 - y1 = 3 x0 - 3 x2 = -6, which moves by at most 0.5 * 6; y0 and y1 apart by 0.5 * 8.
    assert _linear(problem) == pytest.approx(6 - 3.0, abs=_CLOSE)
    assert _interval(problem) == pytest.approx(6 - 3.0, abs=_CLOSE)
    assert taps.gain == 4.0


def test_samples_move_together_along_a_direction() -> None:
    """What weighs them against each other feels nothing of an offset, and all of a tilt."""
    signal = torch.tensor([2.0, 1.0])
    offset, tilt = torch.tensor([[1.0, 1.0]]), torch.tensor([[1.0, -1.0]])
    half = torch.tensor([0.25])
    for direction, moved in [(offset, 0.0), (tilt, 0.5)]:
        each = segment(signal, generators=direction, half_widths=half)
        problem = problem_of(_weighed([1.0, -1.0], 0.75), each, arithmetic=REAL)
        # 2 - 1 + 0.75, less 0.25 * |1 * d0 - 1 * d1|.
        assert _linear(problem) == pytest.approx(1.75 - moved, abs=_CLOSE)
        assert _interval(problem) == pytest.approx(1.75 - moved, abs=_CLOSE)
    both = segment(
        signal, generators=torch.cat([offset, tilt]), half_widths=torch.tensor([0.25, 0.5]),
        radius=0.125,
    )  # fmt: skip
    problem = problem_of(_weighed([1.0, -1.0]), both, arithmetic=REAL)
    # 1, less 0.5 * 2 along the tilt and 0.125 * 2 of the box.
    assert _linear(problem) == pytest.approx(1 - 1.0 - 0.25, abs=_CLOSE)


def test_what_samples_may_be_off_by_moves_them_too() -> None:
    """Each by itself, and once, however often it is read."""
    each = segment(torch.tensor([1.0, 2.0]), radius=0.5, indices=torch.tensor([[0, 1, 0]]))
    each = replace(each, rounding=torch.tensor([0.125, 0.25], dtype=torch.float64))
    problem = problem_of(_weighed([3.0, 1.0, -2.0]), each, arithmetic=REAL)
    # 3 less 0.5 * 2 as above, and less 0.125 * |3 - 2| + 0.25 * 1.
    assert _linear(problem) == pytest.approx(3 - 1.0 - 0.375, abs=_CLOSE)
    # Apart: less 0.5 * 6, and less 0.125 * (3 + 2) + 0.25.
    assert _interval(problem) == pytest.approx(3 - 3.0 - 0.875, abs=_CLOSE)


def test_zeros_beyond_the_ends_do_not_move() -> None:
    """A kernel of three ones over two samples, padded: both frames read both samples."""
    layers = [
        with_weights(nn.Conv1d(1, 2, 3, 1, 1), [[[0.0] * 3], [[1.0] * 3]], [0.0, 0.5]),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
    ]
    network = nn.Sequential(*layers).eval().requires_grad_(False)
    problem = problem_of(network, segment(torch.tensor([1.0, 3.0]), radius=0.25), arithmetic=REAL)
    # (x0 + x1 + 0.5) twice, and their mean: 4.5, less 0.25 * 2.
    assert _linear(problem) == pytest.approx(4.5 - 0.5, abs=_CLOSE)
    assert _interval(problem) == pytest.approx(4.5 - 0.5, abs=_CLOSE)


def test_means_of_windows_leave_the_rest_out() -> None:
    """Pairs of five samples: the fifth counts nothing."""
    head = with_weights(nn.Linear(2, 2), [[0.0, 0.0], [1.0, 2.0]], [0.0, 0.0])
    network = nn.Sequential(nn.AvgPool1d(2), nn.Flatten(), head).eval().requires_grad_(False)
    each = segment(torch.tensor([1.0, 3.0, 2.0, 4.0, 9.0]), radius=0.5)
    problem = problem_of(network, each, arithmetic=REAL)
    # 2 + 2 * 3 = 8, less 0.5 * (1 / 2 + 1 / 2 + 1 + 1).
    assert _linear(problem) == pytest.approx(8 - 1.5, abs=_CLOSE)


def test_what_float32_may_lose_is_taken_off() -> None:
    """One product, one difference and a threshold, every rounding counted."""
    problem = problem_of(
        _weighed([1.0]), segment(torch.ones(1), radius=0.25), side=1.0, threshold=0.5
    )
    # The layer: 1 product and 2 more; terms up to 1 + 0.25. Its other logit has none, and may
    # still lose what underflows.
    layer = lost(3, 1.25)
    # The difference, the mean of one segment, the threshold: 7 operations on all terms.
    whole = lost(7, 1.25 + layer + lost(3, 0.0) + 0.5)
    wanted = 1 - 0.25 - 0.5 - layer - lost(3, 0.0) - whole
    assert _interval(problem) == pytest.approx(wanted, rel=1e-14)
    assert _linear(problem) == pytest.approx(wanted, rel=1e-14)


def test_rounding_is_relative_to_the_larger_end() -> None:
    """Two layers without a ReLU, the first from -1.5 to 0.5."""
    first = with_weights(nn.Linear(1, 1), [[1.0]], [-0.25])
    last = with_weights(nn.Linear(1, 2), [[0.0], [1.0]], [0.0, 2.0])
    network = nn.Sequential(nn.Flatten(), first, last).eval().requires_grad_(False)
    problem = problem_of(network, segment(torch.tensor([-0.25]), radius=1.0))
    # Terms of the first layer: 1.25 and its bias 0.25; of the second: 1.5, what the first may
    # lose, and its bias 2.
    one = lost(3, 1.5)
    two = lost(3, 1.5 + one + 2.0)
    whole = lost(7, 1.5 + one + 2.0 + two + lost(3, 0.0))
    wanted = -1.5 + 2 - one - two - lost(3, 0.0) - whole
    assert _interval(problem) == pytest.approx(wanted, rel=1e-13)
    assert _linear(problem) == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize(
    ("middle", "weights", "bias", "plain", "thorough"),
    [
        # x in [-1, 1.2], so the adaptive slope is 1; y = relu(x) + 0.5 x + 1.
        # Slope 1: 1.5 x + 1 >= -0.5. Slope 0: 0.5 x + 1 >= 0.5.
        (0.1, [1.0, 2.0, -1.5], 0.0, -0.5, 0.5),
        # x in [-1.2, 1], so it is 0; y = relu(x) - 0.9 x + 0.5.
        # Slope 0: -0.9 x + 0.5 >= -0.4. Slope 1: 0.1 x + 0.5 >= 0.38.
        (-0.1, [1.0, 2.1, -3.0], 2.3, -0.4, 0.38),
    ],
)
def test_another_lower_line_may_bound_a_layer_better(
    middle: float, weights: list[float], bias: float, plain: float, thorough: float
) -> None:
    """Which slope is the best depends on what comes after, which the adaptive one does not know."""
    # The rest of y is written as two neurons x + 2, which intervals cannot add up.
    first = with_weights(nn.Conv1d(1, 3, 1), [[[1.0]]] * 3, [0.0, 2.0, 2.0])
    second = with_weights(nn.Conv1d(3, 1, 1), [[[each] for each in weights]], [bias])
    head = with_weights(nn.Linear(1, 2), [[0.0], [1.0]], [0.0, 0.0])
    network = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), head).eval()
    problem = problem_of(
        network.requires_grad_(False),
        segment(torch.full((1,), middle), radius=1.1),
        arithmetic=REAL,
    )
    for wanted, is_thorough in ((plain, False), (thorough, True)):
        bounds, _ = linear_bounds(problem.chain, problem.region, REAL, thorough=is_thorough)
        assert float(bounds[1].lower) == pytest.approx(wanted, abs=_CLOSE)
    assert proof(problem, budget(parts=1, steps=1)).margin >= 0.0


def test_ascent_finds_a_line_between_the_two() -> None:
    """The best lower line of a layer need not be one of slope 0 or 1; two steps are near it."""
    # x in [-1, 1.2] and y = relu(x) - 0.5 x - 0.05, by slope a at least -|a - 0.5| times 1 or
    # 1.2, less 0.05. From 1 the steps are 0.25 and 0.225, so a is 0.525, on the grid 134 / 256.
    first = with_weights(nn.Conv1d(1, 3, 1), [[[1.0]]] * 3, [0.0, 2.0, 2.0])
    second = with_weights(nn.Conv1d(3, 1, 1), [[[each] for each in (1.0, 1.0, -1.5)]], [0.95])
    head = with_weights(nn.Linear(1, 2), [[0.0], [1.0]], [0.0, 0.0])
    network = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), head).eval()
    problem = problem_of(
        network.requires_grad_(False),
        segment(torch.full((1,), 0.1), radius=1.1),
        arithmetic=REAL,
    )
    asked = problem.chain, problem.region, REAL
    plain, _ = linear_bounds(*asked, thorough=True)
    bounds, chosen = ascended_bounds(*asked, steps=2)
    assert float(plain[1].lower) == pytest.approx(-0.55, abs=_CLOSE)
    assert float(bounds[1].lower) == pytest.approx(-(134 / 256 - 0.5) - 0.05, abs=1e-7)
    assert chosen[1, 1][0] is not None
    assert float(chosen[1, 1][0][0, 0, 0]) == 134 / 256
    # Upper ends rest on upper lines, which are not chosen.
    assert float(bounds[1].upper) == pytest.approx(float(plain[1].upper), abs=_CLOSE)
