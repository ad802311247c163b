"""Linear functions below a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from afib.training.backward import _below_relu, backward_margins
from afib.training.interval import Boxes, interval_margins, passed
from tests.support.bounded import boxed, margins, with_statistics_of

if TYPE_CHECKING:
    from torch import Tensor


@pytest.mark.parametrize(
    ("centre", "radius", "slope", "expected"),
    [
        # [-1, 3], from above: the line 0.75 (z + 1), twice and turned over.
        (1.0, 2.0, -2.0, (-1.5, -1.5)),
        # [-1, 3], from below: the identity leaves less area than 0.
        (1.0, 2.0, 2.0, (2.0, 0.0)),
        # [-3, 1], from below: 0 leaves less.
        (-1.0, 2.0, 2.0, (0.0, 0.0)),
        # [1, 3] and [-3, -1] are lines already.
        (2.0, 1.0, -2.0, (-2.0, 0.0)),
        (-2.0, 1.0, -2.0, (0.0, 0.0)),
    ],
)
def test_a_relu_is_enclosed_by_two_lines(
    centre: float, radius: float, slope: float, expected: tuple[float, float]
) -> None:
    """Slope and offset of the line below, worked by hand."""
    inputs = Boxes(centre=torch.tensor([[centre]]), radius=torch.tensor([[radius]]))
    slopes, offset = _below_relu(torch.tensor([[slope]]), inputs)
    assert (slopes.item(), offset.item()) == pytest.approx(expected)


def test_an_empty_interval_has_a_line() -> None:
    """A ReLU that sees one value only, and that value 0, divides nothing by zero."""
    inputs = Boxes(centre=torch.zeros((1, 1), requires_grad=True), radius=torch.zeros((1, 1)))
    slopes, offset = _below_relu(torch.tensor([[-2.0]]), inputs)
    torch.autograd.backward(slopes.sum() + offset.sum())
    assert inputs.centre.grad is not None
    assert bool(inputs.centre.grad.isfinite().all())
    assert offset.item() == 0.0


def _stable(polarity: str) -> tuple[Tensor, Tensor, Tensor]:
    """Backward bounds, interval bounds and least margins at corners where no ReLU is at work."""
    case = boxed(3, samples=6, segments=2, polarity=polarity)
    for name, values in case.network.state_dict().items():
        if name in {"features.1.bias", "features.4.bias", "head.0.bias"}:
            values.fill_(1e3)
    way = passed(case.network, case.points_mv, case.centres_mv, radius_mv=0.1)
    backward = backward_margins(
        case.network, way, case.centres_mv, radius_mv=0.1, is_afib=case.is_afib
    )
    judge = with_statistics_of(case.network, case.points_mv)
    corners = torch.cartesian_prod(*[torch.tensor([-0.1, 0.1], dtype=torch.float64)] * 6)
    found = [margins(judge, case.centres_mv + corner, case.is_afib) for corner in corners]
    return backward, interval_margins(case.network, way, case.is_afib), torch.stack(found).amin(0)


@pytest.mark.parametrize("polarity", ["free", "invariant"])
def test_the_bound_of_a_linear_network_is_met(polarity: str) -> None:
    """Where every ReLU passes all, the bound is the least margin at the 64 corners of a box."""
    backward, interval, least = _stable(polarity)
    torch.testing.assert_close(backward, least, rtol=0, atol=1e-9)
    assert bool((interval < least - 1e-5).all())


@pytest.mark.parametrize("polarity", ["free", "invariant"])
def test_the_bound_has_the_gradient_of_its_value(polarity: str) -> None:
    """Weights moved a little move the bound as its gradient says."""
    case = boxed(4, samples=6, segments=2, polarity=polarity)
    names, values = zip(*case.network.named_parameters(), strict=True)

    def bound(*_: Tensor) -> Tensor:
        way = passed(case.network, case.points_mv, case.centres_mv, radius_mv=0.2)
        return backward_margins(
            case.network, way, case.centres_mv, radius_mv=0.2, is_afib=case.is_afib
        )

    assert "features.0.weight" in names
    assert torch.autograd.gradcheck(bound, values, eps=1e-7, atol=1e-4)
