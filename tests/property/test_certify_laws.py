"""Laws of the bound engine: nothing in a set lies below its bound."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnassure.certify.arithmetic import FLOAT32, REAL
from nnassure.certify.budget import Budget
from nnassure.certify.intervals import interval_bounds
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import Problem, Question, interval_margins, linear_margins
from nnassure.certify.network import chain_of
from nnassure.certify.optimised import Copies, optimised
from nnassure.certify.proving import proof
from nnassure.certify.region import Region
from tests.support.networks import dense, placed, random_network, resampling

_SEEDS = st.integers(0, 2**31)


@settings(max_examples=40, deadline=None)
@given(seed=_SEEDS, samples=st.sampled_from([13, 24, 37]), radius=st.floats(0.001, 0.5))
def test_no_point_of_a_recording_lies_below_its_bounds(
    seed: int, samples: int, radius: float
) -> None:
    """Filter, tiling, overlap and a direction: no drawn point or corner is below any bound."""
    torch.manual_seed(seed)
    filter_, recorder = resampling(down=2, half=3, seed=seed), 2 * samples
    matrix = dense(filter_, recorder, samples)
    recorded = torch.randn(recorder, dtype=torch.float64)
    direction = 0.1 * torch.randn(1, samples, dtype=torch.float64)
    each = placed(
        matrix @ recorded,
        length=24,
        radius=radius,
        generators=direction,
        recorder_samples=recorder,
    )
    region, question = Region((each,), filter_), _question(1.0)
    network = random_network(seed, 24)
    chain = chain_of(network, 24)
    problem = Problem(chain=chain, region=region, question=question, arithmetic=FLOAT32)
    plain = interval_bounds(chain, region, FLOAT32)
    bounds, relaxations = linear_bounds(chain, region, FLOAT32)
    loose = float(interval_margins(problem, plain)[0])
    tight = float(linear_margins(problem, bounds, relaxations)[0])
    copies = Copies(count=1, bounds=bounds, signs=[None] * len(bounds))
    best = optimised(problem, copies, steps=3)
    exact = network.double()
    # Back-substitution from sharpened layers is not always above intervals, but never below truth.
    for _ in range(30):
        moved = torch.rand(recorder, dtype=torch.float64) * 2 - 1
        if torch.rand(1) < 0.5:
            moved = moved.sign()
        signal = matrix @ (recorded + radius * moved)
        signal = signal + (torch.rand(1, dtype=torch.float64) * 2 - 1) * direction[0]
        logits = exact(signal[each.indices][:, None]).mean(dim=0)
        margin = float(logits[1] - logits[0]) - question.threshold
        for bound in (loose, tight, float(best.margins[0, 0])):
            assert margin >= bound


@settings(max_examples=25, deadline=None)
@given(seed=_SEEDS, radius=st.floats(0.01, 0.3))
def test_bounds_fall_as_the_set_grows(seed: int, radius: float) -> None:
    """A larger box has no higher interval bound."""
    network = random_network(seed, 24)
    signal = torch.randn(24, generator=torch.Generator().manual_seed(seed))
    chain = chain_of(network, 24)
    margins = []
    for share in (0.5, 1.0, 1.5):
        region = Region((placed(signal, length=24, radius=share * radius),), None)
        problem = Problem(chain=chain, region=region, question=_question(-1.0), arithmetic=REAL)
        bounds = interval_bounds(chain, region, REAL)
        margins.append(float(interval_margins(problem, bounds)[0]))
    assert margins == sorted(margins, reverse=True)


def _question(side: float) -> Question:
    return Question(sides=torch.tensor([side], dtype=torch.float64), threshold=0.125)


@settings(max_examples=20, deadline=None)
@given(seed=_SEEDS, radius=st.sampled_from([0.0, 0.05]), parameters=st.sampled_from([0, 1, 2]))
def test_what_is_proven_no_point_contradicts(seed: int, radius: float, parameters: int) -> None:
    """The whole cascade, splits included: no drawn point or corner is below the margin."""
    torch.manual_seed(seed)
    if parameters == 0:
        radius = 0.1
    signal, directions = torch.randn(24).double(), torch.randn(parameters, 24).double() * 0.3
    network = random_network(seed, 24)
    each = placed(signal, length=24, radius=radius, generators=directions)
    clean = network(signal[None, None].float())[0]
    question = Question(sides=torch.sign(clean[1] - clean[0])[None].double(), threshold=0.0)
    problem = Problem(
        chain=chain_of(network, 24),
        region=Region((each,), None),
        question=question,
        arithmetic=FLOAT32,
    )
    found = proof(problem, Budget(parts=60, steps=4, out_of_time=lambda: False))
    moves = torch.rand(400, 24, dtype=torch.float64) * 2 - 1
    settings_ = torch.rand(400, parameters, dtype=torch.float64) * 2 - 1
    moves[200:], settings_[200:] = moves[200:].sign(), settings_[200:].sign()
    points = signal + radius * moves + settings_ @ directions
    logits = network.double()(points[:, None])
    margins = (logits[:, 1] - logits[:, 0]) * question.sides
    assert float(margins.min()) >= found.margin
