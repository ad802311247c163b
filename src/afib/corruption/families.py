"""Families of recordings that the device was not made for, each with its severities."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from afib.corruption import strange
from afib.corruption.damage import (
    at_wrong_rate,
    clipped,
    two_leads_in_one,
    with_dropped_packets,
    with_swapped_bytes,
)
from afib.corruption.family import Family, Given, noisy, sized
from afib.corruption.noise import muscle_noise
from afib.records.recording import MAX_MV, Recording
from nnassure.errors import PerturbationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afib.corruption.family import NoiseRecords

__all__ = ["FAMILIES", "strange_recording"]

# What a recorder of the PhysioNet challenge resolves.
_STEP_MV = 0.001


_SNR_DB = (24.0, 18.0, 12.0, 6.0, 0.0, -6.0)

#: By name; the order is that of tables.
FAMILIES: Mapping[str, Family] = {
    "flat_line": Family(
        title="flat line",
        unit="mV rms",
        severities=(0.002, 0.0005, 0.0),
        keeps_ecg=False,
        make=sized(strange.flat_line, "rms_mv"),
    ),
    "white_noise": Family(
        title="white noise",
        unit="mV rms",
        severities=(0.05, 0.2, 1.0),
        keeps_ecg=False,
        make=sized(strange.white_noise, "rms_mv"),
    ),
    "lead_off": Family(
        title="electrode off the skin",
        unit="mV of mains",
        severities=(0.01, 0.1, 1.0),
        keeps_ecg=False,
        make=sized(strange.lead_off, "amplitude_mv"),
    ),
    "saturated": Family(
        title="amplifier at its rail",
        unit="moments off the rail",
        severities=(5.0, 2.0, 1.0),
        keeps_ecg=False,
        make=sized(strange.saturated, "events"),
    ),
    "mains": Family(
        title="mains alone",
        unit="mV",
        severities=(0.1, 0.5, 2.0),
        keeps_ecg=False,
        make=sized(strange.mains_alone, "amplitude_mv"),
    ),
    "pulses": Family(
        title="calibration pulses",
        unit="mV",
        severities=(0.5, 1.0, 2.0),
        keeps_ecg=False,
        make=sized(strange.calibration_pulses, "amplitude_mv"),
    ),
    "pulse_wave": Family(
        title="photoplethysmogram",
        unit="mV",
        severities=(0.2, 0.7, 2.0),
        keeps_ecg=False,
        make=sized(strange.pulse_wave, "amplitude_mv"),
    ),
    "brain_waves": Family(
        title="electroencephalogram",
        unit="mV rms",
        severities=(0.01, 0.05, 0.3),
        keeps_ecg=False,
        make=sized(strange.brain_waves, "rms_mv"),
    ),
    "acceleration": Family(
        title="accelerometer",
        unit="mV",
        severities=(0.2, 0.7, 2.0),
        keeps_ecg=False,
        make=sized(strange.acceleration, "amplitude_mv"),
    ),
    "wrong_rate": Family(
        title="ECG at a wrong rate",
        unit="times the stated rate",
        severities=(0.5, 2.0, 0.4, 2.5, 0.6, 0.667, 0.833, 1.2, 1.5, 1.667),
        keeps_ecg=True,
        make=lambda given: at_wrong_rate(given.signal_mv, factor=given.severity),
    ),
    "clipped": Family(
        title="clipped ECG",
        unit="share of samples",
        severities=(0.05, 0.2, 0.4, 0.7),
        keeps_ecg=True,
        make=lambda given: clipped(given.signal_mv, share=given.severity),
    ),
    "dropped": Family(
        title="ECG with lost packets",
        unit="share of samples",
        severities=(0.05, 0.2, 0.4, 0.7),
        keeps_ecg=True,
        make=lambda given: with_dropped_packets(
            given.signal_mv, rate_hz=given.rate_hz, share=given.severity, rng=given.rng
        ),
    ),
    "wander": Family(
        title="ECG under baseline wander",
        unit="dB",
        severities=_SNR_DB,
        keeps_ecg=True,
        make=noisy("bw"),
    ),
    "muscle": Family(
        title="ECG under muscle noise",
        unit="dB",
        severities=_SNR_DB,
        keeps_ecg=True,
        make=noisy("ma"),
    ),
    "motion": Family(
        title="ECG under electrode motion",
        unit="dB",
        severities=_SNR_DB,
        keeps_ecg=True,
        make=noisy("em"),
    ),
    "muscle_alone": Family(
        title="muscle alone",
        unit="mV rms",
        severities=(0.05, 0.2, 0.8),
        keeps_ecg=False,
        make=sized(muscle_noise, "rms_mv"),
    ),
    "respiration": Family(
        title="impedance of the chest",
        unit="mV",
        severities=(0.2, 0.7, 2.0),
        keeps_ecg=False,
        make=sized(strange.respiration, "amplitude_mv"),
    ),
    "touch": Family(
        title="finger on an open input",
        unit="mV rms",
        severities=(0.05, 0.3, 1.5),
        keeps_ecg=False,
        make=sized(strange.touch, "rms_mv"),
    ),
    "swapped_bytes": Family(
        title="ECG with swapped bytes",
        unit="share of samples",
        severities=(0.1, 0.4, 1.0),
        keeps_ecg=True,
        make=lambda given: with_swapped_bytes(
            given.signal_mv, step_mv=_STEP_MV, share=given.severity, rng=given.rng
        ),
    ),
    "two_leads_in_one": Family(
        title="two leads read as one",
        unit="times the first lead",
        severities=(0.1, 0.5, 1.0),
        keeps_ecg=True,
        make=lambda given: two_leads_in_one(
            given.signal_mv, size=given.severity, rate_hz=given.rate_hz, rng=given.rng
        ),
    ),
}


def strange_recording(
    recording: Recording,
    family: str,
    severity: float,
    *,
    seed: int,
    noise: NoiseRecords | None = None,
) -> Recording:
    """The member of a family that is made of *recording*, or in its place and of its length.

    The same recording, family, severity and seed give the same samples.

    Args:
        recording: An ECG as stored.
        family: One of :data:`FAMILIES`.
        severity: In the unit of the family.
        seed: Of all that is drawn.
        noise: Recorded noise at the rate of the recording; None to draw all of it.

    Returns:
        In whole steps of a microvolt and within what a recording may hold, with the label of
        *recording*.

    Raises:
        PerturbationError: If there is no such family, or it knows no such severity.
    """
    if family not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise PerturbationError(f"family: expected one of {known}, got {family!r}")
    rng = np.random.default_rng(
        [seed, zlib.crc32(family.encode()), zlib.crc32(recording.digest.encode())]
    )
    made = FAMILIES[family].make(
        Given(
            signal_mv=recording.signal_mv.astype(np.float64),
            rate_hz=recording.rate_hz,
            severity=severity,
            noise={} if noise is None else noise,
            rng=rng,
        )
    )
    steps = np.rint(np.clip(made, -MAX_MV, MAX_MV) / _STEP_MV)
    return Recording.of(
        name=f"{recording.name}-{family}",
        signal_mv=(steps * _STEP_MV).astype(np.float32),
        rate_hz=recording.rate_hz,
        origin=f"{recording.origin}, {FAMILIES[family].title}, {severity:g}",
        label=recording.label,
        step_mv=_STEP_MV,
    )
