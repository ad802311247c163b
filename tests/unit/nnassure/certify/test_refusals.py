"""What the engine refuses to bound, and what it never certifies."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from nnassure.certify.arithmetic import FLOAT32, MOST_TERMS, REAL
from nnassure.certify.intervals import interval_bounds
from nnassure.certify.margins import Question, interval_margins
from nnassure.certify.proving import proof
from nnassure.certify.region import Placed, Region
from nnassure.certify.resampling import Resampling
from nnassure.errors import (
    AssuranceError,
    NotFiniteError,
    PerturbationError,
    ShapeError,
)
from tests.support.networks import resampling
from tests.support.questions import budget, margins_of, problem_of, segment, with_weights

_SIGNAL = torch.tensor([0.5, -0.25, 0.75, 0.125])


def _altered(**changes: Any) -> Placed:  # noqa: ANN401  one field of any type
    return replace(segment(_SIGNAL, radius=0.25), **changes)


_F = torch.float64
_BAD: dict[str, tuple[dict[str, Any], type[AssuranceError], str]] = {
    "NaN signal": (
        {"signal": torch.tensor([0.5, math.nan, 0, 0], dtype=_F)},
        NotFiniteError,
        "recording: expected finite numbers, got others",
    ),
    "infinite signal": (
        {"signal": torch.tensor([0.5, math.inf, 0, 0], dtype=_F)},
        NotFiniteError,
        "recording: expected finite numbers, got others",
    ),
    "NaN radius": (
        {"radius": math.nan},
        NotFiniteError,
        "recording: expected finite numbers, got others",
    ),
    "infinite radius": (
        {"radius": math.inf},
        NotFiniteError,
        "recording: expected finite numbers, got others",
    ),
    "negative radius": (
        {"radius": -0.25},
        PerturbationError,
        "recording: expected a radius, half widths and rounding from 0, got less",
    ),
    "zero radius": (
        {"radius": 0.0},
        PerturbationError,
        "recording: expected a set, got one point",
    ),
    "negative half width": (
        {"generators": torch.ones(1, 4, dtype=_F), "half_widths": torch.tensor([-1.0], dtype=_F)},
        PerturbationError,
        "recording: expected a radius, half widths and rounding from 0, got less",
    ),
    "negative rounding": (
        {"rounding": torch.full((4,), -1.0, dtype=_F)},
        PerturbationError,
        "recording: expected a radius, half widths and rounding from 0, got less",
    ),
    "NaN direction": (
        {
            "generators": torch.full((1, 4), math.nan, dtype=_F),
            "half_widths": torch.ones(1).double(),
        },
        NotFiniteError,
        "recording: expected finite numbers, got others",
    ),
    "float32 signal": (
        {"signal": _SIGNAL},
        ShapeError,
        "signal: expected shape (4,) of torch.float64, got (4,) of torch.float32",
    ),
    "half widths of other directions": (
        {"half_widths": torch.ones(2, dtype=_F)},
        ShapeError,
        "generators: expected shape (2, 4) of torch.float64, got (0, 4) of torch.float64",
    ),
    "an index before the start": (
        {"indices": torch.tensor([[0, 1, 2, -1]])},
        ShapeError,
        "indices: expected 0 to 3, got others",
    ),
    "an index beyond the end": (
        {"indices": torch.tensor([[0, 1, 2, 4]])},
        ShapeError,
        "indices: expected 0 to 3, got others",
    ),
    "no segment": (
        {"indices": torch.zeros(0, 4, dtype=torch.int64), "signs": torch.zeros(0, dtype=_F)},
        ShapeError,
        "recording: expected at least one sample in one segment, got none",
    ),
    "a sign that scales": (
        {"signs": torch.tensor([0.5], dtype=_F)},
        ShapeError,
        "signs: expected 1 or -1, got [0.5]",
    ),
    "no sample at the recorder": (
        {"recorder_samples": 0},
        ShapeError,
        "recording: expected at least one sample in one segment, got none",
    ),
}


@pytest.mark.parametrize("name", _BAD)
def test_a_set_that_means_nothing_is_refused(name: str) -> None:
    """Each with its sentence."""
    changes, kind, message = _BAD[name]
    with pytest.raises(kind) as caught:
        _altered(**changes)
    assert str(caught.value) == message


def test_recordings_of_one_region_are_alike() -> None:
    """There is one, all share parameters and length, and the filter gives what there is."""
    each = segment(_SIGNAL, radius=0.25)
    along = segment(_SIGNAL, generators=torch.ones(1, 4))
    with pytest.raises(ShapeError, match=r"expected equally many parameters and samples, got \[\]"):
        Region((), None)
    with pytest.raises(ShapeError, match=r"got \[\(0, 4\), \(1, 4\)\]"):
        Region((each, along), None)
    with pytest.raises(ShapeError, match="signal: expected 1 samples of 4 at the recorder, got 4"):
        Region((each,), resampling(down=5))
    with pytest.raises(ShapeError, match="signal: expected 9 samples of 9 at the recorder, got 4"):
        Region((replace(each, recorder_samples=9),), None)


def test_a_filter_has_a_middle_and_finite_taps() -> None:
    """Anything else is refused."""
    for taps in (torch.ones(4).double(), torch.ones(3), torch.full((3,), math.nan).double()):
        with pytest.raises(ShapeError, match="taps: expected an odd number of finite float64"):
            Resampling(taps=taps, up=1, down=5)
    with pytest.raises(ShapeError, match="expected factors of at least 1, got 0 and 5"):
        Resampling(taps=torch.ones(3).double(), up=0, down=5)


def _passing(scale: float = 1.0) -> nn.Sequential:
    """The margin is the sum of four samples, rectified, times *scale*."""
    first = with_weights(nn.Linear(4, 1), [[1.0] * 4], [0.0])
    last = with_weights(nn.Linear(1, 2), [[0.0], [scale]], [0.0, 0.0])
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), last).eval().requires_grad_(False)


@pytest.mark.parametrize("side", [0.0, 2.0, math.nan])
def test_a_side_is_one_or_the_other(side: float) -> None:
    """A scaled margin would hide what rounding does to it."""
    with pytest.raises(PerturbationError, match="sides: expected 1 or -1, got"):
        problem_of(_passing(), segment(_SIGNAL, radius=0.1), side=side)


@pytest.mark.parametrize("threshold", [math.nan, math.inf, -math.inf])
def test_a_threshold_is_a_number(threshold: float) -> None:
    """Nothing is proven about any other."""
    with pytest.raises(PerturbationError, match="threshold: expected a finite number, got"):
        problem_of(_passing(), segment(_SIGNAL, radius=0.1), threshold=threshold)


def test_a_problem_fits_together() -> None:
    """Segments as long as the network takes them, a side a recording, sums that are bounded."""
    asked = problem_of(_passing(), segment(_SIGNAL, radius=0.1))
    with pytest.raises(ShapeError, match="region: expected 4 samples, got 5"):
        replace(asked, region=Region((segment(torch.ones(5), radius=0.1),), None))
    sides = torch.ones(2, dtype=torch.float64)
    with pytest.raises(ShapeError, match=r"sides: expected shape \(1,\), got \(2,\)"):
        replace(asked, question=Question(sides=sides, threshold=0.0))
    many = segment(_SIGNAL, radius=0.1, indices=torch.arange(4).expand(MOST_TERMS // 4, 4))
    with pytest.raises(ShapeError, match="region: expected sums of fewer than 8388608, got"):
        replace(asked, region=Region((many,), None))


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_wrong_side_is_never_certified(side: float) -> None:
    """The rhythm that a recording does not get is not proven of it."""
    # The sum is 1.125, and moves by at most 0.4.
    asked = problem_of(_passing(), segment(_SIGNAL, radius=0.1), side=side, threshold=0.5)
    found = proof(asked, budget())
    assert (found.margin > 0) == (side > 0)


def test_another_model_is_not_what_was_proven() -> None:
    """A proof holds for the weights that were read, not for what becomes of them afterwards."""
    network = _passing().double()
    asked = problem_of(network, segment(_SIGNAL, radius=0.1), threshold=0.5)
    for values in network.parameters():
        values.data.neg_()
    assert proof(asked, budget()).margin > 0
    asked = problem_of(network, segment(_SIGNAL, radius=0.1), threshold=0.5)
    assert proof(asked, budget()).margin <= 0


@pytest.mark.parametrize("along", [False, True])
def test_numbers_beyond_the_format_are_never_certified(along: bool) -> None:  # noqa: FBT001
    """Both logits are infinite in float32, and do not differ by 1e40 but by no number."""
    first = with_weights(nn.Linear(1, 1), [[1e30]], [0.0])
    last = with_weights(nn.Linear(1, 2), [[1e10], [2e10]], [0.0, 0.0])
    network = nn.Sequential(nn.Flatten(), first, last).eval().requires_grad_(False)
    each = segment(torch.ones(1), radius=0.1)
    if along:
        each = segment(torch.ones(1), generators=torch.full((1, 1), 0.1))
    asked = problem_of(network, each)
    assert bool(margins_of(network, asked, torch.ones(1, 1)).isnan())
    assert proof(replace(asked, arithmetic=REAL), budget()).margin > 0
    assert proof(asked, budget(parts=9)).margin == -math.inf


def test_what_is_no_number_on_the_way_is_never_certified() -> None:
    """Behind a layer that may be infinite bounds are no numbers, and prove nothing."""
    layers = [with_weights(nn.Linear(1, 1), [[1e30]], [0.0]) for _ in range(2)]
    last = with_weights(nn.Linear(1, 2), [[1.0], [2.0]], [0.0, 0.0])
    network = nn.Sequential(nn.Flatten(), *layers, last).eval().requires_grad_(False)
    along = segment(torch.ones(1), generators=torch.full((1, 1), 0.1))
    for each in (along, segment(torch.ones(1), radius=0.1)):
        asked = problem_of(network, each)
        bounds = interval_bounds(asked.chain, asked.region, FLOAT32)
        assert bool(bounds[-1].lower.isnan().any())
        assert float(interval_margins(asked, bounds)[0]) == -math.inf
        assert proof(asked, budget(parts=9)).margin == -math.inf


def test_a_mean_may_be_beyond_the_format_before_it_is_divided() -> None:
    """Four times 1e38 is too much, though their mean is not; and 0 times infinity no number."""
    network = nn.Sequential(
        with_weights(nn.Conv1d(1, 2, 1), [[[0.0]], [[1e38]]], [0.0, 0.0]),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        with_weights(nn.Linear(2, 2), [[0.0, 0.0], [0.0, 1.0]], [0.0, 0.0]),
    ).eval()
    asked = problem_of(network.requires_grad_(False), segment(torch.ones(4), radius=0.1))
    assert bool(margins_of(network, asked, torch.ones(1, 4)).isnan())
    assert proof(asked, budget()).margin == -math.inf
