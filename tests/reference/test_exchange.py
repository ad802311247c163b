"""Networks as ONNX against torch, by onnxruntime and by the reference evaluator of onnx."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nnassure.certify.proving import proof
from nnassure.errors import ExchangeError
from nnassure.exchange import Instance, instance_of, read_instance, replayed
from nnassure.exchange.onnx_file import Step, read_onnx, write_onnx
from tests.support.exchanged import needs_onnx
from tests.support.networks import placed, random_network, resampling
from tests.support.questions import (
    budget,
    logits_of,
    points_of,
    problem_of,
    segment,
    varied_network,
    with_weights,
)

if TYPE_CHECKING:
    from nnassure.certify.region import Placed

pytestmark = needs_onnx

_LENGTH = 9


def recorded(seed: int) -> tuple[nn.Sequential, Placed]:
    """A network, and a recording as long as a segment, shorter, or longer and read both ways."""
    samples = (_LENGTH, _LENGTH - 3, _LENGTH + 4)[seed % 3]
    starts = torch.tensor([0] if samples <= _LENGTH else [0, samples - _LENGTH])
    return varied_network(seed, _LENGTH), segment(
        torch.randn(samples, generator=torch.Generator().manual_seed(seed)),
        radius=0.1,
        indices=(starts[:, None] + torch.arange(_LENGTH)) % samples,
        signs=torch.tensor([1.0, -1.0])[: len(starts)],
    )


@pytest.mark.parametrize("seed", range(24))
def test_the_file_computes_what_torch_does(seed: int) -> None:
    """Of networks of many shapes, within what float32 rounds, whatever engine runs it."""
    reference = pytest.importorskip("onnx.reference")
    onnx = pytest.importorskip("onnx")
    network, each = recorded(seed)
    made = instance_of(problem_of(network, each), title="t")
    points = points_of(each, 20, seed=seed).float()
    wanted = logits_of(network, each, points)
    assert replayed(made.model, points.numpy()) == pytest.approx(wanted.numpy(), abs=2e-5)
    evaluator = reference.ReferenceEvaluator(onnx.load_from_string(made.model))
    other = [evaluator.run(None, {"X": point[None]})[0].item() for point in points.numpy()]
    assert other == pytest.approx(wanted.tolist(), abs=2e-5)


@pytest.mark.parametrize("seed", range(24))
def test_torch_and_onnxruntime_decide_alike_where_a_proof_holds(seed: int) -> None:
    """A proof allows for any order of sums, so for that of either, however near the threshold is.

    The threshold lies as near to the logit as the bound around the exact network can still prove,
    within a millionth.
    """
    network, each = recorded(seed)
    each = replace(each, radius=1e-9)
    logit = float(logits_of(network, each, each.signal[None])[0])
    near, far = logit - 1.0, logit
    for _ in range(20):
        middle = (near + far) / 2
        problem = problem_of(network, each, threshold=middle)
        proven = proof(problem, budget(parts=1, steps=0)).margin > 0
        near, far = (middle, far) if proven else (near, middle)
    assert near > logit - 1.0
    made = instance_of(problem_of(network, each, threshold=near), title="t")
    points = points_of(each, 20, seed=seed).float()
    assert bool((logits_of(network, each, points) > near).all())
    # The graph subtracts the threshold, or it does not: its logit is told either way.
    assert bool((replayed(made.model, points.numpy()) > near).all())


@pytest.mark.parametrize(("up", "down"), [(1, 5), (2, 5), (3, 2)])
def test_the_filter_is_part_of_the_file(up: int, down: int) -> None:
    """The samples of the file are the recorder's, and the ends of a recording are repeated."""
    start = torch.randn(40, generator=torch.Generator().manual_seed(up)).double()
    tapped = resampling(up=up, down=down)
    tapped = replace(tapped, taps=tapped.taps.float().double())
    signal = tapped.forward(start[None], -(-40 * up // down))[0]
    each = placed(signal.float(), length=7, radius=0.01, recorder_samples=40)
    network = random_network(3, 7)
    problem = problem_of(network, each, resampling=tapped)
    made = instance_of(problem, title="t", start_mv=start.float().double())
    wanted = float(logits_of(network, each, signal[None])[0])
    assert replayed(made.model, start.float().numpy()[None])[0] == pytest.approx(wanted, abs=2e-5)
    again = read_instance(made, place="i").problem.region.resampling
    assert again is not None
    assert (again.up, again.down) == (up, down)
    assert torch.equal(again.taps, tapped.taps)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_read_is_the_question_that_was_written(seed: int) -> None:
    """Same side, same threshold, a box that holds the old one, and nearly the same margin."""
    network, each = recorded(seed)
    side = 1.0 if seed % 2 else -1.0
    problem = problem_of(network, each, side=side, threshold=0.25)
    made = instance_of(problem, title="t")
    found = read_instance(made, place="i")
    assert found.problem.question.threshold == 0.25
    assert found.problem.question.sides.tolist() == [side]
    (new,), (old,) = found.problem.region.recordings, problem.region.recordings
    assert old.radius <= new.radius <= old.radius * (1 + 1e-9)
    assert torch.equal(new.indices, old.indices)
    margins = [proof(each_, budget(parts=1, steps=0)).margin for each_ in (problem, found.problem)]
    assert margins[1] == pytest.approx(margins[0], abs=1e-6)
    assert instance_of(problem, title="t") == made


@pytest.mark.parametrize("end", ["0.1", "1e-400", "123456.7"])
def test_the_box_that_is_read_holds_the_decimals_of_the_file(end: str) -> None:
    """Float64 reads the nearest number, which may lie inside the box that the file states."""
    made = a_made_instance()
    text = re.sub(r"\(<= (X_\d) [^)]*\)", rf"(<= \1 {end})", made.text)
    text = re.sub(r"\(>= (X_\d) [^)]*\)", rf"(>= \1 -{end})", text)
    problem = read_instance(replace(made, text=text), place="i").problem
    (placed,) = problem.region.recordings
    assert Fraction(placed.radius) - abs(Fraction(float(placed.signal[0]))) >= Fraction(end)


def test_a_mean_of_three_is_written_as_pooling() -> None:
    """One third is no float32, so a pool stays a pool."""
    network = nn.Sequential(
        nn.AvgPool1d(3), nn.Flatten(), with_weights(nn.Linear(2, 2), [[1, 0], [0, 1]], [0, 0])
    ).eval()
    made = instance_of(problem_of(network, segment(torch.arange(6.0), radius=0.1)), title="t")
    assert replayed(made.model, np.arange(6, dtype=np.float32)[None]).tolist() == [3.0]


def a_made_instance(signal: Tensor | None = None) -> Instance:
    """Of six samples."""
    given = torch.zeros(6) if signal is None else signal
    return instance_of(problem_of(random_network(1, 6), segment(given, radius=0.1)), title="t")


def test_files_that_do_not_fit_together_are_refused() -> None:
    """A box of other samples than the network takes."""
    long, short = a_made_instance(torch.zeros(8)), a_made_instance()
    with pytest.raises(ExchangeError, match="i: expected a box of 6 samples, got 8"):
        read_instance(Instance(model=short.model, text=long.text), place="i")


def test_what_is_no_model_is_refused() -> None:
    """Bytes that hold no graph."""
    made = a_made_instance()
    with pytest.raises(ExchangeError, match=r"i \(network\): expected an ONNX model, got"):
        read_instance(Instance(model=b"\x08\x07nothing", text=made.text), place="i")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Relu", "Tanh", "expected one of Conv, AveragePool, ReduceMean, Flatten, Gemm, Relu"),
        ("joined", "enlarg", "expected difference and joined at the end"),
    ],
)
def test_nodes_that_are_none_of_ours_are_refused(old: str, new: str, message: str) -> None:
    """What we cannot bound is never read as something else."""
    made = a_made_instance()
    with pytest.raises(ExchangeError, match=message):
        read_instance(
            replace(made, model=made.model.replace(old.encode(), new.encode())), place="i"
        )


def test_a_node_that_leaves_the_middle_and_the_ends_as_they_are_is_refused() -> None:
    """Three logits agree, and between them the file computes something else."""
    network, each = recorded(0)
    made = instance_of(problem_of(network, each), title="t")
    inputs, steps = read_onnx(made.model, place="t")
    # Seen from the middle and from both ends, which lie on one line, it multiplies by 1.
    seen = torch.stack([each.signal, torch.ones(inputs, dtype=torch.float64)])
    across = torch.linalg.svd(seen).Vh[-1].numpy()
    odd = (np.eye(inputs) + 1000 * np.outer(across, across)).astype(np.float32)
    node = Step(kind="MatMul", name="segments.odd", tables=(odd,))
    changed = Instance(model=write_onnx([node, *steps], inputs=inputs), text=made.text)
    wanted = rf"expected {steps[0].kind} {steps[0].name} as we write it, got MatMul segments\.odd"
    with pytest.raises(ExchangeError, match=wanted):
        read_instance(changed, place="t")


def test_a_question_that_a_box_cannot_state_is_refused() -> None:
    """Parameters, several recordings, and a filter without the samples before it."""
    network = random_network(1, 6)
    moved = segment(torch.zeros(6), generators=torch.ones(1, 6))
    with pytest.raises(ExchangeError, match="expected a box of single samples, got a set with 1"):
        instance_of(problem_of(network, moved), title="t")
    each = segment(torch.zeros(6), radius=0.1)
    with pytest.raises(ExchangeError, match="problem: expected one recording, got 2"):
        instance_of(problem_of(network, each, each), title="t")
    behind = placed(torch.zeros(6), length=6, radius=0.1, recorder_samples=30)
    problem = problem_of(network, behind, resampling=resampling())
    with pytest.raises(ExchangeError, match="start_mv: expected the 30 samples before the filter"):
        instance_of(problem, title="t")
