"""What a recording is, and what no recording may be."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records import MAX_MV, Recording, signal_digest


def _recording(signal: object, rate_hz: float = 300.0) -> Recording:
    return Recording.of(
        name="A1", signal_mv=np.asarray(signal), rate_hz=rate_hz, origin="A1.hea", label="A"
    )


def _problems(signal: object, rate_hz: float = 300.0) -> tuple[str, ...]:
    with pytest.raises(RecordError) as caught:
        _recording(signal, rate_hz)
    assert caught.value.record == "A1"
    return caught.value.problems


def test_a_recording_keeps_millivolts_as_single_precision() -> None:
    """Samples are stored as float32, and the duration follows from the rate."""
    recording = _recording([0.5, -0.25, 1.0])
    assert recording.signal_mv.dtype == np.float32
    assert recording.signal_mv.tolist() == [0.5, -0.25, 1.0]
    assert recording.duration_s == 0.01


def test_the_digest_is_of_little_endian_single_precision() -> None:
    """Anybody can recompute the digest from the millivolts."""
    # 1.0 and -2.0 as IEEE 754 single precision, least significant byte first.
    by_hand = hashlib.sha256(bytes.fromhex("0000803f" + "000000c0")).hexdigest()
    assert _recording([1.0, -2.0]).digest == by_hand
    assert signal_digest(np.array([1.0, -2.0], dtype=np.float32)) == by_hand


def test_a_recording_does_not_share_its_samples() -> None:
    """Neither the caller's array nor the recording's own can change it."""
    samples = np.array([0.1, 0.2])
    recording = _recording(samples)
    samples[0] = 5.0
    assert recording.signal_mv[0] == np.float32(0.1)
    with pytest.raises(ValueError, match="read-only"):
        recording.signal_mv[0] = 1.0


def test_a_new_label_is_a_new_recording() -> None:
    """Replacing the label keeps samples and digest."""
    recording = _recording([0.1, 0.2])
    relabelled = dataclasses.replace(recording, label="N")
    assert (recording.label, relabelled.label) == ("A", "N")
    assert relabelled.digest == recording.digest


@pytest.mark.parametrize(
    ("signal", "problem"),
    [
        ([], "A1.hea: expected shape (samples,), got (0,)"),
        ([[0.1, 0.2]], "A1.hea: expected shape (samples,), got (1, 2)"),
        (
            [0.1, float("nan"), float("inf")],
            "A1.hea: expected finite samples, got 2 of 3 that are not",
        ),
        (
            [0.1, -20.5],
            "A1.hea: expected samples within 20 mV, got 20.5 mV; the gain or the format is wrong",
        ),
    ],
)
def test_what_is_no_ecg_in_millivolts_is_refused(signal: object, problem: str) -> None:
    """An empty, damaged or absurdly large signal never becomes a recording."""
    assert _problems(signal) == (problem,)


def test_the_largest_amplitude_is_still_accepted() -> None:
    """The limit itself is allowed."""
    assert _recording([MAX_MV, -MAX_MV]).signal_mv.tolist() == [20.0, -20.0]


@pytest.mark.parametrize("rate_hz", [0.0, -300.0, 49.9, 10_001.0, float("nan"), float("inf")])
def test_a_rate_that_no_recorder_has_is_refused(rate_hz: float) -> None:
    """Rates are believed from 50 Hz to 10 kHz."""
    (problem,) = _problems([0.1], rate_hz)
    assert problem == f"A1.hea: rate: expected 50 to 10000 Hz, got {rate_hz:g} Hz"


def test_all_problems_are_told_together() -> None:
    """A wrong rate does not hide a wrong signal."""
    assert len(_problems([0.1, float("nan")], rate_hz=1.0)) == 2
