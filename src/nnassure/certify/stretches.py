"""Stretches of tables over time: what each row of coefficients reads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["stretches"]


def stretches(
    tables: tuple[Tensor, ...], segment: Tensor, first: Tensor, width: int
) -> tuple[Tensor, ...]:
    """One stretch a row of each of *tables*; what lies outside their frames is 0.

    Args:
        tables: All of shape (segments, frames, channels), the channels their own.
        segment: Which segment each row reads, shape (rows,).
        first: The frame at which each row starts, shape (rows,); may lie outside.
        width: Frames in a row.

    Returns:
        Of each table, shape (rows, width, channels).
    """
    frames = tables[0].shape[1]
    before = max(0, -int(first.min()))
    after = max(0, int(first.max()) + width - frames)
    start = segment * (frames + before + after) + first + before
    if before or after:
        tables = tuple(nn.functional.pad(each, (0, 0, before, after)) for each in tables)
    return tuple(_windows(each, start, width) for each in tables)


def _windows(table: Tensor, start: Tensor, width: int) -> Tensor:
    channels = table.shape[2]
    if table.requires_grad:
        # The gradient of overlapping windows would take as much room as all of them.
        place = (start[:, None] + torch.arange(width)).flatten()
        return table.reshape(-1, channels).index_select(0, place).reshape(-1, width, channels)
    flat = table.reshape(-1).contiguous()
    count = len(flat) // channels - width + 1
    # Channel last: the frames of a window follow each other, so that a row is copied in one go.
    windows = flat.as_strided((count, width * channels), (channels, 1))
    return windows.index_select(0, start).reshape(-1, width, channels)
