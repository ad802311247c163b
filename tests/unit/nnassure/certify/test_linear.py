"""Rows of coefficients over stretches of frames."""

from __future__ import annotations

import pytest
import torch

from nnassure.certify.linear import Rows, within_frames


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
