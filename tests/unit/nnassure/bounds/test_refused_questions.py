"""Questions about bounds that are refused, each with what was expected."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nnassure.bounds import margin_bounds, prepare
from nnassure.errors import (
    BoundError,
    NetworkError,
    NotFiniteError,
    PerturbationError,
    ShapeError,
)
from nnassure.perturbation import Ball
from tests.support.engines import (
    needs_auto_lirpa,
    random_signals,
    signal_network,
)

pytestmark = needs_auto_lirpa

_BALL = Ball(radius_mv=0.05)
_FLAGS = np.array([True, False, True])


@pytest.mark.parametrize("radius_mv", [0.0, -0.1, float("nan"), float("inf")])
def test_a_ball_without_a_radius_is_none(radius_mv: float) -> None:
    """No bound is asked for a radius that is zero, negative, infinite or no number."""
    with pytest.raises(PerturbationError, match=r"^radius_mv: expected a finite number above 0"):
        Ball(radius_mv=radius_mv)


_ONE = np.array([True])


@pytest.mark.parametrize(
    ("inputs", "kind", "message"),
    [
        (torch.zeros(16), ShapeError, "inputs: expected shape (records, samples), got (16,)"),
        (torch.zeros((1, 9)), ShapeError, "inputs: expected 16 samples, got 9"),
        (torch.zeros((2, 16)), ShapeError, "is_positive: expected one value for each of the 2"),
        (torch.full((1, 16), torch.nan), NotFiniteError, "inputs: expected finite values, got 16"),
        (torch.full((1, 16), torch.inf), NotFiniteError, "inputs: expected finite values, got 16"),
        (torch.zeros((1, 16)).half(), PerturbationError, "inputs: expected float32 or float64"),
    ],
)
def test_signals_and_flags_have_to_fit(
    inputs: torch.Tensor, kind: type[Exception], message: str
) -> None:
    """Other axes, lengths, precisions and values that are no numbers are refused."""
    bounded = prepare(signal_network(), samples=16)
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        bounded.margin_bounds(inputs, _BALL, is_positive=_ONE, threshold=0.0, method="ibp")


def test_a_single_signal_needs_its_axis_of_records() -> None:
    """The message tells how to add it, before anything is prepared."""
    message = (
        "inputs: expected shape (records, samples), got (16,); "
        "add the records axis with inputs[None]"
    )
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        margin_bounds(
            signal_network(),
            torch.zeros(16),
            _BALL,
            is_positive=_ONE,
            threshold=0.0,
            method="ibp",
        )


def test_a_threshold_is_a_number() -> None:
    """NaN, which is on no side of any logit, raises."""
    with pytest.raises(NotFiniteError, match=r"^threshold: expected finite values, got 1 of 1"):
        margin_bounds(
            signal_network(), random_signals(), _BALL, is_positive=_FLAGS, threshold=float("nan"),
            method="ibp",
        )  # fmt: skip


def test_a_method_or_precision_that_there_is_not_is_refused() -> None:
    """The message lists what there is."""
    unknown: Any = "deeppoly"
    message = "method: expected one of ibp, crown-ibp, crown, crown-optimized, got 'deeppoly'"
    with pytest.raises(BoundError, match=f"^{re.escape(message)}$"):
        margin_bounds(
            signal_network(), random_signals(), _BALL, is_positive=_FLAGS, threshold=0.0,
            method=unknown,
        )  # fmt: skip
    message = "dtype: expected torch.float64 or torch.float32, got torch.float16"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        prepare(signal_network(), samples=16, dtype=torch.float16)


def test_nothing_is_rounded_to_a_lower_precision() -> None:
    """Weights and signals in float64 are not bounded in float32, where they would be others."""
    message = "dtype: expected torch.float64 for weights in float64, got torch.float32"
    with pytest.raises(NetworkError, match=f"^{re.escape(message)}$"):
        prepare(signal_network().double(), samples=16, dtype=torch.float32)
    bounded = prepare(signal_network(), samples=16, dtype=torch.float32)
    message = "inputs: expected float32 signals where bounds are computed in float32, got float64"
    with pytest.raises(PerturbationError, match=f"^{re.escape(message)}$"):
        bounded.margin_bounds(
            random_signals().double(), _BALL, is_positive=_FLAGS, threshold=0.0, method="ibp"
        )


def test_a_network_with_an_obstacle_is_refused() -> None:
    """Before the package is asked anything, with the place of the layer."""
    network = nn.Sequential(signal_network(), nn.Softmax(dim=1)).eval()
    with pytest.raises(
        NetworkError, match=r"^network\[1\]: expected a layer with exact bounds, got"
    ):
        prepare(network, samples=16)
    with pytest.raises(NetworkError, match=r"^network: expected evaluation mode, got training"):
        prepare(signal_network().train(), samples=16)
