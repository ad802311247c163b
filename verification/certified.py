"""What the certified training came to in cross-fitting, as it stands on record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.crossfit import NETWORK
from afib.errors import AfibError
from afib.proof.pooled import asked_of, drawn, origin_of, read_pooled
from vericase.schema import load_requirements
from verification.proofs import challenge_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afib.crossfit import CrossFit
    from afib.proof.pooled import KnownDecision, PooledProofs
    from vericase.requirement import Requirement

__all__ = [
    "CROSSFIT",
    "FOLDS",
    "CertifiedTraining",
    "asked_questions",
    "inverted",
    "questions",
    "recorded_proofs",
    "strange_rows",
]

#: What stands in the folder beside a file of proofs for each requirement.
CROSSFIT, FOLDS = "crossfit.json", "folds"
_ROOT = Path(__file__).parents[1]
_OUTCOMES = {"certified", "attacked", "unknown"}
# What sums of another order may change in a margin.
_REPEATS = 1e-5


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


def asked_questions() -> dict[str, Mapping[str, Any]]:
    """By the name of its file, the conditions of each question about cross-fitted models."""
    requirements = load_requirements(_ROOT / "requirements", named=Path("requirements"))
    found: dict[str, Mapping[str, Any]] = {}
    asking: list[Requirement] = []
    for requirement in requirements:
        if "certified" in requirement.depends and "disturbance" in requirement.conditions:
            # Of requirements that ask the same, the file is the first one's.
            if requirement.conditions in [other.conditions for other in asking]:
                continue
            asking.append(requirement)
            found |= dict(questions(requirement.id, requirement.conditions).values())
    return found


def recorded_proofs(
    folder: Path, requirement: str, conditions: Mapping[str, Any], crossfit: CrossFit
) -> PooledProofs | None:
    """The proofs in *folder* of this question, these models and this engine; None if of others.

    A row that does not go with the cross-fitting, by label, fold or rhythm, makes them others too.
    """
    try:
        found = read_pooled(folder / f"{requirement}.json")
        asked = asked_of(challenge_of(conditions))
    except AfibError:
        return None
    names = drawn(crossfit, each=conditions["each"], seed=conditions["seed"])
    current = (
        found.asked == asked
        and found.origin == origin_of(crossfit)
        and [known.name for known in found.decisions] == names.tolist()
    )
    return found if current and not strange_rows(found, crossfit) else None


def strange_rows(found: PooledProofs, crossfit: CrossFit) -> list[KnownDecision]:
    """Rows that say something else of a recording than the cross-fitting does."""
    places = {name: place for place, name in enumerate(crossfit.names.tolist())}
    strange = [known for known in found.decisions if known.name not in places]
    for known in (known for known in found.decisions if known.name in places):
        place = places[known.name]
        rhythm = "AFib" if crossfit.calls[NETWORK][place] else "normal"
        sound = (
            # No gate stands beside the network of a fold, so nothing rules out that one abstained.
            known.may_abstain in {True, "unknown"}
            and known.is_afib is bool(crossfit.is_afib[place])
            and known.fold == int(crossfit.folds[place])
            and known.rhythm in {rhythm, None}
            and known.outcome in _OUTCOMES
            and (known.outcome == "certified") == ((known.certified_margin or 0.0) > 0)
            and (known.rhythm is not None or known.outcome == "unknown")
            and _margins_sound(known, float(crossfit.scores[place]))
        )
        strange += [] if sound else [known]
    return strange


def _margins_sound(known: KnownDecision, score: float) -> bool:
    """Whether its margin is the distance of the score, and nothing better is proven of a set."""
    if known.rhythm is None:
        return known.clean_margin is None and known.certified_margin is None
    clean, proven = known.clean_margin, known.certified_margin
    if clean is None or not math.isclose(clean, abs(score), rel_tol=_REPEATS, abs_tol=_REPEATS):
        return False
    return known.outcome != "certified" or (proven is not None and proven <= clean)


def inverted(found: Mapping[float, PooledProofs]) -> int:
    """How many recordings are proven at a radius above one at which they were attacked."""
    outcomes = np.array([[row.outcome for row in each.decisions] for each in found.values()])
    attacked = np.logical_or.accumulate(outcomes == "attacked", axis=0)
    return int((attacked & (outcomes == "certified")).any(axis=0).sum())
