"""Proofs on record, made again and attacked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.proof.many import answer, noise_of, side_by_side
from afib.proof.path import way_of
from verification.certified import FOLDS
from verification.proofs import Proven, challenge_of, least_margin, refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afib.proof import ProvenDecision
    from afib.proof.many import Challenge
    from afib.proof.pooled import KnownDecision
    from afib.records import Recording
    from verification.certified import CertifiedTraining

__all__ = ["Repeated", "repeated"]

# What a row can claim; the disturbance that is a union of sets.
_CLAIMS, _UNION = ("certified", "attacked"), "wander-band"
# What sums of another order may change in a margin.
_REPEATS = 1e-6
# A slower machine gets the parts of a proof done in more time.
_PATIENCE = 3


@dataclass(slots=True, kw_only=True)
class Repeated:
    """What came of proofs on record that were made again.

    Attributes:
        other: A sentence on each that came out otherwise.
        below: A sentence on each whose proven margin an attack undercut.
        tried: How many were made again.
        attacked: How many of these were certified, and were attacked.
        refused: A sentence on each certificate that the independent checker did not confirm.
        checked: How many certificates it was shown.
        rows: Question, recording, outcome on record, outcome now, and whether it was attacked.
    """

    other: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    tried: int = 0
    attacked: int = 0
    refused: list[str] = field(default_factory=list)
    checked: int = 0
    rows: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of one record, to be made again.

    Attributes:
        name: Of the question's file.
        question: Its conditions.
        model: The one that judges the recording.
        certificate: Where its certificate is written for the independent checker; None for none.
        conditions: Of the attack.
    """

    name: str
    question: Mapping[str, Any]
    known: KnownDecision
    model: Path
    recording: Recording
    certificate: Path | None
    conditions: Mapping[str, Any]


def repeated(  # noqa: PLR0913  what is repeated, of what, how much, and where
    training: CertifiedTraining,
    asked: Mapping[str, Mapping[str, Any]],
    recordings: Mapping[str, Recording],
    conditions: Mapping[str, Any],
    *,
    run: int,
    scratch: Path,
    processes: int = 1,
) -> Repeated:
    """What a record claims of each question made again, proofs attacked, a certificate checked.

    Every row that claims something is made again: that it is proven, or that it is refuted. Every
    proof is attacked then, since quick bounds leave most without an attack. Whose certificate is
    checked is drawn by a number of this run, so that whoever alters a record cannot know.

    Args:
        training: Keeps the proofs and the models.
        asked: Conditions of each question by the name of its file; the case is skipped if there
            are no current proofs of one.
        recordings: By name.
        conditions: How proofs are attacked, and the seed.
        run: The number of this run.
        scratch: Where certificates are written for the independent checker.
        processes: How many rows are made again at a time.
    """
    rows = [
        row
        for name, question in asked.items()
        for row in _claims(
            training, name, question, recordings, conditions, run=run, scratch=scratch
        )
    ]
    # A band has a certificate for each of many pieces, which take longest to check.
    rows.sort(key=lambda row: (row.certificate is None, row.question["disturbance"] != _UNION))
    made = side_by_side(_made_again, rows, processes=processes, progress=False)
    return Repeated(
        other=[each.other for each in made if each.other],
        below=[each.below for each in made if each.below],
        tried=len(made),
        attacked=sum(each.attacked for each in made),
        refused=[sentence for each in made for sentence in each.refused or ()],
        checked=sum(each.refused is not None for each in made),
        rows=[
            (row.name, row.known.name, row.known.outcome, each.outcome, str(each.attacked))
            for row, each in zip(rows, made, strict=True)
        ],
    )


def _claims(  # noqa: PLR0913  as above, of one question
    training: CertifiedTraining,
    name: str,
    question: Mapping[str, Any],
    recordings: Mapping[str, Recording],
    conditions: Mapping[str, Any],
    *,
    run: int,
    scratch: Path,
) -> list[_Row]:
    """Every row of the question that claims something, in an order drawn by the *run*."""
    decisions = training.proofs(name, question).decisions
    generator = np.random.default_rng([conditions["seed"], run])
    order = [decisions[place] for place in generator.permutation(len(decisions))]
    claims = [each for outcome in _CLAIMS for each in order if each.outcome == outcome]
    return [
        _Row(
            name=name,
            # Conditions are read-only views, which no other process can be sent.
            question=dict(question),
            known=known,
            model=fold_model(training.folder / FOLDS, known.fold),
            recording=recordings[known.name],
            certificate=None if place or known.outcome != "certified" else scratch / name,
            conditions=dict(conditions),
        )
        for place, known in enumerate(claims)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What came of one row: sentences are empty where nothing is wrong.

    Attributes:
        refused: What the checker said of its certificate; None if it was not shown one.
    """

    outcome: str
    other: str
    attacked: bool = False
    below: str = ""
    refused: tuple[str, ...] | None = None


def _made_again(row: _Row) -> _Made:
    torch.set_num_threads(1)
    challenge = challenge_of(row.question)
    challenge = replace(challenge, seconds=_PATIENCE * challenge.seconds)
    known, recording, model = row.known, row.recording, row.model
    again = answer(challenge, challenge.prover(Checkpoint.load(model)), recording)
    told = _told(again)
    other = "" if _alike(known, again) else f"{row.name}: {known} came out as {told}"
    if again.outcome != "certified":
        return _Made(outcome=again.outcome, other=other)
    found = None
    if row.certificate is not None:
        one = Proven(recordings=[recording], decisions=[again], challenge=challenge)
        found = tuple(refused(model, one, row.certificate))
    met = _met(model, recording, again, challenge, row.conditions)
    holds = again.certified_margin is not None and met >= again.certified_margin
    below = "" if holds else f"{row.name}: {known.name}: {met} under {again.certified_margin}"
    return _Made(outcome=again.outcome, other=other, attacked=True, below=below, refused=found)


def _told(known: ProvenDecision) -> str:
    return f"{known.rhythm}, {known.outcome} by {known.method}, {known.certified_margin}"


def _alike(known: KnownDecision, again: ProvenDecision) -> bool:
    """Whether rhythm and outcome are the same, and of what is proven the method and the margin."""
    if (known.rhythm, known.outcome) != (again.rhythm, again.outcome):
        return False
    if known.outcome == "attacked":
        return True
    margins = [known.certified_margin, again.certified_margin]
    numbers = [margin for margin in margins if margin is not None]
    return (
        known.method == again.method
        and len(numbers) == len(margins)
        and math.isclose(*numbers, rel_tol=_REPEATS, abs_tol=_REPEATS)
    )


def _met(
    model: Path,
    recording: Recording,
    known: ProvenDecision,
    challenge: Challenge,
    conditions: Mapping[str, Any],
) -> float:
    """The least margin that attacks met in the set."""
    if challenge.kind == "linf":
        return least_margin(model, recording, known, challenge, conditions)
    prover = challenge.prover(Checkpoint.load(model))
    settings = prover.checkpoint.settings
    least = math.inf
    for each in _single_sets(challenge):
        noise = noise_of(each, recording, settings)
        way = way_of(recording, noise, settings, each.at)
        searched = prover.searched(recording, noise, way, at=each.at, seed=conditions["seed"])
        least = min(least, searched.least_margin)
    return least


def _single_sets(challenge: Challenge) -> list[Challenge]:
    """The challenge, or of a band its ends and its middle."""
    if challenge.kind != _UNION:
        return [challenge]
    low, high = challenge.band_hz
    return [
        replace(challenge, kind="wander", frequency_hz=each)
        for each in (low, (low + high) / 2, high)
    ]
