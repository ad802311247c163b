"""Attributions: where the right answer is known, what is empty, and what cannot be explained."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nnassure.attribution import (
    METHODS,
    Question,
    attribution,
    convolutions,
    last_convolution,
    widening,
)
from nnassure.errors import AttributionError, NetworkError, NotFiniteError, ShapeError

SAMPLES = 240
PLACE = slice(100, 124)


class Marked(nn.Module):
    """Says class 1 if a tall marker is somewhere, and knows nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, 2, 5, stride=2, padding=2)
        self.second = nn.Conv1d(2, 1, 3, stride=2, padding=1)
        self.head = nn.Linear(1, 2)
        with torch.no_grad():
            for part, weight, offset in ((self.first, 0.2, -1.0), (self.second, 0.5, 0.0)):
                part.weight.fill_(weight)
                assert part.bias is not None
                part.bias.fill_(offset)
            self.head.weight.copy_(torch.tensor([[-1.0], [1.0]]))
            self.head.bias.zero_()

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        frames = torch.relu(self.first(inputs[:, None]))
        made: Tensor = self.head(torch.relu(self.second(frames)).mean(dim=-1))
        return made


def marked(count: int = 4) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Noise with a marker of 3 mV at one place."""
    generator = np.random.default_rng(3)
    inputs = generator.normal(0, 0.2, (count, SAMPLES))
    inputs[:, PLACE] += 3.0
    return inputs.astype(np.float32)


QUESTION = Question(network=Marked().eval(), wanted=1, other=0)


@pytest.mark.parametrize("method", METHODS)
def test_what_alone_decides_has_the_weight(method: str) -> None:
    """The marker, widened by what one frame sees, holds most of it, and all of it argues for."""
    found = attribution(method, QUESTION, marked())
    blur = widening(QUESTION.network)
    inside = np.zeros(SAMPLES, np.bool_)
    inside[PLACE.start - blur : PLACE.stop + blur] = True
    sizes = np.abs(found.weights)
    assert (sizes[:, inside].sum(axis=1) > 0.8 * sizes.sum(axis=1)).all()
    assert inside.mean() < 0.25
    assert (found.weights[:, PLACE].sum(axis=1) > 0).all()
    assert not found.empty.any()


@pytest.mark.parametrize("method", METHODS)
def test_what_argues_for_one_class_argues_against_the_other(method: str) -> None:
    """The question turned round has the same weights with the other sign."""
    turned = Question(network=QUESTION.network, wanted=0, other=1)
    one, other = (attribution(method, each, marked()) for each in (QUESTION, turned))
    np.testing.assert_allclose(one.answers, -other.answers, atol=1e-6)
    np.testing.assert_allclose(one.weights, -other.weights, atol=1e-5)


def test_integrated_gradients_add_up_to_the_answer() -> None:
    """Completeness: to what the answer is above that of the baseline."""
    fine = Question(network=QUESTION.network, wanted=1, other=0, steps=300)
    found = attribution("integrated gradients", fine, marked())
    with torch.no_grad():
        logits = QUESTION.network(torch.zeros(1, SAMPLES))
    nothing = float(logits[0, 1] - logits[0, 0])
    np.testing.assert_allclose(found.weights.sum(axis=1), found.answers - nothing, rtol=0.005)


def test_grad_cam_by_its_definition() -> None:
    """Channels of the layer, each by the mean of its gradient; frames by straight lines."""
    inputs = torch.from_numpy(marked(2))
    network = QUESTION.network
    assert isinstance(network, Marked)
    first = torch.relu(network.first(inputs[:, None]))
    frames = network.second(first).detach().requires_grad_()
    logits = network.head(torch.relu(frames).mean(dim=-1))
    (gradient,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), frames)
    wanted = (gradient.mean(dim=-1, keepdim=True) * frames).sum(dim=1, keepdim=True)
    found = attribution("grad-cam", QUESTION, marked(2))
    # Padding as wide as half a kernel: every fourth sample is the centre of a frame.
    np.testing.assert_allclose(
        found.weights[:, ::4], wanted.detach().numpy()[:, 0], rtol=1e-5, atol=1e-7
    )
    between = (found.weights[:, 0:-4:4] + found.weights[:, 4::4]) / 2
    np.testing.assert_allclose(found.weights[:, 2:-4:4], between, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_a_record_is_explained_alike_beside_others(method: str) -> None:
    """One at a time or together."""
    together = attribution(method, QUESTION, marked(3)).weights
    for place in range(3):
        alone = attribution(method, QUESTION, marked(3)[place : place + 1]).weights
        np.testing.assert_allclose(alone[0], together[place], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_ignores_its_input_has_empty_maps(method: str) -> None:
    """And they are said to be empty."""
    deaf = Marked().eval()
    with torch.no_grad():
        deaf.head.weight.zero_()
    found = attribution(method, Question(network=deaf, wanted=1, other=0), marked())
    assert found.empty.all()
    assert not found.weights.any()


class Deaf(nn.Module):
    """Answers the same whatever it is given, and yet computes a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, 2, 5, padding=2)
        self.answer = nn.Parameter(torch.tensor([0.5, -0.5]))

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        self.first(inputs[:, None])
        return self.answer.expand(len(inputs), 2)


@pytest.mark.parametrize("method", METHODS)
def test_an_answer_without_any_input_has_empty_maps(method: str) -> None:
    """Also where nothing leads from the input to the answer."""
    found = attribution(method, Question(network=Deaf().eval(), wanted=1, other=0), marked())
    assert found.empty.all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("strength", [0.1, 1.0, 30.0])
def test_what_argues_against_is_below_zero(method: str, strength: float) -> None:
    """However much the head makes of it."""
    network = Marked().eval()
    with torch.no_grad():
        network.head.weight.mul_(-strength)
    found = attribution(method, Question(network=network, wanted=1, other=0), marked())
    assert (found.weights[:, PLACE].sum(axis=1) < 0).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"steps": 0}, "steps: expected an integer from 1"),
        ({"window": 0}, "window: expected an integer from 1"),
        ({"window": 1.5}, "window: expected an integer from 1, got 1.5"),
        ({"baseline_mv": float("nan")}, "baseline_mv: expected a finite number, got nan"),
        ({"wanted": 7}, "classes: expected two of (records, classes), got 7 and 0 of (4, 2)"),
        ({"wanted": 0}, "classes: expected two integers from 0 that differ, got 0 and 0"),
        ({"wanted": True}, "classes: expected two integers from 0"),
        ({"other": -1}, "classes: expected two integers from 0"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_a_question_without_sense_is_refused(
    method: str, wrong: dict[str, float], words: str
) -> None:
    """By every method, whether it needs the number or not."""
    question = replace(QUESTION, **wrong)  # type: ignore[arg-type]
    with pytest.raises(AttributionError, match=re.escape(words)):
        attribution(method, question, marked())
    with pytest.raises(NetworkError, match="expected one of first, second"):
        attribution(method, replace(QUESTION, layer="third"), marked())
    with pytest.raises(AttributionError, match="at least one sample"):
        attribution(method, QUESTION, np.zeros((2, 0), np.float32))


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_cannot_be_asked_is_told(method: str) -> None:
    """One that draws its answers, one of another precision, and records that it cannot read."""
    drawing = nn.Sequential(nn.Dropout(0.5), Marked()).train()
    with pytest.raises(AttributionError, match="expected one in evaluation mode"):
        attribution(method, Question(network=drawing, wanted=1, other=0), marked())
    double = Question(network=Marked().eval().double(), wanted=1, other=0)
    with pytest.raises(NetworkError, match="expected one that reads float32 records"):
        attribution(method, double, marked())


def test_a_convolution_may_be_named() -> None:
    """An earlier one sees less at once; one that is not there is answered with those there are."""
    network = QUESTION.network
    assert list(convolutions(network)) == ["first", "second"]
    assert last_convolution(network) is network.second
    assert (widening(network, "first"), widening(network)) == (5, 9)
    named = Question(network=network, wanted=1, other=0, layer="first")
    assert attribution("grad-cam", named, marked()).weights.shape == (4, SAMPLES)
    lost = Question(network=network, wanted=1, other=0, layer="third")
    with pytest.raises(NetworkError, match="expected one of first, second, got 'third'"):
        attribution("grad-cam", lost, marked())


class Sequenced(nn.Module):
    """Convolution, ReLU, mean, linear; read upright alone, or both ways up."""

    def __init__(self, *, both: bool) -> None:
        super().__init__()
        self.both = both
        generator = torch.Generator().manual_seed(5)
        self.features = nn.Sequential(nn.Conv1d(1, 4, 7, stride=3, padding=3), nn.ReLU())
        self.head = nn.Linear(4, 2)
        with torch.no_grad():
            for values in self.parameters():
                values.copy_(torch.randn(values.shape, generator=generator))

    def answer(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        made: Tensor = self.head(self.features(inputs[:, None]).mean(dim=-1))
        return made

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        upright = self.answer(inputs)
        return (upright + self.answer(-inputs)) / 2 if self.both else upright


@pytest.mark.parametrize("readings", [1, 2])
def test_a_map_adds_up_where_the_head_is_linear(readings: int) -> None:
    """Of what the ReLU lets through: the sum over frames is the answer without its offset."""
    network = Sequenced(both=readings == 2).eval()
    question = Question(network=network, wanted=1, other=0)
    found = attribution("grad-cam", question, marked())
    offset = float((network.head.bias[1] - network.head.bias[0]).detach())
    # A frame stands for three samples, so frames by straight lines keep the mean.
    np.testing.assert_allclose(
        found.weights.sum(axis=1) / 3, found.answers - offset, rtol=0.05, atol=1e-3
    )


def test_many_records_and_none() -> None:
    """More than are computed at once; and none give none."""
    many = np.concatenate([marked(50), marked(50)])
    found = attribution("grad-cam", QUESTION, many)
    np.testing.assert_allclose(found.weights[:50], found.weights[50:], rtol=1e-5, atol=1e-8)
    assert attribution("grad-cam", QUESTION, many[:0]).weights.shape == (0, SAMPLES)


def test_what_cannot_be_explained_is_refused() -> None:
    """A network without convolution, constant and NaN signals, other axes, unknown methods."""
    flat = nn.Sequential(nn.Linear(SAMPLES, 2)).eval()
    with pytest.raises(NetworkError, match="expected a convolution over time"):
        attribution("grad-cam", Question(network=flat, wanted=1, other=0), marked())
    still = marked()
    still[2] = 0.5
    with pytest.raises(AttributionError, match=r"constant ones at \[2\]"):
        attribution("grad-cam", QUESTION, still)
    broken = marked()
    broken[1, 7] = np.nan
    with pytest.raises(NotFiniteError):
        attribution("occlusion", QUESTION, broken)
    with pytest.raises(ShapeError):
        attribution("occlusion", QUESTION, marked()[0])
    with pytest.raises(AttributionError, match="expected one of grad-cam"):
        attribution("saliency", QUESTION, marked())


class Branched(nn.Module):
    """Two ways to the last convolution, one of which may see more than the other."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.one = nn.Conv1d(1, 2, 5, padding=2)
        self.other = nn.Conv1d(1, 2, 5, padding=2)
        self.last = nn.Conv1d(2, 2, 3, padding=1)
        self.head = nn.Linear(2, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        lead = inputs[:, None]
        made = torch.relu(self.one(lead))
        if self.kind == "parallel":
            made = made + torch.relu(self.other(lead))
        elif self.kind == "residual":
            made = lead + torch.relu(self.other(lead + made[:, :1]))
        elif self.kind == "squeezed":
            made = torch.relu(self.other(made[:, :1])) * torch.sigmoid(made.mean(-1, keepdim=True))
        frames = torch.relu(self.last(made))
        answer: Tensor = self.head(frames.mean(dim=-1))
        return answer


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++"])
def test_maps_of_frames_that_lie_elsewhere_are_refused(method: str) -> None:
    """Layers side by side see less than one after the other, a mean over time sees everything."""
    for kind in ("parallel", "squeezed"):
        torch.manual_seed(1)
        question = Question(network=Branched(kind).eval(), wanted=1, other=0)
        with pytest.raises(NetworkError, match="a single chain"):
            attribution(method, question, marked())
    torch.manual_seed(1)
    # A way round a layer sees no more than the layer.
    beside = Question(network=Branched("residual").eval(), wanted=1, other=0)
    assert attribution(method, beside, marked()).weights.shape == (4, SAMPLES)


@pytest.mark.parametrize("method", ["integrated gradients", "occlusion"])
def test_what_needs_no_frames_explains_any_network(method: str) -> None:
    """Branches or not."""
    torch.manual_seed(1)
    question = Question(network=Branched("parallel").eval(), wanted=1, other=0)
    assert not attribution(method, question, marked()).empty.any()


@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("pooling", [nn.MaxPool1d(2), nn.AvgPool1d(3, stride=2, padding=1)])
def test_chains_of_any_kind_are_explained(
    dilation: int, stride: int, padding: int, pooling: nn.Module
) -> None:
    """Strides, holes, padding and poolings: frames lie where they are said to."""
    torch.manual_seed(2)
    network = nn.Sequential(
        nn.Unflatten(1, (1, -1)),
        nn.Conv1d(1, 3, 5, stride=stride, padding=padding, dilation=dilation),
        nn.BatchNorm1d(3),
        nn.ReLU(),
        pooling,
        nn.Conv1d(3, 2, 3, padding=padding // 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(2, 2),
    ).eval()
    found = attribution("grad-cam", Question(network=network, wanted=1, other=0), marked())
    assert found.weights.shape == (4, SAMPLES)
