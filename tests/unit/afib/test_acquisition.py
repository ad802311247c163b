"""Recordings as another recorder would have taken them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.corruption import ACQUISITIONS, taken_otherwise
from afib.records import Recording
from afib.records.recording import MAX_MV
from afib.sources.noise import noise_digest
from nnassure.errors import PerturbationError
from tests.support.recordings import wfdb_record, write_files

if TYPE_CHECKING:
    from pathlib import Path


def wave(rate_hz: float = 300.0, peak_mv: float = 1.0) -> Recording:
    """Ten seconds of a slow sine."""
    signal = peak_mv * np.sin(2 * np.pi * 1.3 * np.arange(round(10 * rate_hz)) / rate_hz)
    return Recording.of(name="r", signal_mv=signal, rate_hz=rate_hz, origin="r.csv", label="N")


@pytest.mark.parametrize("rate_hz", ACQUISITIONS["rate"].sizes)
def test_another_rate_is_the_same_wave(rate_hz: float) -> None:
    """As long, at its own rate, with the same values at the same times."""
    made = taken_otherwise(wave(), "rate", rate_hz, seed=1)
    assert (made.rate_hz, made.label, made.step_mv) == (rate_hz, "N", 0.001)
    assert made.duration_s == pytest.approx(10.0, abs=1 / rate_hz)
    times_s = np.arange(len(made.signal_mv)) / rate_hz
    inside = (times_s > 0.5) & (times_s < 9.5)
    wanted = np.sin(2 * np.pi * 1.3 * times_s)
    np.testing.assert_allclose(made.signal_mv[inside], wanted[inside], atol=0.005)


@pytest.mark.parametrize("size_uv", ACQUISITIONS["step"].sizes)
def test_coarser_steps_are_whole(size_uv: float) -> None:
    """Each sample is the nearest step."""
    base = wave()
    made = taken_otherwise(base, "step", size_uv, seed=1)
    steps = made.signal_mv.astype(np.float64) / (size_uv / 1000)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert np.abs(made.signal_mv - base.signal_mv).max() <= size_uv / 2000 + 1e-6
    assert made.step_mv == size_uv / 1000


@pytest.mark.parametrize("size_uv", ACQUISITIONS["mains_over"].sizes)
def test_the_mains_lie_over_it(size_uv: float) -> None:
    """A hum of 50 or 60 Hz of the stated mean amplitude, drawn by seed and recording."""
    base = wave()
    made = taken_otherwise(base, "mains_over", size_uv, seed=1)
    hum = (made.signal_mv - base.signal_mv).astype(np.float64)
    power = np.abs(np.fft.rfft(hum))
    assert np.fft.rfftfreq(len(hum), 1 / 300)[power.argmax()] in {50.0, 60.0}
    assert np.sqrt(2) * hum.std() == pytest.approx(size_uv / 1000, rel=0.15)
    again, other = (taken_otherwise(base, "mains_over", size_uv, seed=seed) for seed in (1, 2))
    assert again.digest == made.digest
    assert other.digest != made.digest


def test_nothing_leaves_what_a_recording_may_hold() -> None:
    """Within 20 mV, whatever is done."""
    tall = wave(peak_mv=MAX_MV)
    for way, kind in ACQUISITIONS.items():
        for size in kind.sizes:
            assert np.abs(taken_otherwise(tall, way, size, seed=1).signal_mv).max() <= MAX_MV


def test_what_is_no_way_or_size_is_refused() -> None:
    """And mains that the rate of the recording cannot carry."""
    with pytest.raises(PerturbationError, match="way: expected one of rate, step, mains_over"):
        taken_otherwise(wave(), "upside", 1.0, seed=1)
    for size in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(PerturbationError, match="size: expected a number above 0"):
            taken_otherwise(wave(), "step", size, seed=1)
    with pytest.raises(PerturbationError, match="mains_hz"):
        taken_otherwise(wave(rate_hz=60.0), "mains_over", 10.0, seed=1)


def test_the_digest_of_noise_is_that_of_its_samples(tmp_path: Path) -> None:
    """Other samples of one record give another."""
    three = {
        name: content for each in ("bw", "em", "ma") for name, content in wfdb_record(each).items()
    }
    first = noise_digest(write_files(tmp_path / "one", three))
    assert first == noise_digest(write_files(tmp_path / "two", three))
    changed = three | {"em.mat": three["em.mat"][:-2] + b"\x07\x00"}
    assert noise_digest(write_files(tmp_path / "three", changed)) != first
