"""Features of recordings: they lead to the logits that the device has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from afib.classifier import Classifier
from afib.embedding import embedded
from afib.errors import ModelError
from afib.network import build_network, folded
from nnassure.errors import NotFiniteError, ShapeError
from tests.support.models import tiny_checkpoint

SIGNALS = [
    np.random.default_rng(seed).normal(size=samples).astype(np.float32)
    for seed, samples in enumerate((40, 90, 200))
]


def test_logits_are_those_of_the_device() -> None:
    """Of short recordings and of several segments; the head makes them of the features."""
    checkpoint = tiny_checkpoint()
    found = embedded(checkpoint, SIGNALS)
    wanted = Classifier(checkpoint).logits(SIGNALS)
    np.testing.assert_allclose(found.logits[:, 1] - found.logits[:, 0], wanted, atol=1e-5)
    weights = checkpoint.network.state_dict()
    last = [weights[f"head.2.{name}"].double().numpy() for name in ("weight", "bias")]
    np.testing.assert_allclose(found.hidden @ last[0].T + last[1], found.logits, atol=1e-5)
    settings = checkpoint.settings.network
    assert found.pooled.shape == (3, settings.channels[-1])
    assert found.hidden.shape == (3, settings.hidden)
    assert (found.pooled >= 0).all()
    assert (found.hidden >= 0).all()


def test_a_recording_alone_has_the_features_it_has_among_others() -> None:
    """Bit for bit; and none have none."""
    checkpoint = tiny_checkpoint()
    together = embedded(checkpoint, SIGNALS)
    for position, signal in enumerate(SIGNALS):
        alone = embedded(checkpoint, [signal])
        np.testing.assert_array_equal(alone.pooled[0], together.pooled[position])
        np.testing.assert_array_equal(alone.hidden[0], together.hidden[position])
    assert embedded(checkpoint, []).hidden.shape == (0, together.hidden.shape[1])


def test_a_network_of_both_polarities_has_the_same_features_either_way() -> None:
    """And logits that are those of the device."""
    checkpoint = tiny_checkpoint()
    settings = checkpoint.settings
    both = replace(settings, network=replace(settings.network, polarity="invariant"))
    samples = round(both.preprocessing.rate_hz * both.preprocessing.segment_s)
    network = folded(build_network(both.network, samples).eval())
    invariant = replace(checkpoint, settings=both, network=network)
    found, turned = (
        embedded(invariant, signals) for signals in (SIGNALS, [-each for each in SIGNALS])
    )
    np.testing.assert_allclose(found.hidden, turned.hidden, atol=1e-6)
    np.testing.assert_allclose(found.pooled, turned.pooled, atol=1e-6)
    wanted = Classifier(invariant).logits(SIGNALS)
    np.testing.assert_allclose(found.logits[:, 1] - found.logits[:, 0], wanted, atol=1e-5)


def test_what_is_no_signal_is_refused() -> None:
    """Nor a network whose features are unknown."""
    checkpoint = tiny_checkpoint()
    with pytest.raises(NotFiniteError, match=r"signals\[0\]"):
        embedded(checkpoint, [np.array([1.0, np.nan], dtype=np.float32)])
    with pytest.raises(ShapeError):
        embedded(checkpoint, [np.zeros((2, 2), dtype=np.float32)])
    settings = replace(
        checkpoint.settings,
        network=replace(checkpoint.settings.network, architecture="mathworks"),
    )
    samples = round(settings.preprocessing.rate_hz * settings.preprocessing.segment_s)
    other = folded(build_network(settings.network, samples).eval())
    with pytest.raises(ModelError, match="expected architecture 'plain'"):
        embedded(replace(checkpoint, settings=settings, network=other), SIGNALS)
