"""What a disturbance in mV is beside the ECG that it disturbs, and on its way to the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from afib.beats import r_peaks
from afib.proof.path import resampling_of

if TYPE_CHECKING:
    from afib.records import Recording
    from afib.settings import Settings

__all__ = ["filter_gain", "qrs_height_mv", "wave_gain"]

# A QRS complex of 120 ms, the longest that is narrow, lies within that of its R peak.
_EITHER_SIDE_S = 0.06


def qrs_height_mv(recording: Recording) -> float | None:
    """The median height of the QRS complexes, from the highest to the lowest sample of each.

    Upright that is from the R peak to the S or Q wave; a recording held the other way round has
    the same height.

    Args:
        recording: As stored.

    Returns:
        In mV; None where no beat is found.
    """
    reach = max(1, round(_EITHER_SIDE_S * recording.rate_hz))
    heights = [
        float(np.ptp(recording.signal_mv[max(0, peak - reach) : peak + reach + 1]))
        for peak in r_peaks(recording.signal_mv, recording.rate_hz).tolist()
    ]
    return float(np.median(heights)) if heights else None


def filter_gain(recording: Recording, settings: Settings) -> float:
    """How many times larger a disturbance of single samples may arrive at the network.

    The sum of the sizes of the taps that one output of the filter between recorder and network
    is made of; 1 if there is no filter.
    """
    between = resampling_of(recording.rate_hz, settings)
    return 1.0 if between is None else between.gain


def wave_gain(recording: Recording, settings: Settings, frequency_hz: float) -> float:
    """What share of a wave at the recorder arrives at the network.

    The size of the filter's response at the wave's frequency; 1 if there is no filter. Above half
    of the network's rate, what is left arrives as a slower wave.

    Args:
        recording: As stored.
        settings: Of the model.
        frequency_hz: From 0 to half of the recorder's rate.
    """
    between = resampling_of(recording.rate_hz, settings)
    if between is None:
        return 1.0
    # The taps stand at as many places a second as the raised rate has.
    angles = 2 * np.pi * frequency_hz / (recording.rate_hz * between.up)
    turned = np.exp(-1j * angles * np.arange(len(between.taps)))
    return float(np.abs(between.taps.numpy() @ turned)) / between.up
