"""Stretches of tables over time, one a row."""

from __future__ import annotations

import pytest
import torch

from nnassure.certify.stretches import stretches


@pytest.mark.parametrize("with_gradient", [False, True])
@pytest.mark.parametrize("firsts", [[0, 2, 1], [-3, 1, 4], [0, 0, 0], [5, 7, -2]])
def test_each_row_reads_its_own_segment(
    firsts: list[int],
    with_gradient: bool,  # noqa: FBT001
) -> None:
    """One value at a time, and 0 outside of the frames."""
    frames, width, segments = 6, 4, [1, 0, 1]
    tables = tuple(
        torch.arange(1.0, 1 + 2 * frames * channels, dtype=torch.float64).reshape(2, frames, -1)
        for channels in (1, 3)
    )
    for table in tables:
        table.requires_grad_(with_gradient)
    found = stretches(tables, torch.tensor(segments), torch.tensor(firsts), width)
    for table, taken in zip(tables, found, strict=True):
        assert taken.shape == (3, width, table.shape[2])
        for row, (segment, first) in enumerate(zip(segments, firsts, strict=True)):
            for place in range(width):
                frame = first + place
                inside = 0 <= frame < frames
                wanted = table[segment, frame] if inside else torch.zeros(table.shape[2])
                assert taken[row, place].tolist() == wanted.tolist()


def test_a_stretch_may_be_longer_than_the_table() -> None:
    """As behind padding on both sides."""
    table = torch.tensor([[[1.0], [2.0]]], dtype=torch.float64)
    (found,) = stretches((table,), torch.tensor([0]), torch.tensor([-1]), 5)
    assert found[0, :, 0].tolist() == [0, 1, 2, 0, 0]
