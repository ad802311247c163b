"""Trainings side by side on one held-out fold: what they decide rightly, keep, and can prove.

`--seeds` asks how much hangs on the seed of one preset; `--preset` may be given more than once.
The fold is one of the splits for training and validation, which alone are looked at; the
validation split of the rest chooses epoch and threshold. Trained models are kept in `--models`
and taken from there while they are current.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.dataset import AFIB, NORMAL
from afib.errors import AfibError, ModelError
from afib.proof.many import Challenge, noise_of
from afib.settings import load_settings
from afib.sources import open_source
from afib.workflow import fitted, prepared
from benchmarks.shared.measuring import heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.dataset import Dataset
    from afib.proof import Prover
    from afib.records import Recording
    from afib.settings import Settings
    from afib.workflow import Prepared

RADII_MV = (0.01, 0.025)
_HEAD = ("preset", "seed", "clean", *(f"proven at {1000 * r:g} uV" for r in RADII_MV))


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="+", default=[], help="names of presets")
    parser.add_argument("--seeds", nargs="+", type=int, default=[17, 18, 19, 20, 21])
    parser.add_argument("--fold", type=int, default=0, help="which fold is held out")
    parser.add_argument("--normal", type=int, default=200, help="normal recordings that are judged")
    parser.add_argument("--models", type=Path, default=Path("artifacts/trainings"))
    parsed = parser.parse_args(arguments)
    if not parsed.preset:
        print("nothing to measure: name a --preset; a training takes a quarter of an hour")
        return
    rows: list[list[str]] = []
    judged = 0
    for preset in parsed.preset:
        try:
            settings = load_settings(preset)
            data = prepared(settings, None, progress=True)
        except AfibError as error:
            print(f"nothing to measure: {error}")
            return
        torch.set_num_threads(settings.training.threads)
        recordings = _judged(data, settings, parsed.fold, parsed.normal)
        judged = len(recordings)
        for seed in parsed.seeds:
            training = replace(settings.training, seed=seed)
            model = _model(data, replace(settings, training=training), parsed.fold, parsed.models)
            rows.append([Path(preset).stem, str(seed), *_figures(model, recordings)])
            print(f"{preset}, seed {seed}: {', '.join(rows[-1][2:])}", file=sys.stderr, flush=True)
    print(heading("Seeds"))
    print(f"Fold {parsed.fold} held out; {judged} recordings, as sensitivity / specificity.")
    print("Samples are disturbed at the network's input.")
    print("Proven is what quick bounds prove, without the splits and ascents of a whole proof.\n")
    print("\n".join(f"| {' | '.join(row)} |" for row in (_HEAD, ["---"] * len(_HEAD), *rows)))


def _judged(data: Prepared, settings: Settings, fold: int, normal: int) -> list[Recording]:
    """All recordings with AFib of the fold, and some of the normal ones, drawn by a seed."""
    development = _development(data)
    held_out = development.where(development.folds == fold)
    generator = np.random.default_rng(17)
    chosen = held_out.of(labels=(AFIB,)).names.tolist()
    chosen += generator.permutation(held_out.of(labels=(NORMAL,)).names)[:normal].tolist()
    names = set(chosen)
    source = open_source(settings.data, None, progress=True)
    return [each for each in source.recordings() if each.name in names]


def _development(data: Prepared) -> Dataset:
    """What choices may look at: the splits for training and validation."""
    rhythms = data.dataset.of(labels=(NORMAL, AFIB))
    return rhythms.where(np.isin(rhythms.splits, ("train", "validation")))


def _model(data: Prepared, settings: Settings, fold: int, folder: Path) -> Checkpoint:
    key = {"manifest_sha256": data.digest, "settings_sha256": settings.digest, "fold": fold}
    path = folder / f"{settings.digest[:16]}-{fold}"
    try:
        kept = Checkpoint.load(path)
    except ModelError:
        pass
    else:
        if {name: kept.provenance.get(name) for name in key} == key:
            return kept
    rhythms = _development(data)
    held_out = rhythms.folds == fold
    chosen_by = (rhythms.splits == "validation") & ~held_out
    model = fitted(
        rhythms.where(~held_out & ~chosen_by),
        rhythms.where(chosen_by),
        settings,
        origin=key,
        progress=True,
        resume=None,
    )
    model.save(path)
    return model


def _figures(model: Checkpoint, recordings: list[Recording]) -> list[str]:
    """Rates of right decisions, and of right and proven ones by quick bounds alone."""
    labels = np.array([each.label == AFIB for each in recordings])
    right = np.zeros(len(recordings), dtype=np.bool_)
    told = []
    for radius_mv in RADII_MV:
        question = _question(radius_mv)
        prover = question.prover(model)
        rhythms = [prover.rhythm(each) for each in recordings]
        right = np.array(rhythms) == np.where(labels, "AFib", "normal")
        proven = [
            _proven(question, prover, *pair) for pair in zip(recordings, rhythms, strict=True)
        ]
        told.append(_rates(right & np.array(proven), labels))
    return [_rates(right, labels), *told]


def _proven(question: Challenge, prover: Prover, recording: Recording, rhythm: str | None) -> bool:
    if rhythm is None:
        return False
    way = prover.way(
        recording, noise_of(question, recording, prover.checkpoint.settings), "network"
    )
    return prover.quick(prover.problem(way, rhythm)).margin > 0


def _rates(good: np.ndarray, labels: np.ndarray) -> str:
    return " / ".join(
        f"{good[chosen].mean():.3f} ({good[chosen].sum()} of {chosen.sum()})"
        for chosen in (labels, ~labels)
    )


def _question(radius_mv: float) -> Challenge:
    return Challenge(
        kind="linf",
        at="network",
        size=radius_mv,
        frequency_hz=None,
        box_mv=0.0,
        parts=1,
        steps=0,
        seconds=60.0,
        restarts=1,
        queries=1,
        seed=17,
    )


if __name__ == "__main__":
    main()
