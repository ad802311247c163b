"""Write what the networks look at, over many held-out recordings: docs/explanations.md.

Recordings are those of the verification of explanations (XAI-001 to XAI-014), each explained beside
the network of its fold, which never saw it. Takes a minute.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from afib.beat_parts import PARTS
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.drawing import Drawing
from afib.errors import AfibError
from afib.heldout import read_held_out
from afib.heldout.derived import judgement_of
from afib.settings import load_settings
from afib.workflow import prepared
from tools.cohort import (
    CHANGES,
    FLATTENED,
    Fold,
    around,
    by_change,
    densities,
    fold_of,
    irregularity,
    kept,
)
from verification.reasons import drawn_for_reasons
from verification.uncertain import FOLDS, HELD_OUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afib.dataset import Dataset
    from afib.heldout.derived import Judgement

__all__ = ["main"]

ROOT = Path(__file__).parents[1]
_TEXT = """\
# What the network looks at

Written by `make explanations`.

{total} held-out recordings that the device accepts, half of them with AFib, each explained beside the network of its fold; {right} of them are decided rightly, and the tables and figures are of these.
A positive weight argues for AFib, a negative one for normal rhythm.
[Decision 0024](decisions/0024-captum.md) says how weights are found; the requirements XAI-001 to XAI-014 say what they are held to, and the report what came of it.

## What we find

The network looks at when beats come, and hardly at what stands between them.
Its evidence lies in the QRS complexes, for normal rhythm also in T waves; over all recordings together there is the more of it for AFib the more the RR interval changes, and XAI-011 asks the same within each recording.
Flattening everything but the QRS complexes, P waves and fibrillatory waves with it, leaves nearly every call as it was, though normal rhythm then looks less normal; without QRS complexes most recordings of either rhythm are called normal.
That is half of what a cardiologist looks at: the irregular interval, not the missing P wave.
The errors follow suit, as the last table shows: AFib that is called normal has about half as many changed intervals as AFib that is found, and normal rhythm that is called AFib has nearly as many as AFib.
Which stretch of a recording a call hangs on can be said of removal and insertion together, and hardly of either alone (XAI-004 and XAI-014): any few even seconds argue for normal rhythm, and any uneven ones for AFib.
P waves are small, and the network was trained to be indifferent to small changes; whether it could learn them was not tried.

## Where evidence stands in the heartbeat

Integrated gradients, which look at single samples; sizes count, not signs.
Density is the share of evidence over the share of time.
Since the method multiplies by the signal, a network without training has its densest evidence in QRS complexes too; XAI-009, XAI-010 and XAI-013 hold the densities against that.
The borders of the parts follow from R peaks by usual times, not from delineated waves.

| part | AFib: share of time | share of evidence | density | normal: share of time | share of evidence | density |
|---|---|---|---|---|---|---|
{parts}

![mean signal and evidence around the R peak](figures/evidence-by-beat.svg)

## What happens when a part is flattened

All of a part becomes straight lines, and the logit for AFib changes by the median below.
This asks the network itself, and needs no attribution; but a recording without QRS complexes is nothing that it was made for.

| flattened | AFib: change of the logit | still called AFib | normal: change of the logit | still called normal |
|---|---|---|---|---|
{flattened}

## Evidence and the RR interval

Grad-CAM at each beat, by how much the RR interval before it differs from the one after.

| change of the interval | AFib: beats | mean evidence | normal: beats | mean evidence |
|---|---|---|---|---|
{intervals}

![evidence for AFib by the change of the RR interval](figures/evidence-by-interval.svg)

## What errors have in common

All recordings that the held-out gates accept, by label and by what the network calls them.
Counted is the share of RR intervals that differ from the one before by over a tenth; R peaks are detected, not marked by hand.

| recordings | count | lower quartile | median | upper quartile |
|---|---|---|---|---|
{errors}
"""  # noqa: E501  a line is a sentence
_COLOURS = {"AFib": "#d55e00", "normal": "#005fb9"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and its figures; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "reports/reference/uncertainty")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--each", type=int, default=300, help="recordings, half of them with AFib")
    parsed = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        dataset = prepared(load_settings("physionet2017"), None, progress=True).dataset
        judged = judgement_of(read_held_out(parsed.folder / HELD_OUT))
        drawn = drawn_for_reasons(judged, each=parsed.each, seed=17)
        folds = [
            fold_of(
                dataset.where(np.isin(dataset.names, names)),
                fold_model(parsed.folder / FOLDS, fold),
            )
            for fold, names in drawn.items()
        ]
    except AfibError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    figures = parsed.out / "figures"
    figures.mkdir(exist_ok=True)
    (figures / "evidence-by-beat.svg").write_bytes(_beat_figure(folds).svg())
    (figures / "evidence-by-interval.svg").write_bytes(_interval_figure(folds).svg())
    page = parsed.out / "explanations.md"
    page.write_text(_page(folds, _errors(judged, dataset)), encoding="utf-8")
    print(f"{sum(len(each.right) for each in folds)} recordings explained; see {page}")
    if gone := _no_longer(folds):
        print(f"what the page finds no longer holds: {'; '.join(gone)}", file=sys.stderr)
    return 1 if gone else 0


def _no_longer(folds: list[Fold]) -> list[str]:
    """What the words of the page say and the numbers beside them do not."""
    told = []
    for is_afib, name in ((True, "AFib"), (False, "normal rhythm")):
        dense = [share / time for time, share in densities(folds, is_afib=is_afib)]
        if dense[PARTS.index("QRS")] < max(dense):
            told.append(f"evidence of {name} is not densest in QRS complexes")
    values = [value for _, value in by_change(folds, is_afib=True)]
    if values != sorted(values):
        told.append("evidence for AFib does not rise with the change of the RR interval")
    return told


def _beat_figure(folds: list[Fold]) -> Drawing:
    drawing = Drawing(
        width_mm=170,
        height_mm=112,
        title="Evidence around the R peak",
        words="Mean signal and mean evidence by integrated gradients from 0.6 s before to 0.6 s "
        "after R peaks, of recordings decided rightly, AFib and normal.",
    )
    rows = (
        ("inputs", "mean signal; the bar is 1 mV", 10.0, 40.0),
        ("fine", "mean evidence", 62.0, 92.0),
    )
    for values, words, top, zero in rows:
        drawing.text(12, top, words, size_mm=3.4)
        drawing.lines([[(12, zero), (162, zero)]], colour="#9a9a9a", width_mm=0.15)
        courses = {
            name: around(folds, values, is_afib=name == "AFib") for name in ("AFib", "normal")
        }
        largest = max(float(np.abs(course).max()) for course in courses.values())
        scale = 25.0 if values == "inputs" else 26.0 / largest
        for name, course in courses.items():
            across = np.linspace(12, 162, len(course)).tolist()
            points = list(zip(across, (zero - scale * course).tolist(), strict=True))
            drawing.lines([points], colour=_COLOURS[name], width_mm=0.5)
    drawing.lines([[(8, 40), (8, 15)]], colour="#1a1a1a", width_mm=0.4)
    for at_s in (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6):
        x = 12 + (at_s + 0.6) / 1.2 * 150
        drawing.lines([[(x, 104), (x, 105)]], colour="#1a1a1a", width_mm=0.2)
        drawing.text(x, 109, f"{at_s:g} s", size_mm=3, anchor="middle")
    for place, name in enumerate(("AFib", "normal")):
        y = 66 + 5 * place
        drawing.lines([[(112, y - 1), (120, y - 1)]], colour=_COLOURS[name], width_mm=0.5)
        told = "AFib, argues for it" if name == "AFib" else "normal, argues against"
        drawing.text(122, y, told, size_mm=3)
    return drawing


def _interval_figure(folds: list[Fold]) -> Drawing:
    drawing = Drawing(
        width_mm=170,
        height_mm=84,
        title="Evidence for AFib by the change of the RR interval",
        words="Mean Grad-CAM at beats, by how much the RR interval changes there.",
    )
    drawing.text(
        12, 8, "mean evidence for AFib at beats, by the change of the RR interval", size_mm=3.4
    )
    found = {name: by_change(folds, is_afib=name == "AFib") for name in ("AFib", "normal")}
    largest = max(abs(value) for each in found.values() for _, value in each)
    zero = 40.0
    drawing.lines([[(12, zero), (162, zero)]], colour="#9a9a9a", width_mm=0.15)
    for place, words in enumerate(_bins()):
        middle = 12 + 37.5 * place + 18.75
        drawing.text(middle, 80, words, size_mm=3, anchor="middle")
        for side, name in enumerate(("AFib", "normal")):
            _, value = found[name][place]
            left, top = middle - 12 + 13 * side, zero - 28 * value / largest
            drawing.area(
                [(left, zero), (left + 11, zero), (left + 11, top), (left, top)],
                colour=_COLOURS[name],
            )
            above = top - 1 if value >= 0 else top + 3.5
            drawing.text(left + 5.5, above, f"{name} {value:+.3f}", size_mm=2.4, anchor="middle")
    return drawing


def _bins() -> list[str]:
    return [
        f"{low:.0%} to {high:.0%}" if np.isfinite(high) else f"{low:.0%} and more"
        for low, high in itertools.pairwise(CHANGES)
    ]


def _page(folds: list[Fold], errors: list[str]) -> str:
    right, total = sum(int(each.right.sum()) for each in folds), sum(len(f.right) for f in folds)
    dense = [densities(folds, is_afib=is_afib) for is_afib in (True, False)]
    found = [by_change(folds, is_afib=is_afib) for is_afib in (True, False)]
    parts = [
        f"| {part} | "
        + " | ".join(f"{time:.3f} | {share:.3f} | {share / time:.2f}" for time, share in cells)
        for part, *cells in zip(PARTS, *dense, strict=True)
    ]
    intervals = [
        f"| {words} | " + " | ".join(f"{count} | {value:+.4f}" for count, value in cells)
        for words, *cells in zip(_bins(), *found, strict=True)
    ]
    return _TEXT.format(
        total=total,
        right=right,
        parts=" |\n".join(parts) + " |",
        flattened="\n".join(f"| {part} | {_flattened(folds, part)} |" for part in FLATTENED),
        intervals=" |\n".join(intervals) + " |",
        errors="\n".join(errors),
    )


def _errors(judged: Judgement, dataset: Dataset) -> list[str]:
    """How irregular recordings are, by label and by what they are called, of all that decide."""
    known = judged.of(NORMAL, AFIB)
    kept_rows = known.where(known.accepted)
    place = {name: k for k, name in enumerate(dataset.names.tolist())}
    own = dataset.where(np.isin(np.arange(len(dataset)), [place[n] for n in kept_rows.rows.names]))
    shares = dict(zip(own.names.tolist(), irregularity(own, _rate_hz()), strict=True))
    found = np.array([shares[name] for name in kept_rows.rows.names.tolist()])
    lines = []
    for is_afib, called, words in (
        (True, True, "AFib, called so"),
        (True, False, "AFib, called normal"),
        (False, True, "normal, called AFib"),
        (False, False, "normal, called so"),
    ):
        chosen = (kept_rows.is_afib == is_afib) & (kept_rows.called_afib == called)
        values = found[chosen & np.isfinite(found)]
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        lines.append(f"| {words} | {int(chosen.sum())} | {low:.2f} | {middle:.2f} | {high:.2f} |")
    return lines


def _rate_hz() -> float:
    return load_settings("physionet2017").preprocessing.rate_hz


def _flattened(folds: list[Fold], part: str) -> str:
    cells = []
    for is_afib in (True, False):
        changes = np.concatenate(
            [each.flattened[part][each.chosen(is_afib=is_afib)] for each in folds]
        )
        stayed = np.concatenate([kept(each, part, is_afib=is_afib) for each in folds])
        cells.append(f"{np.median(changes):+.2f} | {int(stayed.sum())} of {len(stayed)}")
    return " | ".join(cells)


if __name__ == "__main__":
    sys.exit(main())
