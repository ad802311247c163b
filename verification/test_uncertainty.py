"""Uncertainty: what the device abstains on, and how sure it says it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.special import expit

from afib.classifier import Classifier
from afib.corruption import FAMILIES
from afib.dataset import AFIB, NORMAL
from afib.dataset.splits import PARTS
from afib.rule import RHYTHMS
from nnassure.calibration import brier_scores, calibration_error, reliability, resampled_errors
from vericase import Proportion, Scalar
from verification.chance import chance_of_one, chance_table
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
from verification.decided import decision_table
from verification.drifting import simulated_streams
from verification.exchangeable import noticed_shifts, threshold_for_sensitivity
from verification.plots import (
    coverage_bands,
    reliability_diagram,
    risk_coverage,
    table_figure,
)
from verification.uncertain import (
    csv_of,
    intention_to_diagnose,
    kept_up_to,
    rhythm_logits,
)

if TYPE_CHECKING:
    from afib.dataset import Dataset
    from afib.decision import Screener
    from afib.heldout.derived import Judgement
    from verification.judged import Judged
    from verification.uncertain import Answered

Measure = Callable[..., None]
Conditions = Mapping[str, Any]


@pytest.mark.verifies("UNC-001", "UNC-010")
def test_sets_hold_the_true_rhythm(
    measure: Measure, conditions: Conditions, uncertain: Judgement, dataset: Dataset
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
    durations_s = dict(zip(dataset.names.tolist(), dataset.durations_s.tolist(), strict=True))
    durations = by_duration(
        rows, conditions["alpha"], durations_s=durations_s, edges_s=conditions["edges_s"]
    )
    attachments = {
        "coverage.svg": coverage_bands(bands),
        "duration.csv": csv_of(durations),
        "marginal.csv": csv_of(marginal_table(rows, [conditions["alpha"], *conditions["beside"]])),
        "resplits.csv": csv_of(resplit_table(resplits)),
        "quality.csv": csv_of(by_quality(rows, conditions["quality_alpha"])),
        "quality-of-device.csv": csv_of(by_quality(rows, conditions["alpha"], apart=False)),
        "chance.csv": csv_of(chance_table(rows, conditions["alpha"], conditions["chance"])),
    }
    measure("coverage_afib", held["AFib"], attachments=attachments)
    measure("coverage_normal", held["normal"])
    least = covered_by_duration(
        rows,
        conditions["alpha"],
        durations_s=durations_s,
        edges_s=conditions["edges_s"],
        fewest=conditions["fewest"],
    )
    measure("least_coverage_by_duration", Proportion.of(least))


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
    before = calibration_error(
        reliability(expit(rows.rows.logits.astype(np.float64)), events, bins=conditions["bins"])
    )
    table = [
        ("measure", "value"),
        ("calibration error", f"{error:.5f}"),
        ("the same before scaling", f"{before:.5f}"),
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
            "bands.csv": csv_of(by_band(probabilities, events, conditions["bands"])),
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


@pytest.mark.verifies("UNC-004", "UNC-009")
def test_sets_of_the_device_hold_the_true_rhythm(
    measure: Measure,
    conditions: Conditions,
    device: Screener,
    answered: Answered,
    judged: Judged,
) -> None:
    """Of accepted held-out recordings those with their rhythm in the set; and all answers."""
    if device.limits is None:
        pytest.fail("the device has no gate")
    afib, normal = answered.of(AFIB), answered.of(NORMAL)
    chance = chance_of_one(
        device.limits.uncertainty.provenance["calibration"],
        {"afib": int(afib.accepted.sum()), "normal": int(normal.accepted.sum())},
        device.limits.alpha,
        **conditions["chance"],
    )
    table = intention_to_diagnose(answered.labels, answered.answers)
    probabilities = Classifier(device.limits.checkpoint).probabilities(judged.logits)
    single = decision_table(judged, answered, probabilities, **conditions["decisions"])
    measure(
        "coverage_afib",
        Proportion.of(afib.sets[afib.accepted, 1]),
        attachments={
            "intention-to-diagnose.csv": csv_of(table),
            "first-intention-to-diagnose.svg": table_figure(
                "Intention to diagnose, test split", table
            ),
            "sets.csv": csv_of(said_of_test_split(answered.of(NORMAL, AFIB))),
            "decisions.csv": csv_of(single),
            "chance.csv": csv_of(chance),
        },
    )
    measure("coverage_normal", Proportion.of(normal.sets[normal.accepted, 0]))
    measure("abstention_rate", Proportion.of(answered.of(NORMAL, AFIB).abstained))


@pytest.mark.verifies("UNC-005")
def test_calibration_is_exchangeable_with_the_test_split(
    measure: Measure, conditions: Conditions, device: Screener, dataset: Dataset, held_out: Dataset
) -> None:
    """Whether scores of calibration recordings and of held-out ones differ, for each rhythm."""
    limits = device.limits
    if limits is None:
        pytest.fail("the device has no gate")
    for name, is_afib in (("afib", True), ("normal", False)):
        # The less the rhythm fits, the higher.
        earlier, later = (
            (-1.0 if is_afib else 1.0) * rhythm_logits(limits, recordings, is_afib=is_afib)
            for recordings in (dataset.of(split="calibration"), held_out)
        )
        table = noticed_shifts(earlier, later, kept_up_to(limits, is_afib=is_afib), conditions)
        measure(
            f"exchangeability_p_value_{name}",
            Scalar(float(table[1][-1])),
            attachments={f"noticed-{name}.csv": csv_of(table)},
        )


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
    """Of accepted disturbed recordings, where fewest are covered, those with their rhythm in it."""
    families = {family: FAMILIES[family].severities for family in conditions["families"]}
    least, table = under_shift(
        uncertain, conditions["alpha"], families, fewest=conditions["fewest"]
    )
    measure(
        "least_coverage_afib",
        Proportion.of(least["AFib"]),
        attachments={"shift.csv": csv_of(table)},
    )
    measure("least_coverage_normal", Proportion.of(least["normal"]))


@pytest.mark.verifies("UNC-008")
def test_drift_is_noticed(measure: Measure, conditions: Conditions, uncertain: Judgement) -> None:
    """Of simulated streams, those without a false alarm, and those whose shift is noticed soon."""
    quiet, delays = simulated_streams(uncertain, conditions)
    measure("streams_without_false_alarm", Proportion.of(quiet))
    within = [delay is not None and delay <= conditions["within"] for delay in delays]
    measure("shifts_noticed", Proportion.of(within))
    told = [float(conditions["records"] if delay is None else delay) for delay in delays]
    measure("median_delay", Scalar(float(np.median(told))))
