"""Each variation of a training segment by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from afib.training.augmentation import augmented
from tests.support.training import NO_AUGMENTATION

if TYPE_CHECKING:
    from torch import Tensor

    from afib.settings import AugmentationSettings

_RATE_HZ = 60.0
_SIGNALS = torch.randn((400, 240), generator=torch.Generator().manual_seed(4))
_EVERYTHING = replace(
    NO_AUGMENTATION, gain_sigma=0.3, flip=True, shift=True, stretch=0.1, wander_mv=0.1
)


def _varied(settings: AugmentationSettings, *, signals: Tensor = _SIGNALS, seed: int = 0) -> Tensor:
    generator = np.random.default_rng(seed)
    return augmented(signals, settings, rate_hz=_RATE_HZ, generator=generator)


def test_nothing_asked_for_changes_nothing() -> None:
    """All settings off is the identity, and takes no random number."""
    generator = np.random.default_rng(0)
    varied = augmented(_SIGNALS, NO_AUGMENTATION, rate_hz=_RATE_HZ, generator=generator)
    assert torch.equal(varied, _SIGNALS)
    assert generator.random() == np.random.default_rng(0).random()


def test_the_recorded_segments_are_left_as_they_are() -> None:
    """Everything at once works on a copy, in single precision, and repeats by its seed."""
    before = _SIGNALS.clone()
    varied = _varied(_EVERYTHING, seed=3)
    assert torch.equal(_SIGNALS, before)
    assert varied.dtype == torch.float32
    assert varied.shape == _SIGNALS.shape
    assert torch.equal(varied, _varied(_EVERYTHING, seed=3))
    assert not torch.equal(varied, _varied(_EVERYTHING, seed=4))


def test_a_shift_turns_a_segment_round_its_circle() -> None:
    """Each segment is its own, started elsewhere; starts differ between segments."""
    varied = _varied(replace(NO_AUGMENTATION, shift=True), signals=_SIGNALS[:20])
    starts = []
    for before, after in zip(_SIGNALS, varied, strict=False):
        matches = [start for start in range(240) if torch.equal(before.roll(-start), after)]
        assert len(matches) == 1
        starts += matches
    assert len(set(starts)) > 10


def test_a_gain_is_one_factor_a_segment() -> None:
    """Factors are positive and log-normal with the width asked for."""
    factors = (_varied(replace(NO_AUGMENTATION, gain_sigma=0.3)) / _SIGNALS).numpy()
    np.testing.assert_allclose(factors, factors[:, :1].repeat(240, axis=1), rtol=1e-4)
    logs = np.log(factors[:, 0])
    # 400 draws of N(0, 0.3): the mean has a standard error of 0.015, the deviation of 0.011.
    assert abs(logs.mean()) < 5 * 0.015
    assert abs(logs.std() - 0.3) < 5 * 0.011


def test_about_half_of_the_segments_are_turned_over() -> None:
    """Flipping changes the sign of whole segments and nothing else."""
    signs = (_varied(replace(NO_AUGMENTATION, flip=True)) / _SIGNALS).numpy()
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert (signs == signs[:, :1]).all()
    # 400 fair coins: 10 is the standard deviation of their heads.
    assert abs((signs[:, 0] == 1).sum() - 200) < 50


@pytest.mark.parametrize("stretch", [0.02, 0.2])
def test_a_stretch_changes_the_pace_within_its_bound(stretch: float) -> None:
    """A ramp comes back as a ramp from the same start with another slope, up to its wrap."""
    ramp = torch.arange(240.0).expand(200, 240)
    varied = _varied(replace(NO_AUGMENTATION, stretch=stretch), signals=ramp).numpy()
    assert (varied[:, 0] == 0).all()
    # Before the wrap, at the very end for the fastest, the slope is the pace.
    slopes = varied[:, 150] / 150
    np.testing.assert_allclose(varied[:, 75], 75 * slopes, rtol=1e-4)
    logs = np.log(slopes)
    assert np.abs(logs).max() <= stretch * (1 + 1e-4)
    assert logs.min() < -0.8 * stretch
    assert logs.max() > 0.8 * stretch


def test_wander_is_slow_and_of_its_size() -> None:
    """What is added is a sine of at most 0.7 Hz and an offset, each segment its own."""
    added = (_varied(replace(NO_AUGMENTATION, wander_mv=0.1)) - _SIGNALS).numpy()
    # A sine of 0.1 mV deviation in amplitude has half its variance, the offset all of it:
    # 0.1 * sqrt(1.5) = 0.1225; over 400 segments it is met within 10 %.
    assert added.std() == pytest.approx(0.1225, rel=0.1)
    steps = np.abs(np.diff(added, axis=1)).max(axis=1)
    # The steepest step of a sine is amplitude * 2 pi * frequency / rate; 4 deviations are rare.
    assert steps.max() < 4 * 0.1 * 2 * np.pi * 0.7 / _RATE_HZ
    assert np.unique(added.mean(axis=1).round(4)).size > 300
