"""Laws of sets that are linear in parameters, of the attack on them, and of whole steps."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnassure.attacks import parameter_attack, to_steps
from nnassure.perturbation import LinearSet, jointly
from tests.support.searches import bent_margin, random_signals

seeds = st.integers(min_value=0, max_value=2**31)
radii = st.one_of(st.just(0.0), st.floats(min_value=1e-4, max_value=1.0))


def _set(seed: int, radius_mv: float, *, parameters: int = 2, prefix: str = "p") -> LinearSet:
    """A random set over 12 samples."""
    draws = np.random.default_rng(seed)
    ends = np.sort(draws.normal(size=(2, parameters)), axis=0)
    return LinearSet(
        names=tuple(f"{prefix}{number}" for number in range(parameters)),
        generators=draws.normal(size=(parameters, 12)),
        lower=ends[0],
        upper=ends[1],
        radius_mv=radius_mv,
    )


def _inside(noise: LinearSet, seed: int, centre: np.ndarray) -> np.ndarray:
    draws = np.random.default_rng(seed)
    values = draws.uniform(noise.lower, noise.upper)
    return noise.point(centre, values, noise.radius_mv * draws.uniform(-1, 1, 12))


def _tolerance(points: np.ndarray) -> float:
    """What rounding to float32 and sums of three numbers in another order can move a sample."""
    return float(np.spacing(np.abs(points).max().astype(np.float32)))


@settings(max_examples=60, deadline=None)
@given(seed=seeds, radius_mv=radii, parameters=st.integers(1, 4))
def test_what_a_set_makes_it_contains(seed: int, radius_mv: float, parameters: int) -> None:
    """Any point of the set is told to be in it, and in one half of it."""
    noise, centre = _set(seed, radius_mv, parameters=parameters), np.linspace(-1, 1, 12)
    point = _inside(noise, seed, centre)[None]
    assert noise.contains(point, centre, 1e-9).tolist() == [True]
    assert any(half.contains(point, centre, 1e-9)[0] for half in noise.halves(0))


@settings(max_examples=60, deadline=None)
@given(seed=seeds, radius_mv=radii)
def test_what_lies_beyond_every_point_is_not_contained(seed: int, radius_mv: float) -> None:
    """No sample can go farther than the generators and the radius allow."""
    noise, centre = _set(seed, radius_mv), np.zeros(12)
    most = np.maximum(
        noise.lower[:, None] * noise.generators, noise.upper[:, None] * noise.generators
    ).sum(axis=0)
    beyond = np.zeros((1, 12))
    beyond[0, seed % 12] = most[seed % 12] + radius_mv + 1e-6
    assert noise.contains(beyond, centre, 1e-9).tolist() == [False]


@settings(max_examples=60, deadline=None)
@given(seed=seeds, radius_mv=radii, further_mv=radii)
def test_joint_sets_contain_every_sum(seed: int, radius_mv: float, further_mv: float) -> None:
    """A change of one set on top of a change of the other is in the joint set."""
    first, second = _set(seed, radius_mv), _set(seed + 1, further_mv, prefix="q")
    centre = np.zeros(12)
    both = _inside(second, seed + 2, _inside(first, seed, centre))
    assert jointly(first, second, radius_mv=0.5).contains(both[None], centre, 1e-9).tolist() == [
        True
    ]


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    radius_mv=radii,
    parameters=st.integers(1, 7),
    steps=st.integers(1, 3),
    more=st.integers(0, 2),
)
def test_an_attack_on_sets_stays_in_them_and_tells_the_truth(
    seed: int, radius_mv: float, parameters: int, steps: int, more: int
) -> None:
    """The signal is the point that is told, in the set, with its margin; more finds no less."""
    centres, margin = random_signals(seed), bent_margin(seed)
    sets = [_set(seed + record, radius_mv, parameters=parameters) for record in range(3)]
    weak, again, strong = (
        parameter_attack(margin, centres, sets, steps=n, restarts=r, seed=seed)
        for n, r in ((steps, 2), (steps, 2), (steps + more, 2 + more))
    )
    for record, noise in enumerate(sets):
        centre = centres[record].double().numpy()
        told = noise.point(centre, weak.parameters[record], weak.residuals_mv[record])
        tolerance = _tolerance(told)
        assert np.abs(told - weak.inputs[record]).max() <= tolerance
        assert noise.contains(weak.inputs[record][None], centre, 2 * tolerance).tolist() == [True]
    assert np.array_equal(weak.margins, margin(torch.from_numpy(weak.inputs)).numpy())
    assert np.array_equal(weak.found, weak.margins <= 0)
    assert np.array_equal(weak.inputs, again.inputs)
    assert np.all(strong.margins <= weak.margins)


@settings(deadline=None)
@given(
    seed=seeds,
    radius_mv=st.floats(min_value=1e-4, max_value=50.0),
    gain_per_mv=st.floats(min_value=1.0, max_value=10_000.0),
)
def test_whole_steps_stay_in_the_ball_of_the_recording(
    seed: int, radius_mv: float, gain_per_mv: float
) -> None:
    """No sample is farther than the radius in float64, and one more step would leave the ball."""
    draws = np.random.default_rng(seed)
    centres = draws.integers(-32767, 32768, 40).astype(np.int16)
    points = centres / gain_per_mv + draws.normal(scale=2 * radius_mv, size=40)
    steps = to_steps(points, centres, gain_per_mv=gain_per_mv, radius_mv=radius_mv)
    moved = np.abs(steps.astype(np.int64) - centres)
    assert np.all(moved / gain_per_mv <= radius_mv)
    assert np.all(steps > -32768)
    missed = np.abs(steps / gain_per_mv - points) * gain_per_mv > 0.5 + 1e-6
    at_the_end = (moved + 1) / gain_per_mv > radius_mv
    assert np.all(~missed | at_the_end | (np.abs(steps.astype(np.int64)) == 32767))
