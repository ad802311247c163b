"""What recorders and their wearers do to an ECG, each as a set that is linear in parameters.

Amplitudes are in mV at the recorder's own samples, whose rate is *rate_hz*; what a filter makes of
them on the way to the network is the filter's matter.
Every set holds at least what it says, and its docstring says where it holds more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nnassure.arrays import DoubleArray, require_finite, require_shape
from nnassure.errors import PerturbationError, ShapeError
from nnassure.perturbation.linear import LinearSet

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray

__all__ = ["gain", "mains", "noise", "offset", "principal_components", "wander"]


def gain(signal_mv: FloatArray | DoubleArray, share: float) -> LinearSet:
    """*signal_mv* amplified by any factor from 1 - *share* to 1 + *share*.

    Electrodes, body and recorder scale an ECG by a factor that nobody knows.
    The generator is the signal itself, so the set belongs to this one signal.

    Args:
        signal_mv: Undisturbed signal in mV, shape (samples,).
        share: In (0, 1).

    Raises:
        ShapeError: If *signal_mv* has other axes or no sample.
        NotFiniteError: If a sample is NaN or infinite.
        PerturbationError: If *share* is out of its range, or the signal is 0 throughout.
    """
    require_shape("signal_mv", signal_mv, "samples")
    if not 0 < share < 1:
        raise PerturbationError(f"share: expected a number in (0, 1), got {share}")
    return _symmetric(("gain",), np.asarray(signal_mv, np.float64)[None], share)


def offset(samples: int, mv: float) -> LinearSet:
    """A constant of at most *mv* in either direction, as an electrode's half-cell potential leaves.

    Args:
        samples: Length of the signal, at least 1.
        mv: Finite and above 0.

    Raises:
        ShapeError: If there is no sample.
        PerturbationError: If *mv* is out of its range.
    """
    return _symmetric(("offset",), np.ones((1, max(samples, 0))), _amplitude(mv))


def wander(samples: int, rate_hz: float, frequency_hz: float, mv: float) -> LinearSet:
    """Baseline wander of one frequency, of any phase and an amplitude of at most *mv*.

    Breathing and movement shift the baseline slowly, at 0.05 to 0.67 Hz: 0.67 Hz is the slowest
    rhythm of a heart that beats 40 times a minute (Kligfield 2007,
    doi:10.1161/CIRCULATIONAHA.106.180200).
    A wave of any phase is a sum of a sine and a cosine, so these two are the generators.
    Their box holds the disc of every phase and amplitude, and beyond it, towards its corners,
    waves of up to the square root of 2 times *mv*.

    Args:
        samples: Length of the signal, at least 1.
        rate_hz: Samples a second.
        frequency_hz: Above 0 and below half of *rate_hz*.
        mv: Finite and above 0.

    Raises:
        ShapeError: If there is no sample.
        PerturbationError: If a rate, the frequency or *mv* is out of its range.
    """
    names = (f"wander {frequency_hz:g} Hz sine", f"wander {frequency_hz:g} Hz cosine")
    return _symmetric(names, _waves(samples, rate_hz, frequency_hz), _amplitude(mv))


def mains(samples: int, rate_hz: float, frequency_hz: float, mv: float) -> LinearSet:
    """Hum of the mains at 50 or 60 Hz, of any phase and an amplitude of at most *mv*.

    The form is that of :func:`wander`, with the same excess towards the corners.
    It belongs at the recorder: at a network's rate of 60 Hz both frequencies have been filtered.

    Args:
        samples: Length of the signal, at least 1.
        rate_hz: Samples a second at the recorder.
        frequency_hz: 50 or 60, and below half of *rate_hz*.
        mv: Finite and above 0.

    Raises:
        ShapeError: If there is no sample.
        PerturbationError: If a rate, the frequency or *mv* is out of its range.
    """
    if frequency_hz not in {50, 60}:
        raise PerturbationError(f"frequency_hz: expected 50 or 60, got {frequency_hz}")
    names = (f"mains {frequency_hz:g} Hz sine", f"mains {frequency_hz:g} Hz cosine")
    return _symmetric(names, _waves(samples, rate_hz, frequency_hz), _amplitude(mv))


def noise(components: DoubleArray, mv: float) -> LinearSet:
    """Noise that the *components* span, each with a peak of at most *mv*.

    Where all of them peak at one sample, that sample moves by as many times *mv* as there are.

    Args:
        components: Shapes with a peak of 1, as :func:`principal_components` gives them, shape
            (components, samples).
        mv: Finite and above 0.

    Raises:
        ShapeError: If *components* have other axes, or there is none.
        NotFiniteError: If a value of them is NaN or infinite.
        PerturbationError: If *mv* is out of its range, or a peak is not 1.
    """
    require_shape("components", components, "components, samples")
    require_finite("components", components)
    peaks = np.abs(components).max(axis=1, initial=0.0)
    if not np.all(peaks == 1):
        raise PerturbationError(f"components: expected peaks of 1, got {peaks.tolist()}")
    names = tuple(f"noise {number}" for number in range(1, len(components) + 1))
    return _symmetric(names, components, _amplitude(mv))


def principal_components(windows: FloatArray | DoubleArray, count: int) -> DoubleArray:
    """The *count* shapes along which *windows* vary most, the strongest first.

    Recorded noise, such as electrode motion of the MIT-BIH Noise Stress Test Database (Moody 1984,
    doi:10.13026/C2HS3T), is thus spanned by few parameters; what they leave out is not in the set.

    Args:
        windows: Pieces of noise in any one unit, shape (windows, samples).
        count: At least 1, and no more than windows or samples.

    Returns:
        Principal components scaled to a peak of exactly 1, upward, shape (count, samples).

    Raises:
        ShapeError: If *windows* have other axes.
        NotFiniteError: If a value of them is NaN or infinite.
        PerturbationError: If *count* is out of its range, or the windows vary along fewer shapes.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415 - slow to import, and seldom needed

    require_shape("windows", windows, "windows, samples")
    require_finite("windows", windows)
    if not 1 <= count <= min(windows.shape):
        raise PerturbationError(
            f"count: expected from 1 to {min(windows.shape)}, got {count} "
            f"of {len(windows)} windows of {windows.shape[1]} samples"
        )
    pieces = np.asarray(windows, np.float64)
    # Shapes along which nothing varies are rounding errors, not noise.
    varying = int(np.linalg.matrix_rank(pieces - pieces.mean(axis=0)))
    if varying < count:
        raise PerturbationError(
            f"count: expected at most the {varying} shapes that vary, got {count}"
        )
    fitted = PCA(n_components=count, svd_solver="full").fit(pieces)
    shapes = np.asarray(fitted.components_, np.float64)
    peaks = shapes[np.arange(count), np.abs(shapes).argmax(axis=1)]
    return np.asarray(shapes / peaks[:, None], np.float64)


def _symmetric(names: tuple[str, ...], generators: DoubleArray, reach: float) -> LinearSet:
    if generators.size == 0:
        raise ShapeError(f"generators: expected samples, got shape {generators.shape}")
    box = np.full(len(names), reach)
    return LinearSet(names=names, generators=generators, lower=-box, upper=box)


def _waves(samples: int, rate_hz: float, frequency_hz: float) -> DoubleArray:
    if not (math.isfinite(rate_hz) and rate_hz > 0):
        raise PerturbationError(f"rate_hz: expected a finite number above 0, got {rate_hz}")
    if not 0 < frequency_hz < rate_hz / 2:
        raise PerturbationError(
            f"frequency_hz: expected a number in (0, {rate_hz / 2:g}), got {frequency_hz}"
        )
    angles = 2 * np.pi * frequency_hz / rate_hz * np.arange(samples)
    return np.stack([np.sin(angles), np.cos(angles)])


def _amplitude(mv: float) -> float:
    if not (math.isfinite(mv) and mv > 0):
        raise PerturbationError(f"mv: expected a finite number above 0, got {mv}")
    return mv
