"""EDF files in millivolts, read from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import RecordError
from afib.records.edf import read_edf
from tests.support.recordings import MemoryShelf, edf_file, steps

if TYPE_CHECKING:
    from afib.records import Recording


def _read(content: bytes) -> Recording:
    return read_edf(MemoryShelf({"a.edf": content}), "a.edf")


def _problem(content: bytes) -> str:
    with pytest.raises(RecordError) as caught:
        _read(content)
    (problem,) = caught.value.problems
    return problem


def test_a_file_is_read_in_millivolts() -> None:
    """The line through both pairs of extremes maps steps to the unit, exactly."""
    signal = steps(2500)
    recording = _read(edf_file([{}], signal.tobytes()))
    assert (recording.name, recording.rate_hz, recording.origin) == ("a", 250.0, "a.edf")
    # Extremes -32768 to 32767 for -3.2768 to 3.2767 mV: one step is 0.1 uV, zero is zero.
    np.testing.assert_allclose(recording.signal_mv, signal / 10_000, rtol=1e-6, atol=1e-9)


def test_the_step_of_the_converter_is_read() -> None:
    """From the extremes, in the unit of the file; the greatest and the least sample too."""
    ends = {"physical minimum": "-500", "physical maximum": "523.5"}
    digital = {"digital minimum": "-1024", "digital maximum": "1023"}
    outside = edf_file([{"unit": "uV", **ends, **digital}], np.arange(2500, dtype="<i2").tobytes())
    assert "within the digital extremes, got 1476 outside" in _problem(outside)
    signal = (np.arange(2500) % 2048 - 1024).astype("<i2")
    recording = _read(edf_file([{"unit": "uV", **ends, **digital}], signal.tobytes()))
    assert recording.range_mv is not None
    assert recording.step_mv == pytest.approx(0.0005)
    assert recording.range_mv == pytest.approx((-0.5, 0.5235))
    assert recording.signal_mv.min() == pytest.approx(-0.5)
    assert recording.signal_mv.max() == pytest.approx(0.5235)


@pytest.mark.parametrize(("unit", "factor"), [("uV", 1e-3), ("µV", 1e-3), ("mV", 1.0)])
def test_units_become_millivolts(unit: str, factor: float) -> None:
    """A signal in microvolts is a thousandth in millivolts."""
    recording = _read(edf_file([{"unit": unit}], steps(2500).tobytes()))
    np.testing.assert_allclose(
        recording.signal_mv, steps(2500) / 10_000 * factor, rtol=1e-6, atol=1e-9
    )


def test_the_rate_need_not_be_whole() -> None:
    """250 samples in 1.5 s are 166.67 Hz, not 166."""
    recording = _read(edf_file([{}], steps(2500).tobytes(), duration="1.5"))
    assert recording.rate_hz == pytest.approx(250 / 1.5)


def test_annotations_are_passed_over() -> None:
    """The first signal that is no annotation is read and named."""
    notes = {"label": "EDF Annotations", "samples": "4", "unit": ""}
    signal = steps(2500).reshape(10, 250)
    blocks = np.concatenate([np.zeros((10, 4), "<i2"), signal], axis=1)
    recording = _read(edf_file([notes, {}], blocks.tobytes(), reserved="EDF+C"))
    np.testing.assert_allclose(recording.signal_mv, signal.ravel() / 10_000, rtol=1e-6, atol=1e-9)
    assert recording.origin == "a.edf, first of 2 signals: ECG I"


@pytest.mark.parametrize(
    ("signal", "top", "problem"),
    [
        ({}, {"version": "1"}, "expected an EDF file, which starts with '0' and 7 blanks"),
        ({}, {"reserved": "EDF+D"}, "expected an uninterrupted recording, got EDF+D"),
        ({}, {"count": "9999"}, "number of signals: expected 1 to 64, got 9999"),
        ({}, {"count": "one"}, "number of signals: expected an integer, got 'one'"),
        ({}, {"header": "999"}, "bytes of the header: expected 512 for 1 signals, got 999 stated"),
        ({}, {"blocks": "99999999"}, "expected 50000000012 bytes as its header says, got 5512"),
        ({}, {"blocks": "-1"}, "expected blocks, a duration and samples above 0, got -1 blocks"),
        ({}, {"duration": "0"}, "got 10 blocks of 0 s with 250 samples"),
        ({"samples": "0"}, {}, "got 10 blocks of 1 s with 0 samples"),
        ({"samples": "249"}, {}, "expected 5492 bytes as its header says, got 5512"),
        ({"digital minimum": "40000"}, {}, "expected rising extremes, digital ones within 16 bits"),
        ({"physical maximum": "-9"}, {}, "expected rising extremes"),
        ({"digital maximum": "100"}, {}, "expected samples within the digital extremes, got"),
        ({"physical maximum": "nan"}, {}, "physical maximum: expected a number, got 'nan'"),
        ({"unit": "mmHg"}, {}, "unit: expected mV, uV or V, got 'mmHg'"),
        ({"label": "EDF Annotations"}, {}, "expected a signal, got annotations alone"),
    ],
)
def test_a_damaged_header_is_refused(
    signal: dict[str, str], top: dict[str, str], problem: str
) -> None:
    """What does not follow the format, or contradicts the size, is named."""
    got = _problem(edf_file([signal], steps(2500).tobytes(), **top))
    assert got.startswith("a.edf: ")
    assert problem in got


@pytest.mark.parametrize("length", [0, 7, 255, 300, 511, 512, 5511])
def test_a_truncated_file_is_refused(length: int) -> None:
    """A file that ends early never becomes a shorter recording."""
    assert _problem(edf_file([{}], steps(2500).tobytes())[:length]).startswith("a.edf: ")
