"""Uncertainty: what the device abstains on, and how sure it says it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.corruption import FAMILIES, strange_recording
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.dataset.splits import PARTS
from afib.heldout import judge_fold
from afib.rule import AFIB_RHYTHM, NORMAL_RHYTHM, RHYTHMS
from afib.settings import load_uncertainty
from nnassure.calibration import brier_scores, calibration_error, reliability, resampled_errors
from vericase import Proportion, Scalar
from verification.coverage import by_quality, resplit_table, resplits_of
from verification.drifting import simulated_streams
from verification.exchangeable import exchangeability_p_value, threshold_for_sensitivity
from verification.plots import (
    coverage_bands,
    reliability_diagram,
    risk_coverage,
    score_shares,
    table_figure,
)
from verification.uncertain import (
    FOLDS,
    HELD_OUT,
    conditions_of,
    csv_of,
    family_table,
    intention_to_diagnose,
    severities_that,
    true_scores,
)

if TYPE_CHECKING:
    from pathlib import Path

    from afib.dataset import Dataset
    from afib.decision import Screener
    from afib.heldout.derived import Judgement
    from afib.records import Recording
    from afib.workflow import Prepared
    from verification.uncertain import Answered

Measure = Callable[..., None]
Conditions = Mapping[str, Any]


def _by_family(*requirements: str) -> pytest.MarkDecorator:
    """One case a requirement and family."""
    return pytest.mark.parametrize(
        "family",
        [
            pytest.param(family, marks=pytest.mark.verifies(each), id=f"{each}-{family}")
            for each in requirements
            for family in conditions_of(each)["families"]
        ],
    )


@_by_family("OOD-001", "OOD-003")
def test_what_is_no_ecg_is_refused(measure: Measure, uncertain: Judgement, family: str) -> None:
    """Of signals of a family, at all severities, those that the device abstains on."""
    rows = uncertain.family(family)
    measure(
        "refused_rate",
        Proportion.of(~rows.accepted),
        attachments={f"{family}.csv": csv_of(family_table(uncertain, [family]))},
    )


@pytest.mark.verifies("OOD-002")
def test_ordinary_recordings_are_accepted(measure: Measure, uncertain: Judgement) -> None:
    """Of recordings that no gate saw, those with a score up to its threshold."""
    usable = {
        name: rows.margins[rows.rows.usable]
        for name, rows in (
            ("normal", uncertain.of(NORMAL)),
            ("AFib", uncertain.of(AFIB)),
            ("other rhythm", uncertain.of("O")),
            ("too noisy", uncertain.of("~")),
        )
    }
    measure(
        "acceptance_rate",
        Proportion.of(uncertain.of(NORMAL, AFIB).accepted),
        attachments={"scores.svg": score_shares(usable)},
    )
    measure("afib_acceptance_rate", Proportion.of(uncertain.of(AFIB).accepted))


@pytest.mark.verifies("OOD-004")
def test_unreadable_recordings_are_refused(measure: Measure, uncertain: Judgement) -> None:
    """Of recordings labelled as too noisy, those that the device abstains on."""
    measure("refused_rate", Proportion.of(~uncertain.of("~").accepted))


@_by_family("OOD-005")
def test_families_that_nobody_tuned_on_are_refused(
    measure: Measure, conditions: Conditions, uncertain: Judgement, family: str
) -> None:
    """Of recordings of a sealed family that hurt accuracy, those that the device abstains on."""
    if family not in load_uncertainty().families.sealed:
        pytest.fail(f"{family} is not sealed")
    hurt = severities_that(uncertain, [family], hurt=True, floor=conditions["floor"])
    refused = np.concatenate([np.zeros(0, np.bool_), *(~rows.accepted for rows in hurt)])
    measure(
        "refused_rate",
        Proportion.of(refused),
        attachments={f"{family}.csv": csv_of(family_table(uncertain, [family]))},
    )


@pytest.mark.parametrize(
    "requirement",
    [pytest.param(each, marks=pytest.mark.verifies(each)) for each in ("OOD-006", "OOD-011")],
)
def test_damage_that_hurts_is_refused(
    measure: Measure, conditions: Conditions, uncertain: Judgement, requirement: str
) -> None:
    """Of damaged recordings, at the severity that hurts and is refused least, those refused."""
    families = conditions["families"]
    hurt = severities_that(uncertain, families, hurt=True, floor=conditions["floor"])
    least = min(hurt, key=lambda rows: (~rows.accepted).mean())
    measure(
        "worst_refused_rate",
        Proportion.of(~least.accepted),
        attachments={f"damage-{requirement}.csv": csv_of(family_table(uncertain, families))},
    )


@pytest.mark.verifies("OOD-007")
def test_damage_that_leaves_accuracy_is_accepted(
    measure: Measure, conditions: Conditions, uncertain: Judgement
) -> None:
    """At the worst severity that leaves accuracy as it was, those that are refused."""
    unharmed = severities_that(
        uncertain,
        conditions["families"],
        hurt=False,
        floor=conditions["floor"],
        lost=conditions["lost"],
    )
    worst = max(unharmed, key=lambda rows: (~rows.accepted).mean())
    measure("worst_refused_rate", Proportion.of(~worst.accepted))


@pytest.mark.verifies("OOD-008")
def test_other_rhythms_are_known(measure: Measure, uncertain: Judgement) -> None:
    """Of recordings with other rhythms, what the device says; and the table of all labels."""
    alpha = load_uncertainty().conformal.alpha
    every = uncertain.of(NORMAL, AFIB, "O", "~")
    said = every.answers(alpha)
    table = intention_to_diagnose(every.rows.labels, said)
    others = said[every.rows.labels == "O"].tolist()
    measure(
        "others_called_afib",
        Proportion.of([each == AFIB_RHYTHM for each in others]),
        attachments={
            "intention-to-diagnose.csv": csv_of(table),
            "first-intention-to-diagnose.svg": table_figure(
                "Intention to diagnose, cross-fitted", table
            ),
        },
    )
    measure("others_called_normal", Proportion.of([each == NORMAL_RHYTHM for each in others]))
    measure("others_abstained_on", Proportion.of([each not in RHYTHMS for each in others]))


@pytest.mark.verifies("OOD-009")
def test_the_device_knows_what_it_was_not_made_for(
    measure: Measure,
    conditions: Conditions,
    answered: Answered,
    device: Screener,
    recorded: tuple[Recording, ...],
) -> None:
    """Held-out recordings that the gate accepts, and signals without ECG that it refuses."""
    measure("acceptance_rate", Proportion.of(answered.of(NORMAL, AFIB).accepted))
    measure("afib_acceptance_rate", Proportion.of(answered.of(AFIB).accepted))
    generator = np.random.default_rng(conditions["seed"])
    chosen = generator.permutation(len(recorded))[: conditions["each"]].tolist()
    refused = [
        device.decide(
            strange_recording(
                recorded[place],
                family,
                FAMILIES[family].severities[number % len(FAMILIES[family].severities)],
                seed=conditions["seed"],
            )
        ).abstained
        for family in conditions["families"]
        for number, place in enumerate(chosen)
    ]
    measure("refused_rate", Proportion.of(refused))
    measure("noisy_refused_rate", Proportion.of(~answered.of("~").accepted))


@pytest.mark.verifies("OOD-010")
def test_a_gate_is_repeatable(
    measure: Measure,
    conditions: Conditions,
    uncertain: Judgement,
    uncertainty_folder: Path,
    data: Prepared,
) -> None:
    """Of what one gate says on record, what it says when it is fitted again.

    Which one it is follows from the record, so that none can be spared.
    """
    content = (uncertainty_folder / HELD_OUT).read_bytes()
    fold = int(hashlib.sha256(content).hexdigest(), 16) % len(uncertain.gates)
    on_record = uncertain.where(uncertain.rows.folds == fold)
    each = conditions["each"] // len(uncertain.gates)
    rows, gate = judge_fold(
        data,
        fold_model(uncertainty_folder / FOLDS, fold),
        load_uncertainty(),
        fold=fold,
        each=each,
    )
    same = np.array_equal(rows.names, on_record.rows.names) and np.array_equal(
        rows.families, on_record.rows.families
    )
    near = (
        np.isclose(rows.scores, on_record.rows.scores, rtol=0, atol=conditions["tolerance"])
        & np.isclose(rows.logits, on_record.rows.logits, rtol=0, atol=conditions["tolerance"])
        if same
        else np.zeros(len(on_record.rows), np.bool_)
    )
    measure("scores_repeated", Proportion.of(near))
    accepted = rows.usable & (rows.scores <= gate.ood_threshold)
    measure(
        "decisions_repeated",
        Proportion.of(accepted == on_record.accepted if same else near),
    )


@pytest.mark.verifies("UNC-001")
def test_sets_hold_the_true_rhythm(
    measure: Measure, conditions: Conditions, uncertain: Judgement
) -> None:
    """Of accepted recordings with a rhythm, those with it in their set."""
    rows = uncertain.of(NORMAL, AFIB)
    bands: list[tuple[str, int, int, float]] = []
    held: dict[str, Proportion] = {}
    for alpha in (conditions["alpha"], *conditions["beside"]):
        sets = rows.sets(alpha)
        for name, column, chosen in (
            ("AFib", 1, rows.accepted & rows.is_afib),
            ("normal", 0, rows.accepted & ~rows.is_afib),
        ):
            covered = sets[chosen, column]
            bands.append((f"{name}, alpha {alpha:g}", int(covered.sum()), len(covered), 1 - alpha))
            held.setdefault(name, Proportion.of(covered))
    resplits = resplits_of(
        rows, conditions["alpha"], resplits=conditions["resplits"], seed=conditions["seed"]
    )
    attachments = {
        "coverage.svg": coverage_bands(bands),
        "resplits.csv": csv_of(resplit_table(resplits)),
        "quality.csv": csv_of(by_quality(rows, conditions["quality_alpha"])),
    }
    measure("coverage_afib", held["AFib"], attachments=attachments)
    measure("coverage_normal", held["normal"])


@pytest.mark.verifies("UNC-002")
def test_probabilities_are_calibrated(
    measure: Measure, conditions: Conditions, uncertain: Judgement
) -> None:
    """How far stated probabilities are from frequencies, on recordings that no network saw."""
    rows = uncertain.of(NORMAL, AFIB)
    probabilities, events = rows.probabilities, rows.is_afib
    found = reliability(probabilities, events, bins=conditions["bins"])
    error = calibration_error(found)
    resampled = resampled_errors(
        probabilities,
        events,
        bins=conditions["bins"],
        resamples=conditions["resamples"],
        seed=conditions["seed"],
    )
    brier = float(brier_scores(probabilities, events).mean())
    doubts = np.minimum(probabilities, 1 - probabilities)
    curve, area = risk_coverage(doubts, rows.called_afib == events)
    table = [
        ("measure", "value"),
        ("calibration error", f"{error:.5f}"),
        ("bootstrap 5 %", f"{np.quantile(resampled, 0.05):.5f}"),
        ("bootstrap 95 %", f"{np.quantile(resampled, 0.95):.5f}"),
        ("Brier score", f"{brier:.5f}"),
        ("area under risk against coverage", f"{area:.5f}"),
    ]
    measure(
        "calibration_error",
        Scalar(error),
        attachments={
            "reliability.svg": reliability_diagram(found, error),
            "risk-coverage.svg": curve,
            "calibration.csv": csv_of(table),
        },
    )
    measure("calibration_error_upper", Scalar(float(np.quantile(resampled, 0.95))))


@pytest.mark.verifies("UNC-003")
def test_sets_say_something(measure: Measure, conditions: Conditions, uncertain: Judgement) -> None:
    """Of ordinary recordings, sets of one rhythm, and recordings that the device abstains on."""
    rows, alpha = uncertain.of(NORMAL, AFIB), conditions["alpha"]
    sets, accepted = rows.sets(alpha), rows.accepted
    measure("one_rhythm_rate", Proportion.of((sets[accepted].sum(axis=1) == 1).tolist()))
    afib = sets[accepted & rows.is_afib]
    measure(
        "afib_named_normal_alone",
        Proportion.of([bool(normal and not other) for normal, other in afib]),
    )
    said = rows.answers(alpha)
    measure("abstention_rate", Proportion.of([each not in RHYTHMS for each in said.tolist()]))
    measure("empty_sets", Proportion.of([not any(each) for each in sets[accepted].tolist()]))


@pytest.mark.verifies("UNC-004")
def test_sets_of_the_device_hold_the_true_rhythm(measure: Measure, answered: Answered) -> None:
    """Of accepted held-out recordings those with their rhythm in the set; and all answers."""
    afib, normal = answered.of(AFIB), answered.of(NORMAL)
    table = intention_to_diagnose(answered.labels, answered.answers)
    measure(
        "coverage_afib",
        Proportion.of(afib.sets[afib.accepted, 1]),
        attachments={
            "intention-to-diagnose.csv": csv_of(table),
            "first-intention-to-diagnose.svg": table_figure(
                "Intention to diagnose, test split", table
            ),
        },
    )
    measure("coverage_normal", Proportion.of(normal.sets[normal.accepted, 0]))
    measure("abstention_rate", Proportion.of(answered.of(NORMAL, AFIB).abstained))


@pytest.mark.verifies("UNC-005")
def test_calibration_is_exchangeable_with_the_test_split(
    measure: Measure, conditions: Conditions, device: Screener, dataset: Dataset, held_out: Dataset
) -> None:
    """Whether scores of calibration recordings and of held-out ones differ by their order."""
    limits = device.limits
    if limits is None:
        pytest.fail("the device has no gate")
    scores = [
        true_scores(limits, recordings)
        for recordings in (dataset.of(split="calibration"), held_out)
    ]
    p_value = exchangeability_p_value(
        np.concatenate(scores), permutations=conditions["permutations"], seed=conditions["seed"]
    )
    measure("exchangeability_p_value", Scalar(p_value))


@pytest.mark.verifies("UNC-006")
def test_a_wanted_sensitivity_can_be_bought(
    measure: Measure, conditions: Conditions, uncertain: Judgement
) -> None:
    """Sensitivity and specificity at thresholds that other recordings of a fold gave."""
    rows = uncertain.of(NORMAL, AFIB)
    rows = rows.where(rows.accepted)
    called = np.zeros(len(rows.rows), dtype=np.bool_)
    for fold in rows.gates:
        for part in range(PARTS):
            own = (rows.rows.folds == fold) & (rows.rows.parts == part)
            others = rows.where((rows.rows.folds == fold) & (rows.rows.parts != part))
            threshold = threshold_for_sensitivity(
                others.probabilities,
                others.is_afib,
                sensitivity=conditions["sensitivity"],
                confidence=conditions["confidence"],
                thresholds=conditions["thresholds"],
            )
            # Where nothing can be shown, everything is called AFib, which is always sensitive.
            called[own] = rows.probabilities[own] >= (0.0 if threshold is None else threshold)
    measure("controlled_sensitivity", Proportion.of(called[rows.is_afib]))
    measure("controlled_specificity", Proportion.of(~called[~rows.is_afib]))


@pytest.mark.verifies("UNC-007")
def test_sets_under_shift(measure: Measure, conditions: Conditions, uncertain: Judgement) -> None:
    """Of accepted disturbed recordings, those with their rhythm in the set."""
    table: list[tuple[str, ...]] = [("family", "severity", "accepted", "covered")]
    held = []
    for family in conditions["families"]:
        for severity in FAMILIES[family].severities:
            rows = uncertain.family(family, severity)
            sets = rows.sets(conditions["alpha"])
            own = np.where(rows.is_afib, sets[:, 1], sets[:, 0])[rows.accepted]
            table.append((family, f"{severity:g}", str(len(own)), str(int(own.sum()))))
            held.append(own)
    measure(
        "coverage_under_shift",
        Proportion.of(np.concatenate(held)),
        attachments={"shift.csv": csv_of(table)},
    )


@pytest.mark.verifies("UNC-008")
def test_drift_is_noticed(measure: Measure, conditions: Conditions, uncertain: Judgement) -> None:
    """Of simulated streams, those without a false alarm, and those whose shift is noticed soon."""
    quiet, delays = simulated_streams(uncertain, conditions)
    measure("streams_without_false_alarm", Proportion.of(quiet))
    within = [delay is not None and delay <= conditions["within"] for delay in delays]
    measure("shifts_noticed", Proportion.of(within))
    told = [float(conditions["records"] if delay is None else delay) for delay in delays]
    measure("median_delay", Scalar(float(np.median(told))))
