"""Instances of real recordings and the shipped model; they stay with whoever has the recordings."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import torch

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.network import layers
from afib.preprocessing import segment_samples, to_network_rate
from afib.proof import disturbance
from afib.proof.path import way_of
from afib.records import Recording, read_archive
from afib.workflow import shipped_model
from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.region import Region
from nnassure.exchange import instance_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_recordings"]

_RADII_MV = (0.005, 0.01, 0.025)
_TIMEOUT_S = 60


def write_recordings(out: Path, root: Path, count: int) -> int:
    """How many instances of the first *count* recordings below *root* were written to *out*.

    Each recording is asked about at the recorder, with the filter in the network's file, so that
    recordings of another length have a file of their own.

    Raises:
        FileNotFoundError: If *root* holds no ``physionet2017/training2017.zip``.
    """
    checkpoint = Checkpoint.load(shipped_model())
    archive = root / "physionet2017" / "training2017.zip"
    if not archive.is_file():
        raise FileNotFoundError(f"{archive}: expected the recordings, got no such file")
    out.mkdir(parents=True, exist_ok=True)
    rows: list[str] = []
    sound = (each for each in read_archive(archive) if isinstance(each, Recording))
    for recording in islice(sound, count):
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
    return problem, torch.from_numpy(recording.signal_mv).double()
