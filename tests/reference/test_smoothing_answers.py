"""Randomised smoothing against the classifier whose smoothed radius is known: a plane."""

import numpy as np
import pytest

from nnassure.arrays import BoolArray, FloatArray
from nnassure.smoothing import smoothed

_WEIGHTS, _OFFSET = np.array([0.6, -0.8, 1.0, 0.5]), 0.1


def plane(points: FloatArray) -> BoolArray:
    """On which side of a plane each point is."""
    return np.asarray(points @ _WEIGHTS + _OFFSET > 0)


def distances(points: FloatArray) -> np.ndarray:
    """From the plane; noise moves a plane nowhere, so this is the radius of the smoothed vote."""
    return np.asarray((points @ _WEIGHTS + _OFFSET) / np.linalg.norm(_WEIGHTS))


@pytest.mark.parametrize("sigma_mv", [0.25, 1.0])
def test_the_radius_of_a_plane_is_its_distance(sigma_mv: float) -> None:
    """From below, and with many copies nearly all of it (Cohen 2019, proposition of section 3)."""
    points = np.random.default_rng(5).normal(size=(60, 4)).astype(np.float32) * 0.4
    found = smoothed(
        plane, points, sigma_mv=sigma_mv, guesses=100, copies=20_000, confidence=0.9999, seed=11,
        at_once=4000,
    )  # fmt: skip
    far = np.abs(distances(points))
    # Nearer than two deviations, where 20,000 copies still tell how many fall beyond.
    tellable = (far < 2 * sigma_mv) & ~found.abstained
    assert tellable.sum() >= 20
    assert (found.is_positive == plane(points))[~found.abstained].all()
    assert (found.radius_l2_mv <= far + 1e-6).all()
    assert (found.radius_l2_mv[tellable] >= far[tellable] - 0.2 * sigma_mv).all()


def test_a_radius_is_too_large_no_more_often_than_stated() -> None:
    """With confidence 0.8 each, in 400 draws: at most 80 and three deviations more."""
    point = np.array([[0.3, 0.1, 0.2, 0.0]], np.float32)
    radii = [
        smoothed(
            plane, point, sigma_mv=0.5, guesses=20, copies=100, confidence=0.8, seed=seed
        ).radius_l2_mv[0]
        for seed in range(400)
    ]
    # 400 * 0.2 = 80, deviation 8.
    assert (np.array(radii) > distances(point)[0]).sum() <= 104
