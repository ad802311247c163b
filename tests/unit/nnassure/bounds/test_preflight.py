"""Which networks cannot be bounded, and what the message says to do about it."""

from __future__ import annotations

import re
from typing import final

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from nnassure.bounds import obstacles
from nnassure.bounds.preflight import require_liftable
from nnassure.errors import NetworkError


def _chain(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers).eval()


def test_a_network_of_supported_layers_has_no_obstacle() -> None:
    """Every supported layer, nested ones too, passes."""
    inner = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.ReLU(), nn.Dropout())
    outer = (nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Identity())
    assert obstacles(_chain(nn.Unflatten(1, (1, 9)), inner, *outer, nn.Linear(2, 2))) == []


def test_every_obstacle_is_told_at_once_with_its_place_and_rewrite() -> None:
    """A nested maximum, a softmax and an infinite weight are told in one message."""
    last = nn.Linear(2, 2)
    with torch.no_grad():
        last.weight[0, 1] = torch.inf
    network = _chain(nn.Sequential(nn.Conv1d(1, 2, 3), nn.MaxPool1d(2)), last, nn.Softmax(dim=1))
    expected = [
        (
            "network[0][1]: expected a layer with exact bounds, got MaxPool1d; "
            "use AvgPool1d or a Conv1d with stride"
        ),
        "network[1]: weight: expected finite values, got 1 not",
        (
            "network[2]: expected a layer with exact bounds, got Softmax; "
            "leave it out: margins are those of the logits"
        ),
    ]
    assert obstacles(network) == expected
    with pytest.raises(NetworkError, match=f"^{re.escape(chr(10).join(expected))}$"):
        require_liftable(network)


@pytest.mark.parametrize(
    ("layer", "rewrite"),
    [
        (nn.GELU(), "use ReLU"),
        (nn.LeakyReLU(), "use ReLU"),
        (nn.Sigmoid(), "use ReLU; after the logits, leave it out"),
        (nn.LayerNorm(3), "use BatchNorm1d, which is constant in evaluation mode"),
        (nn.LSTM(1, 1), "use Conv1d"),
        (
            nn.ConstantPad1d((1, 2), 0.0),
            "use the padding of Conv1d, which is of zeros and alike on both sides",
        ),
        (
            nn.Bilinear(1, 1, 1),
            (
                "use Unflatten, Flatten, Conv1d, BatchNorm1d, ReLU, AvgPool1d, AdaptiveAvgPool1d, "
                "Linear, Identity, Dropout, Dropout1d, AlphaDropout"
            ),
        ),
    ],
)
def test_an_unsupported_layer_is_told_with_what_to_use_instead(
    layer: nn.Module, rewrite: str
) -> None:
    """The sentence names the type, and the layer that does the like."""
    name = type(layer).__name__
    assert obstacles(_chain(layer)) == [
        f"network[0]: expected a layer with exact bounds, got {name}; {rewrite}"
    ]


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (
            nn.Conv1d(1, 1, 3, padding=1, padding_mode="reflect"),
            (
                "expected padding with zeros, got 'reflect'; "
                "use the padding of Conv1d, which is of zeros and alike on both sides"
            ),
        ),
        (
            nn.BatchNorm1d(1, track_running_stats=False),
            "expected running statistics, got none; set track_running_stats",
        ),
        (nn.AvgPool1d(2, ceil_mode=True), "expected whole windows, got ceil_mode; leave it out"),
        (
            nn.AvgPool1d(2, padding=1, count_include_pad=False),
            (
                "expected padding that counts, got count_include_pad=False; "
                "leave the padding out, or let it count"
            ),
        ),
        (
            nn.AdaptiveAvgPool1d(4),
            (
                "expected the mean over all time, got output_size=4; "
                "use AvgPool1d with a kernel and a stride"
            ),
        ),
        (
            nn.Flatten(0),
            "expected all axes but the first, got start_dim=0 and end_dim=-1; use Flatten()",
        ),
        (
            nn.Unflatten(1, (1, 3, 3)),
            "expected (channels, samples) from axis 1, got another shape",
        ),
    ],
)
def test_a_setting_that_cannot_be_lifted_is_told(layer: nn.Module, sentence: str) -> None:
    """A supported type with a setting that changes what it computes is no supported layer."""
    assert obstacles(_chain(layer)) == [f"network[0]: {sentence}"]


def test_training_mode_is_refused() -> None:
    """Also where one nested layer alone is left in it."""
    dropout = nn.Dropout()
    network = _chain(nn.Sequential(nn.Linear(1, 2), dropout))
    dropout.train()
    assert obstacles(network) == [
        "network: expected evaluation mode, got training; call eval() first"
    ]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_other_precision_are_refused(dtype: torch.dtype) -> None:
    """Nobody knows in which precision such a network would be run."""
    network = _chain(nn.Linear(1, 2, bias=False)).to(dtype)
    assert obstacles(network) == [
        f"network[0]: weight: expected float32 or float64 on the processor, got {dtype} on cpu"
    ]


def test_weights_of_two_precisions_are_refused() -> None:
    """The signal between them would be refused by torch."""
    assert obstacles(_chain(nn.Linear(1, 2), nn.Linear(2, 2).double())) == [
        "network: expected one precision, got torch.float32 and torch.float64"
    ]


def test_running_statistics_are_numbers_too() -> None:
    """NaN in a buffer is found like NaN in a weight."""
    layer = nn.BatchNorm1d(2)
    assert layer.running_var is not None
    layer.running_var[1] = torch.nan
    assert obstacles(_chain(layer)) == [
        "network[0]: running_var: expected finite values, got 1 not"
    ]


def test_a_layer_that_computes_something_else_is_refused() -> None:
    """Hooks, and subclasses of supported layers, are not what their class says."""

    @final
    class Doubled(nn.ReLU):
        """Twice what a ReLU gives."""

        def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  torch's name
            return 2 * super().forward(input)

    hooked = nn.ReLU()
    hooked.register_forward_hook(lambda _layer, _given, result: 2 * result)
    found = obstacles(_chain(hooked, Doubled()))
    assert found[0] == (
        "network[0]: expected ReLU as torch computes it, got one with hooks; remove them"
    )
    assert found[1].startswith("network[1]: expected a layer with exact bounds, got Doubled; use ")


def test_what_holds_layers_is_looked_at_too() -> None:
    """A hook on the whole chain, on all modules, or a method of its own changes what it says."""

    def lowered(_layer: nn.Module, _given: object, result: torch.Tensor) -> torch.Tensor:
        return result - 300

    network = _chain(nn.Linear(1, 2), nn.Sequential(nn.ReLU()))
    for place, part in (("network", network), ("network[1]", network[1])):
        hook = part.register_forward_hook(lowered)
        assert obstacles(network) == [
            f"{place}: expected Sequential as torch computes it, got one with hooks; remove them"
        ]
        hook.remove()
    everywhere = register_module_forward_hook(lambda _layer, _given, result: result - 300)
    try:
        assert obstacles(network) == ["torch: expected no hooks for all modules, got some"]
    finally:
        everywhere.remove()
    assert obstacles(network) == []
    vars(network)["forward"] = lambda signals: signals
    assert "Sequential as torch computes it" in obstacles(network)[0]


def test_a_module_with_a_forward_of_its_own_is_refused() -> None:
    """What a forward does with its layers cannot be read from them."""
    assert obstacles(nn.ModuleList().eval()) == [
        "network: expected an nn.Sequential, got ModuleList; write its forward as a chain of layers"
    ]
