"""What bounds come back for a question."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nnassure.bounds import Method, margin_bounds, prepare
from nnassure.bounds.compat import footprint
from nnassure.errors import (
    BoundError,
)
from nnassure.perturbation import Ball
from tests.support.engines import (
    needs_auto_lirpa,
    random_signals,
    signal_network,
    with_random_weights,
)

pytestmark = needs_auto_lirpa

_METHODS: list[Method] = ["ibp", "crown-ibp", "crown", "crown-optimized"]
_BALL = Ball(radius_mv=0.05)
_FLAGS = np.array([True, False, True])


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bounds_are_one_pair_a_record(method: Method, dtype: torch.dtype) -> None:
    """They hold the undisturbed margin, and leave the process as it was."""
    before = footprint()
    bounds = margin_bounds(
        signal_network(),
        random_signals(),
        _BALL,
        is_positive=_FLAGS,
        threshold=0.1,
        method=method,
        dtype=dtype,
    )
    assert bounds.lower.shape == bounds.upper.shape == bounds.clean.shape == (3,)
    assert (bounds.lower < bounds.clean).all()
    assert (bounds.clean < bounds.upper).all()
    assert footprint() == before


@pytest.mark.parametrize("method", _METHODS)
def test_a_record_is_bounded_alike_alone_and_among_others(method: Method) -> None:
    """Batches change nothing but the time."""
    bounded, signals = prepare(signal_network(), samples=16), random_signals()
    together = bounded.margin_bounds(
        signals, _BALL, is_positive=_FLAGS, threshold=0.1, method=method
    )
    for index in range(3):
        alone = bounded.margin_bounds(
            signals[index : index + 1],
            _BALL,
            is_positive=_FLAGS[index : index + 1],
            threshold=0.1,
            method=method,
        )
        np.testing.assert_allclose(alone.lower, together.lower[index], rtol=1e-9)
        np.testing.assert_allclose(alone.upper, together.upper[index], rtol=1e-9)


def test_more_records_than_fit_at_once_are_all_bounded() -> None:
    """Each has the bounds of the same record earlier on."""
    signals = random_signals().repeat((50, 1))
    bounds = margin_bounds(
        signal_network(), signals, _BALL, is_positive=np.tile(_FLAGS, 50), threshold=0.0,
        method="ibp",
    )  # fmt: skip
    np.testing.assert_allclose(bounds.lower.reshape(50, 3), np.tile(bounds.lower[:3], (50, 1)))


def test_no_record_has_no_bounds() -> None:
    """An empty question has an empty answer."""
    bounds = margin_bounds(
        signal_network(), torch.zeros((0, 16)), _BALL, is_positive=np.zeros(0, dtype=np.bool_),
        threshold=0.0, method="crown",
    )  # fmt: skip
    assert bounds.lower.shape == (0,)


def test_optimising_never_lowers_a_bound() -> None:
    """The optimised bound starts from that of CROWN."""
    bounded = prepare(signal_network(seed=3), samples=16)
    question: dict[str, Any] = {"is_positive": _FLAGS, "threshold": 0.0}
    wide = Ball(radius_mv=0.5)
    crown = bounded.margin_bounds(random_signals(), wide, method="crown", **question)
    raised = bounded.margin_bounds(random_signals(), wide, method="crown-optimized", **question)
    assert (raised.lower >= crown.lower).all()
    assert (raised.lower > crown.lower).any()
    assert np.array_equal(raised.upper, crown.upper)


def test_channels_may_be_an_axis_of_the_network() -> None:
    """A network from (records, 1, samples) has the bounds of that from (records, samples)."""
    network = signal_network()
    bounds = [
        margin_bounds(each, random_signals(), _BALL, is_positive=_FLAGS, threshold=0.0,
                      method="crown")
        for each in (network, network[1:].eval())
    ]  # fmt: skip
    assert np.array_equal(bounds[0].lower, bounds[1].lower)
    assert np.array_equal(bounds[0].clean, bounds[1].clean)


def test_a_network_without_relu_is_bounded_exactly() -> None:
    """Nothing is unsure and nothing can be optimised."""
    layer = nn.Linear(4, 2)
    network = with_random_weights(nn.Sequential(layer))
    for method in _METHODS:
        bounds = margin_bounds(
            network, torch.zeros((1, 4)), _BALL, is_positive=np.array([True]), threshold=0.0,
            method=method,
        )  # fmt: skip
        difference = (layer.weight[1] - layer.weight[0]).double()
        slack = 0.05 * float(difference.abs().sum())
        np.testing.assert_allclose(bounds.clean - bounds.lower, slack, rtol=1e-6)


def test_a_prepared_network_is_a_snapshot() -> None:
    """Weights that change afterwards change no bound."""
    network = signal_network()
    bounded = prepare(network, samples=16)
    question: dict[str, Any] = {"is_positive": _FLAGS, "threshold": 0.0, "method": "ibp"}
    before = bounded.margin_bounds(random_signals(), _BALL, **question)
    for values in network.parameters():
        values.zero_()
    after = bounded.margin_bounds(random_signals(), _BALL, **question)
    assert np.array_equal(before.lower, after.lower)
    assert np.array_equal(before.clean, after.clean)


def test_the_default_precision_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Computing in float64 sets torch's default for a while only."""
    bounded = prepare(signal_network(), samples=16)
    monkeypatch.setattr(bounded._engine, "bounds", _fails)
    with pytest.raises(RuntimeError, match="no memory"):
        bounded.margin_bounds(
            random_signals(), _BALL, is_positive=_FLAGS, threshold=0.0, method="ibp"
        )
    assert torch.get_default_dtype() == torch.float32


def test_bounds_that_are_no_numbers_tell_nothing() -> None:
    """Where a bound overflows to infinity or NaN nothing is known, and nothing is certified."""
    # Undisturbed all is zero; disturbed the hidden values overflow, and 0 times infinity is NaN.
    layers = [nn.Linear(1, 1, bias=False) for _ in range(2)]
    last = nn.Linear(1, 2)
    network = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), last).double()
    for layer in layers:
        nn.init.constant_(layer.weight, 1e200)
    nn.init.ones_(last.weight)
    last.bias = nn.Parameter(torch.tensor([0.0, 1.0], dtype=torch.float64))
    bounds = margin_bounds(
        network.eval(), torch.zeros((1, 1)), _BALL, is_positive=np.array([True]), threshold=0.0,
        method="ibp",
    )  # fmt: skip
    assert bounds.clean.tolist() == [1.0]
    assert bounds.lower.tolist() == [-np.inf]
    assert bounds.upper.tolist() == [np.inf]
    assert not bounds.certified.any()


def test_a_bound_above_the_undisturbed_margin_is_a_contradiction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A package that proves what one signal disproves is not believed for any record."""
    bounded = prepare(signal_network(), samples=16)
    package = sys.modules["auto_LiRPA"]
    bounds = package.BoundedModule.compute_bounds

    def wrong(*given: object, **named: object) -> tuple[torch.Tensor, torch.Tensor]:
        lower, upper = bounds(*given, **named)
        return lower + 100.0, upper + 100.0

    monkeypatch.setattr(package.BoundedModule, "compute_bounds", wrong)
    with pytest.raises(BoundError, match=r"^auto_LiRPA: expected bounds around .* of record 0 "):
        bounded.margin_bounds(
            random_signals(), _BALL, is_positive=_FLAGS, threshold=0.0, method="crown"
        )


def test_a_conversion_that_computes_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As release 0.3 does with dropout: the function it bounds is another one."""
    prepare(signal_network(), samples=16)
    package = sys.modules["auto_LiRPA"]
    forward = package.BoundedModule.forward
    monkeypatch.setattr(
        package.BoundedModule, "forward", lambda *given, **named: 2 * forward(*given, **named)
    )
    with pytest.raises(BoundError, match=r"^auto_LiRPA: expected the logits .* of the network, "):
        prepare(signal_network(), samples=16)


def _fails(*_given: object, **_named: object) -> None:
    raise RuntimeError("no memory")
