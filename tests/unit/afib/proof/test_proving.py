"""What is proven of a stored recording holds for the device, whole way and all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from afib.classifier import Classifier
from afib.decision import Screener
from afib.proof import Prover
from afib.proof.abstention import may_abstain
from afib.proof.many import Challenge, noise_of, proven
from afib.proof.path import way_of
from afib.records import Recording
from afib.settings import UsabilitySettings
from nnassure.attacks import Budget
from nnassure.errors import PerturbationError
from tests.support.models import tiny_checkpoint
from tests.support.recordings import recording, steps

CHEAP = Budget(
    steps=10, restarts=2, auto_restarts=1, smooth_restarts=0, square_restarts=0, art_restarts=0
)
LIMITS = UsabilitySettings(shortest_s=1.0, flat_mv=0.01, flat_share=0.5, saturated_share=0.2)


def stored(samples: int = 3000, *, seed: int = 0, rate_hz: float = 300.0) -> Recording:
    """A recording in whole steps of 1 uV."""
    return Recording.of(
        name="A00001",
        signal_mv=steps(samples, seed=seed) / 1000,
        rate_hz=rate_hz,
        origin="A00001.hea",
        step_mv=0.001,
    )


@pytest.mark.parametrize("polarity", ["free", "invariant"])
@pytest.mark.parametrize(("samples", "rate_hz"), [(3000, 300.0), (2703, 300.0), (2600, 250.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_stored_recording_in_the_set_is_below_its_margin(
    polarity: str, samples: int, rate_hz: float, seed: int
) -> None:
    """Disturbed by whole steps up to the radius, the device's margin stays above the proven one."""
    checkpoint = tiny_checkpoint(seed=seed, polarity=polarity)
    one = stored(samples, seed=seed, rate_hz=rate_hz)
    challenge = Challenge(kind="linf", at="recorder", size=0.005)
    noise = noise_of(challenge, one, checkpoint.settings)
    known = Prover(checkpoint, attack=CHEAP, parts=20, seconds=5).prove(one, noise)
    way = way_of(one, noise, checkpoint.settings, "recorder")
    margin = way.margin_function(Classifier(checkpoint), is_afib=known.rhythm == "AFib")
    generator = np.random.default_rng(seed)
    moves = generator.integers(-5, 6, (40, samples))
    moves[20:] = 5 * generator.choice([-1, 1], (20, samples))
    points = torch.from_numpy((one.signal_mv + moves / 1000).astype(np.float32))
    assert known.certified_margin is not None
    for point in points:
        assert float(margin(point[None])[0]) >= known.certified_margin - 1e-6


def test_the_way_of_the_engine_is_the_way_of_the_device() -> None:
    """Undisturbed, the margin along the way is the device's, and the samples are its samples."""
    checkpoint, one = tiny_checkpoint(), stored(2703)
    noise = noise_of(Challenge(kind="linf", at="recorder", size=0.001), one, checkpoint.settings)
    way = way_of(one, noise, checkpoint.settings, "recorder")
    classifier = Classifier(checkpoint)
    margin = way.margin_function(classifier, is_afib=True)
    start = torch.from_numpy(np.array(way.start_mv))[None]
    logit = float(classifier.logits([way.network_mv])[0])
    assert float(margin(start)[0]) == pytest.approx(logit - checkpoint.threshold, abs=1e-5)
    assert way.resampling is not None
    exact = way.resampling.forward(start.double(), len(way.network_mv))[0]
    off = np.abs(exact.numpy() - way.network_mv)
    assert np.all(off <= way.placed.rounding.numpy())


def test_a_reported_counterexample_turns_the_device() -> None:
    """It lies in the set, in whole steps, and the device says the other rhythm of it."""
    one = stored()
    plain = Classifier(tiny_checkpoint(seed=2))
    signal = way_of(
        one,
        noise_of(Challenge(kind="linf", at="recorder", size=0.01), one, plain.settings),
        plain.settings,
        "recorder",
    ).network_mv
    near = float(plain.logits([signal])[0]) - 1e-4
    checkpoint = tiny_checkpoint(seed=2, threshold=near)
    noise = noise_of(Challenge(kind="linf", at="recorder", size=0.01), one, checkpoint.settings)
    known = Prover(checkpoint, attack=CHEAP).prove(one, noise)
    assert (known.outcome, known.rhythm) == ("attacked", "AFib")
    assert known.counterexample is not None
    moved = (known.counterexample.signal_mv.astype(np.float64) - one.signal_mv) / 0.001
    assert np.all(np.abs(moved) <= 10 + 1e-3)
    np.testing.assert_allclose(moved, np.round(moved), atol=1e-3)
    turned = replace(one, signal_mv=known.counterexample.signal_mv)
    assert Screener(Classifier(checkpoint)).decide(turned).rhythm == "normal"


@pytest.mark.parametrize("kind", ["gain", "offset", "wander", "mains"])
@pytest.mark.parametrize("at", ["recorder", "network"])
def test_parametric_sets_hold_for_what_the_device_sees(kind: str, at: str) -> None:
    """At drawn parameters and corners the device's margin stays above the proven one."""
    if (kind, at) == ("mains", "network"):
        # Behind the filter a sine of 50 Hz cannot stand: it is above half the rate.
        return
    checkpoint, one = tiny_checkpoint(seed=2), stored()
    frequency = 50.0 if kind == "mains" else 0.3
    challenge = Challenge(kind=kind, at=at, size=0.05, frequency_hz=frequency)  # type: ignore[arg-type]
    noise = noise_of(challenge, one, checkpoint.settings)
    known = Prover(checkpoint, attack=CHEAP, parts=40, seconds=5).prove(one, noise, at=at)  # type: ignore[arg-type]
    way = way_of(one, noise, checkpoint.settings, at)  # type: ignore[arg-type]
    margin = way.margin_function(Classifier(checkpoint), is_afib=known.rhythm == "AFib")
    generator = np.random.default_rng(0)
    shares = generator.uniform(-1, 1, (20, noise.parameters))
    shares[10:] = np.sign(shares[10:])
    assert known.certified_margin is not None
    for share in shares:
        signal = way.start_mv + (share * noise.upper) @ noise.generators
        point = torch.from_numpy(signal.astype(np.float32))[None]
        assert float(margin(point)[0]) >= known.certified_margin - 1e-6


def test_nothing_is_proven_where_the_device_abstains() -> None:
    """A flat line has no rhythm, so there is no decision to prove."""
    flat = Recording.of(
        name="flat", signal_mv=np.zeros(3000), rate_hz=300.0, origin="flat", step_mv=0.001
    )
    checkpoint = tiny_checkpoint()
    noise = noise_of(Challenge(kind="linf", at="recorder", size=0.01), flat, checkpoint.settings)
    known = Prover(checkpoint, attack=CHEAP).prove(flat, noise)
    assert (known.outcome, known.rhythm, known.method) == ("unknown", None, None)
    assert not known.certified_decision


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


def test_proofs_side_by_side_are_those_of_one_after_the_other(tmp_path: object) -> None:
    """Two processes give the margins of one."""
    folder = tmp_path / "model"  # type: ignore[operator]
    tiny_checkpoint().save(folder)
    both = [recording("A00001"), recording("A00002", seed=1)]
    challenge = Challenge(kind="linf", at="network", size=0.002, restarts=1, seconds=5)
    one, two = (
        proven(folder, both, challenge, processes=count, progress=False) for count in (1, 2)
    )
    assert [known.certified_margin for known in one] == [known.certified_margin for known in two]
    assert [known.record for known in one] == ["A00001", "A00002"]


@pytest.mark.parametrize("size", [0.0, -0.1, float("nan"), float("inf")])
def test_a_set_without_extent_is_refused(size: float) -> None:
    """A radius that is no number above 0 proves nothing."""
    one, settings = stored(), tiny_checkpoint().settings
    with pytest.raises(PerturbationError):
        noise_of(Challenge(kind="linf", at="recorder", size=size), one, settings)
