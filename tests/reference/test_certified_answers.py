"""The bounds of training against a network worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from afib.network import PlainNetwork
from afib.training.backward import backward_margins
from afib.training.interval import interval_margins, passed
from tests.support.training import tiny_settings

# Points -1 and 1 have mean 0 and variance 1, so the normalisation doubles and adds 1; the hidden
# layer takes 1.5 from the mean; the AFib logit minus the normal one is 3 h - 1.
_WEIGHTS = {
    "features.0.weight": [[[1.0]]],
    "features.1.weight": [2.0],
    "features.1.bias": [1.0],
    "head.0.weight": [[1.0]],
    "head.0.bias": [-1.5],
    "head.3.weight": [[-1.0], [2.0]],
    "head.3.bias": [0.5, -0.5],
}


def _network() -> PlainNetwork:
    settings = replace(tiny_settings().network, channels=(1,), kernels=(1,), strides=(1,), hidden=1)
    network = PlainNetwork(settings)
    network.load_state_dict(
        {name: torch.tensor(values) for name, values in _WEIGHTS.items()}, strict=False
    )
    return network.double().train()


def test_both_bounds_are_those_worked_by_hand() -> None:
    """A box round (1, -1) of radius 0.5, for AFib and for normal rhythm."""
    network = _network()
    points = torch.tensor([[-1.0, 1.0]] * 2, dtype=torch.float64)
    centres = torch.tensor([[1.0, -1.0]] * 2, dtype=torch.float64)
    is_afib = torch.tensor([1, 0])
    way = passed(network, points, centres, radius_mv=0.5)
    # 2 x + 1: [2, 4] and [-2, 0]; ReLU: [2, 4] and [0, 0]; mean: [1, 2]; minus 1.5: [-0.5, 0.5];
    # ReLU: [0, 0.5]; 3 h - 1: [-1, 0.5]. AFib has at least -1, normal at least -0.5.
    # The lines: below the hidden ReLU 0, so -1; above it (h + 0.5) / 2, so normal has at least
    # 1 - 3 (m - 1.5 + 0.5) / 2 = 2.5 - 1.5 m with m = (2 x + 1) / 2: 1.75 - 1.5 x, and x <= 1.5.
    expected = torch.tensor([-1.0, -0.5], dtype=torch.float64)
    bounds = (
        interval_margins(network, way, is_afib),
        backward_margins(network, way, centres, radius_mv=0.5, is_afib=is_afib),
    )
    for bound in bounds:
        # The normalisation adds 1e-5 to the variance.
        assert bound.tolist() == pytest.approx(expected.tolist(), abs=5e-5)
