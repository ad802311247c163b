"""Proofs by the models of a cross-fitting: each recording's decision by one that never saw it.

Such proofs take hours of computing, so they are kept on record, and the record says of which
models, of which question and of which engine they are.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from afib.crossfit import NETWORK, fold_model
from afib.dataset.atomic import replacing
from afib.errors import ManifestError
from afib.proof.engine import engine_digest
from afib.proof.many import proven_by
from afib.records import read_uncalibrated
from afib.sources import noise_folder
from afib.sources.noise import noise_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from afib.crossfit import CrossFit
    from afib.proof import ProvenDecision
    from afib.proof.many import Challenge
    from afib.records import Recording
    from nnassure.arrays import BoolArray, StrArray

__all__ = [
    "KnownDecision",
    "PooledProofs",
    "asked_of",
    "drawn",
    "origin_of",
    "prove_pooled",
    "read_pooled",
    "write_pooled",
]

_FORMAT = 1
_NONE = type(None)
#: Of the values of a row, by name.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "is_afib": (bool,),
    "fold": (int,),
    "rhythm": (str, _NONE),
    "outcome": (str,),
    "method": (str, _NONE),
    "clean_margin": (float, _NONE),
    "certified_margin": (float, _NONE),
    "may_abstain": (bool, str),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDecision:
    """What a record keeps of one decision; see :class:`afib.proof.ProvenDecision`."""

    name: str
    is_afib: bool
    fold: int
    rhythm: str | None
    outcome: str
    method: str | None
    clean_margin: float | None
    certified_margin: float | None
    may_abstain: bool | str

    @property
    def right(self) -> bool:
        """Whether the rhythm is the labelled one."""
        return self.rhythm == ("AFib" if self.is_afib else "normal")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledProofs:
    """Decisions of held-out recordings under one challenge.

    Attributes:
        asked: The challenge, as plain values by name.
        origin: Digests of the engine and of the models by fold.
        decisions: In the order of the draw.
    """

    asked: Mapping[str, Any]
    origin: Mapping[str, Any]
    decisions: Sequence[KnownDecision]

    def where(self, *, is_afib: bool) -> list[KnownDecision]:
        """The decisions on recordings with AFib, or on the normal ones."""
        return [known for known in self.decisions if known.is_afib == is_afib]

    def certified(self, *, is_afib: bool) -> BoolArray:
        """Which of these are decided rightly and proven, shape (recordings,)."""
        chosen = self.where(is_afib=is_afib)
        return np.array([known.right and known.outcome == "certified" for known in chosen])

    def withstood(self, *, is_afib: bool) -> BoolArray:
        """Which of these are decided rightly and not attacked, shape (recordings,)."""
        chosen = self.where(is_afib=is_afib)
        return np.array([known.right and known.outcome != "attacked" for known in chosen])

    def gap(self, *, is_afib: bool) -> BoolArray:
        """Which of these attacks leave standing without a proof, shape (recordings,)."""
        return self.withstood(is_afib=is_afib) & ~self.certified(is_afib=is_afib)

    def right(self, *, is_afib: bool) -> BoolArray:
        """Which of these are decided rightly, shape (recordings,)."""
        return np.array([known.right for known in self.where(is_afib=is_afib)])

    def due(self, *, is_afib: bool) -> BoolArray:
        """Of which of these a proof is due, shape (recordings,): all but wrong decisions.

        An abstention is no way out: it counts, and nothing is proven of it.
        """
        chosen = self.where(is_afib=is_afib)
        return np.array([known.right or known.rhythm is None for known in chosen])

    def open(self) -> BoolArray:
        """Which due decisions are neither proven nor refuted, shape (recordings,)."""
        return np.array(
            [
                (known.right or known.rhythm is None) and known.outcome == "unknown"
                for known in self.decisions
            ]
        )

    def table(self) -> str:
        """One line a recording, for the report."""
        lines = ["record,label,fold,rhythm,outcome,method,clean_margin,certified_margin"]
        lines += [
            f"{known.name},{'A' if known.is_afib else 'N'},{known.fold},{known.rhythm},"
            f"{known.outcome},{known.method},{known.clean_margin},{known.certified_margin}"
            for known in self.decisions
        ]
        return "\n".join(lines) + "\n"


def drawn(crossfit: CrossFit, *, each: int, seed: int) -> StrArray:
    """Names of at most *each* recordings of each rhythm, AFib first, drawn by *seed*."""
    generator = np.random.default_rng(seed)
    chosen = [
        generator.permutation(crossfit.names[crossfit.is_afib == is_afib])[:each]
        for is_afib in (True, False)
    ]
    return np.concatenate(chosen)


def prove_pooled(  # noqa: PLR0913  proofs are told by their models, recordings and question
    crossfit: CrossFit,
    models: Path,
    recordings: Sequence[Recording],
    challenge: Challenge,
    *,
    processes: int,
    progress: bool,
) -> PooledProofs:
    """What the model of each recording's fold proves of it.

    Args:
        crossfit: Says which fold each recording is of.
        models: Folder of the models, as :func:`afib.crossfit.cross_fit` keeps them.
        recordings: Some of the cross-fitted ones.
        challenge: What is asked.
        processes: Proofs at a time; the results do not depend on it.
        progress: Whether to show a progress bar on standard error.

    Raises:
        ModelError: If a model is missing or unsound.
    """
    places = {name: place for place, name in enumerate(crossfit.names.tolist())}
    at = [places[recording.name] for recording in recordings]
    folds = [int(crossfit.folds[place]) for place in at]
    paths = [fold_model(models, fold) for fold in folds]
    found = proven_by(
        paths, recordings, challenge, processes=processes, progress=progress, bare=True
    )
    return PooledProofs(
        asked=asked_of(challenge),
        origin=origin_of(crossfit),
        decisions=[
            _known(decision, bool(crossfit.is_afib[place]), fold)
            for decision, place, fold in zip(found, at, folds, strict=True)
        ],
    )


def asked_of(challenge: Challenge) -> dict[str, Any]:
    """*challenge* as plain values by name, as a record states them, with what noise it is about.

    Raises:
        SourceError: If it is about recorded noise, and there is none.
        RecordError: If that noise is damaged.
    """
    asked: dict[str, Any] = json.loads(json.dumps(asdict(challenge), default=str))
    if challenge.kind == "noise":
        place = challenge.noise or noise_folder()
        one = place.is_file() or place.with_suffix(".hea").is_file()
        asked["noise_sha256"] = read_uncalibrated(place).digest if one else noise_digest(place)
    return asked


def origin_of(crossfit: CrossFit) -> dict[str, Any]:
    """What proofs by the models of *crossfit* rest on: digests of the engine and of the models."""
    models = crossfit.origin["models"]
    return {
        "engine_sha256": engine_digest(),
        "models": {
            name: model["model_sha256"]
            for name, model in models.items()
            if name.startswith(f"{NETWORK}-")
        },
    }


def write_pooled(proofs: PooledProofs, path: Path) -> None:
    """*path* holds *proofs* as JSON, one recording a line."""
    head = {"format": _FORMAT, "asked": dict(proofs.asked), "origin": dict(proofs.origin)}
    rows = ",\n".join(json.dumps(asdict(known)) for known in proofs.decisions)
    text = f'{json.dumps(head, sort_keys=True)[:-1]},\n"decisions": [\n{rows}\n]}}\n'
    with replacing(path) as file:
        file.write(text.encode())


def read_pooled(path: Path) -> PooledProofs:
    """The proofs that *path* holds.

    Raises:
        ManifestError: If there is no such file, or it holds something else.
    """
    try:
        return _proofs(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"{path}: expected pooled proofs, got {error!r}") from error


def _proofs(document: dict[str, Any]) -> PooledProofs:
    if document["format"] != _FORMAT:
        raise ValueError(f"format {document['format']}")
    return PooledProofs(
        asked=document["asked"],
        origin=document["origin"],
        decisions=[_decision(row) for row in document["decisions"]],
    )


def _decision(row: dict[str, Any]) -> KnownDecision:
    wrong = [
        f"{row['name']}: {name} {row[name]!r}"
        for name, types in _TYPES.items()
        if type(row[name]) not in types
    ]
    if wrong:
        raise ValueError("; ".join(wrong))
    return KnownDecision(**row)


def _known(decision: ProvenDecision, is_afib: bool, fold: int) -> KnownDecision:  # noqa: FBT001
    return KnownDecision(
        name=decision.record,
        is_afib=is_afib,
        fold=fold,
        rhythm=decision.rhythm,
        outcome=decision.outcome,
        method=decision.method,
        clean_margin=decision.clean_margin,
        certified_margin=decision.certified_margin,
        # No gate stands beside the network of a fold, so nothing rules out that one abstained.
        may_abstain=True if decision.may_abstain is True else "unknown",
    )
