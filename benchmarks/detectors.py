"""Detectors of strange recordings side by side: the four of MATLAB's toolbox, others, and ours.

Each fold's network gives the features; detectors are fitted on recordings that it was trained on
and judged on those that it never saw. All that take features take the same ones: what a recording
tells of its quality, and what the last convolution computes. Ours was shown disturbed and noisy
recordings; to judge it on a family it is fitted without it. The first table is of that, the second
of the device's gate, which was shown examples of them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from afib.checkpoint import Checkpoint
from afib.corruption import FAMILIES, strange_recording
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.errors import AfibError
from afib.examples import examples_of
from afib.heldout import read_held_out
from afib.heldout.derived import judgement_of
from afib.preprocessing import segments, to_network_rate
from afib.seen import Seen, seen_in, seen_of
from afib.settings import load_settings, load_uncertainty
from afib.strangeness import Examples, fit_strangeness
from afib.workflow import prepared
from benchmarks.shared.drawn import drawn, recorded_noise
from nnassure.ood import (
    Density,
    Energy,
    Histograms,
    Mahalanobis,
    MaxSoftmax,
    Neighbours,
    VirtualLogit,
    nearer_to_a_class,
)
from verification.families import severities_that
from verification.uncertain import HELD_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from afib.heldout.derived import Judgement
    from afib.records import Recording
    from afib.settings import UncertaintySettings
    from afib.workflow import Prepared
    from nnassure.arrays import DoubleArray

_FOLDS = Path(__file__).parents[1] / "reports" / "reference" / "uncertainty" / "folds"
# What is decided rightly less often is to be refused.
_FLOOR = 0.9
_NOISY = "too noisy (~)"
_ODIN_TEMPERATURE, _ODIN_STEP_MV = 1000.0, 0.002
_KEPT = 32
OURS = "ours, family left out"
SHIPPED = "ours, as it ships"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Judged:
    """What detectors are judged on: what is seen of recordings, and the logits that ODIN moved."""

    seen: Seen
    moved: DoubleArray


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", nargs="*", type=int, default=[], help="such as 0 1 2")
    parser.add_argument("--each", type=int, default=20, help="of each family, severity and fold")
    parser.add_argument("--networks", type=Path, default=_FOLDS)
    parsed = parser.parse_args(arguments)
    if not parsed.folds:
        print("nothing to measure: name --folds, such as 0 1 2; each takes some minutes")
        return
    try:
        data = prepared(load_settings("physionet2017"), None, progress=True)
        checkpoints = {f: Checkpoint.load(fold_model(parsed.networks, f)) for f in parsed.folds}
        record = judgement_of(read_held_out(parsed.networks.parent / HELD_OUT))
    except AfibError as error:
        print(f"nothing to measure: {error}")
        return
    torch.set_num_threads(1)
    hurt = _hurting(record)
    figures: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for fold, checkpoint in checkpoints.items():
        for method, found in _fold(data, checkpoint, fold, parsed.each, hurt).items():
            for family, pair in found.items():
                figures.setdefault(method, {}).setdefault(family, []).append(pair)
    told = [f"{name} at {', '.join(f'{e:g}' for e in each)}" for name, each in hurt.items() if each]
    _print(figures, len(parsed.folds))
    print("\nOf families that keep an ECG count the severities at which fewer than nine in ten")
    print(f"decisions are right by the record of the reference: {'; '.join(told)}.")


def _hurting(record: Judgement) -> dict[str, tuple[float, ...]]:
    """Of families that keep an ECG, the severities at which decisions are too often wrong."""
    return {
        name: tuple(
            float(rows.rows.severities[0])
            for rows in severities_that(record, [name], hurt=True, floor=_FLOOR)
        )
        for name, family in FAMILIES.items()
        if family.keeps_ecg
    }


def _print(figures: dict[str, dict[str, list[tuple[float, float]]]], folds: int) -> None:
    print(f"Detectors of strange recordings, means over {folds} folds: area under the curve for")
    print("each family against held-out normal and AFib recordings, and FPR, the share of strange")
    print("ones that are accepted where 95 % of those are.\n")
    print("| detector | worst area | of | worst FPR | of | mean area | mean FPR |")
    print("|---|---|---|---|---|---|---|")
    worst = {}
    for method, found in figures.items():
        means = {family: np.mean(pairs, axis=0) for family, pairs in found.items()}
        worst[method] = min(mean[0] for mean in means.values())
        low = min(means, key=lambda family: means[family][0])
        high = max(means, key=lambda family: means[family][1])
        areas, rates = np.array(list(means.values())).T
        print(
            f"| {method} | {means[low][0]:.4f} | {low} | {means[high][1]:.3f} | {high} | "
            f"{areas.mean():.4f} | {rates.mean():.3f} |"
        )
    unseen = {method: area for method, area in worst.items() if method != SHIPPED}
    best = max(unseen, key=lambda method: unseen[method])
    print(f"\nOf those that were shown nothing of the family, {best} has the best worst area,")
    print(f"{unseen[best]:.4f}; ours is shown some families and gains on them and their like.")
    print("ViM begins at zero here, since the features are not those of the last layer alone.")
    print("\n| family | " + " | ".join(figures) + " |")
    print("|---" * (len(figures) + 1) + "|")
    for family in next(iter(figures.values())):
        cells = [f"{np.mean(found[family], axis=0)[0]:.4f}" for found in figures.values()]
        print(f"| {family} | " + " | ".join(cells) + " |")


def _fold(
    data: Prepared,
    checkpoint: Checkpoint,
    fold: int,
    each: int,
    hurt: Mapping[str, tuple[float, ...]],
) -> dict[str, dict[str, tuple[float, float]]]:
    """By detector and family, the area under the curve and the share accepted at 95 %."""
    settings, dataset = load_uncertainty(), data.dataset
    held_out = dataset.where((dataset.folds == fold) & dataset.usable)
    ordinary = held_out.of(labels=(NORMAL, AFIB))
    known = _Judged(
        seen=seen_in(checkpoint, ordinary), moved=_moved(checkpoint, list(ordinary.signals))
    )
    noisy = held_out.of(labels=("~",))
    strange = {
        _NOISY: _Judged(
            seen=seen_in(checkpoint, noisy), moved=_moved(checkpoint, list(noisy.signals))
        )
    }
    bases = list(data.source.some(drawn(ordinary, each // 2, fold)))
    for family in FAMILIES:
        made = _made(bases, family, fold, hurt)
        if made:
            strange[family] = _judged(checkpoint, made)
    shown, validation, is_afib = _shown(data, checkpoint, fold, settings)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for method, score in _methods(shown).items():
        usual = score(known)
        found[method] = {name: _figures(usual, score(rows)) for name, rows in strange.items()}
    fit = partial(
        fit_strangeness, validation=validation, is_afib=is_afib, settings=settings.detector
    )
    ships = fit(shown)
    for method, leave_out in ((OURS, True), (SHIPPED, False)):
        found[method] = {}
        for name, rows in strange.items():
            gate = ships
            if leave_out and name == _NOISY:
                # What damage looks like stands in for what noise looks like.
                gate = fit(replace(shown, unreadable=shown.harmed))
            elif leave_out and hurt.get(name):
                others, *_ = _shown(data, checkpoint, fold, _without(settings, name))
                gate = fit(others)
            found[method][name] = _figures(gate.scores(known.seen), gate.scores(rows.seen))
    return found


def _methods(
    shown: Examples,
) -> dict[str, Callable[[_Judged], DoubleArray]]:
    labels = shown.is_afib.astype(np.int64)
    middle = shown.known.together.mean(axis=0)
    spread = np.maximum(shown.known.together.std(axis=0), 1e-9)

    def unit(seen: Seen) -> DoubleArray:
        return np.asarray((seen.together - middle) / spread, np.float64)

    given = (unit(shown.known), shown.known.logits, labels)
    histograms, mahalanobis = Histograms.fit(*given), Mahalanobis.fit(*given)
    neighbours = Neighbours.fit(*given)
    virtual = VirtualLogit.fit(*given, origin=np.zeros(given[0].shape[1]), kept=_KEPT)
    density = Density.fit(shown.known.quality, shown.known.logits, labels, components=6)
    odin = MaxSoftmax(temperature=np.asarray(_ODIN_TEMPERATURE))
    softmax, energy = MaxSoftmax(), Energy()
    return {
        "max softmax": lambda rows: softmax.scores(rows.seen.pooled, rows.seen.logits),
        "ODIN": lambda rows: odin.scores(rows.seen.pooled, rows.moved),
        "energy": lambda rows: energy.scores(rows.seen.pooled, rows.seen.logits),
        "HBOS": lambda rows: histograms.scores(unit(rows.seen), rows.seen.logits),
        "Mahalanobis": lambda rows: mahalanobis.scores(unit(rows.seen), rows.seen.logits),
        "nearest neighbours": lambda rows: neighbours.scores(unit(rows.seen), rows.seen.logits),
        "ViM": lambda rows: virtual.scores(unit(rows.seen), rows.seen.logits),
        "density of quality": lambda rows: density.scores(rows.seen.quality, rows.seen.logits),
    }


def _figures(usual: DoubleArray, strange: DoubleArray) -> tuple[float, float]:
    truth = np.repeat([0, 1], [len(usual), len(strange)])
    area = float(roc_auc_score(truth, np.concatenate([usual, strange])))
    return area, float((strange <= np.quantile(usual, 0.95)).mean())


def _shown(
    data: Prepared, checkpoint: Checkpoint, fold: int, settings: UncertaintySettings
) -> tuple[Examples, Seen, np.ndarray]:
    dataset = data.dataset
    held_out = dataset.folds == fold
    chosen_by = (dataset.splits == "validation") & ~held_out
    shown = examples_of(
        checkpoint,
        dataset.where(~held_out & ~chosen_by),
        data.source,
        settings.disturbed,
        progress=False,
    )
    rhythms = dataset.where(chosen_by & dataset.usable).of(labels=(NORMAL, AFIB))
    return shown, seen_in(checkpoint, rhythms), rhythms.is_afib


def _without(settings: UncertaintySettings, family: str) -> UncertaintySettings:
    old = settings.disturbed
    harmless, harmful = (
        tuple(one for one in kind if one.split()[0] != family)
        for kind in (old.harmless, old.harmful)
    )
    return replace(settings, disturbed=replace(old, harmless=harmless, harmful=harmful))


def _made(
    bases: list[Recording], family: str, fold: int, hurt: Mapping[str, tuple[float, ...]]
) -> list[Recording]:
    """Strange recordings of a family, at the severities at which they count."""
    kind = FAMILIES[family]
    severities = kind.severities if not kind.keeps_ecg else hurt[family]
    return [
        strange_recording(
            base,
            family,
            severity,
            seed=2000 + fold + 100 * number,
            noise=recorded_noise(base.rate_hz, later=True),
        )
        for base in bases
        for number, severity in enumerate(severities)
    ]


def _judged(checkpoint: Checkpoint, recordings: list[Recording]) -> _Judged:
    path = checkpoint.settings.preprocessing
    signals = [to_network_rate(each.signal_mv, each.rate_hz, path) for each in recordings]
    return _Judged(seen=seen_of(checkpoint, recordings), moved=_moved(checkpoint, signals))


def _moved(checkpoint: Checkpoint, signals: list[np.ndarray]) -> DoubleArray:
    """Logits of recordings that were moved towards what the network says of them."""
    rows = []
    for signal_mv in signals:
        pieces = segments(signal_mv.astype(np.float32), checkpoint.settings.preprocessing)
        moved = nearer_to_a_class(
            checkpoint.network,
            torch.from_numpy(pieces),
            temperature=_ODIN_TEMPERATURE,
            step=_ODIN_STEP_MV,
        )
        with torch.no_grad():
            rows.append(checkpoint.network(moved).mean(dim=0).double().numpy())
    return np.stack(rows)


if __name__ == "__main__":
    main()
