"""Two engines on the same questions, and one engine in two arithmetics."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from afib.checkpoint import Checkpoint
from afib.decision import AFIB_RHYTHM, Screener
from afib.network import layers
from afib.preprocessing import segment_samples
from afib.proof.many import noise_of
from afib.proof.path import way_of
from nnassure.attacks import pgd
from nnassure.bounds import available, prepare
from nnassure.certify.arithmetic import FLOAT32, REAL
from nnassure.certify.budget import Budget
from nnassure.certify.linear import linear_bounds
from nnassure.certify.margins import linear_margins
from nnassure.certify.proving import proof
from nnassure.perturbation import Ball
from verification.proofs import challenge_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afib.proof import Prover
    from afib.proof.path import Way
    from afib.records import Recording
    from nnassure.arrays import BoolArray
    from nnassure.certify.arithmetic import Arithmetic

__all__ = ["Bounded", "bounded_by_both", "proven_in"]

_QUICK = Budget(parts=1, steps=0, out_of_time=lambda: False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """What is known of the least margin of one recording under single samples.

    Attributes:
        name: Of the recording.
        ours: Least margin by this project's engine, by CROWN in real arithmetic.
        theirs: By auto_LiRPA's CROWN.
        met: Least margin that an attack met; no bound may be above it.
    """

    name: str
    ours: float
    theirs: float
    met: float

    @property
    def gain(self) -> float:
        """By how much our bound is tighter; infinite or NaN where one of them bounds nothing."""
        return self.ours - self.theirs


def bounded_by_both(
    model: Path, recorded: Sequence[Recording], conditions: Mapping[str, Any]
) -> list[Bounded]:
    """Bounds by both engines on recordings of one whole segment, drawn by seed.

    The case is skipped where auto_LiRPA is not installed.
    """
    if not available():
        pytest.skip("auto_LiRPA is not installed; make setup installs it")
    prover = challenge_of(conditions).prover(Checkpoint.load(model))
    samples = segment_samples(prover.checkpoint.settings.preprocessing)
    engine = prepare(layers(prover.checkpoint.network), samples=samples)
    generator = np.random.default_rng(conditions["seed"])
    found: list[Bounded] = []
    for place in generator.permutation(len(recorded)):
        way, rhythm = _asked(prover, recorded[place], conditions)
        if rhythm is not None and len(way.network_mv) == samples:
            ours = _linear_margin(prover, way, rhythm)
            ball, is_afib = Ball(radius_mv=conditions["size"]), rhythm == AFIB_RHYTHM
            inputs = torch.from_numpy(np.array(way.network_mv))[None]
            bounds = engine.margin_bounds(
                inputs,
                ball,
                is_positive=np.array([is_afib]),
                threshold=prover.checkpoint.threshold,
                method="crown",
            )
            margin = way.margin_function(prover.classifier, is_afib=is_afib)
            met = pgd(margin, inputs, ball, steps=20, restarts=1, seed=conditions["seed"])
            theirs, least = float(bounds.lower[0]), float(met.margins[0])
            found.append(Bounded(name=recorded[place].name, ours=ours, theirs=theirs, met=least))
        if len(found) == conditions["recordings"]:
            break
    return found


def proven_in(
    model: Path, recorded: Sequence[Recording], conditions: Mapping[str, Any]
) -> tuple[BoolArray, BoolArray]:
    """Which recordings quick bounds prove in float32, and which in real arithmetic.

    Shape (recordings,) each; recordings are drawn by seed, and abstentions left out.
    """
    prover = challenge_of(conditions).prover(Checkpoint.load(model))
    generator = np.random.default_rng(conditions["seed"])
    rows = []
    for place in generator.permutation(len(recorded))[: conditions["recordings"]]:
        way, rhythm = _asked(prover, recorded[place], conditions)
        if rhythm is not None:
            rows.append([_margin(prover, way, rhythm, each) > 0 for each in (FLOAT32, REAL)])
    table = np.array(rows, dtype=np.bool_).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _asked(
    prover: Prover, recording: Recording, conditions: Mapping[str, Any]
) -> tuple[Way, str | None]:
    settings = prover.checkpoint.settings
    challenge = challenge_of(conditions)
    noise = noise_of(challenge, recording, settings)
    rhythm = Screener(prover.classifier).decide(recording).rhythm
    return way_of(recording, noise, settings, challenge.at), rhythm


def _linear_margin(prover: Prover, way: Way, rhythm: str) -> float:
    """By back-substitution, as theirs is, also where intervals alone would prove the decision.

    The better of two passes that a proof makes: with one choice of lines for each ReLU, as theirs,
    and with the best of three for each bound between. No choice is the best of all networks.
    """
    problem = replace(prover.problem(way, rhythm), arithmetic=REAL)
    asked, margins = (problem.chain, problem.region, problem.arithmetic), []
    with torch.no_grad():
        for thorough in (False, True):
            bounds, relaxations = linear_bounds(*asked, thorough=thorough)
            margins.append(float(linear_margins(problem, bounds, relaxations)))
    return max((each for each in margins if math.isfinite(each)), default=-math.inf)


def _margin(prover: Prover, way: Way, rhythm: str, arithmetic: Arithmetic) -> float:
    problem = replace(prover.problem(way, rhythm), arithmetic=arithmetic)
    margin = proof(problem, _QUICK).margin
    return margin if math.isfinite(margin) else -math.inf
