"""Where the frames of a layer lie: chains of any kind are known to the sample, others refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nnassure.attribution import Question, attribution
from nnassure.errors import NetworkError
from nnassure.frames import frames_of, last_convolution, read_at, require_chain


def record(samples: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """One record of noise."""
    return np.random.default_rng(1).normal(size=(1, samples)).astype(np.float32)


def layers(*parts: nn.Module) -> nn.Sequential:
    """A chain over time whose answer is of two classes."""
    channels = [part for part in parts if isinstance(part, nn.Conv1d)][-1].out_channels
    head = (nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(channels, 2))
    return nn.Sequential(nn.Unflatten(1, (1, -1)), *parts, *head).eval()


@st.composite
def chains(draw: st.DrawFn) -> list[nn.Module]:
    """Convolutions, each perhaps followed by a pooling."""
    parts: list[nn.Module] = []
    for place in range(draw(st.integers(1, 3))):
        kernel, dilation = draw(st.integers(1, 7)), draw(st.integers(1, 3))
        same = draw(st.booleans())
        parts.append(
            nn.Conv1d(
                1 if place == 0 else 2,
                2,
                kernel,
                stride=1 if same else draw(st.integers(1, 4)),
                padding="same" if same else draw(st.integers(0, 6)),
                dilation=dilation,
            )
        )
        parts += draw(
            st.sampled_from(
                [
                    [],
                    [nn.ReLU()],
                    [nn.ReLU(), nn.MaxPool1d(2)],
                    [nn.AvgPool1d(3, stride=2, padding=1)],
                    [nn.BatchNorm1d(2), nn.LeakyReLU(), nn.MaxPool1d(3, stride=1, padding=1)],
                ]
            )
        )
    return parts


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@given(chains(), st.integers(600, 900))
@settings(max_examples=60, deadline=None)
def test_chains_of_any_kind_are_known_to_the_sample(parts: list[nn.Module], samples: int) -> None:
    """Even kernels, holes, strides, padding on either side, poolings."""
    network = layers(*parts)
    found = attribution("grad-cam", Question(network=network, wanted=1, other=0), record(samples))
    assert found.weights.shape == (1, samples)


@given(st.integers(1, 60), st.sampled_from([660, 700, 1800]))
@settings(max_examples=30, deadline=None)
def test_a_shift_of_a_single_sample_is_noticed(shift: int, samples: int) -> None:
    """Padding that no convolution states, before strides of 64."""
    network = layers(
        nn.ZeroPad1d((shift, 0)), nn.Conv1d(1, 2, 5, stride=64), nn.ReLU(), nn.Conv1d(2, 2, 3)
    )
    with pytest.raises(NetworkError, match="a single chain"):
        require_chain(frames_of(network), network[:-3], samples)
    plain = layers(nn.Conv1d(1, 2, 5, stride=64), nn.ReLU(), nn.Conv1d(2, 2, 3))
    require_chain(frames_of(plain), plain[:-3], samples)


def test_records_shorter_than_a_frame_are_refused() -> None:
    """Where frames lie could not be seen."""
    network = layers(nn.Conv1d(1, 2, 31, padding=15))
    with pytest.raises(NetworkError, match="of at least 31 samples, got 30"):
        require_chain(frames_of(network), network[:-3], 30)
    require_chain(frames_of(network), network[:-3], 31)


def test_layers_wholly_in_padding_do_not_confuse() -> None:
    """The first and the last frames here see nothing of the record."""
    network = layers(nn.Conv1d(1, 2, 3, padding=5))
    require_chain(frames_of(network), network[:-3], 40)


class Shared(nn.Module):
    """Two convolutions with the same rectifier, as a module or as a function."""

    def __init__(self, *, module: bool, stride: int = 1) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.one = nn.Conv1d(1, 3, 5, padding=2, stride=stride)
        self.two = nn.Conv1d(3, 3, 5, padding=2, stride=stride)
        relu = nn.ReLU()
        self.chain = nn.Sequential(self.one, relu, self.two, relu) if module else None
        self.head = nn.Linear(3, 2)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        lead = inputs[:, None]
        frames = (
            torch.relu(self.two(torch.relu(self.one(lead))))
            if self.chain is None
            else self.chain(lead)
        )
        answer: Tensor = self.head(frames.mean(dim=-1))
        return answer


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++"])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_rectifier_of_two_layers_is_read_for_neither(method: str, stride: int) -> None:
    """The map is that of the convolution, as where the rectifier is a function."""
    maps = []
    for module in (True, False):
        network = Shared(module=module, stride=stride).eval()
        assert read_at(network) is last_convolution(network)
        question = Question(network=network, wanted=1, other=0)
        maps.append(attribution(method, question, record(120)).weights)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-7)


def test_a_rectifier_of_its_own_is_read() -> None:
    """What it lets through."""
    network = layers(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Conv1d(2, 2, 3), nn.ReLU())
    assert read_at(network) is network[4]
    assert read_at(network, "1") is network[2]


class Unused(nn.Module):
    """Has a convolution that its answer does not go through."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.idle = nn.Conv1d(1, 2, 3), nn.Conv1d(1, 2, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits, shape (records, 2)."""
        answer: Tensor = self.used(inputs[:, None]).mean(dim=-1)
        return answer


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++"])
def test_a_layer_that_is_not_used_is_told(method: str) -> None:
    """The last one by name is not always one."""
    question = Question(network=Unused().eval(), wanted=1, other=0)
    with pytest.raises(NetworkError, match="expected frames of one shape, got none at all"):
        attribution(method, question, record(50))
