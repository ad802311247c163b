"""What disturbs a recording, and what is no ECG at all: seeded, in mV.

:mod:`afib.corruption.noise` is added to an ECG, :mod:`afib.corruption.damage` changes one,
:mod:`afib.corruption.strange` is something else that a recorder may store;
:mod:`afib.corruption.families` names them all, each with its severities;
:mod:`afib.corruption.acquisition` makes of an ECG what another recorder would have stored.
"""

from afib.corruption.acquisition import ACQUISITIONS, Acquisition, taken_otherwise
from afib.corruption.damage import (
    at_snr,
    at_wrong_rate,
    clipped,
    two_leads_in_one,
    with_dropped_packets,
    with_swapped_bytes,
)
from afib.corruption.families import FAMILIES, strange_recording
from afib.corruption.family import Family, NoiseRecords
from afib.corruption.noise import (
    Millivolts,
    baseline_wander,
    electrode_motion,
    mains_interference,
    muscle_noise,
)
from afib.corruption.strange import (
    acceleration,
    brain_waves,
    calibration_pulses,
    flat_line,
    lead_off,
    mains_alone,
    pulse_wave,
    respiration,
    saturated,
    touch,
    white_noise,
)

__all__ = [
    "ACQUISITIONS",
    "FAMILIES",
    "Acquisition",
    "Family",
    "Millivolts",
    "NoiseRecords",
    "acceleration",
    "at_snr",
    "at_wrong_rate",
    "baseline_wander",
    "brain_waves",
    "calibration_pulses",
    "clipped",
    "electrode_motion",
    "flat_line",
    "lead_off",
    "mains_alone",
    "mains_interference",
    "muscle_noise",
    "pulse_wave",
    "respiration",
    "saturated",
    "strange_recording",
    "taken_otherwise",
    "touch",
    "two_leads_in_one",
    "white_noise",
    "with_dropped_packets",
    "with_swapped_bytes",
]
