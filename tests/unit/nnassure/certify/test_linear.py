"""Rows of coefficients over stretches of frames."""

from __future__ import annotations

import pytest
import torch

from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.intervals import interval_bounds
from nnassure.certify.linear import Rows, linear_bounds, within_frames
from tests.support.questions import problem_of, segment, varied_network


@pytest.mark.parametrize(
    ("first", "kept"),
    [
        ([0, 2], [[1, 1, 1], [1, 1, 1]]),
        ([1, 3], [[1, 1, 1], [1, 1, 0]]),
        ([-2, 0], [[0, 0, 1], [1, 1, 1]]),
        ([-1, 4], [[0, 1, 1], [1, 0, 0]]),
    ],
)
def test_what_lies_outside_the_frames_counts_nothing(
    first: list[int], kept: list[list[float]]
) -> None:
    """Of rows of three frames over a layer of five, before its start and after its end."""
    rows = Rows(
        coefficients=torch.ones(2, 3, 2, dtype=torch.float64),
        constant=torch.zeros(2, dtype=torch.float64),
        first=torch.tensor(first),
        segment=torch.zeros(2, dtype=torch.int64),
    )
    found = within_frames(rows, 5)
    assert found.coefficients[:, :, 1].tolist() == kept
    assert found.first.tolist() == first


def test_a_pass_without_time_is_that_of_intervals() -> None:
    """No ReLU is substituted for any more; with time, some are."""
    signal = torch.randn(17, generator=torch.Generator().manual_seed(3))
    problem = problem_of(varied_network(3, 17), segment(signal, radius=0.2))
    asked = problem.chain, problem.region, FLOAT32
    plain = interval_bounds(*asked)
    late, _ = linear_bounds(*asked, thorough=True, out_of_time=lambda: True)
    timely, _ = linear_bounds(*asked, out_of_time=lambda: False)
    for one, other in zip(late, plain, strict=True):
        assert torch.equal(one.lower, other.lower)
        assert torch.equal(one.upper, other.upper)
    assert any(
        bool((one.lower > other.lower).any()) for one, other in zip(timely, plain, strict=True)
    )
