"""What recorders and wearers do to an ECG, as sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nnassure.errors import AssuranceError
from nnassure.perturbation import gain, mains, noise, offset, principal_components, wander

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnassure.perturbation import LinearSet

_SIGNAL = np.array([0.0, 1.0, -0.5, 0.25], dtype=np.float32)


def test_gain_scales_the_signal() -> None:
    """The ends of the box are the signal times 1 - share and 1 + share."""
    noise_set = gain(_SIGNAL, 0.25)
    assert noise_set.names == ("gain",)
    assert noise_set.point(_SIGNAL, noise_set.upper).tolist() == [0.0, 1.25, -0.625, 0.3125]
    assert noise_set.point(_SIGNAL, noise_set.lower).tolist() == [0.0, 0.75, -0.375, 0.1875]


def test_offset_moves_all_samples_alike() -> None:
    """The ends of the box are the signal shifted down and up."""
    noise_set = offset(4, 0.5)
    assert noise_set.point(_SIGNAL, noise_set.lower).tolist() == [-0.5, 0.5, -1.0, -0.25]
    assert noise_set.radius_mv == 0


@pytest.mark.parametrize("phase", np.linspace(0, 2 * np.pi, 9))
@pytest.mark.parametrize(
    "make", [lambda: wander(600, 300, 0.5, 0.2), lambda: mains(600, 300, 50, 0.2)]
)
def test_waves_of_every_phase_are_in(make: Callable[[], LinearSet], phase: float) -> None:
    """A wave of the full amplitude is in the set whatever its phase, one of 1.5 times is not."""
    noise_set = make()
    frequency_hz = 0.5 if noise_set.names[0].startswith("wander") else 50
    wave = np.sin(2 * np.pi * frequency_hz * np.arange(600) / 300 + phase)
    points = np.stack([0.2 * wave, 0.3 * wave])
    assert noise_set.contains(points, np.zeros(600), 1e-12).tolist() == [True, False]


def test_waves_are_named_by_their_frequency() -> None:
    """Waves of two frequencies can be joined, as their names differ."""
    assert wander(9, 300, 0.05, 0.1).names == ("wander 0.05 Hz sine", "wander 0.05 Hz cosine")
    assert mains(9, 300, 60, 0.1).names == ("mains 60 Hz sine", "mains 60 Hz cosine")


def test_principal_components_are_the_shapes_that_vary() -> None:
    """Windows made of two shapes give these, the stronger first, with a peak of 1 upward."""
    strong, weak = np.array([0.0, -2.0, 1.0, 0.0]), np.array([4.0, 0.0, 0.0, -1.0])
    windows = [3 * strong, -3 * strong, weak / 4, -weak / 4]
    shapes = principal_components(np.stack(windows), 2)
    np.testing.assert_allclose(shapes, [[0.0, 1.0, -0.5, 0.0], [1.0, 0.0, 0.0, -0.25]], atol=1e-12)
    assert np.abs(shapes).max(axis=1).tolist() == [1.0, 1.0]
    noise_set = noise(shapes, 0.1)
    assert noise_set.names == ("noise 1", "noise 2")
    assert noise_set.upper.tolist() == [0.1, 0.1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gain(_SIGNAL, 0.0), "share: expected a number in (0, 1), got 0.0"),
        (lambda: gain(_SIGNAL, 1.0), "share: expected a number in (0, 1), got 1.0"),
        (lambda: gain(_SIGNAL[None], 0.1), "signal_mv: expected shape (samples,), got (1, 4)"),
        (
            lambda: gain(np.zeros(4, np.float32), 0.1),
            "radius_mv: expected above 0 where no parameter moves the signal, got 0.0",
        ),
        (lambda: offset(4, 0.0), "mv: expected a finite number above 0, got 0.0"),
        (lambda: offset(4, float("inf")), "mv: expected a finite number above 0, got inf"),
        (lambda: offset(0, 0.1), "generators: expected samples, got shape (1, 0)"),
        (
            lambda: wander(4, 300, 0.0, 0.1),
            "frequency_hz: expected a number in (0, 150), got 0.0",
        ),
        (
            lambda: wander(4, 300, 150.0, 0.1),
            "frequency_hz: expected a number in (0, 150), got 150.0",
        ),
        (lambda: wander(4, 0, 0.5, 0.1), "rate_hz: expected a finite number above 0, got 0"),
        (lambda: mains(4, 300, 55, 0.1), "frequency_hz: expected 50 or 60, got 55"),
        (lambda: mains(4, 60, 50, 0.1), "frequency_hz: expected a number in (0, 30), got 50"),
        (lambda: noise(np.full((1, 4), 0.5), 0.1), "components: expected peaks of 1, got [0.5]"),
        (
            lambda: noise(np.full((1, 4), np.nan), 0.1),
            "components: expected finite values, got 4 of 4 that are not, the first at (0, 0)",
        ),
        (
            lambda: principal_components(np.ones((3, 4)), 4),
            "count: expected from 1 to 3, got 4 of 3 windows of 4 samples",
        ),
        (
            lambda: principal_components(np.eye(3)[:2], 2),
            "count: expected at most the 1 shapes that vary, got 2",
        ),
        (
            lambda: principal_components(np.ones((3, 4)), 1),
            "count: expected at most the 0 shapes that vary, got 1",
        ),
    ],
)
def test_what_is_no_disturbance_is_refused(make: Callable[[], LinearSet], message: str) -> None:
    """Amplitudes, rates, frequencies and shapes out of their range raise."""
    with pytest.raises(AssuranceError, match=f"^{re.escape(message)}$"):
        make()
