"""A recording gets a rhythm, or a reason why it gets none."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.classifier import Classifier
from afib.decision import Decision, Limits, Screener, unusable
from afib.preprocessing import to_network_rate
from afib.records import Recording
from afib.settings import UsabilitySettings
from tests.support.models import tiny_checkpoint
from tests.support.recordings import recording
from tests.support.uncertain import NEVER, tiny_uncertainty

if TYPE_CHECKING:
    from nnassure.arrays import FloatArray

RATE_HZ = 100
LIMITS = UsabilitySettings(shortest_s=9.0, flat_mv=0.01, flat_share=0.5, saturated_share=0.2)


def noise(seconds: float, *, seed: int = 0) -> FloatArray:
    """So many seconds in which no sample stands twice at an extreme."""
    samples = round(seconds * RATE_HZ)
    return np.random.default_rng(seed).normal(0, 0.3, samples).astype(np.float32)


def level(seconds: float, level_mv: float = 0.1) -> FloatArray:
    """So many seconds that do not move."""
    return np.full(round(seconds * RATE_HZ), level_mv, dtype=np.float32)


def railed(share: float) -> FloatArray:
    """Twenty seconds of noise with a share of the samples at plus and minus 3 mV, spread evenly."""
    signal = noise(20)
    at = np.linspace(0, len(signal) - 1, round(share * len(signal))).astype(np.int64)
    signal[at] = np.where(np.arange(len(at)) % 2 == 0, 3.0, -3.0)
    return signal


def screener_around(one: Recording, *, above: bool) -> Screener:
    """A device whose threshold is just below, or just above, the logit of *one*."""
    plain = Classifier(tiny_checkpoint())
    signal = to_network_rate(one.signal_mv, one.rate_hz, plain.settings.preprocessing)
    logit = float(plain.logits([signal])[0])
    return Screener(Classifier(tiny_checkpoint(threshold=logit + (1e-3 if above else -1e-3))))


def test_an_ordinary_signal_is_usable() -> None:
    """Noise of ten seconds may hold a rhythm."""
    assert unusable(noise(10), RATE_HZ, LIMITS) is None


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (9.0, None),
        (8.99, "too short: 8.9 s of at least 9 s"),
        (0.5, "too short: 0.5 s of at least 9 s"),
    ],
)
def test_a_signal_may_be_too_short(seconds: float, reason: str | None) -> None:
    """The limit itself is long enough, and what is shorter never reads as the limit."""
    assert unusable(noise(seconds), RATE_HZ, LIMITS) == reason


@pytest.mark.parametrize(
    ("flat_s", "reason"), [(5, None), (6, "flat line in 60% of the recording")]
)
def test_a_signal_may_be_flat(flat_s: int, reason: str | None) -> None:
    """Half of the seconds may be flat, more may not; where the line lies does not matter."""
    for level_mv in (0.0, 0.1, -0.4):
        signal = np.concatenate([level(flat_s, level_mv), noise(10 - flat_s)])
        assert unusable(signal, RATE_HZ, LIMITS) == reason


def test_a_line_that_hardly_moves_is_flat() -> None:
    """Steps of a converter below the limit are no beats; at the limit they may be."""
    steps = np.tile([0.0, 1.0], 5 * RATE_HZ).astype(np.float32)
    assert unusable(0.009 * steps, RATE_HZ, LIMITS) == "flat line in 100% of the recording"
    wandering = 0.011 * steps + noise(10) * 1e-4
    assert unusable(wandering, RATE_HZ, LIMITS) is None


@pytest.mark.parametrize(
    ("share", "reason"), [(0.2, None), (0.25, "saturated in 25% of the recording")]
)
def test_a_signal_may_be_saturated(share: float, reason: str | None) -> None:
    """A fifth of the samples may stand at the rails, both together, more may not."""
    assert unusable(railed(share), RATE_HZ, LIMITS) == reason


def test_a_signal_below_a_second_is_one_window() -> None:
    """Where the limit lets so short a signal pass, it is still seen to be flat."""
    limits = replace(LIMITS, shortest_s=0.2)
    assert unusable(0.001 * noise(0.5), RATE_HZ, limits) == "flat line in 100% of the recording"
    assert unusable(noise(0.5), RATE_HZ, limits) is None


@pytest.mark.parametrize(("above", "rhythm"), [(False, "AFib"), (True, "normal")])
def test_the_rhythm_is_what_the_threshold_says(*, above: bool, rhythm: str) -> None:
    """A logit above the threshold is AFib, one below it is normal; nothing else decides."""
    one = recording()
    assert screener_around(one, above=above).decide(one).rhythm == rhythm


def test_a_decision_is_whole() -> None:
    """It says which recording, how long, how sure, and which model; no detector spoke yet."""
    classifier, one = Classifier(tiny_checkpoint(threshold=-1e9)), recording("A00007")
    signal = to_network_rate(one.signal_mv, one.rate_hz, classifier.settings.preprocessing)
    probability = float(classifier.probabilities(classifier.logits([signal]))[0])
    assert asdict(Screener(classifier).decide(one)) == {
        "record": "A00007",
        "duration_s": 10.0,
        "rhythm": "AFib",
        "probability_afib": probability,
        "prediction_set": None,
        "alpha": None,
        "ood_score": None,
        "ood_threshold": None,
        "abstained": False,
        "reason": None,
        "model_digest": classifier.digest,
    }


def test_the_device_abstains_on_what_can_hold_no_rhythm() -> None:
    """It then says neither rhythm nor probability, but why."""
    classifier, short = Classifier(tiny_checkpoint()), recording(samples=2001)
    assert Screener(classifier).decide(short) == Decision(
        record="A00001",
        duration_s=6.67,
        rhythm=None,
        probability_afib=None,
        prediction_set=None,
        alpha=None,
        ood_score=None,
        ood_threshold=None,
        abstained=True,
        reason="too short: 6.6 s of at least 9 s",
        model_digest=classifier.digest,
    )


def test_recordings_of_any_rate_are_decided() -> None:
    """The same wave from a faster recorder gets nearly the same probability."""
    slow = recording()
    time_s = np.arange(6000) / 600
    fast_mv = np.interp(time_s, np.arange(3000) / 300, slow.signal_mv)
    fast = Recording.of(name="fast", signal_mv=fast_mv, rate_hz=600.0, origin="fast")
    screener = Screener(Classifier(tiny_checkpoint(temperature=10.0)))
    first, second = screener.decide(slow), screener.decide(fast)
    assert first.probability_afib is not None
    assert second.probability_afib == pytest.approx(first.probability_afib, abs=0.02)
    assert second.duration_s == first.duration_s


def device(
    *,
    threshold: float = 0.25,
    ood_threshold: float = NEVER,
    thresholds: tuple[float, float] = (1.0, 1.0),
) -> Screener:
    """A whole device: network, gate and prediction sets."""
    checkpoint = tiny_checkpoint(threshold=threshold)
    uncertainty = tiny_uncertainty(checkpoint, ood_threshold=ood_threshold, thresholds=thresholds)
    limits = Limits(checkpoint=checkpoint, uncertainty=uncertainty)
    return Screener(Classifier(checkpoint), limits)


def test_a_whole_device_says_what_it_cannot_rule_out() -> None:
    """Both rhythms where both thresholds are 1; the rhythm of the network alone stays."""
    whole, one = device(threshold=-1e9), recording("A00007")
    alone = Screener(whole.classifier).decide(one)
    decision = whole.decide(one)
    assert decision.rhythm == alone.rhythm == "AFib"
    assert decision.probability_afib == alone.probability_afib
    assert decision.prediction_set == ("normal", "AFib")
    assert decision.ood_score is not None
    assert (decision.ood_threshold, decision.reason) == (NEVER, None)
    assert decision.model_digest == whole.digest != alone.model_digest


def test_what_is_strange_is_not_classified() -> None:
    """A score above the threshold: no rhythm, no probability, no set; at the threshold a rhythm."""
    one = recording()
    score = device().decide(one).ood_score
    assert score is not None
    for limit, abstained in ((np.nextafter(score, -np.inf), True), (score, False)):
        decision = device(ood_threshold=float(limit)).decide(one)
        assert decision.abstained is abstained
        assert decision.ood_score == score
        assert (decision.probability_afib is None) is abstained
        assert (decision.prediction_set is None) is abstained
        assert (decision.reason is not None) is abstained


def test_an_empty_set_abstains() -> None:
    """Neither rhythm fits as well as calibration recordings did; how sure it is stays known."""
    decision = device(thresholds=(0.0, 0.0)).decide(recording())
    assert decision.abstained
    assert decision.prediction_set == ()
    assert decision.probability_afib is not None
    assert decision.reason is not None
    assert "neither rhythm" in decision.reason


@pytest.mark.parametrize(
    ("threshold", "thresholds", "kept"),
    [(-1e9, (1.0, 0.0), ("normal",)), (1e9, (0.0, 1.0), ("AFib",))],
)
def test_a_set_without_the_rhythm_abstains(
    threshold: float, thresholds: tuple[float, float], kept: tuple[str, ...]
) -> None:
    """The device never says a rhythm that its own set rules out."""
    decision = device(threshold=threshold, thresholds=thresholds).decide(recording())
    assert decision.abstained
    assert decision.prediction_set == kept
    assert decision.reason is not None
    assert "rules out" in decision.reason


def test_what_can_hold_no_rhythm_has_no_score() -> None:
    """It is refused before anything is computed of it."""
    decision = device().decide(recording(samples=2001))
    assert (decision.abstained, decision.ood_score, decision.prediction_set) == (True, None, None)
