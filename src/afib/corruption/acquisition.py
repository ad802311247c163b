"""Recordings as another recorder would have taken them: the same heart, other samples."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

from afib.corruption.noise import mains_interference
from afib.records.recording import MAX_MV, Recording
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACQUISITIONS", "Acquisition", "taken_otherwise"]

_STEP_MV = 0.001
# As far as the intended use reaches.
_COARSEST_MV, _MOST_MAINS_UV = 0.01, 100.0
_MAINS_HZ = (50.0, 60.0)
_MAX_DENOMINATOR = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """One way in which recorders differ.

    Attributes:
        title: What it is, for a reader.
        unit: What a size is measured in.
        sizes: What the device is judged at.
    """

    title: str
    unit: str
    sizes: tuple[float, ...]


#: By name; the order is that of tables.
ACQUISITIONS: Mapping[str, Acquisition] = {
    "rate": Acquisition(
        title="at another rate",
        unit="Hz",
        sizes=(125.0, 200.0, 250.0, 360.0, 500.0, 512.0, 1000.0),
    ),
    "step": Acquisition(title="in coarser steps", unit="uV", sizes=(2.5, 5.0, 10.0)),
    "mains_over": Acquisition(title="under mains", unit="uV", sizes=(10.0, 20.0, 100.0)),
    "all_at_once": Acquisition(
        title="in steps of 10 uV and under mains of 100 uV, at",
        unit="Hz",
        sizes=(125.0, 200.0, 250.0, 300.0, 500.0, 1000.0),
    ),
}


def taken_otherwise(recording: Recording, way: str, size: float, *, seed: int) -> Recording:
    """*recording* as another recorder would have taken it.

    The same recording, way, size and seed give the same samples.

    Args:
        recording: As stored.
        way: One of :data:`ACQUISITIONS`: ``rate`` resamples it, ``step`` rounds it, ``mains_over``
            adds a hum of 50 or 60 Hz, whichever is drawn, and ``all_at_once`` does all three.
        size: In the unit of the way; of mains the mean amplitude.
        seed: Of all that is drawn.

    Returns:
        In whole steps, of a microvolt unless *way* says otherwise, with the label of *recording*.

    Raises:
        PerturbationError: If there is no such way, *size* is not above 0, or the recording's rate
            carries no mains.
    """
    if way not in ACQUISITIONS:
        raise PerturbationError(f"way: expected one of {', '.join(ACQUISITIONS)}, got {way!r}")
    if not 0 < size < np.inf:
        raise PerturbationError(f"size: expected a number above 0, got {size}")
    signal, rate_hz = recording.signal_mv.astype(np.float64), recording.rate_hz
    step_mv, mains_uv = _STEP_MV, 0.0
    if way in {"rate", "all_at_once"}:
        ratio = Fraction(size / rate_hz).limit_denominator(_MAX_DENOMINATOR)
        signal = resample_poly(signal, ratio.numerator, ratio.denominator, padtype="edge")
        rate_hz = size
    if way == "step":
        step_mv = size / 1000
    if way == "mains_over":
        mains_uv = size
    if way == "all_at_once":
        step_mv, mains_uv = _COARSEST_MV, _MOST_MAINS_UV
    if mains_uv:
        rng = np.random.default_rng([seed, zlib.crc32(recording.digest.encode())])
        signal = signal + mains_interference(
            len(signal),
            rate_hz=rate_hz,
            amplitude_mv=mains_uv / 1000,
            mains_hz=float(rng.choice(_MAINS_HZ)),
            rng=rng,
        )
    most = np.floor(MAX_MV / step_mv)
    steps = np.clip(np.rint(signal / step_mv), -most, most)
    return Recording.of(
        name=f"{recording.name}-{way}",
        signal_mv=(steps * step_mv).astype(np.float32),
        rate_hz=rate_hz,
        origin=f"{recording.origin}, {ACQUISITIONS[way].title}, {size:g} {ACQUISITIONS[way].unit}",
        label=recording.label,
        step_mv=step_mv,
    )
