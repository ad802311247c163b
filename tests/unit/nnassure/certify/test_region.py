"""The input set of a proof: filter, segments, tied samples and directions."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from nnassure.certify.arithmetic import REAL
from nnassure.certify.intervals import first_bounds
from nnassure.certify.network import chain_of
from nnassure.certify.region import Placed, Region
from nnassure.certify.resampling import Resampling
from tests.support.networks import dense, placed, resampling


@pytest.mark.parametrize(("up", "down", "half"), [(1, 5, 7), (1, 5, 10), (2, 5, 9), (3, 2, 8)])
def test_a_filter_is_its_matrix(up: int, down: int, half: int) -> None:
    """Forward and backward agree with the matrix written from the definition."""
    filter_ = resampling(up=up, down=down, half=half)
    signal = torch.randn(3, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    samples = -(-40 * up // down)
    matrix = dense(filter_, 40, samples)
    torch.testing.assert_close(filter_.forward(signal, samples), signal @ matrix.T)
    rows = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    first = torch.tensor([0, 0, 2, samples // 2, samples - 4, samples - 4])
    wanted = [
        float((row @ matrix[start : start + 4]).abs().sum())
        for row, start in zip(rows, first.tolist(), strict=True)
    ]
    pulled = filter_.pulled(rows, first, torch.full((6,), 40))
    torch.testing.assert_close(pulled, torch.tensor(wanted, dtype=torch.float64))
    torch.testing.assert_close(filter_.gain, float(matrix.abs().sum(dim=1).max()), rtol=0.3, atol=0)
    assert filter_.gain >= float(matrix.abs().sum(dim=1).max()) - 1e-12


@pytest.mark.parametrize("samples", [7, 10, 20, 27, 33])
def test_a_whole_recording_moves_as_its_matrix_says(samples: int) -> None:
    """Tiled or overlapping, filtered or not: the movement is that of the recorder's samples."""
    filter_ = resampling(down=3)
    recorder = 3 * samples - 1
    each = placed(
        torch.randn(samples),
        length=20,
        radius=0.5,
        generators=torch.randn(2, samples),
        recorder_samples=recorder,
        rounding=0.01,
    )
    region = Region((each,), filter_)
    rows = torch.randn(1, len(each.indices), 20, dtype=torch.float64)
    flat = torch.zeros(samples, dtype=torch.float64)
    for index, weight in zip(each.indices.flatten(), rows.flatten(), strict=True):
        flat[index] += weight
    value, moved = region.joined(rows)
    box = (flat @ dense(filter_, recorder, samples)).abs().sum() * 0.5
    lines = (each.generators @ flat).abs().sum()
    torch.testing.assert_close(value[0, 0], flat @ each.signal)
    torch.testing.assert_close(moved[0, 0], box + lines + 0.01 * flat.abs().sum())


@pytest.mark.parametrize("rounding", [0.0, 0.01])
def test_stretches_of_segments_move_at_least_as_the_recording_does(rounding: float) -> None:
    """Across a seam a stretch is bounded, elsewhere exact; rounding moves each sample by itself."""
    filter_ = resampling(down=3)
    samples, recorder = 9, 27
    each = placed(
        torch.randn(samples),
        length=20,
        radius=1.0,
        recorder_samples=recorder,
        rounding=rounding,
    )
    region = Region((each,), filter_)
    matrix = dense(filter_, recorder, samples)
    rows = torch.randn(25, 5, dtype=torch.float64)
    first = torch.arange(25) - 3
    moved = region.deviation(rows, first, torch.zeros(25, dtype=torch.int64))
    for row, start, found in zip(rows, first.tolist(), moved.tolist(), strict=True):
        flat = torch.zeros(samples, dtype=torch.float64)
        places = [start + column for column in range(5)]
        for place, weight in zip(places, row, strict=True):
            if 0 <= place < 20:
                flat[each.indices[0, place]] += weight
        shown = [abs(float(row[column])) for column in range(5) if 0 <= start + column < 20]
        exact = float((flat @ matrix).abs().sum()) + rounding * sum(shown)
        assert found >= exact - 1e-9
        inside = [each.indices[0, place] for place in places if 0 <= place < 20]
        seam = any(int(b) != int(a) + 1 for a, b in itertools.pairwise(inside))
        if not seam:
            assert found == pytest.approx(exact)


def test_upside_down_segments_share_their_samples() -> None:
    """A segment read with the sign -1 moves against the other, sample by sample."""
    signal = torch.randn(8)
    plain = placed(signal, length=8, radius=1.0)
    both = Placed(
        signal=plain.signal,
        rounding=plain.rounding,
        generators=plain.generators,
        half_widths=plain.half_widths,
        radius=1.0,
        indices=plain.indices.repeat(2, 1),
        signs=torch.tensor([1.0, -1.0], dtype=torch.float64),
        recorder_samples=8,
    )
    region = Region((both,), None)
    torch.testing.assert_close(region.centre[1], -region.centre[0])
    row = torch.randn(8, dtype=torch.float64)
    value, moved = region.joined(torch.stack([row, row])[None])
    # What the two read cancels.
    assert float(value[0, 0]) == pytest.approx(0)
    assert float(moved[0, 0]) == pytest.approx(0)


def test_the_largest_value_of_each_sample_counts_all_that_may_happen() -> None:
    """Its size undisturbed, along every direction, through the filter, and what it may be off."""
    taps = Resampling(taps=torch.tensor([1.0, -2.0, 1.0]).double(), up=1, down=2)
    each = placed(
        torch.tensor([-1.0, 2.0]),
        length=2,
        radius=0.5,
        generators=torch.tensor([[0.25, -0.5], [-1.0, 0.0]]),
        recorder_samples=4,
        rounding=0.125,
    )
    region = Region((each,), taps)
    # 1 + (0.25 + 1) + 4 * 0.5 + 0.125, and 2 + 0.5 + 4 * 0.5 + 0.125.
    assert region.magnitude.tolist() == [[4.375, 4.625]]


@pytest.mark.parametrize(("up", "down", "half"), [(1, 3, 4), (1, 2, 9), (2, 3, 5)])
def test_first_bounds_follow_the_filter_at_every_frame(up: int, down: int, half: int) -> None:
    """Exact where a window crosses no seam, ends of a recording included; never less elsewhere.

    Recordings of several lengths share a region, so no segment may stand for one cut otherwise.
    """
    filter_ = resampling(up=up, down=down, half=half, seed=3)
    generator = torch.Generator().manual_seed(5)
    layer = nn.Conv1d(1, 3, 5, 2, 2)
    network = nn.Sequential(layer, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    chain = chain_of(network.requires_grad_(False), 24)
    recordings = []
    for recorder in (200, 31, 90, 91, 17, 200):
        samples = -(-recorder * up // down)
        signal = torch.randn(samples, generator=generator)
        recordings.append(placed(signal, length=24, radius=0.5, recorder_samples=recorder))
    bounds = first_bounds(chain.layers[0], Region(tuple(recordings), filter_), REAL)
    found = iter((bounds.upper - bounds.lower) / 2)
    for each in recordings:
        matrix = dense(filter_, each.recorder_samples, len(each.signal))
        for row in each.indices.tolist():
            moved = next(found)
            for frame, channel in itertools.product(range(len(moved)), range(3)):
                start = 2 * frame - 2
                taps = [tap for tap in range(5) if 0 <= start + tap < 24]
                read = [row[start + tap] for tap in taps]
                weights = layer.weight[channel, 0, taps].double()
                exact = 0.5 * float((weights @ matrix[read]).abs().sum())
                got = float(moved[frame, channel])
                assert got >= exact - 1e-9
                if all(b == a + 1 for a, b in itertools.pairwise(read)):
                    assert got == pytest.approx(exact, rel=1e-6)
