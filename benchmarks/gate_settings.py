"""What other settings of the gate would accept and refuse: the trials behind its preset.

Each gate stands beside the network of a fold and judges recordings of that fold that are not of the
test split, and strange ones of the tuning families made of them. The threshold of each is that of
the preset's shares of acceptance; two settings are compared by what they refuse of recordings that
are too noisy, and of damaged ones, where they accept as many ordinary ones.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.checkpoint import Checkpoint
from afib.corruption import strange_recording
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.errors import AfibError
from afib.examples import examples_of
from afib.seen import Seen, seen_in, seen_of
from afib.settings import load_settings, load_uncertainty
from afib.strangeness import fit_strangeness
from afib.usability import unusable
from afib.workflow import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.settings import DetectorSettings, UncertaintySettings
    from afib.strangeness import Examples
    from afib.workflow import Prepared
    from nnassure.arrays import BoolArray, StrArray

_NARROWNESS, _COSTS, _COMPONENTS = (0.015, 0.022, 0.03), (2.0, 4.0), (6,)
_SHOWN = (("wrong_rate", 0.5), ("wrong_rate", 2.0), ("dropped", 0.2), ("motion", -6.0))
_HARMLESS = (("wander", 0.0), ("muscle", 0.0), ("muscle", 6.0), ("motion", 6.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fold:
    examples: Examples
    validation: Seen
    is_afib: BoolArray
    judged: Seen
    labels: StrArray
    made: dict[tuple[str, float], Seen]
    unusable: dict[tuple[str, float], int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=Path, help="folder of the networks of the folds")
    parser.add_argument("--each", type=int, default=20, help="strange recordings of a kind, a fold")
    parsed = parser.parse_args(arguments)
    if parsed.networks is None:
        print("nothing to measure: name --networks, such as reports/reference/uncertainty/folds")
        return
    torch.set_num_threads(1)
    settings = load_uncertainty()
    try:
        data = prepared(load_settings("physionet2017"), None, progress=True)
        folds = [
            _fold(data, fold_model(parsed.networks, fold), fold, settings, parsed.each)
            for fold in sorted(set(data.dataset.folds.tolist()))
        ]
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    print("Accepted of ordinary recordings, and refused of others, by settings of the gate.\n")
    names = [f"{family} {severity:g}" for family, severity in (*_SHOWN, *_HARMLESS)]
    names.append("least refused of those that hurt")
    head = ["narrowness", "cost", "components", "N and A accepted", "A accepted", "~ refused"]
    print(f"| {' | '.join([*head, *names])} |")
    print("|" + "---|" * (6 + len(names)))
    for narrowness, cost, components in product(_NARROWNESS, _COSTS, _COMPONENTS):
        tried = replace(
            settings.detector,
            exposed_narrowness=narrowness,
            exposed_cost=cost,
            density_components=components,
        )
        told = " | ".join(_counts(folds, tried))
        print(f"| {narrowness:g} | {cost:g} | {components} | {told} |", flush=True)


def _fold(
    data: Prepared, network: Path, fold: int, settings: UncertaintySettings, each: int
) -> _Fold:
    checkpoint, dataset = Checkpoint.load(network), data.dataset
    held_out = dataset.folds == fold
    chosen_by = (dataset.splits == "validation") & ~held_out
    rhythms = dataset.where(chosen_by & dataset.usable).of(labels=(NORMAL, AFIB))
    own = dataset.where(held_out & dataset.usable & (dataset.splits != "test"))
    generator = np.random.default_rng(fold)
    bases: list[str] = []
    for label in (NORMAL, AFIB):
        names = sorted(own.of(labels=(label,)).names.tolist())
        bases += generator.permutation(names)[: each // 2].tolist()
    recordings = list(data.source.some(bases))
    made, gone = {}, {}
    for family, severity in (*_SHOWN, *_HARMLESS):
        strange = [strange_recording(r, family, severity, seed=1000 + fold) for r in recordings]
        limits = checkpoint.settings.usability
        held = [r for r in strange if unusable(r.signal_mv, r.rate_hz, limits) is None]
        made[family, severity] = seen_of(checkpoint, held)
        gone[family, severity] = len(strange) - len(held)
    shown = dataset.where(~held_out & ~chosen_by)
    return _Fold(
        examples=examples_of(checkpoint, shown, data.source, settings.disturbed, progress=False),
        validation=seen_in(checkpoint, rhythms),
        is_afib=rhythms.is_afib,
        judged=seen_in(checkpoint, own),
        labels=own.labels,
        made=made,
        unusable=gone,
    )


def _counts(folds: list[_Fold], settings: DetectorSettings) -> list[str]:
    gates = [
        fit_strangeness(
            fold.examples, validation=fold.validation, is_afib=fold.is_afib, settings=settings
        )
        for fold in folds
    ]
    accepted = np.concatenate(
        [gate.accepts(fold.judged) for gate, fold in zip(gates, folds, strict=True)]
    )
    labels = np.concatenate([fold.labels for fold in folds])
    cells = []
    for wanted, is_refused in (((NORMAL, AFIB), False), ((AFIB,), False), (("~",), True)):
        own = accepted[np.isin(labels, wanted)]
        counted = len(own) - own.sum() if is_refused else own.sum()
        cells.append(f"{counted} of {len(own)}")
    worst = 1.0
    for kind in (*_SHOWN, *_HARMLESS):
        refused = total = 0
        for gate, fold in zip(gates, folds, strict=True):
            seen = fold.made[kind]
            refused += fold.unusable[kind] + int((~gate.accepts(seen)).sum())
            total += fold.unusable[kind] + len(seen)
        cells.append(f"{refused} of {total}")
        if kind in _SHOWN:
            worst = min(worst, refused / total)
    return [*cells, f"{worst:.2f}"]


if __name__ == "__main__":
    main()
