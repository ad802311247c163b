"""Where the segments of recordings may lie: the input set of a proof, the whole path included.

A recording is disturbed once. Its samples may stand in several segments, or several times in one,
and may have gone through a filter before; the set knows all of it, so that what is proven is
proven about the stored recording.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nnassure.certify.stretches import stretches
from nnassure.errors import NotFiniteError, PerturbationError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.certify.resampling import Resampling


__all__ = ["Placed", "Region"]

_NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """One recording at the network's rate, what may happen to it, and where it is read.

    Attributes:
        signal: In mV, shape (samples,), float64: exactly what the device computes.
        rounding: How far each sample may be off the linear path, in mV, shape (samples,).
        generators: Directions in which all samples move together, in mV a unit, shape
            (parameters, samples).
        half_widths: How far each parameter may move to either side, shape (parameters,).
        radius: How far each sample of the recorder (or of the network, without a filter) may
            move beside, in mV.
        indices: Which sample stands where in the segments, shape (segments, length).
        signs: 1, or -1 for a segment that is read upside down, shape (segments,).
        recorder_samples: Samples before the filter; those of *signal* without one.

    Raises:
        ShapeError: If an array has other axes or another type, or an index, a sign or a count
            is out of its range.
        NotFiniteError: If a number is NaN or infinite.
        PerturbationError: If the radius, a half width or a rounding is negative, or nothing may
            happen: a set of one point shows nothing.
    """

    signal: Tensor
    rounding: Tensor
    generators: Tensor
    half_widths: Tensor
    radius: float
    indices: Tensor
    signs: Tensor
    recorder_samples: int

    def __post_init__(self) -> None:
        self._require_shapes()
        tables = (self.signal, self.rounding, self.generators, self.half_widths)
        if not (math.isfinite(self.radius) and all(bool(each.isfinite().all()) for each in tables)):
            raise NotFiniteError("recording: expected finite numbers, got others")
        if self.radius < 0 or bool((self.half_widths < 0).any() | (self.rounding < 0).any()):
            raise PerturbationError(
                "recording: expected a radius, half widths and rounding from 0, got less"
            )
        if self.radius == 0 and not bool((self.half_widths > 0).any()):
            raise PerturbationError("recording: expected a set, got one point")

    def _require_shapes(self) -> None:
        samples, wide = self.signal.shape[-1:], self.half_widths.shape
        segments = self.indices.shape[:1]
        wanted = {
            "signal": (self.signal, samples, torch.float64),
            "rounding": (self.rounding, samples, torch.float64),
            "half_widths": (self.half_widths, wide[:1], torch.float64),
            "generators": (self.generators, (*wide, *samples), torch.float64),
            "indices": (self.indices, (*segments, *self.indices.shape[-1:]), torch.int64),
            "signs": (self.signs, segments, torch.float64),
        }
        for name, (table, shape, dtype) in wanted.items():
            if table.shape != torch.Size(shape) or table.dtype != dtype:
                raise ShapeError(
                    f"{name}: expected shape {tuple(shape)} of {dtype}, "
                    f"got {tuple(table.shape)} of {table.dtype}"
                )
        if self.indices.numel() == 0 or self.recorder_samples < 1:
            raise ShapeError("recording: expected at least one sample in one segment, got none")
        if int(self.indices.min()) < 0 or int(self.indices.max()) >= len(self.signal):
            raise ShapeError(f"indices: expected 0 to {len(self.signal) - 1}, got others")
        if not bool((self.signs.abs() == 1).all()):
            raise ShapeError(f"signs: expected 1 or -1, got {self.signs.tolist()}")


class Region:
    """The segments of some recordings, stacked, with the set that they lie in.

    Args:
        recordings: All with equally many generators and equally long segments.
        resampling: The filter between recorder and network; None without one.

    Raises:
        ShapeError: If there is no recording, they differ in what they have to share, or one has
            another number of samples than the filter gives.
    """

    def __init__(self, recordings: tuple[Placed, ...], resampling: Resampling | None) -> None:
        _require_alike(recordings, resampling)
        self.recordings = recordings
        self.resampling = resampling
        counts = [len(each.indices) for each in recordings]
        self.recording = torch.repeat_interleave(
            torch.arange(len(recordings)), torch.tensor(counts)
        )
        #: How much each segment weighs in the mean over the segments of its recording.
        self.weights = 1.0 / torch.tensor(counts, dtype=torch.float64)[self.recording]

    @cached_property
    def centre(self) -> Tensor:
        """Undisturbed segments, shape (segments, samples)."""
        return self._cut(lambda each: each.signal)

    @cached_property
    def rounding(self) -> Tensor:
        """How far samples may be off the linear path, shape (segments, samples)."""
        return self._cut(lambda each: each.rounding).abs()

    @cached_property
    def generators(self) -> Tensor:
        """Scaled by their half widths, shape (segments, parameters, samples)."""
        return torch.cat(
            [
                (each.generators * each.half_widths[:, None])[:, each.indices].transpose(0, 1)
                * each.signs[:, None, None]
                for each in self.recordings
            ]
        )

    @cached_property
    def radius(self) -> Tensor:
        """Of the box of single samples, a segment, shape (segments,)."""
        radii = torch.tensor([each.radius for each in self.recordings], dtype=torch.float64)
        return radii[self.recording]

    @cached_property
    def magnitude(self) -> Tensor:
        """The largest absolute value of each sample, shape (segments, samples)."""
        gain = 1.0 if self.resampling is None else self.resampling.gain
        moved = self.generators.abs().sum(dim=1) + gain * self.radius[:, None]
        return self.centre.abs() + moved + self.rounding

    def value(self, rows: Tensor, first: Tensor, segment: Tensor) -> Tensor:
        """What each row of coefficients comes to undisturbed, shape (rows,)."""
        return _along(self.centre, rows, first, segment)

    def deviation(self, rows: Tensor, first: Tensor, segment: Tensor) -> Tensor:
        """The most that each row can move by in the set, shape (rows,).

        Args:
            rows: Coefficients of a stretch of samples, shape (rows, samples in a row).
            first: The sample at which each row starts; what lies outside a segment is padding,
                and counts nothing.
            segment: Which segment each row reads.
        """
        moved = _along(self.rounding, rows.abs(), first, segment)
        for parameter in range(self.generators.shape[1]):
            moved = moved + _along(self.generators[:, parameter], rows, first, segment).abs()
        if bool((self.radius > 0).any()):
            moved = moved + self.radius[segment] * self.box(rows, first, segment)
        return moved

    def joined(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Value and largest movement of functionals of whole recordings.

        Args:
            rows: Coefficients of all segments, shape (functionals, segments, samples).

        Returns:
            Both of shape (functionals, recordings); a sample that is read in several places moves
            in all of them together.
        """
        values, moves = [], []
        start = 0
        for each in self.recordings:
            stop = start + len(each.indices)
            flat = rows[:, start:stop] * each.signs[:, None]
            gathered = rows.new_zeros(len(rows), len(each.signal))
            gathered.index_add_(1, each.indices.flatten(), flat.flatten(start_dim=1))
            values.append(gathered @ each.signal)
            moves.append(_movement(each, gathered, self.resampling))
            start = stop
        return torch.stack(values, dim=1), torch.stack(moves, dim=1)

    def _cut(self, of: Callable[[Placed], Tensor]) -> Tensor:
        return torch.cat([of(each)[each.indices] * each.signs[:, None] for each in self.recordings])

    def box(self, rows: Tensor, first: Tensor, segment: Tensor) -> Tensor:
        """The same for a box of radius 1."""
        position = first[:, None] + torch.arange(rows.shape[1])
        if self.resampling is None:
            inside = (position >= 0) & (position < self.centre.shape[1])
            return torch.where(inside, rows, 0.0).abs().sum(dim=1)
        low, high, shift, length = (table[segment] for table in self.runs)
        total = rows.new_zeros(len(rows))
        for run in range(low.shape[1]):
            start, stop = low[:, run, None], high[:, run, None]
            touched = ((first + rows.shape[1] > start[:, 0]) & (first < stop[:, 0])).nonzero()[:, 0]
            if len(touched) == 0:
                continue
            # Rows on the raised grid of an odd ratio are long.
            columns = rows.shape[1] * self.resampling.down + len(self.resampling.taps)
            for some in torch.split(touched, max(1, _NUMBERS_AT_ONCE // columns)):
                place = position[some]
                inside = (place >= start[some]) & (place < stop[some])
                # Runs of one segment hold different samples, or the same ones again: the sum of
                # their movements is never less than their joint one.
                total[some] += self.resampling.pulled(
                    torch.where(inside, rows[some], 0.0),
                    first[some] + shift[some, run],
                    length[some],
                )
        return total

    @cached_property
    def runs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Where stretches of neighbouring samples start and stop in each segment.

        Shapes (segments, runs) and, for the recorder's samples, (segments,). An empty run has
        equal start and stop. The shift leads from a place in the segment to one in the recording.
        """
        rows = [row for each in self.recordings for row in each.indices]
        cuts = [[0, *((row.diff() != 1).nonzero()[:, 0] + 1).tolist(), len(row)] for row in rows]
        runs = max(map(len, cuts)) - 1
        low, high, shift = (torch.zeros(len(rows), runs, dtype=torch.int64) for _ in range(3))
        for segment, (row, places) in enumerate(zip(rows, cuts, strict=True)):
            for run in range(len(places) - 1):
                low[segment, run], high[segment, run] = places[run], places[run + 1]
                shift[segment, run] = int(row[places[run]]) - places[run]
        lengths = torch.tensor([each.recorder_samples for each in self.recordings])
        return low, high, shift, lengths[self.recording]


def _require_alike(recordings: tuple[Placed, ...], resampling: Resampling | None) -> None:
    shapes = {(len(each.half_widths), each.indices.shape[1]) for each in recordings}
    if len(shapes) != 1:
        raise ShapeError(
            f"recordings: expected equally many parameters and samples, got {sorted(shapes)}"
        )
    up, down = (1, 1) if resampling is None else (resampling.up, resampling.down)
    for each in recordings:
        wanted = -(-each.recorder_samples * up // down)
        if len(each.signal) != wanted:
            raise ShapeError(
                f"signal: expected {wanted} samples of {each.recorder_samples} at the recorder, "
                f"got {len(each.signal)}"
            )


def _along(table: Tensor, rows: Tensor, first: Tensor, segment: Tensor) -> Tensor:
    """Sums of the products of *rows* and the stretches of *table*, (segments, samples)."""
    (read,) = stretches((table[:, :, None],), segment, first, rows.shape[1])
    sums: Tensor = torch.linalg.vecdot(rows, read[:, :, 0])
    return sums


def _movement(each: Placed, rows: Tensor, resampling: Resampling | None) -> Tensor:
    moved = rows.abs() @ each.rounding
    moved = moved + (rows @ (each.generators * each.half_widths[:, None]).T).abs().sum(dim=1)
    if each.radius == 0:
        return moved
    if resampling is None:
        return moved + each.radius * rows.abs().sum(dim=1)
    first = torch.zeros(len(rows), dtype=torch.int64)
    length = torch.full_like(first, each.recorder_samples)
    return moved + each.radius * resampling.pulled(rows, first, length)
