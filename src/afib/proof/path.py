"""The whole way from the recorder's samples to the network's segments, as the engine needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import torch

from afib.preprocessing import network_filter, segment_indices, segment_samples, to_network_rate
from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.region import Placed
from nnassure.certify.resampling import Resampling
from nnassure.errors import PerturbationError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from afib.classifier import Classifier
    from afib.records import Recording
    from afib.settings import Settings
    from nnassure.arrays import DoubleArray, FloatArray
    from nnassure.perturbation import LinearSet

__all__ = ["Place", "Way", "reach_mv", "resampling_of", "way_of"]

#: Where a disturbance enters.
Place: TypeAlias = Literal["recorder", "network"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Way:
    """One recording, what may happen to it, and the way it takes to the network.

    Attributes:
        placed: What the engine bounds.
        resampling: The filter between; None where the disturbance enters behind it.
        start_mv: The samples that are disturbed, of the recorder or of the network, shape
            (samples,), float32.
        network_mv: The samples at the network's rate as the device computes them, float32.
    """

    placed: Placed
    resampling: Resampling | None
    start_mv: FloatArray
    network_mv: FloatArray

    def margin_function(
        self, classifier: Classifier, *, is_afib: bool
    ) -> Callable[[Tensor], Tensor]:
        """Margins of disturbed samples, shape (points, samples) to (points,), differentiable."""
        samples = len(self.network_mv)

        def margins(points_mv: Tensor) -> Tensor:
            truth = torch.full((len(points_mv),), is_afib)
            if self.resampling is not None:
                points_mv = self.resampling.forward(points_mv.double(), samples).float()
            return classifier.margin_function(samples, truth)(points_mv)

        return margins


def way_of(recording: Recording, noise: LinearSet, settings: Settings, at: Place) -> Way:
    """The way of *recording*, disturbed by *noise* at the recorder or at the network.

    Args:
        recording: As stored.
        noise: For as many samples as there are where it enters.
        settings: Of the model: its rate, its segments and whether it reads both ways round.
        at: Where the disturbance enters.

    Raises:
        ShapeError: If *noise* is for another number of samples.
        PerturbationError: If it enters at no such place, or moves samples beyond what float32
            holds.
    """
    if at not in get_args(Place):
        raise PerturbationError(f"at: expected {' or '.join(get_args(Place))}, got {at}")
    network_mv = to_network_rate(recording.signal_mv, recording.rate_hz, settings.preprocessing)
    resampling = resampling_of(recording.rate_hz, settings) if at == "recorder" else None
    start_mv = network_mv if at == "network" else recording.signal_mv
    _require_samples(noise, len(start_mv))
    _require_float32(noise, start_mv)
    return Way(
        placed=_placed(start_mv, network_mv, noise, resampling, settings, at),
        resampling=resampling,
        start_mv=start_mv,
        network_mv=network_mv,
    )


def resampling_of(rate_hz: float, settings: Settings) -> Resampling | None:
    """The filter between a recorder of *rate_hz* and the network; None if the rates are equal."""
    found = network_filter(rate_hz, settings.preprocessing)
    if found is None:
        return None
    taps, up, down = found
    # The device raises the taps by `up` in float32, so these are the numbers it uses.
    raised = torch.from_numpy((taps * np.float32(up)).astype(np.float64))
    return Resampling(taps=raised, up=up, down=down)


def reach_mv(noise: LinearSet) -> DoubleArray:
    """How far each sample may move, in mV, shape (samples,)."""
    most = np.maximum(np.abs(noise.lower), np.abs(noise.upper))
    reach: DoubleArray = most @ np.abs(noise.generators) + noise.radius_mv
    return reach


def _placed(  # noqa: PLR0913, PLR0917  each is one part of the way
    start_mv: FloatArray,
    network_mv: FloatArray,
    noise: LinearSet,
    resampling: Resampling | None,
    settings: Settings,
    at: Place,
) -> Placed:
    samples = len(network_mv)
    generators = torch.from_numpy(noise.generators.copy())
    if resampling is not None:
        generators = resampling.forward(generators, samples)
    middle = torch.from_numpy((noise.lower + noise.upper) / 2)
    indices = segment_indices(samples, segment_samples(settings.preprocessing))
    signs = np.ones(len(indices))
    if settings.network.polarity == "invariant":
        indices, signs = np.concatenate([indices, indices]), np.concatenate([signs, -signs])
    rounding = 0.0
    # A ball at the network's input is one of float32 signals; all else is rounded to them.
    if at == "recorder" or noise.parameters:
        rounding = _rounding(float(np.max(np.abs(start_mv) + reach_mv(noise))), resampling)
    return Placed(
        signal=torch.from_numpy(network_mv.astype(np.float64)) + middle @ generators,
        rounding=torch.full((samples,), rounding, dtype=torch.float64),
        generators=generators,
        half_widths=torch.from_numpy((noise.upper - noise.lower) / 2),
        radius=noise.radius_mv,
        indices=torch.from_numpy(indices),
        signs=torch.from_numpy(signs),
        recorder_samples=len(start_mv),
    )


def _rounding(largest_mv: float, resampling: Resampling | None) -> float:
    """How far the device's samples may be off the exact filter of the exact recording.

    The recorder's steps are rounded to float32, then each filtered sample is a float32 sum.
    The middle of the set is such a sample itself, so the error counts once for it and once for
    the disturbed one.
    """
    gain = 1.0 if resampling is None else resampling.gain
    operations = 2 if resampling is None else resampling.operations + 2
    once = FLOAT32.relative_error(operations) * gain * largest_mv
    return 2 * (once + FLOAT32.underflow(operations))


def _require_samples(noise: LinearSet, samples: int) -> None:
    if noise.samples != samples:
        raise ShapeError(
            f"noise: expected a disturbance of {samples} samples, got one of {noise.samples}"
        )


def _require_float32(noise: LinearSet, start_mv: FloatArray) -> None:
    largest = float(np.max(np.abs(start_mv) + reach_mv(noise)))
    if not largest <= FLOAT32.largest:
        raise PerturbationError(
            f"noise: expected samples of at most {FLOAT32.largest:g} mV, got up to {largest:g} mV"
        )
