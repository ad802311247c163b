"""Whether the door works with what is installed: asked before a case relies on it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nnassure.bounds.compat import footprint, load_auto_lirpa
from nnassure.bounds.engine import Method, margin_bounds
from nnassure.errors import EngineMissingError
from nnassure.perturbation import Ball

__all__ = ["available", "self_test"]

_EXPECTED: dict[Method, tuple[float, float]] = {
    # x in [-1, 1]; z1 = 2x + 1 in [-1, 3], z2 = x + 0.5 in [-0.5, 1.5];
    # the margin is relu(z1) - relu(z2) + 5.
    # By intervals: 0 - 1.5 + 5 and 3 - 0 + 5.
    "ibp": (3.5, 8.0),
    # Both are unsure, and their upper ends farther from zero, so the lower lines have slope 1.
    # Upper lines: 3/4 (z1 + 1) and 3/4 (z2 + 0.5).
    # Lower: 2x + 1 - 0.75 (x + 1) + 5 >= 4; upper: 1.5 (x + 1) - (x + 0.5) + 5 <= 6.5.
    "crown": (4.0, 6.5),
    "crown-ibp": (4.0, 6.5),
}
_TOLERANCE = 1e-9


def available() -> bool:
    """Whether :func:`self_test` finds nothing to say."""
    try:
        self_test()
    except EngineMissingError:
        return False
    return True


def self_test() -> None:
    """Hold the door to give bounds worked by hand, and to leave the process as it was.

    Raises:
        EngineMissingError: If auto_LiRPA is not installed, cannot be loaded, gives other bounds,
            or changes what it shares with the rest of the process.
    """
    load_auto_lirpa()
    before = footprint()
    try:
        for method, expected in _EXPECTED.items():
            _require_bounds(method, expected)
        _require_means()
    except EngineMissingError:
        raise
    except Exception as error:
        raise EngineMissingError(
            f"self test: expected bounds, got {type(error).__name__}: {error}"
        ) from error
    if footprint() != before:
        raise EngineMissingError(
            f"self test: expected no trace of auto_LiRPA, got {footprint()} after {before}"
        )


def _require_bounds(method: Method, expected: tuple[float, float]) -> None:
    found = margin_bounds(
        _worked_network(),
        torch.zeros((1, 1)),
        Ball(radius_mv=1.0),
        is_positive=np.array([True]),
        threshold=0.0,
        method=method,
    )
    got = (float(found.lower[0]), float(found.upper[0]))
    if not np.allclose(got, expected, rtol=0, atol=_TOLERANCE):
        raise EngineMissingError(f"self test: expected {expected} by {method}, got {got}")


def _require_means() -> None:
    """Hold a mean over an axis to be read: with a later version of the exporter it is not."""
    engine = load_auto_lirpa()
    bounded = engine.bounded(_Mean().eval(), torch.zeros((1, 1, 4)))
    edge = torch.tensor([[[1.0, 2.0, 3.0, 6.0]]])
    specification = torch.ones((1, 1, 1))
    lower, _ = engine.bounds(
        bounded, lower=-edge, upper=edge, specification=specification, method="CROWN"
    )
    if lower.tolist() != [-3.0]:
        raise EngineMissingError(f"self test: expected a mean of -3, got {lower.tolist()}")


class _Mean(nn.Module):
    def forward(self, signals: torch.Tensor) -> torch.Tensor:
        return signals.mean(dim=-1)


def _worked_network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        first, last = nn.Conv1d(1, 2, 1), nn.Linear(2, 2)
    first.weight = nn.Parameter(torch.tensor([[[2.0]], [[1.0]]]))
    first.bias = nn.Parameter(torch.tensor([1.0, 0.5]))
    last.weight = nn.Parameter(torch.tensor([[0.0, 0.0], [1.0, -1.0]]))
    last.bias = nn.Parameter(torch.tensor([0.0, 5.0]))
    return nn.Sequential(first, nn.ReLU(), nn.Flatten(), last).eval()
