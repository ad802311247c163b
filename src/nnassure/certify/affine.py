"""One affine layer over time, forwards and backwards.

Everything is channel last, (time, channels), in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Affine"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine:
    """One affine layer, and whether a ReLU follows it.

    Attributes:
        weight: Shape (kernel, channels in, channels out); None for a mean over time.
        bias: Shape (channels out,).
        stride: Frames from one window to the next.
        padding: Zeros before the first and after the last frame.
        rectified: Whether a ReLU follows.
        frames_in: Frames that it reads.
        operations: Roundings that a deployed output may go through.
    """

    weight: Tensor | None
    bias: Tensor
    stride: int
    padding: int
    rectified: bool
    frames_in: int
    operations: int

    @property
    def kernel(self) -> int:
        """Frames that one output reads."""
        return self.frames_in if self.weight is None else int(self.weight.shape[0])

    @property
    def frames(self) -> int:
        """Frames that it writes."""
        if self.weight is None:
            return 1
        return (self.frames_in + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def channels(self) -> int:
        """Channels that it writes."""
        return len(self.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """The layer without its ReLU, (segments, time, channels) to the same."""
        if self.weight is None:
            return frames.mean(dim=1, keepdim=True)
        return self._windows(frames) @ self.weight.flatten(end_dim=1) + self.bias

    def spread(self, radii: Tensor) -> Tensor:
        """How far outputs move if every input moves by up to its radius; shapes as `forward`."""
        if self.weight is None:
            return radii.mean(dim=1, keepdim=True)
        return self._windows(radii) @ self.weight.abs().flatten(end_dim=1)

    def backward(self, rows: Tensor) -> Tensor:
        """Coefficients of the inputs, given those of a stretch of outputs.

        Args:
            rows: Shape (rows, outputs in a row, channels out).

        Returns:
            Shape (rows, (outputs - 1) * stride + kernel, channels in); the first column belongs
            to input ``start * stride - padding`` of a row whose first output is ``start``.
        """
        if self.weight is None:
            return (rows / self.frames_in).expand(-1, self.frames_in, -1)
        kernel, width_in, width_out = self.weight.shape
        count, outputs = rows.shape[:2]
        if outputs == 1:
            flat = self.weight.permute(2, 0, 1).reshape(width_out, -1)
            return (rows[:, 0] @ flat).reshape(count, kernel, width_in)
        # Inputs are taken a stride at a time, so that what outputs reach is added block by block.
        spread = rows.reshape(-1, width_out) @ self.weight.reshape(-1, width_out).T
        blocks = torch.split(spread.reshape(count, outputs, -1), self.stride * width_in, dim=2)
        strides = rows.new_zeros(count, outputs + len(blocks) - 1, self.stride * width_in)
        for place, block in enumerate(blocks):
            strides[:, place : place + outputs, : block.shape[2]].add_(block)
        return strides.reshape(count, -1, width_in)[:, : (outputs - 1) * self.stride + kernel]

    def first_input(self, first_output: Tensor) -> Tensor:
        """The input at the first column of :meth:`backward`, a row."""
        if self.weight is None:
            return torch.zeros_like(first_output)
        return first_output * self.stride - self.padding

    def _windows(self, frames: Tensor) -> Tensor:
        padded = nn.functional.pad(frames, (0, 0, self.padding, self.padding))
        windows = padded.unfold(1, self.kernel, self.stride)  # (segments, time, channels, kernel)
        return windows.transpose(2, 3).flatten(start_dim=2)
