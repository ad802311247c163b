"""Whole trainings of a second, and what they leave behind."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from afib.checkpoint import Checkpoint
from afib.settings import AttackSettings, AugmentationSettings
from afib.training import TrainedNetwork, train
from afib.training.batches import cut
from afib.training.loop import Course, fresh_state, next_epoch
from afib.training.resume import save_state, training_digest
from tests.support.training import pulse_dataset, tiny_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from afib.settings import Settings

__all__ = [
    "DEVELOPMENT",
    "VALIDATION",
    "busy_settings",
    "folder_digest",
    "leave_interrupted",
    "trained_on_pulses",
]

DEVELOPMENT, VALIDATION = pulse_dataset(24, seed=1), pulse_dataset(12, seed=2)


def busy_settings(*, seed: int = 3, patience: int = 100) -> Settings:
    """Three epochs with everything that draws random numbers: dropout, variation, attack."""
    settings = tiny_settings(
        epochs=3,
        patience=patience,
        seed=seed,
        attack=AttackSettings(kind="pgd", radius_mv=0.02, steps=2),
        augmentation=AugmentationSettings(
            gain_sigma=0.3, flip=True, shift=True, stretch=0.1, wander_mv=0.1
        ),
    )
    return replace(settings, training=replace(settings.training, dropout=0.3))


def trained_on_pulses(settings: Settings, *, resume: Path | None = None) -> TrainedNetwork:
    """What training makes of the pulses, with the state kept in the folder *resume*."""
    return train(DEVELOPMENT, VALIDATION, settings, progress=False, resume=resume)


def folder_digest(trained: TrainedNetwork, settings: Settings) -> str:
    """The digest of the model folder that would be saved."""
    checkpoint = Checkpoint(
        network=trained.network,
        settings=settings,
        threshold=0.0,
        temperature=1.0,
        provenance=trained.provenance,
    )
    return checkpoint.digest


def leave_interrupted(settings: Settings, folder: Path, *, epochs: int) -> None:
    """Leave in *folder* what a training leaves that was killed in the epoch after *epochs*."""
    course = Course(
        development=cut(DEVELOPMENT, settings.preprocessing, name="development"),
        validation=cut(VALIDATION, settings.preprocessing, name="validation"),
        settings=settings,
    )
    digest = training_digest(DEVELOPMENT, VALIDATION, settings)
    with _one_thread():
        state = fresh_state(settings, 240)
        for _ in range(epochs):
            state = next_epoch(state, course, on_batch=lambda: None)
            save_state(folder, state, digest)
        next_epoch(state, course, on_batch=lambda: None)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_num_threads(before)
