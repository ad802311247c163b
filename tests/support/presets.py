"""Files of settings for recordings and networks that a test can afford."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from afib.settings import Settings, SplitSettings, settings_to_json
from tests.support.cohorts import cohort_settings
from tests.support.training import RATE_HZ, pulse_dataset, tiny_settings
from verification.front_door import write_signal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["small_cohort", "small_folder", "write_preset", "write_pulses"]


def small_cohort() -> Settings:
    """Four synthetic recordings."""
    settings = tiny_settings()
    return replace(settings, data=replace(settings.data, cohort=cohort_settings(normal=2, afib=2)))


def small_folder(*, epochs: int = 4, architecture: str = "plain") -> Settings:
    """A user's folder in two folds, and a network that learns it in a second."""
    settings = tiny_settings(epochs=epochs)
    split = SplitSettings(seed=17, train=0.4, validation=0.3, calibration=0.1, test=0.2, folds=2)
    data = replace(
        settings.data, source="folder", label_version="reference", cohort=None, split=split
    )
    network = replace(settings.network, architecture=architecture)
    return replace(settings, data=data, network=network)


def write_pulses(folder: Path, count: int) -> Path:
    """*folder*, with so many recordings of pulses and their labels: normal, AFib, a few others."""
    folder.mkdir(parents=True)
    pulses = pulse_dataset(count, duration_s=10.0)
    names, labels = pulses.names.tolist(), pulses.labels.tolist()
    labels[9::10] = ["O"] * len(labels[9::10])
    for name, signal_mv in zip(names, pulses.signals, strict=True):
        write_signal(folder / f"{name}.csv", signal_mv, RATE_HZ)
    lines = (f"{name},{label}\n" for name, label in zip(names, labels, strict=True))
    (folder / "REFERENCE.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def write_preset(path: Path, settings: Settings) -> Path:
    """*path* holds *settings*; JSON is YAML."""
    path.write_text(json.dumps(settings_to_json(settings), indent=1), encoding="utf-8")
    return path
