"""Proofs on record, made again and attacked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.proof.many import answer, noise_of
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

# What sums of another order may change in a margin.
_REPEATS = 1e-6
# A slower machine gets the parts of a proof done in more time.
_PATIENCE = 3


@dataclass(slots=True, kw_only=True)
class Repeated:
    """What came of proofs on record that were made again; it grows as they are made.

    Attributes:
        other: A sentence on each that came out otherwise.
        below: A sentence on each whose proven margin an attack undercut.
        tried: How many were made again.
        attacked: How many of these were certified, and so were attacked too.
        refused: A sentence on each certificate that the independent checker did not confirm.
        checked: How many certificates it was shown.
        rows: Question, recording, outcome on record and outcome now, of each.
    """

    other: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    tried: int = 0
    attacked: int = 0
    refused: list[str] = field(default_factory=list)
    checked: int = 0
    rows: list[tuple[str, ...]] = field(default_factory=list)


def repeated(  # noqa: PLR0913  what is repeated, of what, how much, and where
    training: CertifiedTraining,
    asked: Mapping[str, Mapping[str, Any]],
    recordings: Mapping[str, Recording],
    conditions: Mapping[str, Any],
    *,
    run: int,
    scratch: Path,
) -> Repeated:
    """Proofs of each question made again, some of them attacked, a certificate of each checked.

    Every proof that quick bounds make is made again. Of proofs that take long, of bands, and of
    what is not proven, some are, and some of all are attacked: drawn by a number of this run, so
    that whoever alters a record cannot know which.

    Args:
        training: Keeps the proofs and the models.
        asked: Conditions of each question by the name of its file; the case is skipped if there
            are no current proofs of one.
        recordings: By name.
        conditions: How many proofs that take long (``again``) and how many rows that claim none
            (``others``) are made again, how many of each kind are attacked (``attacked``) and
            how, and the seed.
        run: The number of this run.
        scratch: Where certificates are written for the independent checker.
    """
    found = Repeated()
    for name, question in asked.items():
        decisions = training.proofs(name, question).decisions
        generator = np.random.default_rng([conditions["seed"], run])
        order = [decisions[place] for place in generator.permutation(len(decisions))]
        quick = [known for known in order if _is_quick(known, question)]
        long = [known for known in order if _claims(known) and not _is_quick(known, question)]
        others = [known for known in order if not _claims(known)]
        one = _Question(
            name=name, training=training, question=question, conditions=conditions, found=found
        )
        attacked, again = conditions["attacked"], conditions["again"]
        for place, known in enumerate(long[:again]):
            one.repeat(known, recordings[known.name], scratch, attack=place < attacked)
        for place, known in enumerate(quick):
            one.repeat(known, recordings[known.name], scratch, attack=place < attacked)
        for known in others[: conditions["others"]]:
            one.repeat(known, recordings[known.name], scratch, attack=False)
    return found


def _claims(known: KnownDecision) -> bool:
    return known.outcome == "certified"


def _is_quick(known: KnownDecision, question: Mapping[str, Any]) -> bool:
    """Whether one pass of bounds proves it; those of a band are proven piece by piece."""
    one_pass = known.method in {"interval", "linear"}
    return _claims(known) and one_pass and question["disturbance"] != "wander-band"


@dataclass(slots=True, kw_only=True)
class _Question:
    """One question, as its proofs are made again."""

    name: str
    training: CertifiedTraining
    question: Mapping[str, Any]
    conditions: Mapping[str, Any]
    found: Repeated
    checked: bool = False

    def repeat(
        self, known: KnownDecision, recording: Recording, scratch: Path, *, attack: bool
    ) -> None:
        found, name = self.found, self.name
        model = fold_model(self.training.folder / FOLDS, known.fold)
        challenge = challenge_of(self.question)
        if _claims(known):
            challenge = replace(challenge, seconds=_PATIENCE * challenge.seconds)
        again = answer(challenge, challenge.prover(Checkpoint.load(model)), recording)
        found.tried += 1
        if not _alike(known, again):
            found.other.append(f"{name}: {known} came out as {again}")
        found.rows.append((name, known.name, known.outcome, again.outcome))
        if not attack or again.outcome != "certified":
            return
        # A union of sets has several certificates; tests hold them to the checker.
        if not self.checked and challenge.kind != "wander-band":
            self.checked = True
            found.checked += 1
            one = Proven(recordings=[recording], decisions=[again], challenge=challenge)
            found.refused += refused(model, one, scratch / name)
        found.attacked += 1
        met = _met(model, recording, again, challenge, self.conditions)
        if again.certified_margin is None or met < again.certified_margin:
            found.below.append(f"{name}: {known.name}: {met} under {again.certified_margin}")


def _alike(known: KnownDecision, again: ProvenDecision) -> bool:
    """Whether rhythm and outcome are the same, and the margin where it is proven.

    What is unknown on record claims nothing, and may be proven or refuted with more time.
    """
    if known.rhythm != again.rhythm:
        return False
    if known.outcome == "unknown":
        return True
    if known.outcome != again.outcome:
        return False
    if known.outcome == "attacked":
        return True
    margins = [known.certified_margin, again.certified_margin]
    numbers = [margin for margin in margins if margin is not None]
    return len(numbers) == len(margins) and math.isclose(
        *numbers, rel_tol=_REPEATS, abs_tol=_REPEATS
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
    if challenge.kind != "wander-band":
        return [challenge]
    low, high = challenge.band_hz
    return [
        replace(challenge, kind="wander", frequency_hz=each)
        for each in (low, (low + high) / 2, high)
    ]
