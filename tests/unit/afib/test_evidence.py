"""What in a recording argues, mapped from segments to the recording."""

from __future__ import annotations

import numpy as np
import pytest

from afib.classifier import Classifier
from afib.evidence import METHODS, evidence_in
from afib.preprocessing import segment_indices, segment_samples
from nnassure.attribution import Question, attribution
from nnassure.errors import AttributionError, NetworkError, NotFiniteError
from tests.support.models import tiny_checkpoint

CHECKPOINT = tiny_checkpoint()
LENGTH = segment_samples(CHECKPOINT.settings.preprocessing)


def signal(samples: int, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A wave with noise."""
    generator = np.random.default_rng(seed)
    return (np.sin(np.arange(samples) / 7) + generator.normal(0, 0.1, samples)).astype(np.float32)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("samples", [LENGTH // 3, LENGTH, 2 * LENGTH - 40])
def test_weights_of_segments_come_together(method: str, samples: int) -> None:
    """Short recordings repeat, long ones overlap: each sample has the sum of its places' means."""
    one = signal(samples)
    at = segment_indices(samples, LENGTH)
    question = Question(network=CHECKPOINT.network, wanted=1, other=0)
    pieces = attribution(method, question, one[at]).weights
    wanted = np.zeros(samples)
    for positions, weights in zip(at.tolist(), pieces.tolist(), strict=True):
        for position, weight in zip(positions, weights, strict=True):
            wanted[position] += weight / len(at)
    (found,) = evidence_in(CHECKPOINT, [one], method=method)
    np.testing.assert_allclose(found.weights, wanted, rtol=1e-5, atol=1e-9)
    assert not found.empty


def test_integrated_gradients_add_up_to_the_logit_of_the_recording() -> None:
    """Also where segments overlap; a flat line is what they are held against."""
    one = signal(2 * LENGTH - 40)
    (found,) = evidence_in(CHECKPOINT, [one], method="integrated gradients")
    classifier = Classifier(CHECKPOINT)
    logit, nothing = (
        float(classifier.logits([each])[0]) for each in (one, np.zeros(LENGTH, np.float32))
    )
    assert found.weights.sum() == pytest.approx(logit - nothing, rel=0.05, abs=0.02)


def test_many_recordings_are_explained_as_each_alone() -> None:
    """Of any lengths, in their order; none give none."""
    several = [signal(samples, seed) for seed, samples in enumerate((200, LENGTH, 3 * LENGTH))]
    together = evidence_in(CHECKPOINT, several)
    for one, found in zip(several, together, strict=True):
        (alone,) = evidence_in(CHECKPOINT, [one])
        np.testing.assert_allclose(found.weights, alone.weights, rtol=1e-4, atol=1e-7)
        assert found.weights.shape == one.shape
    assert evidence_in(CHECKPOINT, []) == ()


def test_a_flat_segment_argues_by_no_sample() -> None:
    """The lead is off for one segment of two: the other still has its reasons."""
    one = signal(2 * LENGTH)
    one[:LENGTH] = 0.25
    (found,) = evidence_in(CHECKPOINT, [one])
    assert not found.weights[:LENGTH].any()
    assert found.weights[LENGTH:].any()
    assert not found.empty


def test_what_cannot_be_explained_is_refused() -> None:
    """Constant and NaN signals, unknown methods and layers."""
    with pytest.raises(AttributionError, match=r"signals\[1\]: expected a recording that varies"):
        evidence_in(CHECKPOINT, [signal(300), np.full(300, 0.5, np.float32)])
    broken = signal(300)
    broken[7] = np.nan
    with pytest.raises(NotFiniteError, match=r"signals\[0\]"):
        evidence_in(CHECKPOINT, [broken])
    with pytest.raises(AttributionError, match="expected one of grad-cam"):
        evidence_in(CHECKPOINT, [signal(300)], method="guess")
    with pytest.raises(NetworkError, match=r"expected one of features\.0"):
        evidence_in(CHECKPOINT, [signal(300)], layer="features.99")
