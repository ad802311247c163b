"""What is proven of a stored recording holds for the device, whole way and all."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch

from afib.classifier import Classifier
from afib.decision import Screener
from afib.preprocessing import to_network_rate
from afib.proof import hold_apart
from afib.proof.many import Challenge, noise_of, proven
from afib.proof.path import way_of
from afib.records import Recording
from nnassure.certify.parts import Part
from nnassure.certify.proving import Proof
from nnassure.errors import BoundError, PerturbationError
from tests.support.models import tiny_checkpoint
from tests.support.networks import placed
from tests.support.recordings import recording, steps

if TYPE_CHECKING:
    from pathlib import Path

    from afib.checkpoint import Checkpoint
    from afib.proof import Kind, Place, ProvenDecision
    from nnassure.arrays import FloatArray


def challenge(  # noqa: PLR0913  a question is told by its set
    kind: Kind = "linf",
    at: Place = "recorder",
    *,
    size: float,
    frequency_hz: float | None = None,
    box_mv: float = 0.0,
    restarts: int = 2,
) -> Challenge:
    """A question that is answered in a moment."""
    return Challenge(
        kind=kind,
        at=at,
        size=size,
        frequency_hz=frequency_hz,
        box_mv=box_mv,
        parts=20,
        steps=4,
        seconds=20.0,
        restarts=restarts,
        queries=50,
        seed=3,
    )


def asked(question: Challenge, checkpoint: Checkpoint, one: Recording) -> ProvenDecision:
    """The answer about *one*."""
    noise = noise_of(question, one, checkpoint.settings)
    return question.prover(checkpoint).prove(one, noise, at=question.at, seed=question.seed)


def stored(samples: int = 3000, *, seed: int = 0, rate_hz: float = 300.0) -> Recording:
    """A recording in whole steps of 1 uV."""
    return Recording.of(
        name="A00001",
        signal_mv=steps(samples, seed=seed) / 1000,
        rate_hz=rate_hz,
        origin="A00001.hea",
        step_mv=0.001,
    )


def network_samples(checkpoint: Checkpoint, one: Recording) -> FloatArray:
    """What the network of *checkpoint* is given of *one*."""
    return to_network_rate(one.signal_mv, one.rate_hz, checkpoint.settings.preprocessing)


@pytest.mark.parametrize("polarity", ["free", "invariant"])
@pytest.mark.parametrize(("samples", "rate_hz"), [(3000, 300.0), (2703, 300.0), (2600, 250.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_stored_recording_in_the_set_is_below_its_margin(
    polarity: str, samples: int, rate_hz: float, seed: int
) -> None:
    """Disturbed by whole steps up to the radius, the device's margin stays above the proven one."""
    checkpoint = tiny_checkpoint(seed=seed, polarity=polarity)
    one = stored(samples, seed=seed, rate_hz=rate_hz)
    question = challenge(size=0.005)
    noise = noise_of(question, one, checkpoint.settings)
    known = asked(question, checkpoint, one)
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
    noise = noise_of(challenge(size=0.001), one, checkpoint.settings)
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
    plain = tiny_checkpoint(seed=2)
    logit = float(Classifier(plain).logits([network_samples(plain, one)])[0])
    checkpoint = tiny_checkpoint(seed=2, threshold=logit - 1e-4)
    known = asked(challenge(size=0.01), checkpoint, one)
    assert (known.outcome, known.rhythm) == ("attacked", "AFib")
    assert known.counterexample is not None
    moved = (known.counterexample.signal_mv.astype(np.float64) - one.signal_mv) / 0.001
    assert np.all(np.abs(moved) <= 10 + 1e-3)
    np.testing.assert_allclose(moved, np.round(moved), atol=1e-3)
    turned = replace(one, signal_mv=known.counterexample.signal_mv)
    assert Screener(Classifier(checkpoint)).decide(turned).rhythm == "normal"


def turned_by_little(one: Recording) -> Checkpoint:
    """A model that *one* is hardly AFib for."""
    plain = tiny_checkpoint(seed=2)
    logit = float(Classifier(plain).logits([network_samples(plain, one)])[0])
    return tiny_checkpoint(seed=2, threshold=logit - 1e-4)


def test_what_the_device_abstains_on_turns_nothing() -> None:
    """The network says the other rhythm, the device says none: that shows what it may do."""
    one = stored()
    checkpoint = turned_by_little(one)
    network = Screener(Classifier(checkpoint))

    def decide(given: Recording) -> Any:  # noqa: ANN401  a decision, of which two words are read
        same = np.array_equal(given.signal_mv, one.signal_mv)
        rhythm = network.decide(given).rhythm if same else None
        return SimpleNamespace(abstained=not same, rhythm=rhythm)

    device = cast(
        "Screener", SimpleNamespace(classifier=network.classifier, decide=decide, limits=None)
    )
    question = challenge(size=0.01)
    noise = noise_of(question, one, checkpoint.settings)
    prover = question.prover(checkpoint, device)
    known = prover.prove(one, noise, at="recorder", seed=3)
    assert (known.outcome, known.may_abstain, known.counterexample) == ("unknown", True, None)
    assert asked(question, checkpoint, one).outcome == "attacked"


def test_a_counterexample_is_within_the_range_of_the_converter() -> None:
    """What the file's numbers do not hold, or no ECG reaches, is no recording."""
    one = stored()
    peak = float(np.abs(one.signal_mv).max())
    narrow = replace(one, range_mv=(-peak, peak))
    checkpoint = turned_by_little(one)
    known = asked(challenge(size=0.01), checkpoint, narrow)
    assert known.counterexample is not None
    assert float(np.abs(known.counterexample.signal_mv).max()) <= peak + 1e-6
    moved = known.counterexample.signal_mv - one.signal_mv
    assert float(np.abs(moved).max()) > 0.009
    still = replace(one, range_mv=(peak, peak))
    assert asked(challenge("offset", size=0.01), checkpoint, still).counterexample is None


def test_a_signal_beyond_belief_is_no_counterexample() -> None:
    """An attack may leave 20 mV, where no recording is read; the question has an answer still."""
    one = stored()
    high = np.array(one.signal_mv)
    high[1500] = 19.9999
    one = Recording.of(name="A00001", signal_mv=high, rate_hz=300.0, origin="A00001.hea")
    checkpoint = turned_by_little(one)
    known = asked(challenge(size=0.01), checkpoint, one)
    assert known.outcome in {"attacked", "unknown"}
    most = 0.0 if known.counterexample is None else np.abs(known.counterexample.signal_mv).max()
    assert most <= 20.0


@pytest.mark.parametrize(
    ("kind", "at", "frequency_hz"),
    [
        *((kind, at, None) for kind in ("gain", "offset") for at in ("recorder", "network")),
        ("wander", "recorder", 0.3),
        ("wander", "network", 0.3),
        # Behind the filter a sine of 50 Hz cannot stand: it is above half the rate.
        ("mains", "recorder", 50.0),
    ],
)
def test_parametric_sets_hold_for_what_the_device_sees(
    kind: Kind, at: Place, frequency_hz: float | None
) -> None:
    """At drawn parameters and corners the device's margin stays above the proven one."""
    checkpoint, one = tiny_checkpoint(seed=2), stored()
    question = challenge(kind, at, size=0.05, frequency_hz=frequency_hz)
    noise = noise_of(question, one, checkpoint.settings)
    known = asked(question, checkpoint, one)
    way = way_of(one, noise, checkpoint.settings, at)
    margin = way.margin_function(Classifier(checkpoint), is_afib=known.rhythm == "AFib")
    generator = np.random.default_rng(0)
    shares = generator.uniform(-1, 1, (20, noise.parameters))
    shares[10:] = np.sign(shares[10:])
    assert known.certified_margin is not None
    for share in shares:
        signal = way.start_mv + (share * noise.upper) @ noise.generators
        point = torch.from_numpy(signal.astype(np.float32))[None]
        assert float(margin(point)[0]) >= known.certified_margin - 1e-6


@pytest.mark.parametrize("box_mv", [0.0, 0.002])
def test_a_parametric_counterexample_lies_in_its_set(box_mv: float) -> None:
    """In whole steps of the converter, and still within the parameters and the box."""
    one, plain = stored(), tiny_checkpoint(seed=3)
    logit = float(Classifier(plain).logits([network_samples(plain, one)])[0])
    checkpoint = tiny_checkpoint(seed=3, threshold=logit - 1e-3)
    question = challenge("offset", size=0.2, box_mv=box_mv)
    noise = noise_of(question, one, checkpoint.settings)
    known = asked(question, checkpoint, one)
    assert (known.outcome, known.rhythm) == ("attacked", "AFib")
    assert known.counterexample is not None
    point = known.counterexample.signal_mv[None]
    assert noise.radius_mv == pytest.approx(box_mv + 0.0005)
    assert noise.contains(point, one.signal_mv, 2.0**-22).all()


def test_a_proof_that_an_attack_contradicts_is_an_error() -> None:
    """An engine that is wrong is told of, never reported as certified."""
    one = stored()
    whole = Part(margin=1.0, halves=(), recording=placed(torch.zeros(4), length=4, radius=1.0))
    wrong = Proof(margin=1.0, method="linear", parts=(whole,), leaves=())
    told = r"^A00001: expected no margin below the proven 1, got a signal of the set with 0\.5;"
    with pytest.raises(BoundError, match=told):
        hold_apart(one, wrong, 0.5)
    hold_apart(one, replace(wrong, margin=0.5), 0.5)


def test_nothing_is_proven_where_the_device_abstains() -> None:
    """A flat line has no rhythm, so there is no decision to prove."""
    flat = Recording.of(
        name="flat", signal_mv=np.zeros(3000), rate_hz=300.0, origin="flat", step_mv=0.001
    )
    checkpoint = tiny_checkpoint()
    known = asked(challenge(size=0.01), checkpoint, flat)
    assert (known.outcome, known.rhythm, known.method) == ("unknown", None, None)
    assert not known.certified_decision


def test_proofs_side_by_side_are_those_of_one_after_the_other(tmp_path: Path) -> None:
    """Two processes give the margins of one."""
    folder = tmp_path / "model"
    tiny_checkpoint().save(folder)
    both = [recording("A00001"), recording("A00002", seed=1)]
    question = challenge(at="network", size=0.002, restarts=1)
    one, two = (proven(folder, both, question, processes=count, progress=False) for count in (1, 2))
    assert [known.certified_margin for known in one] == [known.certified_margin for known in two]
    assert [known.record for known in one] == ["A00001", "A00002"]


@pytest.mark.parametrize("size", [0.0, -0.1, float("nan"), float("inf")])
def test_a_set_without_extent_is_refused(size: float) -> None:
    """A radius that is no number above 0 proves nothing."""
    one, settings = stored(), tiny_checkpoint().settings
    with pytest.raises(PerturbationError):
        noise_of(challenge(size=size), one, settings)


def test_a_set_that_float32_does_not_hold_is_refused() -> None:
    """Told by its size, not by what the network makes of it."""
    one, checkpoint = stored(), tiny_checkpoint()
    told = r"^noise: expected samples of at most 3\.40282e\+38 mV, got up to 1e\+300 mV$"
    with pytest.raises(PerturbationError, match=told):
        asked(challenge(size=1e300), checkpoint, one)


def test_a_place_that_there_is_not_is_refused() -> None:
    """A disturbance enters at the recorder or at the network."""
    one, checkpoint = stored(), tiny_checkpoint()
    noise = noise_of(challenge(size=0.01), one, checkpoint.settings)
    at = cast("Place", "electrode")
    with pytest.raises(PerturbationError, match=r"^at: expected recorder or network, got elec"):
        way_of(one, noise, checkpoint.settings, at)
