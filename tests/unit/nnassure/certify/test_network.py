"""Which networks the engine takes, and that it bounds what they compute."""

from __future__ import annotations

import itertools
from typing import Any, final

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from nnassure.certify.network import chain_of
from nnassure.certify.proving import proof
from nnassure.errors import NetworkError
from nnassure.unaltered import require_unaltered
from tests.support.networks import placed, resampling
from tests.support.questions import (
    budget,
    margins_of,
    points_of,
    problem_of,
    segment,
    varied_network,
    with_weights,
)


@pytest.mark.parametrize("seed", range(30))
def test_a_chain_computes_what_its_network_does(seed: int) -> None:
    """In float64, whatever strides, padding, groups, pools and heads there are."""
    network, samples = varied_network(seed, 24), 24
    chain = chain_of(network, samples)
    signals = torch.randn(3, samples, generator=torch.Generator().manual_seed(seed)).double()
    got, _ = chain.forward(signals)
    torch.testing.assert_close(got, network.double()(signals[:, None]))


def test_a_module_that_stands_in_two_places_runs_in_both() -> None:
    """A shared ReLU is no ReLU less."""
    relu = nn.ReLU()
    # z = x, relu, then -relu(x): below zero everywhere, so rectified it is 0, and the margin 1.
    first = with_weights(nn.Conv1d(1, 1, 1), [[[1.0]]], [0.0])
    second = with_weights(nn.Conv1d(1, 1, 1), [[[-1.0]]], [0.0])
    last = with_weights(nn.Linear(1, 2), [[0.0], [1.0]], [0.0, 1.0])
    network = nn.Sequential(first, relu, second, relu, nn.Flatten(), last).eval()
    chain = chain_of(network.requires_grad_(False), 1)
    assert [layer.rectified for layer in chain.layers] == [True, True, False]
    asked = problem_of(network, segment(torch.ones(1), radius=0.5), threshold=0.9)
    assert proof(asked, budget()).margin == pytest.approx(0.1, abs=1e-5)


def test_frames_that_no_window_reads_do_not_matter() -> None:
    """A stride that leaves the last samples over: they are free, the others bounded."""
    # One window over two of three samples: the margin is x0 + x1 = 2, less 2 * 0.25.
    network = nn.Sequential(
        with_weights(nn.Conv1d(1, 1, 2, 2), [[[1.0, 1.0]]], [0.0]),
        nn.ReLU(),
        nn.Flatten(),
        with_weights(nn.Linear(1, 2), [[0.0], [1.0]], [0.0, 0.0]),
    ).eval()
    asked = problem_of(network.requires_grad_(False), segment(torch.ones(3), radius=0.25))
    assert proof(asked, budget()).margin == pytest.approx(1.5, abs=1e-5)
    open_ = problem_of(network, segment(torch.ones(3), radius=0.25), threshold=1.6)
    assert proof(open_, budget()).margin == pytest.approx(-0.1, abs=1e-5)


def test_every_rounding_of_an_output_is_counted() -> None:
    """Products and sums of all channels that it reads, a bias, and what a division costs."""
    layers = [
        nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Conv1d(2, 2, 3), nn.AvgPool1d(2),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(2, 2),
    ]  # fmt: skip
    chain = chain_of(_plain(*layers), 12)
    # Of 12 frames 10, 8, 4 and 1 are left. A pool is read as a convolution of its channels.
    assert [layer.operations for layer in chain.layers] == [3 + 2, 6 + 2, 4 + 2, 4 + 2, 2 + 2]
    assert resampling(up=1, half=7).operations == 15 + 2
    assert resampling(up=2, half=7).operations == 8 + 2


@pytest.mark.parametrize("recorded", [12, 15])
@pytest.mark.parametrize("seed", range(12))
def test_splits_hold_the_relus_that_they_name(seed: int, recorded: int) -> None:
    """Where rows are as wide as a layer but start in its padding, each ReLU keeps its place.

    So it does where there are two segments.
    """
    generator = torch.Generator().manual_seed(seed)
    layers = [
        nn.Conv1d(1, 3, 3, 1, 1),
        nn.ReLU(),
        # Of 12 frames with one of padding, windows of 3 leave the last unread.
        nn.Conv1d(3, 3, 3, 3, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(12, 2),
    ]
    network = nn.Sequential(*layers).eval().requires_grad_(False)
    for values in network.parameters():
        values.copy_(torch.randn(values.shape, generator=generator) * 0.7)
    each = placed(torch.randn(recorded, generator=generator), length=12, radius=0.3)
    points = points_of(each, 4000, seed=seed)
    least = float(margins_of(network, problem_of(network, each), points).min())
    # A point of the set is below the threshold, so nothing may be certified.
    found = proof(problem_of(network, each, threshold=least + 0.02), budget(parts=150, steps=15))
    assert found.margin <= 0


def test_networks_without_a_relu_are_bounded_exactly() -> None:
    """There is nothing to optimise, nor to split."""
    layer = nn.Linear(6, 2)
    network = _plain(nn.Flatten(), layer)
    weight = (layer.weight[1] - layer.weight[0]).double()
    shift = float(layer.bias[1] - layer.bias[0])
    each = segment(torch.ones(6), radius=0.5)
    exact = float(weight.sum() - 0.5 * weight.abs().sum()) + shift
    found = proof(problem_of(network, each, threshold=9.0), budget())
    assert found.margin == pytest.approx(exact - 9.0, abs=1e-4)


@final
class _Minus(nn.Sequential):
    def forward(self, segments: Tensor) -> Tensor:
        logits: Tensor = super().forward(segments)  # type: ignore[no-untyped-call]  # torch's own
        return -logits


@final
class _Absolute(nn.ReLU):
    def forward(self, segments: Tensor) -> Tensor:
        return segments.abs()


def _plain(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _hooked() -> nn.Sequential:
    network = _plain(nn.Flatten(), nn.Linear(4, 2))
    network[1].register_forward_hook(lambda _module, _given, logits: -logits)
    return network


def _rebound() -> nn.Sequential:
    network = _plain(nn.Flatten(), nn.Linear(4, 2))
    changed: Any = network[1]
    changed.forward = lambda features: -features[:, :2]
    return network


def _filled(value: float) -> nn.Sequential:
    layer = nn.Linear(4, 2)
    nn.init.constant_(layer.bias, value)
    return _plain(nn.Flatten(), layer)


def _nudged(layer: nn.Module) -> None:
    if isinstance(layer, nn.Linear):
        layer.bias.add_(2.0**-40)


_REWRITE = "rewrite it with convolution, ReLU and means"
_NAN = float("nan")
_REFUSED: dict[str, tuple[nn.Module, str]] = {
    "training": (
        nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 2)),
        "\n".join(
            f"network.{place}: expected evaluation mode, got training; call eval()"
            for place in range(3)
        ),
    ),
    "a chain of its own": (
        _Minus(nn.Flatten(), nn.Linear(4, 2)).eval(),
        f"network: expected a layer with a bound, got _Minus; {_REWRITE}",
    ),
    "a layer of its own": (
        _plain(nn.Flatten(), nn.Linear(4, 2), _Absolute(), nn.Linear(2, 2)),
        f"network.2: expected a layer with a bound, got _Absolute; {_REWRITE}",
    ),
    "hooks": (_hooked(), "network.1: expected a layer as torch computes it, got hooks"),
    "another forward": (
        _rebound(),
        "network.1: expected a layer as torch computes it, got hooks",
    ),
    "NaN": (_filled(_NAN), "network.1: expected finite weights, got some that are not"),
    "infinity": (
        _filled(-float("inf")),
        "network.1: expected finite weights, got some that are not",
    ),
    "bfloat16": (
        _plain(nn.Flatten(), nn.Linear(4, 2)).bfloat16(),
        "network.1: expected float32 weights on the processor, got torch.bfloat16 on cpu",
    ),
    "float64": (
        _filled(0.1).double().apply(_nudged),
        "network.1: expected weights that float32 holds, got some that it rounds",
    ),
    "channels": (
        _plain(nn.Conv1d(2, 2, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten()),
        "network.0: expected 1 channels in, got 2",
    ),
    "a ReLU at the end": (
        _plain(nn.Flatten(), nn.Linear(4, 2), nn.ReLU()),
        "network: expected an affine last layer, got another",
    ),
    "features as time": (
        # Of (segments, features), a pool takes the mean of the features.
        _plain(nn.Flatten(), nn.Linear(4, 2), nn.AdaptiveAvgPool1d(1)),
        "network: expected the logits",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _REFUSED)
def test_what_computes_something_else_is_refused(name: str) -> None:
    """Each with its place."""
    network, message = _REFUSED[name]
    with pytest.raises(NetworkError) as caught:
        chain_of(network, 4)
    assert str(caught.value).startswith(message)


def test_what_no_layer_tells_is_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method of a class that was replaced changes nothing of any layer."""
    network, real = _plain(nn.Flatten(), nn.Linear(4, 2)), nn.Linear.forward
    monkeypatch.setattr(nn.Linear, "forward", lambda layer, values: real(layer, values) + 1e-3)
    with pytest.raises(NetworkError, match="network: expected the logits"):
        chain_of(network, 4)
    monkeypatch.undo()
    assert chain_of(network, 4).samples == 4


def test_hooks_on_all_modules_are_refused() -> None:
    """They may do nothing where a network is tried, and something elsewhere."""
    network = _plain(nn.Flatten(), nn.Linear(4, 2))
    hook = register_module_forward_hook(lambda _module, _given, values: values)
    try:
        with pytest.raises(NetworkError, match=r"^torch: expected no hooks for all modules"):
            chain_of(network, 4)
    finally:
        hook.remove()


def test_a_network_with_hooks_anywhere_is_refused() -> None:
    """On the whole, on a part, for all modules, or a method of an object in its class's place."""
    network = nn.Sequential(_plain(nn.Flatten(), nn.Linear(4, 2)))
    require_unaltered(network)
    for place in (network, network[0]):
        hook = place.register_forward_hook(lambda _module, _given, values: values + 1)
        with pytest.raises(NetworkError, match=r"^network.*: expected a module as its class"):
            require_unaltered(network)
        hook.remove()
    everywhere = register_module_forward_hook(lambda _module, _given, values: values)
    with pytest.raises(NetworkError, match=r"^torch: expected no hooks for all modules"):
        require_unaltered(network)
    everywhere.remove()
    require_unaltered(network)
    layer = nn.Conv1d(1, 2, 3)
    layer._conv_forward = lambda *given: given[0]  # type: ignore[method-assign]
    with pytest.raises(NetworkError, match=r"^network\.0: expected a module as its class"):
        require_unaltered(nn.Sequential(layer))


def test_padding_of_zeros_alike_on_both_sides_is_taken() -> None:
    """``same`` for an odd kernel is; other padding, dilation and even kernels are not."""
    good = _plain(nn.Conv1d(1, 2, 3, padding="same"), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    assert chain_of(good, 6).layers[0].padding == 1
    for kernel, options in itertools.product(
        [3, 4], [{"padding_mode": "circular"}, {"dilation": 2}]
    ):
        layer = nn.Conv1d(1, 2, kernel, padding=1, **options)  # type: ignore[arg-type]  # torch's stubs take no mapping
        with pytest.raises(NetworkError, match="expected zero padding and no dilation"):
            chain_of(_plain(layer, nn.AdaptiveAvgPool1d(1), nn.Flatten()), 9)
    uneven = _plain(nn.Conv1d(1, 2, 4, padding="same"), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    with pytest.raises(NetworkError, match="the same on both sides, got 'same' for an even kernel"):
        chain_of(uneven, 9)
