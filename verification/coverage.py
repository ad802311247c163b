"""Coverage of prediction sets, looked at in other ways: by chance, by quality and by duration."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from afib.dataset.splits import PARTS
from afib.sets import fit_sets, rhythm_scores, sets_of
from nnassure.conformal import class_thresholds, prediction_sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afib.heldout.derived import Judgement
    from nnassure.arrays import BoolArray, DoubleArray
    from verification.uncertain import Answered

__all__ = [
    "by_band",
    "by_duration",
    "by_quality",
    "marginal_table",
    "resplit_table",
    "resplits_of",
    "said_of_test_split",
    "under_shift",
]

_RHYTHMS = (("AFib", 1), ("normal", 0))


def resplits_of(judged: Judgement, alpha: float, *, resplits: int, seed: int) -> DoubleArray:
    """Coverage of AFib and of normal rhythm when folds are cut at random, shape (resplits, 2).

    Each time two thirds of the accepted recordings of a fold calibrate and the others are judged.
    """
    kept = judged.where(judged.accepted)
    rows, generator = kept.rows, np.random.default_rng(seed)
    coverages = np.empty((resplits, 2))
    for run in range(resplits):
        drawn = generator.integers(PARTS, size=len(rows))
        sets = np.zeros((len(rows), 2), dtype=np.bool_)
        for fold, gate in kept.gates.items():
            own = rows.folds == fold
            calibrating, asked = own & (drawn != 0), own & (drawn == 0)
            thresholds = fit_sets(
                rows.logits[calibrating],
                kept.is_afib[calibrating],
                temperature=gate.temperature,
                alpha=alpha,
            )
            sets[asked] = sets_of(
                rows.logits[asked], temperature=gate.temperature, thresholds=thresholds
            )
        for place, (_, column) in enumerate(_RHYTHMS):
            chosen = (drawn == 0) & (kept.is_afib == bool(column))
            coverages[run, place] = sets[chosen, column].mean()
    return coverages


def resplit_table(coverages: DoubleArray) -> list[tuple[str, ...]]:
    """Quantiles of the coverages of both rhythms over random cuts."""
    table: list[tuple[str, ...]] = [("rhythm", "5 %", "median", "95 %", "mean")]
    for place, (name, _) in enumerate(_RHYTHMS):
        values = coverages[:, place]
        quantiles = (f"{value:.4f}" for value in np.quantile(values, [0.05, 0.5, 0.95]))
        table.append((name, *quantiles, f"{values.mean():.4f}"))
    return table


def by_quality(judged: Judgement, alpha: float, *, apart: bool = True) -> list[tuple[str, ...]]:
    """Coverage among clearer and stranger recordings, calibrated together and apart (Mondrian).

    Stranger is the half of accepted recordings of a fold with the higher scores.

    Args:
        judged: Recordings as they are.
        alpha: Of the sets.
        apart: Whether they are calibrated apart too, which takes more recordings.
    """
    kept = judged.where(judged.accepted)
    rows, labels = kept.rows, kept.is_afib.astype(np.int64)
    together, own_sets = (np.zeros((len(rows), 2), dtype=np.bool_) for _ in range(2))
    groups = np.zeros(len(rows), dtype=np.int64)
    for fold, gate in kept.gates.items():
        own = rows.folds == fold
        groups[own] = rows.scores[own] > np.median(rows.scores[own])
        scores = rhythm_scores(rows.logits, gate.temperature)
        for part in range(PARTS):
            calibrating, asked = own & (rows.parts != part), own & (rows.parts == part)
            given = (scores[calibrating], labels[calibrating], alpha)
            together[asked] = prediction_sets(scores[asked], class_thresholds(*given))
            if apart:
                mondrian = class_thresholds(*given, groups=groups[calibrating])
                own_sets[asked] = prediction_sets(scores[asked], mondrian, groups=groups[asked])
    table: list[tuple[str, ...]] = [
        ("recordings", "rhythm", "count", "covered together", "covered apart", "stated")
    ]
    for group, quality in ((0, "clearer"), (1, "stranger")):
        for name, column in _RHYTHMS:
            chosen = (groups == group) & (labels == column)
            counts = (chosen.sum(), together[chosen, column].sum(), own_sets[chosen, column].sum())
            told = [str(int(n)) for n in counts]
            table.append((quality, name, *told[:2], told[2] if apart else "", f"{1 - alpha:g}"))
    return table


def by_duration(
    judged: Judgement,
    alpha: float,
    *,
    durations_s: Mapping[str, float],
    edges_s: Sequence[float],
) -> list[tuple[str, ...]]:
    """Acceptance and coverage of each rhythm among shorter and longer recordings.

    Args:
        judged: Recordings as they are.
        alpha: Of the prediction sets.
        durations_s: By name.
        edges_s: Rising; a recording stands with those from one edge up to but not the next.
    """
    durations = np.array([durations_s[name] for name in judged.rows.names.tolist()])
    sets = judged.sets(alpha)
    table: list[tuple[str, ...]] = [
        ("seconds", "rhythm", "count", "accepted", "covered", "stated of accepted")
    ]
    for low, high in pairwise(edges_s):
        within = (durations >= low) & (durations < high)
        for name, column in _RHYTHMS:
            own = within & (judged.is_afib == bool(column))
            kept = own & judged.accepted
            counts = (own.sum(), kept.sum(), sets[kept, column].sum())
            row = (f"{low:g} to {high:g}", name, *(str(int(n)) for n in counts), f"{1 - alpha:g}")
            table.append(row)
    return table


def covered_by_duration(
    judged: Judgement,
    alpha: float,
    *,
    durations_s: Mapping[str, float],
    edges_s: Sequence[float],
    fewest: int,
) -> BoolArray:
    """Which accepted recordings are covered, of the rhythm and durations where the least share is.

    Args:
        judged: Recordings as they are.
        alpha: Of the prediction sets.
        durations_s: By name.
        edges_s: Rising, as for :func:`by_duration`.
        fewest: Accepted recordings of a rhythm and some durations, for them to count.

    Returns:
        Shape (recordings,); none if nowhere there are enough.
    """
    durations = np.array([durations_s[name] for name in judged.rows.names.tolist()])
    sets = judged.sets(alpha)
    found = [
        sets[within, column]
        for low, high in pairwise(edges_s)
        for _, column in _RHYTHMS
        if (
            within := judged.accepted
            & (judged.is_afib == bool(column))
            & (durations >= low)
            & (durations < high)
        ).sum()
        >= fewest
    ]
    return min(found, key=lambda each: float(each.mean()), default=np.zeros(0, np.bool_))


def marginal_table(judged: Judgement, alphas: Sequence[float]) -> list[tuple[str, ...]]:
    """Coverage where both rhythms are calibrated together, which the device does not do."""
    kept = judged.where(judged.accepted)
    rows, labels = kept.rows, kept.is_afib.astype(np.int64)
    table: list[tuple[str, ...]] = [("alpha", "rhythm", "count", "covered", "stated of both")]
    for alpha in alphas:
        sets = np.zeros((len(rows), 2), dtype=np.bool_)
        for fold, gate in kept.gates.items():
            scores = rhythm_scores(rows.logits, gate.temperature)
            for part in range(PARTS):
                own = rows.folds == fold
                calibrating, asked = own & (rows.parts != part), own & (rows.parts == part)
                given = (scores[calibrating], labels[calibrating], alpha)
                sets[asked] = prediction_sets(
                    scores[asked], class_thresholds(*given, by_class=False)
                )
        covered = sets[np.arange(len(rows)), labels]
        for name, chosen in (
            ("both", np.ones(len(rows), dtype=np.bool_)),
            *((name, labels == column) for name, column in _RHYTHMS),
        ):
            counts = (str(int(chosen.sum())), str(int(covered[chosen].sum())))
            table.append((f"{alpha:g}", name, *counts, f"{1 - alpha:g}"))
    return table


def under_shift(
    judged: Judgement, alpha: float, families: Mapping[str, Sequence[float]], *, fewest: int
) -> tuple[dict[str, BoolArray], list[tuple[str, ...]]]:
    """Whether accepted disturbed recordings have their rhythm in their set.

    Returns:
        By rhythm, at the family and severity where the smallest share has it, of those with at
        least *fewest* accepted recordings of that rhythm; and the counts of all.
    """
    table: list[tuple[str, ...]] = [
        ("family", "severity", "AFib accepted", "covered", "normal accepted", "covered")
    ]
    held: dict[str, list[BoolArray]] = {name: [] for name, _ in _RHYTHMS}
    for family, severities in families.items():
        for severity in severities:
            rows = judged.family(family, severity)
            sets, counts = rows.sets(alpha), []
            for name, column in _RHYTHMS:
                own = sets[rows.accepted & (rows.is_afib == bool(column)), column]
                counts += [str(len(own)), str(int(own.sum()))]
                held[name] += [own] if len(own) >= fewest else []
            table.append((family, f"{severity:g}", *counts))
    least = {
        name: min(found, key=lambda own: float(own.mean()), default=np.zeros(0, np.bool_))
        for name, found in held.items()
    }
    return least, table


def by_band(
    probabilities: DoubleArray, events: BoolArray, edges: Sequence[float]
) -> list[tuple[str, ...]]:
    """How much AFib is expected and found among recordings by their stated probability.

    Args:
        probabilities: Of AFib, shape (recordings,).
        events: Whether it is AFib, shape (recordings,).
        edges: Rising from 0 to 1; the last band holds its upper edge.
    """
    table: list[tuple[str, ...]] = [("probability", "recordings", "AFib expected", "AFib found")]
    for low, high in pairwise(edges):
        within = (probabilities >= low) & ((probabilities < high) | (high == edges[-1]))
        expected, found = float(probabilities[within].sum()), int(events[within].sum())
        table.append((f"{low:g} to {high:g}", f"{within.sum()}", f"{expected:.1f}", f"{found}"))
    return table


def said_of_test_split(answered: Answered) -> list[tuple[str, ...]]:
    """What the named device says of held-out recordings with normal rhythm or AFib, in counts."""
    accepted = answered.accepted
    is_afib = np.asarray(answered.labels == "A", dtype=np.bool_)
    single = np.asarray(answered.sets.sum(axis=1) == 1, dtype=np.bool_)
    wrong_alone = np.asarray(answered.sets[:, 0] & ~answered.sets[:, 1], dtype=np.bool_)
    empty = np.asarray(~answered.sets.any(axis=1), dtype=np.bool_)
    rows: tuple[tuple[str, BoolArray, BoolArray], ...] = (
        ("accepted", accepted, np.ones(len(accepted), dtype=np.bool_)),
        ("one rhythm in the set, of accepted", single, accepted),
        ("normal alone, of accepted with AFib", wrong_alone, accepted & is_afib),
        ("no rhythm in the set, of accepted", empty, accepted),
        ("abstained", answered.abstained, np.ones(len(accepted), dtype=np.bool_)),
    )
    table: list[tuple[str, ...]] = [("test split, N and A", "count", "of")]
    table += [(name, str(int(found[of].sum())), str(int(of.sum()))) for name, found, of in rows]
    return table
