"""Recordings that the device was not made for: what they are, and that they are what is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import welch

from afib.corruption import (
    FAMILIES,
    at_snr,
    at_wrong_rate,
    clipped,
    saturated,
    strange_recording,
    two_leads_in_one,
    with_dropped_packets,
    with_swapped_bytes,
)
from afib.records import Recording
from nnassure.errors import PerturbationError
from tests.support.recordings import steps

RATE_HZ = 300.0
RECORDING = Recording.of(
    name="A00001",
    signal_mv=steps(3000, seed=1) / 1000,
    rate_hz=RATE_HZ,
    origin="A00001.hea",
    label="N",
)
MEMBERS = [(name, severity) for name, family in FAMILIES.items() for severity in family.severities]


def strongest_hz(signal_mv: np.ndarray) -> float:
    """The frequency with the most power above a half hertz."""
    frequency, power = welch(signal_mv, RATE_HZ, nperseg=len(signal_mv))
    power[frequency < 0.5] = 0
    return float(frequency[np.argmax(power)])


@pytest.mark.parametrize(("family", "severity"), MEMBERS)
def test_a_member_is_a_recording_that_a_seed_repeats(family: str, severity: float) -> None:
    """As long and as fast as the one in whose place it stands, in whole microvolts."""
    made = strange_recording(RECORDING, family, severity, seed=3)
    assert made.signal_mv.shape == RECORDING.signal_mv.shape
    assert (made.rate_hz, made.label, made.step_mv) == (RATE_HZ, "N", 0.001)
    assert made.name == f"A00001-{family}"
    assert FAMILIES[family].title in made.origin
    microvolts = made.signal_mv.astype(np.float64) * 1000
    np.testing.assert_allclose(microvolts, np.rint(microvolts), atol=1e-2)
    assert made.digest == strange_recording(RECORDING, family, severity, seed=3).digest
    assert made.digest != RECORDING.digest
    drawn = family not in {"wrong_rate", "clipped", "saturated", "flat_line", "two_leads_in_one"}
    if drawn and (family, severity) != ("swapped_bytes", 1.0):
        assert made.digest != strange_recording(RECORDING, family, severity, seed=4).digest


@pytest.mark.parametrize("snr_db", [24.0, 0.0, -6.0])
def test_noise_is_as_strong_as_is_said(snr_db: float) -> None:
    """By the variances of both; its mean moves nothing."""
    generator = np.random.default_rng(0)
    signal, noise = generator.normal(size=5000), 7 + 3 * generator.normal(size=5000)
    added = at_snr(signal, noise, snr_db=snr_db) - signal
    assert 20 * np.log10(signal.std() / added.std()) == pytest.approx(snr_db)
    assert np.corrcoef(added, noise)[0, 1] == pytest.approx(1.0)
    assert added.mean() == pytest.approx(0.0, abs=1e-12)
    for wrong in (np.zeros(5000), noise[:9]):
        with pytest.raises(PerturbationError, match="noise"):
            at_snr(signal, wrong, snr_db=snr_db)


def test_recorded_noise_is_taken_where_there_is_some() -> None:
    """A stretch of it, unlike what is drawn; too little is refused."""
    recorded = np.tile([1.0, -1.0], 4000)
    made = strange_recording(RECORDING, "muscle", 0.0, seed=1, noise={"ma": recorded})
    added = made.signal_mv.astype(np.float64) - RECORDING.signal_mv
    # Rounded to whole steps.
    assert np.ptp(np.abs(added)) <= 0.002
    assert (np.sign(added[1:]) == -np.sign(added[:-1])).all()
    drawn = strange_recording(RECORDING, "muscle", 0.0, seed=1, noise={"bw": recorded})
    assert drawn.digest == strange_recording(RECORDING, "muscle", 0.0, seed=1).digest
    with pytest.raises(PerturbationError, match="at least 3000 samples"):
        strange_recording(RECORDING, "muscle", 0.0, seed=1, noise={"ma": recorded[:2000]})


@pytest.mark.parametrize("factor", [0.4, 0.5, 2.0, 2.5])
def test_a_wrong_rate_moves_every_frequency(factor: float) -> None:
    """A wave of 10 Hz seems one of 10 Hz over the factor; the length stays."""
    wave = np.sin(2 * np.pi * 10 * np.arange(6000) / RATE_HZ)
    made = at_wrong_rate(wave, factor=factor)
    assert made.shape == wave.shape
    assert strongest_hz(made) == pytest.approx(10 / factor, rel=0.02)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.4, 0.7])
def test_shares_are_what_is_said(share: float) -> None:
    """Of samples at the limits, and of samples lost."""
    signal = np.random.default_rng(0).normal(size=9000)
    cut = clipped(signal, share=share)
    at_limits = ((cut == cut.min()) | (cut == cut.max())).mean()
    assert at_limits == pytest.approx(max(share, 2 / 9000), abs=1e-3)
    kept = (cut != cut.min()) & (cut != cut.max())
    np.testing.assert_array_equal(cut[kept], signal[kept])
    rng = np.random.default_rng(1)
    lost = with_dropped_packets(signal, rate_hz=RATE_HZ, share=share, rng=rng)
    assert share <= (lost == 0).mean() <= share + 2 * RATE_HZ / 9000
    np.testing.assert_array_equal(lost[lost != 0], signal[lost != 0])


@pytest.mark.parametrize("severity", [0.1, 0.5, 2.0])
def test_the_mains_are_what_is_strongest(severity: float) -> None:
    """At 50 or 60 Hz, over several seeds both."""
    found = {
        round(strongest_hz(strange_recording(RECORDING, "mains", severity, seed=seed).signal_mv))
        for seed in range(12)
    }
    assert found == {50, 60}


@pytest.mark.parametrize(
    ("family", "low_hz", "high_hz"),
    [("pulse_wave", 0.5, 4.0), ("brain_waves", 0.9, 14.0), ("acceleration", 1.0, 12.5)],
)
def test_other_signals_live_where_they_should(family: str, low_hz: float, high_hz: float) -> None:
    """Their strongest frequency; none is an ECG in a cloak."""
    for seed in range(5):
        severity = FAMILIES[family].severities[1]
        made = strange_recording(RECORDING, family, severity, seed=seed).signal_mv
        assert low_hz <= strongest_hz(made) <= high_hz
        assert abs(np.corrcoef(made, RECORDING.signal_mv)[0, 1]) < 0.3


def test_a_flat_line_and_a_rail_stay_where_they_are() -> None:
    """The first by its noise alone, the second but for its moments off the rail."""
    flat = strange_recording(RECORDING, "flat_line", 0.002, seed=1).signal_mv.astype(np.float64)
    assert flat.std() == pytest.approx(0.002, rel=0.1)
    for events in (0, 3):
        rail = saturated(3000, rate_hz=RATE_HZ, events=events, rng=np.random.default_rng(2))
        assert np.abs(rail).max() == 5.0
        off = (np.abs(rail) < 5.0).mean()
        assert (off > 0) == (events > 0)
        assert off <= events * 0.3 * RATE_HZ / 3000


def test_what_is_no_family_or_severity_is_refused() -> None:
    """The message names those that there are."""
    with pytest.raises(PerturbationError, match="expected one of flat_line, white_noise"):
        strange_recording(RECORDING, "other", 1.0, seed=1)
    for family, severity in (("clipped", 1.0), ("dropped", -0.1), ("wrong_rate", 0.0)):
        with pytest.raises(PerturbationError, match="expected"):
            strange_recording(RECORDING, family, severity, seed=1)
    for family in ("white_noise", "mains", "pulses", "brain_waves"):
        with pytest.raises(PerturbationError, match="expected a number from 0"):
            strange_recording(RECORDING, family, -1.0, seed=1)


def test_breath_is_slower_than_a_heart() -> None:
    """Respiration has its power where breaths are."""
    made = strange_recording(RECORDING, "respiration", 0.7, seed=5)
    frequency, power = welch(made.signal_mv, RATE_HZ, nperseg=len(made.signal_mv))
    assert power[(frequency > 0) & (frequency < 0.7)].sum() > 0.8 * power.sum()


def test_a_touch_is_as_large_as_is_said() -> None:
    """And falls off with frequency, as a walk does."""
    made = strange_recording(RECORDING, "touch", 0.3, seed=5).signal_mv
    assert made.std() == pytest.approx(0.3, rel=0.02)
    frequency, power = welch(made, RATE_HZ, nperseg=1024)
    low, high = power[(frequency > 1) & (frequency < 5)], power[frequency > 50]
    assert low.mean() > 50 * high.mean()


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_swapped_bytes_are_those_of_the_steps(share: float) -> None:
    """In one stretch of the stated length, and swapped again they are the recording."""
    signal = RECORDING.signal_mv.astype(np.float64)
    generator = np.random.default_rng(2)
    made = with_swapped_bytes(signal, step_mv=0.001, share=share, rng=generator)
    changed = np.flatnonzero(np.rint(made * 1000) != np.rint(signal * 1000))
    length = round(share * len(signal))
    assert len(changed) <= length
    assert not len(changed) or changed[-1] - changed[0] < length
    swapped = np.rint(made * 1000).astype(np.int16).byteswap()
    np.testing.assert_array_equal(swapped[changed], np.rint(signal[changed] * 1000))


def test_two_leads_take_turns() -> None:
    """Every other sample is the first lead's, at half its rate; the second is turned over."""
    signal = RECORDING.signal_mv.astype(np.float64)
    made = two_leads_in_one(signal, size=0.5, rate_hz=RATE_HZ, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(made[0::2], signal[: len(signal) // 2])
    assert np.corrcoef(made[1::2], signal[: len(signal) // 2])[0, 1] < -0.5
    assert made.shape == signal.shape


def test_sizes_out_of_range_are_refused() -> None:
    """Of stretches, steps and leads."""
    signal, generator = np.zeros(300), np.random.default_rng(0)
    for share, step_mv in ((-0.1, 0.001), (1.1, 0.001), (0.5, 0.0)):
        with pytest.raises(PerturbationError, match="share, step_mv"):
            with_swapped_bytes(signal, step_mv=step_mv, share=share, rng=generator)
    with pytest.raises(PerturbationError):
        two_leads_in_one(signal, size=-1.0, rate_hz=RATE_HZ, rng=generator)
