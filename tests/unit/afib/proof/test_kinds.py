"""Kinds of disturbances that are more than one wave: bands, recorded noise, several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from afib.classifier import Classifier
from afib.preprocessing import to_network_rate
from afib.proof.band import wave_set
from afib.proof.certificate import write_pieces
from afib.proof.many import Challenge, answer, band_of, noise_of
from afib.proof.path import way_of
from afib.proof.scale import filter_gain, qrs_height_mv, wave_gain
from afib.records import Recording
from afib.records.edf import read_edf
from nnassure.errors import PerturbationError
from tests.support.models import tiny_checkpoint
from tests.support.recordings import (
    MemoryShelf,
    edf_file,
    steps,
    wfdb_record,
    write_files,
)

if TYPE_CHECKING:
    from pathlib import Path

    from afib.checkpoint import Checkpoint
    from afib.proof import Kind


def stored(samples: int = 3000, *, rate_hz: float = 300.0) -> Recording:
    """A recording in whole steps of 1 uV."""
    return Recording.of(
        name="A00001",
        signal_mv=steps(samples) / 1000,
        rate_hz=rate_hz,
        origin="A00001.hea",
        step_mv=0.001,
    )


def question(kind: Kind, size: float, **stated: Any) -> Challenge:  # noqa: ANN401  any field
    """A question at the recorder that is answered in a moment."""
    usual: dict[str, Any] = {
        "kind": kind,
        "at": "recorder",
        "size": size,
        "frequency_hz": 0.3,
        "box_mv": 0.0,
        "parts": 20,
        "steps": 2,
        "seconds": 30.0,
        "restarts": 1,
        "queries": 20,
        "seed": 3,
    }
    return Challenge(**{**usual, **stated})


def near_its_threshold(one: Recording, distance: float) -> Checkpoint:
    """A model that calls *one* AFib by so little."""
    plain = tiny_checkpoint(seed=3)
    signal_mv = to_network_rate(one.signal_mv, one.rate_hz, plain.settings.preprocessing)
    logit = float(Classifier(plain).logits([signal_mv])[0])
    return tiny_checkpoint(seed=3, threshold=logit - distance)


def test_what_is_proven_of_a_band_no_wave_of_it_contradicts() -> None:
    """Of any frequency and phase the device's margin stays above the proven one."""
    checkpoint, one = tiny_checkpoint(seed=2), stored()
    asked = question("wander-band", 0.02)
    known = answer(asked, asked.prover(checkpoint), one)
    assert known.outcome == "certified"
    assert len(known.pieces) >= len(band_of(asked, one, checkpoint.settings).cuts()) - 1
    band = band_of(asked, one, checkpoint.settings)
    way = way_of(one, wave_set(band, 0.3, 0.0), checkpoint.settings, "recorder")
    margin = way.margin_function(Classifier(checkpoint), is_afib=known.rhythm == "AFib")
    generator = np.random.default_rng(1)
    times_s = np.arange(3000) / 300
    for _ in range(40):
        frequency_hz, phase = generator.uniform(0.05, 0.67), generator.uniform(0, 2 * np.pi)
        signal = way.start_mv + 0.02 * np.sin(2 * np.pi * frequency_hz * times_s + phase)
        point = torch.from_numpy(signal.astype(np.float32))[None]
        assert known.certified_margin is not None
        assert float(margin(point)[0]) >= known.certified_margin - 1e-6


def test_a_wave_that_turns_the_decision_is_shown() -> None:
    """It is a wave of the band, of no more than the amplitude, in whole steps."""
    one = stored()
    checkpoint = near_its_threshold(one, 1e-4)
    asked = question("wander-band", 0.2)
    known = answer(asked, asked.prover(checkpoint), one)
    assert (known.outcome, known.pieces) == ("attacked", ())
    assert known.counterexample is not None
    moved = known.counterexample.signal_mv.astype(np.float64) - one.signal_mv
    assert np.abs(moved).max() <= 0.2 + 0.0005 + 1e-6
    assert known.certified_margin is not None
    assert known.certified_margin <= 0


def test_waves_that_are_tried_lie_in_the_disc() -> None:
    """No corner of their box is of more than the amplitude."""
    band = band_of(question("wander-band", 0.2), stored(), tiny_checkpoint().settings)
    for phase in np.linspace(0, np.pi, 7):
        reach = wave_set(band, 0.5, float(phase)).upper
        assert 0.2 * (1 - 1e-9) < np.hypot(*reach) <= 0.2


def test_a_band_is_certified_piece_by_piece(tmp_path: Path) -> None:
    """One file a piece, numbered in the order of the frequencies."""
    checkpoint, one = tiny_checkpoint(seed=2), stored()
    asked = question("wander-band", 0.005, band_hz=(0.3, 0.4))
    prover = asked.prover(checkpoint)
    known = answer(asked, prover, one)
    paths = write_pieces(tmp_path, prover, one, known, at="recorder")
    assert len(paths) == len(known.pieces) >= 1
    assert sorted(tmp_path.iterdir()) == paths


def test_no_single_set_is_a_band() -> None:
    """Whoever asks for one is told."""
    told = "^disturbance: expected one of gain, offset, wander, mains, got wander-band$"
    with pytest.raises(PerturbationError, match=told):
        noise_of(question("wander-band", 0.1), stored(), tiny_checkpoint().settings)


def test_half_a_step_is_added_for_edf_files_too() -> None:
    """Their extremes state what one step of the converter is."""
    ends = {"physical minimum": "-3.2768", "digital minimum": "-1024", "digital maximum": "1023"}
    signal = steps(2500) // 100
    one = read_edf(MemoryShelf({"a.edf": edf_file([ends], signal.tobytes())}), "a.edf")
    noise = noise_of(question("gain", 0.1), one, tiny_checkpoint().settings)
    assert noise.radius_mv == pytest.approx((3.2767 + 3.2768) / 2047 / 2)


def test_joint_sets_hold_all_their_parts_at_once() -> None:
    """Gain, offset, wander and mains move together, beside a box and half a step."""
    checkpoint, one = tiny_checkpoint(seed=2), stored()
    asked = question("joint", 0.01, box_mv=0.005, weights=(("gain", 2.0), ("mains", 1.0)))
    noise = noise_of(asked, one, checkpoint.settings)
    assert noise.names == ("gain", "mains 50 Hz sine", "mains 50 Hz cosine")
    assert noise.upper.tolist() == [0.02, 0.01, 0.01]
    assert noise.radius_mv == pytest.approx(0.0055)
    every = noise_of(question("joint", 0.01), one, checkpoint.settings)
    assert every.parameters == 6
    known = answer(asked, asked.prover(checkpoint), one)
    way = way_of(one, noise, checkpoint.settings, "recorder")
    margin = way.margin_function(Classifier(checkpoint), is_afib=known.rhythm == "AFib")
    generator = np.random.default_rng(0)
    assert known.certified_margin is not None
    for _ in range(20):
        share, box = generator.choice([-1, 1], 3), generator.choice([-1, 1], 3000)
        signal = noise.point(way.start_mv, share * noise.upper, noise.radius_mv * box)
        point = torch.from_numpy(signal.astype(np.float32))[None]
        assert float(margin(point)[0]) >= known.certified_margin - 1e-6


def test_recorded_noise_is_a_kind(tmp_path: Path) -> None:
    """As many parameters as shapes, each of at most the size."""
    rng = np.random.default_rng(0)
    signal = np.rint(rng.normal(0, 200, 14_400).cumsum() / 40).astype("<i2")
    files = wfdb_record("em", signal, top="em 1 360 14400")
    place = write_files(tmp_path, files) / "em"
    asked = question("noise", 0.01, noise=place, components=3)
    noise = noise_of(asked, stored(1500), tiny_checkpoint().settings)
    assert noise.names == ("noise 1", "noise 2", "noise 3")
    assert noise.upper.tolist() == [0.01] * 3
    assert noise.samples == 1500


def test_the_height_of_beats_is_that_of_the_complex() -> None:
    """From the R peak to the S wave, upright or not; a line without beats has none."""
    times_s = np.arange(3000) / 300
    since_s = (times_s + 0.4) % 0.8 - 0.4
    beats = np.exp(-((since_s / 0.012) ** 2)) - 0.25 * np.exp(-(((since_s - 0.03) / 0.01) ** 2))
    for side in (1, -1):
        one = Recording.of(name="b", signal_mv=side * beats, rate_hz=300.0, origin="b")
        assert qrs_height_mv(one) == pytest.approx(1.24, abs=0.03)
    flat = Recording.of(name="f", signal_mv=np.zeros(3000), rate_hz=300.0, origin="f")
    assert qrs_height_mv(flat) is None


def test_the_gain_of_the_filter_is_told() -> None:
    """1.78 from 300 Hz to 60 Hz, and 1 where nothing is filtered."""
    settings = tiny_checkpoint().settings
    assert filter_gain(stored(), settings) > 1.5
    own = settings.preprocessing.rate_hz
    assert filter_gain(stored(rate_hz=own), settings) == 1


@pytest.mark.parametrize("rate_hz", [300.0, 250.0, 128.0])
@pytest.mark.parametrize("frequency_hz", [0.3, 11.0, 25.0, 50.0, 60.0])
def test_what_the_filter_passes_of_a_wave_is_told(rate_hz: float, frequency_hz: float) -> None:
    """The share by which the device's own filter leaves a wave of any phase smaller."""
    settings = tiny_checkpoint().settings
    one = stored(int(20 * rate_hz), rate_hz=rate_hz)
    angles = 2 * np.pi * frequency_hz * np.arange(len(one.signal_mv)) / rate_hz
    sine, cosine = (
        to_network_rate(wave(angles).astype(np.float32), rate_hz, settings.preprocessing)
        for wave in (np.sin, np.cos)
    )
    middle = slice(len(sine) // 4, -len(sine) // 4)
    left = float(np.median(np.hypot(sine, cosine)[middle]))
    assert wave_gain(one, settings, frequency_hz) == pytest.approx(left, abs=2e-3)
