"""The filter between the recorder and the network, as a linear map and its transpose."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nnassure.errors import ShapeError

__all__ = ["Resampling"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampling:
    """Polyphase resampling by up / down with a symmetric filter of odd length.

    Output i is the sum over k of ``taps[k] * z[i * down + half - k]``, where z holds the
    recorder's samples at every multiple of *up* and zeros between; before its start and after its
    end a recording stays at its outermost samples.

    Attributes:
        taps: The filter as deployed, exactly, shape (taps,), float64.
        up: Factor that the rate is raised by.
        down: Factor that it is lowered by afterwards.

    Raises:
        ShapeError: If the taps are not an odd number of finite float64, or a factor is below 1.
    """

    taps: Tensor
    up: int
    down: int

    def __post_init__(self) -> None:
        taps = self.taps
        odd = taps.dim() == 1 and len(taps) % 2 == 1 and taps.dtype == torch.float64
        if not odd or not bool(taps.isfinite().all()):
            raise ShapeError("taps: expected an odd number of finite float64, got others")
        if self.up < 1 or self.down < 1:
            raise ShapeError(
                f"resampling: expected factors of at least 1, got {self.up} and {self.down}"
            )

    @property
    def half(self) -> int:
        """Taps on either side of the middle one."""
        return (len(self.taps) - 1) // 2

    @property
    def gain(self) -> float:
        """The largest sum of absolute taps: how many times larger a disturbance may arrive."""
        phases = [self.taps[phase :: self.up].abs().sum() for phase in range(self.up)]
        return float(torch.stack(phases).max())

    @property
    def operations(self) -> int:
        """Roundings that a deployed output may go through, those of its operands among them."""
        return -(-len(self.taps) // self.up) + 2

    def forward(self, signals: Tensor, samples: int) -> Tensor:
        """*signals* (signals, recorder samples) at the network's rate, (signals, samples)."""
        edge = self.half // self.up + 2
        padded = torch.cat(
            [
                signals[:, :1].expand(-1, edge),
                signals,
                # The last window may start at the last sample and reach beyond it.
                signals[:, -1:].expand(-1, edge + self.down),
            ],
            dim=1,
        )
        flipped, first = self.taps.flip(0), edge * self.up - self.half
        # Outputs that lie alike between the recorder's samples meet the same taps.
        phases = []
        for phase in range(min(self.up, samples)):
            start = first + phase * self.down
            taps = flipped[-start % self.up :: self.up]
            windows = padded[:, -(-start // self.up) :].unfold(1, len(taps), self.down)
            phases.append(windows[:, : -(-(samples - phase) // self.up)] @ taps)
        if self.up == 1:
            return phases[0]
        result = signals.new_zeros(len(signals), samples)
        for phase, values in enumerate(phases):
            result[:, phase :: self.up] = values
        return result

    def backward(self, rows: Tensor) -> Tensor:
        """Coefficients on the raised grid, given those of a stretch of outputs.

        Args:
            rows: Shape (rows, outputs in a row).

        Returns:
            Shape (rows, columns); the first column of a row that starts at output i belongs to
            position ``i * down - half`` of the grid, and recorder sample m stands at ``m * up``.
        """
        blocks = -(-len(self.taps) // self.down)
        taps = self.taps.new_zeros(blocks * self.down)
        taps[: len(self.taps)] = self.taps.flip(0)
        padded = torch.nn.functional.pad(rows, (blocks - 1, blocks - 1))
        windows = padded.unfold(1, blocks, 1)  # (rows, outputs + blocks - 1, blocks)
        spread = windows @ taps.reshape(blocks, self.down).flip(0)
        columns = (rows.shape[1] - 1) * self.down + len(self.taps)
        return spread.flatten(start_dim=1)[:, :columns]

    def pulled(self, rows: Tensor, first: Tensor, recorder_samples: Tensor) -> Tensor:
        """The largest change of each row under a change of at most 1 of each recorder sample.

        Args:
            rows: Coefficients of outputs, shape (rows, outputs in a row).
            first: Which output each row starts at, shape (rows,).
            recorder_samples: How many samples the recording of each row has, shape (rows,).

        Returns:
            Shape (rows,): the sum of absolute coefficients, those beyond an end of the recording
            added to the sample that stands there.
        """
        grid = self.backward(rows)
        start = first * self.down - self.half
        stop = start + grid.shape[1] - 1
        last = (recorder_samples - 1) * self.up
        inside = (start > 0) & (stop < last)
        total = rows.new_empty(len(rows))
        total[inside] = self._kept(grid[inside], start[inside]).abs().sum(dim=1)
        outside = ~inside
        if bool(outside.any()):
            total[outside] = self._folded(grid[outside], start[outside], last[outside])
        return total

    def _kept(self, grid: Tensor, start: Tensor) -> Tensor:
        """*grid* without the positions that hold no sample."""
        if self.up == 1:
            return grid
        position = start[:, None] + torch.arange(grid.shape[1])
        return torch.where(position % self.up == 0, grid, 0.0)

    def _folded(self, grid: Tensor, start: Tensor, last: Tensor) -> Tensor:
        grid = self._kept(grid, start)
        position = start[:, None] + torch.arange(grid.shape[1])
        at_start, at_end = position <= 0, position >= last[:, None]
        single = last <= 0
        first = torch.where(at_start & ~at_end, grid, 0.0).sum(dim=1).abs()
        final = torch.where(at_end & ~at_start, grid, 0.0).sum(dim=1).abs()
        both = torch.where(at_end & at_start, grid, 0.0).sum(dim=1)
        middle = torch.where(at_start | at_end, 0.0, grid).abs().sum(dim=1)
        return torch.where(single, grid.sum(dim=1).abs(), first + middle + final + both.abs())
