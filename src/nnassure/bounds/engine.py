"""Bounds on margins by auto_LiRPA, one value a record.

What is bounded is the network in real arithmetic; the bounds themselves are floating-point
numbers and not rounded outwards.
They are therefore no certificate of what float32 arithmetic decides, however large the margin.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final, get_args

import numpy as np
import torch
from torch import Tensor, nn

from nnassure.arrays import require_finite, require_same_length, require_shape
from nnassure.bounds.compat import ALONE, load_auto_lirpa
from nnassure.bounds.lift import lift
from nnassure.errors import BoundError, NetworkError, PerturbationError, ShapeError
from nnassure.margins import MarginBounds, logit_margins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nnassure.arrays import BoolArray
    from nnassure.bounds.lift import Lifted
    from nnassure.perturbation import Ball

__all__ = ["BoundedNetwork", "Method", "margin_bounds", "prepare"]

Method: TypeAlias = Literal["ibp", "crown-ibp", "crown", "crown-optimized"]

_NAMES = {"ibp": "IBP", "crown-ibp": "CROWN-IBP", "crown": "CROWN", "crown-optimized": "CROWN"}
# CROWN takes the union of what is unsure in a batch, so a batch costs more than its records.
_MOST_AT_ONCE = {"ibp": 64, "crown-ibp": 16, "crown": 1, "crown-optimized": 1}
# By how much of a margin rounding may part what is the same in real arithmetic.
_ROUNDING = {torch.float64: 1e-7, torch.float32: 1e-2}


def margin_bounds(  # noqa: PLR0913 - a bound is only told by its whole question
    network: nn.Module,
    inputs: Tensor,
    ball: Ball,
    *,
    is_positive: BoolArray,
    threshold: float,
    method: Method,
    dtype: torch.dtype = torch.float64,
) -> MarginBounds:
    """Between which values each margin lies for every disturbance in the ball.

    For many questions on one network, :func:`prepare` it once.

    Args:
        network: An ``nn.Sequential`` in evaluation mode, from (records, samples) or
            (records, 1, samples) to two logits, [negative, positive].
        inputs: Undisturbed signals in mV, shape (records, samples).
        ball: How far each sample may move.
        is_positive: Whether each record has the condition, shape (records,).
        threshold: The logit above which a record is called.
        method: ``ibp`` (Gowal 2018, arXiv:1810.12715), ``crown-ibp`` (Zhang 2020,
            arXiv:1906.06316), ``crown`` (Zhang 2018, arXiv:1811.00866), or ``crown-optimized``
            (Xu 2021, arXiv:2011.13824), which is the dearest and never below ``crown``.
        dtype: Precision of the computation, float64 or float32; float32 is what the package
            computes in by itself, with about half the time and memory.

    Raises:
        EngineMissingError: If auto_LiRPA is not installed or cannot be loaded.
        NetworkError: If the network cannot be bounded.
        ShapeError: If the inputs or the flags have other axes or lengths.
        NotFiniteError: If an input, a logit or the threshold is NaN or infinite.
        PerturbationError: If *inputs* are not float32 or float64.
        BoundError: If a bound contradicts the network, or *method* is none of these.
    """
    _require_signals(inputs)
    bounded = prepare(network, samples=inputs.shape[1], dtype=dtype)
    return bounded.margin_bounds(
        inputs, ball, is_positive=is_positive, threshold=threshold, method=method
    )


def prepare(
    network: nn.Module, *, samples: int, dtype: torch.dtype = torch.float64
) -> BoundedNetwork:
    """*network* made ready for bounds on records of so many *samples*.

    Later changes of *network* change nothing here.

    Args:
        network: An ``nn.Sequential`` in evaluation mode, from (records, samples) or
            (records, 1, samples) to two logits, [negative, positive].
        samples: Samples of a record.
        dtype: Precision of the computation, float64 or float32.

    Raises:
        EngineMissingError: If auto_LiRPA is not installed or cannot be loaded.
        NetworkError: If the network cannot be bounded; the message names every layer and the
            rewrite that helps.
        BoundError: If what auto_LiRPA holds computes something else than the network.
    """
    if dtype not in _ROUNDING:
        raise NetworkError(f"dtype: expected torch.float64 or torch.float32, got {dtype}")
    if dtype == torch.float32 and torch.float64 in {each.dtype for each in network.parameters()}:
        raise NetworkError(f"dtype: expected torch.float64 for weights in float64, got {dtype}")
    return BoundedNetwork(network, lift(network, samples=samples, dtype=dtype), dtype)


@final
class BoundedNetwork:
    """A network that bounds can be asked of; :func:`prepare` makes it."""

    def __init__(self, network: nn.Module, lifted: Lifted, dtype: torch.dtype) -> None:
        self._network = copy.deepcopy(network)
        self._exact = copy.deepcopy(network).double()
        self._lifted, self._dtype = lifted, dtype
        self._engine = load_auto_lirpa()
        with _default_dtype(dtype):
            example = torch.zeros((1, *lifted.channels_first), dtype=dtype)
            self._bounded = self._engine.bounded(lifted.network, example)
        self._require_same_function()

    def margin_bounds(
        self,
        inputs: Tensor,
        ball: Ball,
        *,
        is_positive: BoolArray,
        threshold: float,
        method: Method,
    ) -> MarginBounds:
        """Between which values each margin lies; see :func:`margin_bounds` of the module.

        Raises:
            ShapeError: If the inputs or the flags have other axes or lengths.
            NotFiniteError: If an input, a logit or the threshold is NaN or infinite.
            PerturbationError: If *inputs* are not float32 or float64.
            BoundError: If a bound contradicts the network, or *method* is none that there is.
        """
        self._require_question(inputs, is_positive, method)
        signals = inputs.detach()
        clean, exact = (
            logit_margins(
                self._logits(network, signals), is_positive=is_positive, threshold=threshold
            )
            for network in (self._network, self._exact)
        )
        lower, upper = self._bounds(
            signals, ball, _specification(is_positive, threshold).to(self._dtype), method
        )
        self._require_held(exact, lower, upper)
        # The network rounds its own margin, which no bound may exclude.
        return MarginBounds(
            lower=np.minimum(lower, clean), upper=np.maximum(upper, clean), clean=clean
        )

    def _bounds(
        self, signals: Tensor, ball: Ball, specification: Tensor, method: Method
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lowest, highest = (
            edge.reshape(-1, *self._lifted.channels_first)
            for edge in ball.bounds(signals.to(self._dtype))
        )
        found = torch.empty((2, len(signals)), dtype=torch.float64)
        with _default_dtype(self._dtype):
            for first in range(0, len(signals), _MOST_AT_ONCE[method]):
                some = slice(first, first + _MOST_AT_ONCE[method])
                bounds = self._bounds_of(lowest[some], highest[some], specification[some], method)
                found[0, some], found[1, some] = bounds
        # A value that is no number tells nothing, and infinity is no margin of a network.
        lower = torch.where(found[0].isfinite(), found[0], -torch.inf)
        upper = torch.where(found[1].isfinite(), found[1], torch.inf)
        return lower.numpy(), upper.numpy()

    def _bounds_of(
        self, lowest: Tensor, highest: Tensor, specification: Tensor, method: Method
    ) -> tuple[Tensor, Tensor]:
        ask = partial(
            self._engine.bounds,
            self._bounded,
            lower=lowest,
            upper=highest,
            specification=specification,
        )
        least, largest = ask(method=_NAMES[method])
        if largest is None:
            raise BoundError("auto_LiRPA: expected an upper bound, got none")
        if method == "crown-optimized" and (kept := self._intermediate()):
            raised, _ = ask(method="CROWN-Optimized", intermediate=kept)
            least = torch.maximum(least, raised)
        return least, largest

    def _intermediate(self) -> dict[str, tuple[Tensor, Tensor]]:
        """What CROWN just found of the inputs of each ReLU."""
        relus: Any = self._bounded.optimizable_activations
        inputs = [relu.inputs[0] for relu in relus]
        return {layer.name: (layer.lower.detach(), layer.upper.detach()) for layer in inputs}

    def _logits(self, network: nn.Module, signals: Tensor) -> NDArray[np.floating]:
        dtypes = [parameter.dtype for parameter in network.parameters()]
        taken = signals.to(dtypes[0] if dtypes else signals.dtype)
        with torch.no_grad():
            logits: Tensor = network(taken.unsqueeze(1) if self._lifted.takes_channels else taken)
        return logits.numpy()

    def _require_question(self, inputs: Tensor, is_positive: BoolArray, method: str) -> None:
        _require_signals(inputs)
        require_shape("is_positive", is_positive, "records")
        require_same_length(inputs=inputs.detach().numpy(), is_positive=is_positive)
        if inputs.dtype == torch.float64 and self._dtype == torch.float32:
            raise PerturbationError(
                "inputs: expected float32 signals where bounds are computed in float32, got float64"
            )
        samples = int(np.prod(self._lifted.channels_first))
        if inputs.shape[1] != samples:
            raise ShapeError(f"inputs: expected {samples} samples, got {inputs.shape[1]}")
        if method not in get_args(Method):
            raise BoundError(f"method: expected one of {', '.join(_NAMES)}, got {method!r}")

    def _require_same_function(self) -> None:
        """Hold what the package made of the network against the network, on a swept sine."""
        samples = int(np.prod(self._lifted.channels_first))
        time = torch.linspace(0, 1, samples, dtype=torch.float64)
        signal = torch.sin(40 * time * (1 + time))[None]
        wanted = self._logits(self._exact, signal)
        with torch.no_grad(), _default_dtype(self._dtype):
            taken = signal.to(self._dtype).reshape(1, *self._lifted.channels_first)
            got = self._bounded(taken).double().numpy()[:, :2]
        if not _is_close(got, wanted, self._dtype):
            raise BoundError(
                f"auto_LiRPA: expected the logits {wanted[0].tolist()} of the network, "
                f"got {got[0].tolist()}"
            )

    def _require_held(
        self,
        exact: NDArray[np.float64],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
    ) -> None:
        slack = _ROUNDING[self._dtype] * (1 + np.abs(exact))
        held = (lower <= exact + slack) & (upper >= exact - slack)
        if not held.all():
            first = int(np.argmin(held))
            raise BoundError(
                f"auto_LiRPA: expected bounds around {exact[first]}, the margin of record {first} "
                f"undisturbed, got {lower[first]} and {upper[first]}"
            )


def _require_signals(inputs: Tensor) -> None:
    if inputs.dtype not in _ROUNDING:
        raise PerturbationError(f"inputs: expected float32 or float64 signals, got {inputs.dtype}")
    values = inputs.detach().numpy()
    require_shape("inputs", values, "records, samples")
    require_finite("inputs", values)


def _specification(is_positive: BoolArray, threshold: float) -> Tensor:
    """What makes margins of [negative, positive, one], shape (records, 1, 3), in float64."""
    above = torch.tensor([-1.0, 1.0, -threshold], dtype=torch.float64)
    sign = torch.from_numpy(np.where(is_positive, 1.0, -1.0))
    return (sign[:, None] * above)[:, None]


def _is_close(got: NDArray[np.floating], wanted: NDArray[np.floating], dtype: torch.dtype) -> bool:
    return bool((np.abs(got - wanted) <= _ROUNDING[dtype] * (1 + np.abs(wanted))).all())


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    # The package makes constants of the default precision, and cannot mix the two.
    with ALONE:
        kept = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            yield
        finally:
            torch.set_default_dtype(kept)
