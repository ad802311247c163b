"""Whether a disturbance could silence the device, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from afib.proof.abstention import may_abstain
from afib.records import Recording
from afib.settings import UsabilitySettings

LIMITS = UsabilitySettings(shortest_s=1.0, flat_mv=0.01, flat_share=0.5, saturated_share=0.2)


@pytest.mark.parametrize(
    ("range_mv", "reach_mv", "is_box", "answer"),
    [
        (1.0, 0.01, True, False),
        # Each second moves by 0.03 mV; 0.02 mV less leaves a hundredth: no longer below it.
        (0.03, 0.0099, True, False),
        (0.03, 0.0110, True, True),
        (0.03, 0.0110, False, "unknown"),
    ],
)
def test_it_is_told_whether_a_disturbance_can_silence_the_device(
    range_mv: float,
    reach_mv: float,
    is_box: bool,  # noqa: FBT001  a parameter of the test
    answer: object,
) -> None:
    """False is shown for the whole set, True by a signal; without a box it may stay unknown."""
    # Six seconds of ten move by the range, far from the extremes, and the others by 1 mV.
    ramp = np.linspace(0, 1, 300)
    signal = np.concatenate([np.tile(0.5 + ramp * range_mv, 6), np.tile(ramp * 2, 4)])
    one = Recording.of(name="t", signal_mv=signal, rate_hz=300.0, origin="t")
    reach = np.full(3000, reach_mv)
    assert may_abstain(one, reach, LIMITS, is_box=is_box) == answer
