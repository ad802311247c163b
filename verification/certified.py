"""What the certified training came to in cross-fitting, as it stands on record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.errors import AfibError
from afib.proof.many import Challenge, answer
from afib.proof.pooled import asked_of, drawn, origin_of, read_pooled
from verification.proofs import challenge_of, least_margin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from afib.crossfit import CrossFit
    from afib.proof import ProvenDecision
    from afib.proof.pooled import KnownDecision, PooledProofs
    from afib.records import Recording

__all__ = [
    "CROSSFIT",
    "FOLDS",
    "CertifiedTraining",
    "Repeated",
    "inverted",
    "questions",
    "radii_mv",
    "radii_table",
    "recorded_proofs",
    "repeated",
]

#: What stands in the folder beside a file of proofs for each requirement.
CROSSFIT, FOLDS = "crossfit.json", "folds"
# What sums of another order may change in a margin.
_REPEATS = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CertifiedTraining:
    """Models of certified training, what they say of held-out recordings, and what they prove.

    Attributes:
        folder: Holds the cross-fitting, the models of its folds, and the proofs.
        crossfit: Of the certified training, and beside it of the standard one.
    """

    folder: Path
    crossfit: CrossFit

    def proofs(self, requirement: str, conditions: Mapping[str, Any]) -> PooledProofs:
        """The proofs that *requirement* asks for; the case is skipped if they are of others."""
        found = recorded_proofs(self.folder, requirement, conditions, self.crossfit)
        if found is None:
            pytest.skip(f"no current proofs are on record for {requirement}; make reference")
        return found

    def by_radius(
        self, requirement: str, conditions: Mapping[str, Any]
    ) -> dict[float, PooledProofs]:
        """By radius in mV, rising, the proofs that *requirement* asks for at each of its sizes."""
        return {
            size: self.proofs(name, asked)
            for size, (name, asked) in sorted(questions(requirement, conditions).items())
        }

    def lost(self, *, is_afib: bool) -> tuple[float, ...]:
        """1 where standard training alone is right, -1 where it alone is wrong, else 0."""
        chosen = self.crossfit.is_afib == is_afib
        right = {name: self.crossfit.right(name)[chosen] for name in ("network", "standard")}
        return tuple((right["standard"].astype(float) - right["network"]).tolist())


def questions(
    requirement: str, conditions: Mapping[str, Any]
) -> dict[float, tuple[str, Mapping[str, Any]]]:
    """By size, the file and the conditions of each question of *requirement*."""
    if "sizes" not in conditions:
        return {conditions["size"]: (requirement, conditions)}
    return {
        size: (f"{requirement}-{size}", {**conditions, "size": size})
        for size in conditions["sizes"]
    }


def recorded_proofs(
    folder: Path, requirement: str, conditions: Mapping[str, Any], crossfit: CrossFit
) -> PooledProofs | None:
    """The proofs in *folder* of this question, these models and this engine; None if of others."""
    try:
        found = read_pooled(folder / f"{requirement}.json")
    except AfibError:
        return None
    names = drawn(crossfit, each=conditions["each"], seed=conditions["seed"])
    current = (
        found.asked == asked_of(challenge_of(conditions))
        and found.origin == origin_of(crossfit)
        and [known.name for known in found.decisions] == names.tolist()
    )
    return found if current else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """What came of proofs on record that were made again.

    Attributes:
        other: A sentence on each that came out otherwise.
        below: A sentence on each whose proven margin an attack undercut.
        tried: How many were made again.
        attacked: How many of these were attacked too: the certified ones under single samples.
    """

    other: tuple[str, ...]
    below: tuple[str, ...]
    tried: int
    attacked: int


def repeated(
    training: CertifiedTraining,
    recordings: Mapping[str, Recording],
    conditions: Mapping[str, Any],
) -> Repeated:
    """Some of the proofs of each file on record, drawn by seed, made again and attacked."""
    generator = np.random.default_rng(conditions["seed"])
    other, below, tried, attacked = [], [], 0, 0
    for path in sorted(training.folder.glob("*-*.json")):
        proofs = read_pooled(path)
        challenge = Challenge(**proofs.asked)
        places = generator.permutation(len(proofs.decisions))[: conditions["again"]]
        for known in (proofs.decisions[place] for place in places):
            recording = recordings[known.name]
            model = fold_model(training.folder / FOLDS, known.fold)
            again = answer(challenge, challenge.prover(Checkpoint.load(model)), recording)
            tried += 1
            if not _alike(known, again):
                other.append(f"{path.stem}: {known} came out as {again}")
            if again.outcome == "certified" and challenge.kind == "linf":
                attacked += 1
                met = least_margin(model, recording, again, challenge, conditions)
                if again.certified_margin is None or met < again.certified_margin:
                    below.append(f"{path.stem}: {known.name}: {met} under {again.certified_margin}")
    return Repeated(other=tuple(other), below=tuple(below), tried=tried, attacked=attacked)


def _alike(known: KnownDecision, again: ProvenDecision) -> bool:
    if (known.rhythm, known.outcome) != (again.rhythm, again.outcome):
        return False
    if known.certified_margin is None or again.certified_margin is None:
        return known.certified_margin == again.certified_margin
    return math.isclose(
        known.certified_margin, again.certified_margin, rel_tol=_REPEATS, abs_tol=_REPEATS
    )


def radii_mv(found: Mapping[float, PooledProofs], *, is_afib: bool) -> list[float]:
    """By recording, the largest radius at which it is decided rightly and proven, else 0."""
    sizes = np.array([0.0, *found])
    proven = np.array([each.certified(is_afib=is_afib) for each in found.values()])
    return [float(sizes[np.append(True, column)].max()) for column in proven.T]


def radii_table(found: Mapping[float, PooledProofs]) -> str:
    """One line a recording: what came out at each radius."""
    lines = [",".join(["record", "label", *(f"{1000 * size:g} uV" for size in found)])]
    for rows in zip(*(each.decisions for each in found.values()), strict=True):
        label = "A" if rows[0].is_afib else "N"
        outcomes = [row.outcome if row.right else f"{row.outcome} (wrong)" for row in rows]
        lines.append(",".join([rows[0].name, label, *outcomes]))
    return "\n".join(lines) + "\n"


def inverted(found: Mapping[float, PooledProofs]) -> int:
    """How many recordings are proven at a radius above one at which they were attacked."""
    outcomes = np.array([[row.outcome for row in each.decisions] for each in found.values()])
    attacked = np.logical_or.accumulate(outcomes == "attacked", axis=0)
    return int((attacked & (outcomes == "certified")).any(axis=0).sum())
