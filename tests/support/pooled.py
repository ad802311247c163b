"""A small cross-fitting with two fold models, and questions about it that are soon answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.crossfit import CrossFit, fold_model
from afib.preprocessing import to_network_rate
from afib.proof.many import Challenge
from afib.records import Recording
from tests.support.models import tiny_checkpoint
from tests.support.recordings import steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "BY_NAME",
    "CONDITIONS",
    "NAME",
    "NAMES",
    "QUESTION",
    "cross_fitting",
    "recordings",
    "save_models",
    "saved_digests",
    "true_scores",
]

NAME = "ROB-006"
NAMES = ("A00001", "A00002", "A00003", "A00004")
CONDITIONS: dict[str, Any] = {
    "disturbance": "linf",
    "at": "network",
    "size": 0.0005,
    "parts": 2,
    "steps": 1,
    "seconds": 20.0,
    "restarts": 1,
    "queries": 10,
    "seed": 3,
    "each": 2,
}
QUESTION = Challenge(
    kind="linf",
    at="network",
    size=0.0005,
    frequency_hz=None,
    box_mv=0.0,
    parts=2,
    steps=1,
    seconds=20.0,
    restarts=1,
    queries=10,
    seed=3,
)


def recordings() -> list[Recording]:
    """Four recordings of 10 s."""
    return [
        Recording.of(
            name=name, signal_mv=steps(3000, seed=seed) / 1000, rate_hz=300.0, origin=f"{name}.hea"
        )
        for seed, name in enumerate(NAMES)
    ]


BY_NAME = {each.name: each for each in recordings()}


def save_models(folder: Path) -> None:
    """Two models lie in *folder*; the second calls nothing AFib."""
    checkpoint = tiny_checkpoint()
    for fold, more in ((0, 0.0), (1, 1000.0)):
        made = replace(checkpoint, threshold=checkpoint.threshold + more, provenance={"fold": fold})
        made.save(fold_model(folder, fold))


def saved_digests(folder: Path) -> tuple[str, str]:
    """The digests of the two models in *folder*."""
    first, second = (Checkpoint.load(fold_model(folder, fold)).digest for fold in (0, 1))
    return first, second


def true_scores(folder: Path) -> list[float]:
    """What the models in *folder* say of the recordings, above their thresholds."""
    found = []
    for place, one in enumerate(recordings()):
        checkpoint = Checkpoint.load(fold_model(folder, place // 2))
        signal_mv = to_network_rate(one.signal_mv, one.rate_hz, checkpoint.settings.preprocessing)
        found.append(float(Classifier(checkpoint).logits([signal_mv])[0] - checkpoint.threshold))
    return found


def cross_fitting(
    digests: tuple[str, str] = ("a", "b"), scores: Sequence[float] = (0.0,) * 4
) -> CrossFit:
    """The first two recordings are of fold 0; every other one has AFib."""
    found = np.array(scores, dtype=np.float32)
    return CrossFit(
        names=np.array(NAMES),
        is_afib=np.array([True, False, True, False]),
        folds=np.array([0, 0, 1, 1]),
        scores=found,
        calls={"network": found > 0},
        origin={
            "models": {
                "network-0": {"model_sha256": digests[0], "fold": 0},
                "network-1": {"model_sha256": digests[1], "fold": 1},
                "standard-0": {"model_sha256": "c"},
            },
            "settings_sha256": {"network": tiny_checkpoint().settings.digest},
        },
    )
