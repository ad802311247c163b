"""What held-out gates say is held to what it is of; tables and figures say what was counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.corruption import FAMILIES
from afib.crossfit import CrossFit, fold_model
from afib.dataset.splits import part_of
from afib.heldout import FoldGate, HeldOut, Rows, bases_of, kinds_made, origin_of
from afib.heldout.derived import judgement_of
from afib.settings import load_uncertainty
from afib.workflow import Prepared
from nnassure.calibration import reliability
from tests.support.datasets import SPLIT, dataset_of
from tests.support.models import tiny_checkpoint
from tests.support.recordings import ListedRecordings
from vericase.report.drawing import safe_drawing
from verification.coverage import (
    by_band,
    by_duration,
    by_quality,
    covered_by_duration,
    marginal_table,
    resplit_table,
    resplits_of,
    said_of_test_split,
    under_shift,
)
from verification.exchangeable import (
    exchangeability_p_value,
    noticed_shifts,
    threshold_for_sensitivity,
)
from verification.families import family_table, refused_least, severities_that
from verification.plots import (
    coverage_bands,
    reliability_diagram,
    risk_coverage,
    score_shares,
    table_figure,
)
from verification.uncertain import (
    FOLDS,
    Answered,
    conditions_of,
    csv_of,
    intention_to_diagnose,
    problems_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LABELS = "NNNANAO~" * 60
EACH = 20


@pytest.fixture(scope="module")
def data() -> Prepared:
    """Recordings of every label."""
    dataset = dataset_of(LABELS)
    return Prepared(
        dataset=dataset,
        document={"split": {"seed": SPLIT.seed}},
        digest="d" * 64,
        source=ListedRecordings([]),
    )


def found(data: Prepared) -> HeldOut:
    """A record of these recordings, by one network for all folds."""
    dataset, network = data.dataset, tiny_checkpoint()
    generator = np.random.default_rng(1)
    order = np.lexsort((dataset.names, dataset.folds))
    logits = generator.normal(np.where(dataset.labels == "A", 2.5, -2.5), 1.5)[order]
    real = Rows(
        names=dataset.names[order],
        labels=dataset.labels[order],
        folds=dataset.folds[order],
        parts=np.array([part_of(each, SPLIT.seed) for each in dataset.digests[order].tolist()]),
        families=np.full(len(dataset), ""),
        severities=np.zeros(len(dataset)),
        usable=dataset.usable[order],
        logits=logits,
        scores=generator.normal(np.where(dataset.labels[order] == "~", 3.0, 0.0), 1.0),
    )
    names = [bases_of(real.where(real.folds == fold), EACH // 5, seed=fold) for fold in range(5)]
    bases = real.where(np.isin(real.names, sorted(frozenset().union(*names))))
    strange = [
        replace(
            bases,
            families=np.full(len(bases), family),
            severities=np.full(len(bases), severity),
            logits=bases.logits if family == "muscle" else -bases.logits,
            scores=bases.scores + (0.0 if family == "muscle" else 20.0),
        )
        for family, severity in kinds_made()
    ]
    return HeldOut(
        rows=Rows.joined([real, *strange]),
        gates=tuple(
            FoldGate(
                fold=fold,
                network_sha256=network.digest,
                threshold=network.threshold,
                temperature=network.temperature,
                ood_threshold=2.0,
            )
            for fold in range(5)
        ),
        origin=origin_of(data, load_uncertainty(), each=EACH),
    )


def crossfit(record: HeldOut) -> CrossFit:
    """The cross-fitting that goes with *record*."""
    rows = record.rows.where((record.rows.families == "") & np.isin(record.rows.labels, ("N", "A")))
    digest = tiny_checkpoint().digest
    return CrossFit(
        names=rows.names,
        is_afib=rows.labels == "A",
        folds=rows.folds,
        scores=rows.logits.astype(np.float32),
        calls={"network": rows.logits > tiny_checkpoint().threshold},
        origin={"models": {f"network-{fold}": {"model_sha256": digest} for fold in range(5)}},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The networks of all folds."""
    place = tmp_path_factory.mktemp("uncertainty")
    for fold in range(5):
        tiny_checkpoint().save(fold_model(place / FOLDS, fold))
    return place


def test_a_record_of_now_has_no_problem(data: Prepared, folder: Path) -> None:
    """It is of these recordings, networks, settings and this code."""
    record = found(data)
    assert problems_of(record, folder, data, crossfit(record), each=EACH) == []


def _rows(change: Callable[[Rows], Rows]) -> Callable[[HeldOut], HeldOut]:
    return lambda record: replace(record, rows=change(record.rows))


def _moved(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.roll(values, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: replace(r, origin={**r.origin, "code_sha256": "0" * 64}), "code_sha256"),
        (lambda r: replace(r, origin={**r.origin, "manifest_sha256": "0"}), "manifest_sha256"),
        (lambda r: replace(r, origin={**r.origin, "settings_sha256": "0"}), "settings_sha256"),
        (lambda r: replace(r, gates=r.gates[:4]), "a gate for each fold"),
        (
            lambda r: replace(r, gates=(replace(r.gates[0], threshold=9.0), *r.gates[1:])),
            "expected the network",
        ),
        (
            lambda r: replace(r, gates=(replace(r.gates[0], temperature=9.0), *r.gates[1:])),
            "expected the network",
        ),
        (_rows(lambda r: r.where(np.arange(len(r)) > 0)), "names"),
        (_rows(lambda r: replace(r, labels=_moved(r.labels))), "labels"),
        (_rows(lambda r: replace(r, folds=_moved(r.folds))), "folds"),
        (_rows(lambda r: replace(r, usable=~r.usable)), "usable"),
        (_rows(lambda r: replace(r, parts=(r.parts + 1) % 3)), "parts"),
        (_rows(lambda r: replace(r, logits=-r.logits)), "calls of the cross-fitting"),
        (
            _rows(lambda r: replace(r, families=np.where(r.families == "", "", "thunder"))),
            "strange recordings",
        ),
        (
            _rows(lambda r: replace(r, severities=np.where(r.families == "", 0.0, 7.0))),
            "strange recordings",
        ),
        (_rows(lambda r: r.where(r.families != "motion")), "strange recordings"),
        (
            _rows(lambda r: Rows.joined([r, r.where(r.families == "wrong_rate")])),
            "strange recordings",
        ),
        (lambda r: replace(r, origin={**r.origin, "each": 5}), "each"),
    ],
)
def test_a_record_of_something_else_is_named(
    data: Prepared, folder: Path, change: Callable[[HeldOut], HeldOut], told: str
) -> None:
    """Other code, recordings, settings, networks or thresholds; rows lost, moved or made up."""
    record = found(data)
    problems = problems_of(change(record), folder, data, crossfit(record), each=EACH)
    assert any(told in problem for problem in problems)


def test_a_network_that_is_gone_or_another_is_named(data: Prepared, tmp_path: Path) -> None:
    """What a gate stood beside has to be there."""
    record = found(data)
    for fold in range(1, 5):
        tiny_checkpoint(seed=3 if fold == 1 else 0).save(fold_model(tmp_path / FOLDS, fold))
    problems = problems_of(record, tmp_path, data, crossfit(record), each=EACH)
    assert len(problems) == 2
    assert "expected the network of fold 0" in problems[0]
    assert "got another" in problems[1]


def test_harm_is_told_by_accuracy(data: Prepared) -> None:
    """A severity counts as harm where decisions are wrong, and as none where they are as before."""
    judged = judgement_of(found(data))
    families = ("muscle", "wrong_rate")
    hurt = severities_that(judged, families, hurt=True, floor=0.9)
    unharmed = severities_that(judged, families, hurt=False, floor=0.5, lost=0.01)
    assert {rows.rows.families[0] for rows in hurt} == {"wrong_rate"}
    assert {rows.rows.families[0] for rows in unharmed} == {"muscle"}
    table = family_table(judged, families)
    assert len(table) == 1 + sum(len(FAMILIES[family].severities) for family in families)
    counts = {row[0]: row[3:] for row in table[1:]}
    assert counts["wrong_rate"][0] == counts["wrong_rate"][3]


def test_the_rows_refused_least_are_judged_by_themselves(data: Prepared) -> None:
    """Not pooled with others of the same recordings; of no rows nothing is said."""
    judged = judgement_of(found(data))
    rates = [judged.family("wrong_rate", each) for each in FAMILIES["wrong_rate"].severities]
    spared = replace(rates[1].rows, scores=rates[1].rows.scores.copy())
    spared.scores[:3] = -9.0
    rates[1] = replace(rates[1], rows=replace(spared, usable=np.ones(len(spared), np.bool_)))
    least = refused_least(rates)
    assert len(least) == len(spared)
    assert least.sum() == min((~each.accepted).sum() for each in rates) <= len(spared) - 3
    assert len(refused_least([])) == 0


def test_every_recording_is_in_the_table() -> None:
    """Abstentions are counted as a miss and left out; predictive values are by Bayes' rule."""
    labels = np.array(["A"] * 10 + ["N"] * 20 + ["O"] * 4 + ["~"] * 2)
    said = np.array(
        ["AFib"] * 7
        + ["normal"]
        + ["strange"] * 2
        + ["normal"] * 17
        + ["AFib", "empty set", "unusable"]
        + ["AFib", "normal", "normal", "contradicted"]
        + ["strange"] * 2
    )
    table = intention_to_diagnose(labels, said)
    assert table[1:5] == [
        ("N", "20", "1", "17", "2"),
        ("A", "10", "7", "1", "2"),
        ("O", "4", "1", "2", "1"),
        ("~", "2", "0", "0", "2"),
    ]
    rates = {row[0]: row[1] for row in table[5:9]}
    assert rates == {
        "sensitivity, abstention as a miss": "0.7000 (7 of 10)",
        "sensitivity, abstentions left out": "0.8750 (7 of 8)",
        "specificity, abstention as an error": "0.8500 (17 of 20)",
        "specificity, abstentions left out": "0.9444 (17 of 18)",
    }
    at_13 = 0.13 * 0.7 / (0.13 * 0.7 + 0.87 * 0.05), 0.87 * 0.85 / (0.87 * 0.85 + 0.13 * 0.1)
    assert table[-1][1] == f"PPV {at_13[0]:.4f}, NPV {at_13[1]:.4f}"
    assert csv_of(table).splitlines()[2] == "A,10,7,1,2"


def test_figures_are_drawings_that_say_their_counts(data: Prepared) -> None:
    """The report shows them, and their words hold what was counted."""
    judged = judgement_of(found(data)).of("N", "A")
    curve, area = risk_coverage(
        np.minimum(judged.probabilities, 1 - judged.probabilities),
        judged.called_afib == judged.is_afib,
    )
    figures = [
        score_shares({"normal": judged.margins}),
        coverage_bands([("AFib", 48, 50, 0.98)]),
        reliability_diagram(reliability(judged.probabilities, judged.is_afib, bins=5), 0.0123),
        curve,
        table_figure("A table", [("a", "b"), ("c & d", "e")]),
    ]
    for figure in figures:
        assert safe_drawing(figure.encode()) is not None
    assert "48 of 50 covered" in figures[1]
    assert "0.0123" in figures[2]
    assert f"area under the curve is {area:.5f}" in figures[3]
    assert "c &amp; d" in figures[4]


def test_risk_rises_with_doubt() -> None:
    """The area is the mean of the shares of wrong decisions among the least doubtful."""
    doubts = np.array([0.3, 0.1, 0.2, 0.4])
    right = np.array([True, True, False, True])
    _, area = risk_coverage(doubts, right)
    assert area == pytest.approx(np.mean([0, 1 / 2, 1 / 3, 1 / 4]))


def test_other_looks_at_coverage_count_every_accepted_recording(data: Prepared) -> None:
    """Random cuts cover about as often as stated; both halves by quality add up."""
    judged = judgement_of(found(data)).of("N", "A")
    coverages = resplits_of(judged, 0.2, resplits=20, seed=1)
    assert coverages.shape == (20, 2)
    assert (np.abs(coverages.mean(axis=0) - 0.8) < 0.1).all()
    assert len(resplit_table(coverages)) == 3
    table = by_quality(judged, 0.3)
    assert sum(int(row[2]) for row in table[1:]) == judged.accepted.sum()
    together = by_quality(judged, 0.3, apart=False)
    assert [row[:4] for row in together] == [row[:4] for row in table]
    assert {row[4] for row in together[1:]} == {""}


def test_shifted_recordings_are_judged_where_they_are_covered_least(data: Prepared) -> None:
    """One severity for each rhythm, with enough accepted recordings; the table has all."""
    judged = judgement_of(found(data))
    families = {"muscle": FAMILIES["muscle"].severities}
    least, table = under_shift(judged, 0.3, families, fewest=1)
    counts = np.array([[int(cell) for cell in row[2:]] for row in table[1:]])
    for name, column in (("AFib", 0), ("normal", 2)):
        asked = counts[counts[:, column] >= 1]
        shares = asked[:, column + 1] / asked[:, column]
        assert least[name].mean() == pytest.approx(shares.min())
    nothing, _ = under_shift(judged, 0.3, families, fewest=10**6)
    assert [len(each) for each in nothing.values()] == [0, 0]


def test_bands_of_probability_hold_every_recording_once() -> None:
    """By hand, with both ends of the last band."""
    table = by_band(
        np.array([0.0, 0.04, 0.05, 0.5, 1.0]),
        np.array([False, True, False, True, True]),
        [0, 0.05, 0.3, 1],
    )
    assert table[1:] == [
        ("0 to 0.05", "2", "0.0", "1"),
        ("0.05 to 0.3", "1", "0.1", "0"),
        ("0.3 to 1", "2", "1.5", "2"),
    ]


def test_coverage_by_duration_counts_each_recording_once(data: Prepared) -> None:
    """Every recording stands in one row, and no more are covered than were accepted."""
    judged = judgement_of(found(data)).of("N", "A")
    names = sorted(set(judged.rows.names.tolist()))
    durations_s = {name: 9.0 + place % 3 * 20 for place, name in enumerate(names)}
    table = by_duration(judged, 0.3, durations_s=durations_s, edges_s=[9, 29, 49, 61])
    counts = np.array([[int(cell) for cell in row[2:5]] for row in table[1:]])
    assert counts.shape == (6, 3)
    assert counts[:, 0].sum() == len(judged.rows)
    assert counts[:, 1].sum() == judged.accepted.sum()
    assert (counts[:, 2] <= counts[:, 1]).all()
    assert (counts[:, 2] > 0).any()


def test_the_durations_of_least_coverage_are_those_of_the_table(data: Prepared) -> None:
    """Of rows with enough accepted recordings the one with the least share; else none."""
    judged = judgement_of(found(data)).of("N", "A")
    names = sorted(set(judged.rows.names.tolist()))
    durations_s = {name: 9.0 + place % 3 * 20 for place, name in enumerate(names)}
    asked: dict[str, Any] = {"durations_s": durations_s, "edges_s": [9, 29, 49, 61]}
    rows = [[int(n) for n in row[3:5]] for row in by_duration(judged, 0.3, **asked)[1:]]
    for fewest in (1, max(accepted for accepted, _ in rows)):
        counted = [row for row in rows if row[0] >= fewest]
        least = covered_by_duration(judged, 0.3, **asked, fewest=fewest)
        assert [len(least), least.sum()] in counted
        assert least.mean() == min(covered / accepted for accepted, covered in counted)
    assert len(covered_by_duration(judged, 0.3, **asked, fewest=10**6)) == 0


def test_marginal_sets_cover_both_rhythms_together(data: Prepared) -> None:
    """Both rhythms of an alpha add up to what is said of both."""
    judged = judgement_of(found(data)).of("N", "A")
    table = marginal_table(judged, [0.3, 0.4])
    assert [row[:2] for row in table[1:4]] == [("0.3", "both"), ("0.3", "AFib"), ("0.3", "normal")]
    for start in (1, 4):
        both, afib, normal = ([int(cell) for cell in row[2:4]] for row in table[start : start + 3])
        assert both == [afib[0] + normal[0], afib[1] + normal[1]]
        assert both[0] == judged.accepted.sum()


def test_what_the_device_says_of_held_out_recordings_is_counted() -> None:
    """By hand: five recordings, one of them refused, one with AFib named normal alone."""
    answered = Answered(
        labels=np.array(["A", "A", "N", "N", "N"]),
        accepted=np.array([True, True, True, True, False]),
        scores=np.zeros(5),
        sets=np.array([[1, 0], [1, 1], [1, 0], [0, 0], [0, 0]], dtype=np.bool_),
        answers=np.array(["normal", "AFib", "normal", "empty", "strange"]),
    )
    assert said_of_test_split(answered)[1:] == [
        ("accepted", "4", "5"),
        ("one rhythm in the set, of accepted", "2", "4"),
        ("normal alone, of accepted with AFib", "1", "2"),
        ("no rhythm in the set, of accepted", "1", "4"),
        ("abstained", "2", "5"),
    ]


def test_a_change_of_order_is_told_by_a_small_p_value() -> None:
    """Scores that are larger in the second half; a random order has no small one."""
    generator = np.random.default_rng(2)
    still = generator.uniform(size=200)
    moved = np.concatenate([still[:100], still[100:] + 0.5])
    assert exchangeability_p_value(still, permutations=300, seed=1) > 0.01
    assert exchangeability_p_value(moved, permutations=300, seed=1) < 0.01


def test_what_shifts_would_be_noticed_is_told() -> None:
    """A large one, with the coverage that it leaves; none is not."""
    generator = np.random.default_rng(5)
    earlier, later = generator.normal(size=80), generator.normal(size=120)
    asked = {"shifts": [0.5, 3.0], "permutations": 200, "seed": 1}
    table = noticed_shifts(earlier, later, 1.5, asked)
    assert [row[0] for row in table] == ["shift", "0", "0.5", "3"]
    assert [int(row[2]) for row in table[1:]] == [
        int((later + shift <= 1.5).sum()) for shift in (0, 0.5, 3)
    ]
    values = [float(row[3]) for row in table[1:]]
    assert values[0] > 0.01
    assert values[2] < 0.01


def test_a_bought_sensitivity_is_kept() -> None:
    """On many other recordings, in nearly all repetitions; where nothing can be shown, none is."""
    generator = np.random.default_rng(3)
    kept = []
    for _ in range(60):
        is_afib = np.arange(800) % 4 == 0
        probabilities = 1 / (1 + np.exp(-generator.normal(np.where(is_afib, 2.0, -2.0), 1.5)))
        half = generator.permutation(800) < 400
        threshold = threshold_for_sensitivity(
            probabilities[half],
            is_afib[half],
            sensitivity=0.85,
            confidence=0.9,
            thresholds=60,
        )
        assert threshold is not None
        fresh = 1 / (1 + np.exp(-generator.normal(2.0, 1.5, size=20_000)))
        kept.append((fresh >= threshold).mean() >= 0.85)
    assert np.mean(kept) >= 0.9 - 2 * np.sqrt(0.9 * 0.1 / 60)
    few = np.array([0.2, 0.9]), np.array([False, True])
    assert threshold_for_sensitivity(*few, sensitivity=0.9, confidence=0.95, thresholds=20) is None


def test_conditions_are_those_of_the_requirement() -> None:
    """Sealed families are asked for by the requirement that judges them."""
    assert set(conditions_of("OOD-005")["families"]) == set(load_uncertainty().families.sealed)
