"""The classifier: logits, probabilities, calls, and margins that agree with them."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from afib.classifier import Classifier
from afib.preprocessing import segments
from nnassure.attacks import pgd
from nnassure.errors import NotFiniteError, ShapeError
from nnassure.perturbation import Ball
from tests.support.models import tiny_checkpoint
from tests.support.training import pulse_dataset

_SEGMENT = 240


def _signal(samples: int, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(0.0, 1.0, samples).astype(np.float32)


def test_a_logit_is_the_mean_over_the_segments() -> None:
    """A recording's logit averages AFib minus normal over what preprocessing cuts from it."""
    checkpoint, signal = tiny_checkpoint(), _signal(600)
    pieces = torch.from_numpy(segments(signal, checkpoint.settings.preprocessing))
    logits = checkpoint.network(pieces)
    expected = float((logits[:, 1] - logits[:, 0]).mean())
    assert len(pieces) == 3
    assert Classifier(checkpoint).logits([signal])[0] == pytest.approx(expected, abs=1e-6)


def test_a_logit_does_not_depend_on_the_company() -> None:
    """To the last bit, a recording has the same logit alone, among others and in any order."""
    classifier, signals = Classifier(tiny_checkpoint()), pulse_dataset().signals
    together = classifier.logits(signals)
    alone = np.array([classifier.logits([signal])[0] for signal in signals])
    assert together.dtype == np.float32
    assert np.array_equal(together, alone)
    assert np.array_equal(classifier.logits(signals[::-1]), together[::-1])


def test_no_recordings_have_no_logits() -> None:
    """An empty sequence gives an empty array."""
    assert Classifier(tiny_checkpoint()).logits([]).shape == (0,)


def test_a_probability_is_the_logistic_of_the_tempered_logit() -> None:
    """A logit of 0 is one half; otherwise the temperature divides it; the far ends stay finite."""
    classifier = Classifier(tiny_checkpoint(temperature=2.0))
    probabilities = classifier.probabilities(np.array([0, 4, -1e6, 1e6], dtype=np.float32))
    # 1 / (1 + exp(-4 / 2)) = 0.880797
    np.testing.assert_allclose(probabilities, [0.5, 0.880797, 0.0, 1.0], atol=1e-6)


def test_calls_are_made_above_the_threshold() -> None:
    """A logit at the threshold is normal."""
    classifier = Classifier(tiny_checkpoint(threshold=0.25))
    calls = classifier.calls_afib(np.array([0.2, 0.25, 0.3], dtype=np.float32))
    assert calls.tolist() == [False, False, True]


@pytest.mark.parametrize("samples", [100, _SEGMENT, 500])
def test_margins_are_signed_distances_to_the_threshold(samples: int) -> None:
    """For short, whole and overlapping recordings, a margin is positive where the call is right."""
    classifier = Classifier(tiny_checkpoint(threshold=0.25))
    signals = np.stack([_signal(samples, seed) for seed in range(4)])
    is_afib = np.array([True, True, False, False])
    logits = classifier.logits(list(signals))
    margins = classifier.margin_function(samples, torch.from_numpy(is_afib))(
        torch.from_numpy(signals)
    )
    np.testing.assert_allclose(margins, np.where(is_afib, 1, -1) * (logits - 0.25), atol=1e-6)
    assert ((margins > 0).numpy() == (classifier.calls_afib(logits) == is_afib)).all()


@pytest.mark.parametrize("samples", [100, 500])
def test_a_sample_in_two_places_is_one_variable(samples: int) -> None:
    """Repeated and overlapping samples move together: the gradient is that of the recording."""
    classifier = Classifier(tiny_checkpoint())
    margin = classifier.margin_function(samples, torch.tensor([True]))
    signal = torch.from_numpy(_signal(samples))[None].requires_grad_()
    (gradient,) = torch.autograd.grad(margin(signal).sum(), signal)
    direction = torch.from_numpy(_signal(samples, seed=9))[None]
    direction /= direction.norm()
    step = 1e-2
    with torch.no_grad():
        change = margin(signal + step * direction) - margin(signal - step * direction)
    assert float((gradient * direction).sum()) == pytest.approx(
        float(change) / (2 * step), abs=5e-3
    )


def test_an_attacked_recording_is_called_as_the_attack_says() -> None:
    """What the attack found on a short recording holds when the recording is classified anew."""
    signals = np.stack([_signal(100, seed) for seed in range(6)])
    middle = float(np.median(Classifier(tiny_checkpoint()).logits(list(signals))))
    classifier, ball = Classifier(tiny_checkpoint(threshold=middle)), Ball(radius_mv=0.01)
    is_afib = classifier.calls_afib(classifier.logits(list(signals)))
    margin = classifier.margin_function(100, torch.from_numpy(is_afib))
    result = pgd(margin, torch.from_numpy(signals), ball, steps=10, restarts=1, seed=0)
    calls = classifier.calls_afib(classifier.logits(list(result.inputs)))
    assert 0 < result.found.sum() < len(signals)
    assert np.array_equal(calls != is_afib, result.found)


@pytest.mark.parametrize(
    ("signal", "error", "message"),
    [
        (np.zeros((1, 9)), ShapeError, "signals[1]: expected shape (samples,), got (1, 9)"),
        (np.zeros(0), ShapeError, "signal_mv: expected at least 1 sample, got none"),
        (
            np.array([0, np.nan]),
            NotFiniteError,
            "signals[1]: expected finite values, got 1 of 2 that are not, the first at 1",
        ),
    ],
)
def test_a_signal_that_is_none_is_refused(
    signal: np.ndarray[tuple[int, ...], np.dtype[np.float32]], error: type[Exception], message: str
) -> None:
    """The message says which of the recordings it is, and why."""
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        Classifier(tiny_checkpoint()).logits([_signal(9), signal.astype(np.float32)])


def test_an_overflowing_network_gives_no_call() -> None:
    """A logit that is no number raises instead of counting as normal."""
    huge = np.full(_SEGMENT, 3e38, dtype=np.float32)
    with pytest.raises(NotFiniteError, match=r"^logits: expected finite values"):
        Classifier(tiny_checkpoint()).logits([huge])
    with pytest.raises(NotFiniteError, match=r"^scores: expected finite values"):
        Classifier(tiny_checkpoint()).calls_afib(np.array([np.nan], dtype=np.float32))


def test_margins_of_other_recordings_are_refused() -> None:
    """A margin function is for the recordings and the length it was made for."""
    margin = Classifier(tiny_checkpoint()).margin_function(100, torch.tensor([True, False]))
    message = "signals_mv: expected shape (2, 100), got (2, 99)"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        margin(torch.zeros((2, 99)))


def test_the_classifier_carries_the_digest_of_its_checkpoint() -> None:
    """Two models that differ in the threshold alone are two models."""
    first, second = tiny_checkpoint(threshold=0.0), tiny_checkpoint(threshold=0.5)
    assert Classifier(first).digest == first.digest
    assert Classifier(first).digest != Classifier(second).digest
