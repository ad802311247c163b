"""Instances of real recordings and a shipped model; they stay with whoever has the recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.dataset import AFIB, NORMAL
from afib.decision import load_screener
from afib.network import layers
from afib.preprocessing import segment_samples, to_network_rate
from afib.proof import disturbance
from afib.proof.path import way_of
from afib.settings import load_settings
from afib.sources import open_source
from afib.workflow import prepared, shipped_model
from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.region import Region
from nnassure.exchange import instance_of

if TYPE_CHECKING:
    from pathlib import Path

    from afib.records import Recording

__all__ = ["write_recordings"]

_RADII_MV = (0.005, 0.01, 0.025)
_TIMEOUT_S = 60
_SEED = 17


def write_recordings(out: Path, preset: str, count: int) -> int:
    """How many instances of *count* recordings of each rhythm were written to *out*.

    Recordings are drawn from the validation split: the test split is sealed. One on which the
    model's device abstains is passed over, since it decides nothing. Each is asked about at the
    recorder, with the filter in the network's file, so that recordings of another length have a
    file of their own.

    Args:
        out: Where they go.
        preset: Of the model that is asked, which comes with the package.
        count: Of each rhythm.

    Raises:
        AfibError: If there are no recordings.
    """
    folder = shipped_model(preset)
    checkpoint, device = Checkpoint.load(folder), load_screener(folder)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    for recording in _drawn(preset, count):
        if device.decide(recording).abstained:
            continue
        for radius_mv in _RADII_MV:
            problem, start = _question(checkpoint, recording, radius_mv)
            title = f"{recording.name}: {radius_mv} mV at the recorder"
            made = instance_of(problem, title=title, start_mv=start)
            name = f"{recording.name}-{round(radius_mv * 1000)}"
            network = f"recorder-{len(start)}.onnx"
            (out / network).write_bytes(made.model)
            (out / f"{name}.vnnlib").write_text(made.text, encoding="utf-8")
            rows.append(f"{network},{name}.vnnlib,{_TIMEOUT_S}\n")
    (out / "instances.csv").write_text("".join(rows), encoding="utf-8")
    return len(rows)


def _drawn(preset: str, count: int) -> list[Recording]:
    settings = load_settings(preset)
    data = prepared(settings, None, progress=False).dataset
    generator, names = np.random.default_rng(_SEED), set()
    for label in (AFIB, NORMAL):
        alike = data.of(split="validation", labels=(label,)).names
        names |= set(generator.permutation(alike)[:count].tolist())
    source = open_source(settings.data, None, progress=False)
    return [recording for recording in source.recordings() if recording.name in names]


def _question(
    checkpoint: Checkpoint, recording: Recording, radius_mv: float
) -> tuple[Problem, torch.Tensor]:
    settings = checkpoint.settings
    noise = disturbance(
        "linf",
        recording.signal_mv,
        rate_hz=recording.rate_hz,
        size=radius_mv,
        frequency_hz=None,
        radius_mv=0.0,
    )
    way = way_of(recording, noise, settings, "recorder")
    signal = to_network_rate(recording.signal_mv, recording.rate_hz, settings.preprocessing)
    logit = float(Classifier(checkpoint).logits([signal])[0])
    side = 1.0 if logit > checkpoint.threshold else -1.0
    problem = Problem(
        chain=chain_of(layers(checkpoint.network), segment_samples(settings.preprocessing)),
        region=Region((way.placed,), way.resampling),
        question=Question(
            sides=torch.tensor([side], dtype=torch.float64), threshold=checkpoint.threshold
        ),
        arithmetic=FLOAT32,
    )
    return problem, torch.tensor(recording.signal_mv, dtype=torch.float64)
