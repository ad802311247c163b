"""Networks and cases drawn anew: what is then committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.preprocessing import network_filter, segment_indices
from afib.settings import PreprocessingSettings
from afib.synthetic import LABELS, RATE_HZ
from benchmarks.shared.ecg_cases import FAMILIES, Case, Family
from benchmarks.shared.ecg_networks import (
    STEPS_PER_MV,
    Design,
    steps_of_recording,
    trained,
)
from nnassure.certify.arithmetic import FLOAT32
from nnassure.certify.margins import Problem, Question
from nnassure.certify.network import chain_of
from nnassure.certify.region import Placed, Region
from nnassure.certify.resampling import Resampling
from nnassure.exchange import instance_of, replayed

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

__all__ = ["drawn", "recorder_filter"]

_COHORT, _TRAINING, _TIMEOUT_S = 31, 1, 10
_RHYTHMS = ("N", "A")
_NETWORK_HZ = 60.0


def _tiny(radius_mv: float) -> Design:
    return Design(
        rate_hz=20.0,
        samples=120,
        channels=(6, 4),
        kernels=(9, 9),
        strides=(3, 2),
        hidden=4,
        radius_mv=radius_mv,
    )


def _ten(radius_mv: float) -> Design:
    return Design(
        rate_hz=_NETWORK_HZ,
        samples=600,
        channels=(8, 8, 8),
        kernels=(11, 9, 9),
        strides=(3, 2, 2),
        hidden=16,
        radius_mv=radius_mv,
    )


#: Which network a family asks about; those of one design and bound share it.
_DESIGNS: dict[Family, Design] = {
    "tiny": _tiny(0.0),
    "tiny-bound": _tiny(0.005),
    "ten": _ten(0.0),
    **dict.fromkeys(("ten-bound", "two", "tiled", "recorder"), _ten(0.005)),
}
#: How many instances of each family, and their radii in turn, in tenths of a microvolt.
_PLAN: dict[Family, tuple[int, tuple[int, ...]]] = {
    "tiny": (40, (20, 50, 100, 200, 400)),
    "tiny-bound": (40, (50, 100, 200, 400, 800)),
    "ten": (40, (5, 10, 20, 40, 80)),
    "ten-bound": (40, (20, 50, 100, 200, 400)),
    "two": (15, (20, 50, 100, 200, 400)),
    "tiled": (10, (20, 50, 100, 200, 400)),
    "recorder": (15, (10, 30, 60, 120, 250)),
}


def drawn(folder: Path) -> list[Case]:
    """Cases whose truth is still open; their networks are written to *folder*."""
    networks: dict[Design, tuple[nn.Sequential, float]] = {}
    cases = []
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    for family, design in _DESIGNS.items():
        if design not in networks:
            networks[design] = trained(design, seed=_TRAINING)
        network, threshold = networks[design]
        model = _model(family, network, design.samples, threshold)
        (folder / "onnx" / f"{family}.onnx").write_bytes(model)
        cases += _cases(family, model, threshold)
    return cases


def recorder_filter(rate_hz: float, network_hz: float) -> Resampling | None:
    """The device's filter between the two rates; None if they are equal."""
    settings = PreprocessingSettings(rate_hz=network_hz, segment_s=1.0, short="tile")
    found = network_filter(rate_hz, settings)
    if found is None:
        return None
    taps, up, down = found
    raised = torch.from_numpy((taps * np.float32(up)).astype(np.float64))
    return Resampling(taps=raised, up=up, down=down)


def _model(family: Family, network: nn.Sequential, length: int, threshold: float) -> bytes:
    cut = FAMILIES[family]
    resampling = recorder_filter(RATE_HZ, _NETWORK_HZ) if family == "recorder" else None
    start = torch.zeros(cut.samples, dtype=torch.float64)
    signal = start if resampling is None else start[:: resampling.down]
    indices = torch.from_numpy(segment_indices(len(signal), length))
    placed = Placed(
        signal=signal,
        rounding=torch.zeros_like(signal),
        generators=torch.zeros(0, len(signal), dtype=torch.float64),
        half_widths=torch.zeros(0, dtype=torch.float64),
        radius=1.0,
        indices=indices,
        signs=torch.ones(len(indices), dtype=torch.float64),
        recorder_samples=cut.samples,
    )
    problem = Problem(
        chain=chain_of(network, length),
        region=Region((placed,), resampling),
        question=Question(sides=torch.ones(1, dtype=torch.float64), threshold=threshold),
        arithmetic=FLOAT32,
    )
    return instance_of(problem, title=family, start_mv=start).model


def _cases(family: Family, model: bytes, threshold: float) -> list[Case]:
    count, radii = _PLAN[family]
    cut, cases, ordinal = FAMILIES[family], list[Case](), 0
    while len(cases) < count:
        place = len(cases)
        number = len(LABELS) * ordinal + LABELS.index(_RHYTHMS[place % 2]) + 1
        ordinal += 1
        steps = steps_of_recording(
            seed=_COHORT, number=number, rate_hz=cut.rate_hz, first=0, samples=cut.samples
        )
        if len(steps) < cut.samples:
            # Shorter than what is asked about.
            continue
        signal = (steps / STEPS_PER_MV).astype(np.float32)
        is_afib = float(replayed(model, signal[None])[0]) > threshold
        radius = radii[place // 2 % len(radii)]
        cases.append(
            Case(
                name=f"{family}-{place:02d}-{radius}",
                family=family,
                seed=_COHORT,
                number=number,
                radius_tenths=radius,
                relation="<=" if is_afib else ">=",
                threshold=threshold,
                timeout_s=_TIMEOUT_S,
                expected="unknown",
                confirmed_by="",
                onnx_sha256="",
                vnnlib_sha256="",
            )
        )
    return cases
