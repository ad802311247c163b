"""Settings for networks that train in a second, and recordings that they can learn."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from afib.settings import (
    AttackSettings,
    AugmentationSettings,
    CertifiedSettings,
    RampSettings,
    Settings,
    load_settings,
)
from tests.support.datasets import dataset_of

if TYPE_CHECKING:
    from afib.dataset import Dataset
    from nnassure.arrays import FloatArray

__all__ = [
    "NO_ATTACK",
    "NO_AUGMENTATION",
    "RATE_HZ",
    "UNCERTIFIED",
    "certified_settings",
    "pulse_dataset",
    "tiny_settings",
]

NO_ATTACK = AttackSettings(kind="none", radius_mv=0.0, steps=1)
NO_AUGMENTATION = AugmentationSettings(
    gain_sigma=0.0, flip=False, shift=False, stretch=0.0, wander_mv=0.0
)
UNCERTIFIED = CertifiedSettings(
    kind="none", radius_mv=0.0, weight=0.0, box_share=1.0, backward_share=0.0
)
RATE_HZ = 60.0
"""The network's rate in every preset."""


def certified_settings(kind: str, *, radius_mv: float = 0.02) -> CertifiedSettings:
    """A bound of weight 0.3: boxes of 0.4 of the radius for SABR, half a backward bound at last."""
    return CertifiedSettings(
        kind=kind,
        radius_mv=radius_mv,
        weight=0.3,
        box_share=0.4 if kind == "sabr" else 1.0,
        backward_share=0.5 if kind == "crown_ibp" else 0.0,
    )


def tiny_settings(  # noqa: PLR0913  what a test of training varies
    *,
    epochs: int = 2,
    patience: int = 100,
    seed: int = 3,
    attack: AttackSettings = NO_ATTACK,
    augmentation: AugmentationSettings = NO_AUGMENTATION,
    certified: CertifiedSettings = UNCERTIFIED,
    averaging: float = 0.0,
    polarity: str = "free",
) -> Settings:
    """The synthetic preset with segments of 4 s, two narrow blocks and batches of 8."""
    preset = load_settings("synthetic")
    return replace(
        preset,
        preprocessing=replace(preset.preprocessing, segment_s=4.0),
        network=replace(
            preset.network,
            polarity=polarity,
            channels=(4, 6),
            kernels=(7, 5),
            strides=(3, 2),
            hidden=5,
        ),
        training=replace(
            preset.training,
            seed=seed,
            threads=1,
            epochs=epochs,
            patience=patience,
            batch_size=8,
            afib_share=0.5,
            learning_rate=0.02,
            weight_decay=1e-4,
            dropout=0.0,
            attack=attack,
            augmentation=augmentation,
            certified=certified,
            ramp=RampSettings(start=0.1, end=0.5),
            averaging=averaging,
        ),
    )


@cache
def pulse_dataset(count: int = 24, *, seed: int = 1, duration_s: float = 5.0) -> Dataset:
    """Trains of short pulses, every second one of the label A.

    Normal ones beat once a second; those of AFib beat at random times, twice as often on average.
    """
    generator = np.random.default_rng(seed)
    labels = "".join("NA"[number % 2] for number in range(count))
    return dataset_of(labels, [_pulses(label, duration_s, generator) for label in labels])


def _pulses(label: str, duration_s: float, generator: np.random.Generator) -> FloatArray:
    samples = round(duration_s * RATE_HZ)
    signal = generator.normal(0.0, 0.05, samples)
    if label == "N":
        beats = np.arange(generator.uniform(0.0, 1.0), duration_s, 1.0)
    else:
        beats = generator.uniform(0.0, duration_s, round(2 * duration_s))
    signal[np.floor(beats * RATE_HZ).astype(np.int64)] += 1.0
    return signal.astype(np.float32)
