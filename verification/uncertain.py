"""What held-out gates came to, as it stands on record, and what a device says of prepared data."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

from afib.checkpoint import Checkpoint
from afib.crossfit import NETWORK, fold_model
from afib.dataset import AFIB, NORMAL
from afib.dataset.splits import part_of
from afib.errors import AfibError
from afib.heldout import bases_of, kinds_made, origin_of, read_held_out
from afib.heldout.derived import judgement_of
from afib.rule import AFIB_RHYTHM, NORMAL_RHYTHM, answers
from afib.seen import seen_in
from afib.settings import load_uncertainty
from vericase.schema import load_requirements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.crossfit import CrossFit
    from afib.dataset import Dataset
    from afib.decision import Limits
    from afib.heldout import HeldOut, Rows
    from afib.workflow import Prepared
    from nnassure.arrays import BoolArray, DoubleArray, StrArray

__all__ = [
    "FOLDS",
    "HELD_OUT",
    "Answered",
    "answered_by",
    "conditions_of",
    "csv_of",
    "intention_to_diagnose",
    "kept_up_to",
    "problems_of",
    "recorded_judgement",
    "rhythm_logits",
]

#: What stands in the folder beside the networks of the folds.
HELD_OUT, FOLDS = "heldout.json", "folds"
_ROOT = Path(__file__).parents[1]
_LABELS = (NORMAL, AFIB, "O", "~")
_PREVALENCES = (0.01, 0.02, 0.05, 0.13)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """Prepared recordings with what one device says of them.

    Attributes:
        labels: Shape (recordings,).
        accepted: Usable and not strange, shape (recordings,).
        scores: How strange each is; 0 where it is not usable, shape (recordings,).
        sets: Normal rhythm and AFib, shape (recordings, 2).
        answers: As :func:`afib.rule.answers` gives them, shape (recordings,).
    """

    labels: StrArray
    accepted: BoolArray
    scores: DoubleArray
    sets: BoolArray
    answers: StrArray

    def of(self, *labels: str) -> Answered:
        """Those with some labels."""
        chosen = np.isin(self.labels, labels)
        return Answered(
            labels=self.labels[chosen],
            accepted=self.accepted[chosen],
            scores=self.scores[chosen],
            sets=self.sets[chosen],
            answers=self.answers[chosen],
        )

    @property
    def abstained(self) -> BoolArray:
        """Where the device names no rhythm, shape (recordings,)."""
        return ~np.isin(self.answers, (AFIB_RHYTHM, NORMAL_RHYTHM))


def answered_by(limits: Limits, dataset: Dataset, called_afib: BoolArray) -> Answered:
    """What the device of *limits* says of *dataset*, whose network calls *called_afib*."""
    usable = dataset.usable
    scores = np.zeros(len(dataset))
    seen = seen_in(limits.checkpoint, dataset.where(usable))
    scores[usable] = limits.uncertainty.strangeness.scores(seen)
    accepted = usable & (scores <= limits.threshold)
    logits = (seen.logits[:, 1] - seen.logits[:, 0]).astype(np.float32)
    sets = np.zeros((len(dataset), 2), dtype=np.bool_)
    sets[usable] = limits.sets(logits)
    return Answered(
        labels=dataset.labels,
        accepted=np.asarray(accepted, dtype=np.bool_),
        scores=scores,
        sets=sets,
        answers=answers(usable=usable, accepted=accepted, called_afib=called_afib, sets=sets),
    )


def rhythm_logits(limits: Limits, dataset: Dataset, *, is_afib: bool) -> DoubleArray:
    """Of accepted recordings with one rhythm the logits, shape (recordings,)."""
    rhythms = dataset.where(dataset.usable).of(labels=(AFIB if is_afib else NORMAL,))
    seen = seen_in(limits.checkpoint, rhythms)
    kept = limits.uncertainty.strangeness.accepts(seen)
    return np.asarray((seen.logits[:, 1] - seen.logits[:, 0])[kept], np.float64)


def kept_up_to(limits: Limits, *, is_afib: bool) -> float:
    """The logit for the other rhythm up to which a rhythm stands in a set."""
    threshold = float(limits.uncertainty.thresholds[int(is_afib)])
    # The score is one minus the probability of the rhythm.
    return float(limits.checkpoint.temperature * logit(threshold))


def recorded_judgement(folder: Path) -> HeldOut | None:
    """What *folder* holds, or None if it holds no record."""
    try:
        return read_held_out(folder / HELD_OUT)
    except AfibError:
        return None


def problems_of(
    found: HeldOut, folder: Path, data: Prepared, crossfit: CrossFit, *, each: int
) -> list[str]:
    """Why the record in *folder* is not of these recordings, networks, settings and this code.

    Args:
        found: What it holds.
        folder: Where it is, beside the networks.
        data: The recordings.
        crossfit: The cross-fitting whose networks they are.
        each: How many strange recordings of each family and severity there have to be.
    """
    wanted = origin_of(data, load_uncertainty(), each=each)
    told = [
        f"{HELD_OUT}: {key}: expected {wanted[key]}, got {found.origin.get(key)}"
        for key in wanted
        if found.origin.get(key) != wanted[key]
    ]
    if sorted(gate.fold for gate in found.gates) != sorted(set(crossfit.folds.tolist())):
        return [*told, f"{HELD_OUT}: expected a gate for each fold, got others"]
    told += _strange_networks(found, folder, crossfit)
    return told + _strange_rows(found, data, crossfit, each)


def _strange_networks(found: HeldOut, folder: Path, crossfit: CrossFit) -> list[str]:
    told = []
    for gate in found.gates:
        wanted = crossfit.origin["models"][f"{NETWORK}-{gate.fold}"]["model_sha256"]
        place = fold_model(folder / FOLDS, gate.fold)
        try:
            model = Checkpoint.load(place)
        except AfibError as error:
            told.append(f"{place}: expected the network of fold {gate.fold}, got {error}")
            continue
        stated = (model.digest, gate.network_sha256, gate.threshold, gate.temperature)
        if stated != (wanted, wanted, model.threshold, model.temperature):
            told.append(f"{place}: expected the network {wanted} of the cross-fitting, got another")
    return told


def _strange_rows(found: HeldOut, data: Prepared, crossfit: CrossFit, each: int) -> list[str]:
    dataset, rows = data.dataset, found.rows
    real = rows.where(rows.families == "")
    # Rows stand by fold, and inside of one by name, as the manifest has all of them.
    order = np.lexsort((dataset.names, dataset.folds))
    columns = (
        ("names", real.names, dataset.names[order]),
        ("labels", real.labels, dataset.labels[order]),
        ("folds", real.folds, dataset.folds[order]),
        ("usable", real.usable, dataset.usable[order]),
    )
    told = [
        f"{HELD_OUT}: {name}: expected those of the manifest, got others"
        for name, stated, meant in columns
        if not np.array_equal(stated, meant)
    ]
    if told:
        return told
    seed = data.document["split"]["seed"]
    parts = [part_of(digest, seed) for digest in dataset.digests[order].tolist()]
    if real.parts.tolist() != parts:
        told.append(f"{HELD_OUT}: parts: expected those of the digests, got others")
    judged = judgement_of(found).of(NORMAL, AFIB)
    calls = dict(zip(crossfit.names.tolist(), crossfit.calls[NETWORK].tolist(), strict=True))
    own = zip(judged.rows.names.tolist(), judged.called_afib, judged.rows.usable, strict=True)
    if any(usable and calls[name] != called for name, called, usable in own):
        told.append(f"{HELD_OUT}: expected the calls of the cross-fitting, got others")
    folds = len(set(real.folds.tolist()))
    return told + _strange_made(rows, real, each // folds)


def _strange_made(rows: Rows, real: Rows, each: int) -> list[str]:
    """Whether made recordings are those that are drawn, of every family and severity once each."""
    made = rows.where(rows.families != "")
    wanted = Counter(
        (name, label, fold, part, family, severity)
        for own in (real.where(real.folds == fold) for fold in sorted(set(real.folds.tolist())))
        for name, label, fold, part in _bases_of(own, each)
        for family, severity in kinds_made()
    )
    found = Counter(
        zip(
            made.names.tolist(),
            made.labels.tolist(),
            made.folds.tolist(),
            made.parts.tolist(),
            made.families.tolist(),
            made.severities.tolist(),
            strict=True,
        )
    )
    if found == wanted:
        return []
    lost, added = wanted - found, found - wanted
    counted = f"{lost.total()} fewer and {added.total()} more"
    return [f"{HELD_OUT}: expected all strange recordings that are drawn, once, got {counted}"]


def _bases_of(own: Rows, each: int) -> list[tuple[str, str, int, int]]:
    """The recordings of a fold that strange ones are made of: name, label, fold and part."""
    fold = int(own.folds[0])
    names = bases_of(own, each, seed=fold)
    columns = zip(
        own.names.tolist(), own.labels.tolist(), own.folds.tolist(), own.parts.tolist(), strict=True
    )
    return [row for row in columns if row[0] in names]


def intention_to_diagnose(labels: StrArray, said: StrArray) -> list[tuple[str, ...]]:
    """Truth against what the device says, for every recording that it was given.

    Returns:
        A head and one line a label; then sensitivity and specificity with an abstention counted
        as wrong and left out; then the predictive values at some prevalences.
    """
    table: list[tuple[str, ...]] = [("truth", "recordings", "AFib", "normal", "abstained")]
    counts: dict[str, tuple[int, int, int]] = {}
    for label in _LABELS:
        own = said[labels == label]
        as_afib, as_normal = int((own == AFIB_RHYTHM).sum()), int((own == NORMAL_RHYTHM).sum())
        counts[label] = (len(own), as_afib, as_normal)
        row = (len(own), as_afib, as_normal, len(own) - as_afib - as_normal)
        table.append((label, *map(str, row)))
    afib, normal = counts[AFIB], counts[NORMAL]
    rates = {
        "sensitivity, abstention as a miss": (afib[1], afib[0]),
        "sensitivity, abstentions left out": (afib[1], afib[1] + afib[2]),
        "specificity, abstention as an error": (normal[2], normal[0]),
        "specificity, abstentions left out": (normal[2], normal[1] + normal[2]),
    }
    table += [(name, _share(*counted), "", "", "") for name, counted in rates.items()]
    for prevalence in _PREVALENCES:
        found = prevalence * _rate(afib[1], afib[0])
        alarms = (1 - prevalence) * _rate(normal[1], normal[0])
        cleared = (1 - prevalence) * _rate(normal[2], normal[0])
        missed = prevalence * _rate(afib[2], afib[0])
        values = (
            f"PPV {_rate(found, found + alarms):.4f}, NPV {_rate(cleared, cleared + missed):.4f}"
        )
        table.append((f"of A and N, at a prevalence of {prevalence:.0%}", values, "", "", ""))
    return table


def _share(part: int, whole: int) -> str:
    return f"{_rate(part, whole):.4f} ({part} of {whole})"


def _rate(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def csv_of(table: Sequence[Sequence[str]]) -> str:
    """*table* as comma-separated values; no cell holds a comma that is not quoted."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def conditions_of(requirement: str) -> Mapping[str, Any]:
    """The conditions of a requirement of this repository."""
    requirements = load_requirements(_ROOT / "requirements", named=Path("requirements"))
    return requirements.by_id()[requirement].conditions
