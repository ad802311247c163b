"""What a strip shows is the signal, and filtered only for the eye and if asked."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.signal import butter, iirnotch, sosfiltfilt, tf2sos

from afib.app.desk import Desk
from afib.app.display import FILTERS, TILE_S, outline, tile
from afib.errors import RecordError
from afib.records import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afib.app.desk import Opened

    Open = Callable[[np.ndarray, float], Opened]


@pytest.fixture
def laid() -> Iterator[Open]:
    """A signal at a rate on a desk."""
    desk = Desk(None)

    def laid(signal_mv: np.ndarray, rate_hz: float) -> Opened:
        recording = Recording.of(name="A", signal_mv=signal_mv, rate_hz=rate_hz, origin="A")
        return desk.open(recording)

    with closing(desk):
        yield laid


def noise(samples: int) -> np.ndarray:
    """Noise in mV that wanders."""
    generator = np.random.default_rng(samples)
    return (np.cumsum(generator.normal(0, 0.01, samples)) % 3).astype(np.float32)


def tone(hz: float, rate_hz: float = 300.0, duration_s: float = 60.0) -> np.ndarray:
    """A sine of 1 mV."""
    return np.asarray(np.sin(2 * np.pi * hz * np.arange(round(duration_s * rate_hz)) / rate_hz))


@pytest.mark.parametrize("rate_hz", [300.0, 62.4725, 299.97, 977.0])
def test_stretches_join_to_the_signal(laid: Open, rate_hz: float) -> None:
    """Every sample is in one of them and none in two, also at a rate that is not whole."""
    signal = noise(round(150.3 * rate_hz))
    opened = laid(signal, rate_hz)
    parts = [tile(opened, number, "none") for number in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts), signal)
    # Where the page looks for the first sample of a stretch.
    firsts = [round(number * TILE_S * rate_hz) for number in range(3)]
    assert np.cumsum([0, *map(len, parts)])[:3].tolist() == firsts


@pytest.mark.parametrize("kind", ["monitor", "mains50", "mains60"])
def test_filtered_stretches_are_of_one_filtered_signal(laid: Open, kind: str) -> None:
    """Where two of them meet, nothing is seen of it."""
    rate_hz = 300.0
    signal = noise(round(150 * rate_hz))
    opened = laid(signal, rate_hz)
    shown = np.concatenate([tile(opened, number, kind) for number in range(3)])
    if kind == "monitor":
        sections = butter(2, (0.5, 40.0), "bandpass", fs=rate_hz, output="sos")
    else:
        sections = tf2sos(*iirnotch(float(kind[-2:]), 30.0, fs=rate_hz))
    whole = sosfiltfilt(sections, signal.astype(np.float64))
    away = slice(round(10 * rate_hz), -round(10 * rate_hz))
    assert shown.shape == signal.shape
    np.testing.assert_allclose(shown[away], whole[away], atol=1e-4)
    assert np.abs(shown - signal)[away].max() > 0.01


@pytest.mark.parametrize(
    ("kind", "out_hz", "left_hz"),
    [("mains50", 50.0, (10.0, 60.0)), ("mains60", 60.0, (10.0, 50.0)), ("monitor", 0.05, (10.0,))],
)
def test_a_filter_takes_out_what_it_says(
    laid: Open, kind: str, out_hz: float, left_hz: tuple[float, ...]
) -> None:
    """And leaves the rest where it was, in height and in time."""
    middle = slice(3000, 15000)
    assert np.abs(tile(laid(tone(out_hz), 300.0), 0, kind)[middle]).max() < 0.02
    for hz in left_hz:
        shown = tile(laid(tone(hz), 300.0), 0, kind)
        np.testing.assert_allclose(shown[middle], tone(hz)[middle], atol=0.03)


def test_a_slow_recorder_keeps_its_highest_waves(laid: Open) -> None:
    """Where 40 Hz are beyond its rate, the monitor filter only takes out wander."""
    wave = tone(25.0, 62.5) + 2.0
    shown = tile(laid(wave, 62.5), 0, "monitor")
    np.testing.assert_allclose(shown[900:-900], (wave - 2.0)[900:-900], atol=0.03)


@pytest.mark.parametrize("samples", [1, 2, 10, 700])
@pytest.mark.parametrize("kind", FILTERS)
def test_short_recordings_are_shown_too(laid: Open, kind: str, samples: int) -> None:
    """With as many samples as they have."""
    shown = tile(laid(noise(samples), 300.0), 0, kind)
    assert (shown.shape, shown.dtype.name) == ((samples,), "float32")
    assert np.isfinite(shown).all()


@pytest.mark.parametrize(
    ("number", "kind", "problem"),
    [
        (0, "blur", "filter: expected one of none, monitor, mains50, mains60"),
        (-1, "none", "stretch: expected one inside the recording, got -1"),
        (1, "none", "stretch: expected one inside the recording, got 1"),
        (10**6, "monitor", "stretch: expected one inside the recording, got 1000000"),
        (0, "mains60", "filter: expected a recording above 120 Hz, got 100 Hz"),
        (0, "mains50", "filter: expected a recording above 100 Hz, got 100 Hz"),
    ],
)
def test_what_cannot_be_shown_is_refused(laid: Open, number: int, kind: str, problem: str) -> None:
    """There is no such stretch, no such filter, or the rate does not carry it."""
    with pytest.raises(RecordError) as caught:
        tile(laid(noise(6000), 100.0), number, kind)
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize("number", [10**305, 10**400], ids=["no whole number", "no number"])
def test_a_stretch_beyond_all_numbers_is_refused(laid: Open, number: int) -> None:
    """Whoever asks for it is told, as for any other that is not there."""
    with pytest.raises(RecordError, match="stretch: expected one inside the recording"):
        tile(laid(noise(6000), 100.0), number, "none")


@pytest.mark.parametrize(
    ("samples", "columns"), [(6000, 100), (6001, 97), (50, 1000), (1, 1), (3_000_001, 1201)]
)
def test_an_outline_is_lowest_and_highest(laid: Open, samples: int, columns: int) -> None:
    """Of each stretch; every sample is in one, also of a recording that is read in blocks."""
    signal = noise(samples)
    signal[[0, -1]] = -5.0, 5.0
    found = outline(laid(signal, 300.0), columns)
    count = min(samples, columns)
    stretches = np.split(signal, np.linspace(0, samples, count + 1).astype(int)[1:-1])
    wanted = [(each.min(), each.max()) for each in stretches]
    assert found.shape == (count, 2)
    np.testing.assert_array_equal(found, wanted)
