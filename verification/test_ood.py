"""Out of distribution: what the device abstains on, and what it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.corruption import ACQUISITIONS, FAMILIES, strange_recording
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.heldout import judge_fold
from afib.rule import AFIB_RHYTHM, NORMAL_RHYTHM, RHYTHMS
from afib.settings import load_uncertainty
from vericase import Proportion
from verification.families import family_table, refused_least, severities_that
from verification.plots import score_shares, table_figure
from verification.uncertain import (
    FOLDS,
    HELD_OUT,
    conditions_of,
    csv_of,
    intention_to_diagnose,
)

if TYPE_CHECKING:
    from pathlib import Path

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


@_by_family("OOD-014")
def test_ecg_at_a_wrong_rate_is_refused(
    measure: Measure, conditions: Conditions, uncertain: Judgement, family: str
) -> None:
    """At the rate of some that is refused least, the recordings that the device abstains on."""
    rates = [uncertain.family(family, each) for each in conditions["factors"]]
    measure(
        "worst_refused_rate",
        Proportion.of(refused_least(rates)),
        attachments={f"{family}.csv": csv_of(family_table(uncertain, [family]))},
    )


@_by_family("OOD-005")
def test_families_that_nobody_tuned_on_are_refused(
    measure: Measure, conditions: Conditions, uncertain: Judgement, family: str
) -> None:
    """At the severity of a sealed family that hurts and is refused least, those refused."""
    if family not in load_uncertainty().families.sealed:
        pytest.fail(f"{family} is not sealed")
    hurt = severities_that(uncertain, [family], hurt=True, floor=conditions["floor"])
    measure(
        "worst_refused_rate",
        Proportion.of(refused_least(hurt)),
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
    measure(
        "worst_refused_rate",
        Proportion.of(refused_least(hurt)),
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


@pytest.mark.verifies("OOD-009", "OOD-013")
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


@pytest.mark.parametrize(
    ("way", "size"),
    [
        pytest.param(way, size, id=f"{way}-{size:g}", marks=pytest.mark.verifies("OOD-012"))
        for way in conditions_of("OOD-012")["ways"]
        for size in ACQUISITIONS[way].sizes
    ],
)
def test_recordings_that_were_taken_otherwise_are_decided(
    measure: Measure, uncertain: Judgement, way: str, size: float
) -> None:
    """Of recordings as another recorder takes them, those refused, and answers that stay."""
    alpha = load_uncertainty().conformal.alpha
    rows, every = uncertain.family(way, size), uncertain.of(NORMAL, AFIB)
    place = {name: position for position, name in enumerate(every.rows.names.tolist())}
    bases = [place[name] for name in rows.rows.names.tolist()]
    accepted = every.accepted[bases]
    measure(
        "refused_otherwise",
        Proportion.of(~rows.accepted[accepted]),
        attachments={f"{way}-{size:g}.csv": csv_of(family_table(uncertain, [way]))},
    )
    before, now = every.answers(alpha)[bases], rows.answers(alpha)
    decided = np.isin(before, RHYTHMS)
    measure("answered_alike", Proportion.of((now == before)[decided]))
    turned = decided & np.isin(now, RHYTHMS) & (now != before)
    measure("decision_turned", Proportion.of(turned[decided]))
