"""What a family of strange recordings is, and how its members are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from afib.corruption.damage import at_snr
from afib.corruption.noise import baseline_wander, electrode_motion, muscle_noise
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    import numpy as np

    from afib.corruption.noise import Millivolts

__all__ = ["Family", "Given", "NoiseRecords", "noisy", "sized"]

#: Recorded noise by name (``bw`` wander, ``em`` electrode motion, ``ma`` muscle) at the rate of
#: the recordings, in any unit; where one is missing, noise of its shape is drawn.
NoiseRecords: TypeAlias = Mapping[str, "Millivolts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a member of a family is made of.

    Attributes:
        signal_mv: The ECG as stored, in mV, shape (samples,).
        rate_hz: Its rate.
        severity: In the unit of the family.
        noise: Recorded noise at that rate.
        rng: Where all that is drawn comes from.
    """

    signal_mv: Millivolts
    rate_hz: float
    severity: float
    noise: NoiseRecords
    rng: np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One way of not being an ECG that the device was made for.

    Attributes:
        title: What it is, for a reader.
        unit: What a severity is measured in.
        severities: From mild to severe.
        keeps_ecg: Whether there is still an ECG in it, so that at a mild severity the device may
            well decide rightly.
    """

    title: str
    unit: str
    severities: tuple[float, ...]
    keeps_ecg: bool
    make: Callable[[Given], Millivolts]


def sized(draw: Callable[..., Millivolts], name: str) -> Callable[[Given], Millivolts]:
    """Drawn anew, with the severity as its size."""

    def make(given: Given) -> Millivolts:
        return draw(
            len(given.signal_mv),
            rate_hz=given.rate_hz,
            rng=given.rng,
            **{name: int(given.severity) if name == "events" else given.severity},
        )

    return make


def noisy(record: str) -> Callable[[Given], Millivolts]:
    """Recorded noise over the ECG, or noise of that shape."""

    def make(given: Given) -> Millivolts:
        samples, kept = len(given.signal_mv), given.noise.get(record)
        if kept is None:
            noise = _SHAPED[record](samples, given.rate_hz, given.rng)
        elif len(kept) < samples:
            raise PerturbationError(
                f"{record}: expected at least {samples} samples of noise, got {len(kept)}"
            )
        else:
            start = int(given.rng.integers(len(kept) - samples + 1))
            noise = kept[start : start + samples]
        return at_snr(given.signal_mv, noise, snr_db=given.severity)

    return make


_SHAPED: Mapping[str, Callable[[int, float, np.random.Generator], Millivolts]] = {
    "bw": lambda samples, rate_hz, rng: baseline_wander(
        samples, rate_hz=rate_hz, rms_mv=1.0, rng=rng
    ),
    "ma": lambda samples, rate_hz, rng: muscle_noise(samples, rate_hz=rate_hz, rms_mv=1.0, rng=rng),
    "em": lambda samples, rate_hz, rng: electrode_motion(
        samples, rate_hz=rate_hz, peak_mv=1.0, events=max(1, round(samples / rate_hz)), rng=rng
    ),
}
