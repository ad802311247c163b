"""Proofs: decisions that no disturbance of a given size can change."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.decision import load_screener
from vericase import Proportion, Sample, Scalar
from verification.certified import asked_questions, inverted
from verification.charts import certified_curve
from verification.engines import bounded_by_both, proven_in
from verification.proof_tables import at_radii, curves, prices, radii_mv, radii_rows, rates, shown
from verification.proofs import attacked_below, beside_gate, prove, refused
from verification.repeating import repeated
from verification.uncertain import csv_of

if TYPE_CHECKING:
    from pathlib import Path

    from afib.records import Recording
    from verification.certified import CertifiedTraining

_RATES_WIDE, _GATE_WIDE = (180, 80, 150, 70, 130), (80, 160, 190, 160, 160)
_PRICES_WIDE = (80, 120, 140, 140, 100, 170)

Measure = Callable[..., None]
Conditions = Mapping[str, Any]


def _asked(*requirements: str, **beside: tuple[str, ...]) -> pytest.MarkDecorator:
    """One case a requirement, which is handed its id, and also verifies those *beside* it."""
    marked = [
        pytest.param(
            each, marks=pytest.mark.verifies(each, *beside.get(each.replace("-", "_"), ())), id=each
        )
        for each in requirements
    ]
    return pytest.mark.parametrize("requirement", marked)


@_asked(*("ROB-006", "ROB-007", "ROB-009"), ROB_006=("ROB-017", "ROB-021"), ROB_007=("ROB-024",))
def test_decisions_are_certified(
    measure: Measure, conditions: Conditions, certified: CertifiedTraining, requirement: str
) -> None:
    """Of recordings that no model saw, by rhythm, those decided rightly and proven."""
    found = certified.proofs(requirement, conditions)
    proven = {
        "right and proven": (found.certified(is_afib=True), found.certified(is_afib=False)),
        "right, attacks failed": (found.withstood(is_afib=True), found.withstood(is_afib=False)),
    }
    where = f"{1000 * conditions['size']:g} uV at the {conditions['at']}"
    attachments = {
        f"{requirement}.csv": found.table(),
        **shown("rates", f"Decisions within {where}", rates(proven), _RATES_WIDE),
    }
    measure("certified_sensitivity", Proportion.of(found.certified(is_afib=True)), attachments)
    measure("certified_specificity", Proportion.of(found.certified(is_afib=False)))
    measure("open_share", Proportion.of(found.open()))
    measure("gap_afib", Proportion.of(found.gap(is_afib=True)))
    measure("gap_normal", Proportion.of(found.gap(is_afib=False)))
    measure("clean_sensitivity", Proportion.of(found.right(is_afib=True)))
    measure("clean_specificity", Proportion.of(found.right(is_afib=False)))


@_asked(
    *("ROB-010", "ROB-011", "ROB-012", "ROB-013", "ROB-022", "ROB-023", "ROB-026", "ROB-027"),
    ROB_027=("ROB-028",),
)
def test_right_decisions_are_certified(
    measure: Measure, conditions: Conditions, certified: CertifiedTraining, requirement: str
) -> None:
    """Of right decisions on recordings that no model saw, those proven."""
    found = certified.proofs(requirement, conditions)
    proven = np.concatenate([found.certified(is_afib=each) for each in (True, False)])
    due = np.concatenate([found.due(is_afib=each) for each in (True, False)])
    attachment = {f"{requirement}.csv": found.table()}
    measure("certified_of_right", Proportion.of(proven[due]), attachment)
    measure("open_share", Proportion.of(found.open()[due]))


@_asked("ROB-020", "ROB-025")
def test_less_is_certified_at_larger_radii(
    measure: Measure, conditions: Conditions, certified: CertifiedTraining, requirement: str
) -> None:
    """The radius up to which half of the recordings are decided rightly and proven."""
    found = certified.by_radius(requirement, conditions)
    radii = {name: radii_mv(found, is_afib=name == "A") for name in ("A", "N")}
    place = "the network's input" if conditions["at"] == "network" else "the recorder"
    asked = f"at {place}, {len(radii['A'])} with AFib, {len(radii['N'])} normal"
    wide = (80, 60, 140, *[150] * len(found))
    attachments = {
        "curve.svg": certified_curve([0.0, *found], curves(found), asked),
        **shown("rates", f"Right and proven, {asked}", rates(at_radii(found)), _RATES_WIDE),
        **shown("radii", f"Radius of each recording, {asked}", radii_rows(found), wide),
    }
    measure("median_radius_afib_mv", Scalar(float(np.median(radii["A"])), "mV"), attachments)
    measure("median_radius_normal_mv", Scalar(float(np.median(radii["N"])), "mV"))
    measure("radii_inverted", Scalar(inverted(found)))
    measure("recordings_asked", Scalar(len(radii["A"]) + len(radii["N"])))


@pytest.mark.verifies("ROB-014")
def test_proofs_are_repeated(
    measure: Measure,
    conditions: Conditions,
    certified: CertifiedTraining,
    every_recording: Mapping[str, Recording],
    tmp_path: Path,
) -> None:
    """Proofs on record that come out otherwise when made again, or that attacks contradict."""
    run, asked = secrets.randbits(64), asked_questions()
    # By requirement: one that asks at several sizes has a file for each.
    if sorted({name[: len("ROB-000")] for name in asked}) != conditions["questions"]:
        pytest.fail(f"expected the questions {conditions['questions']}, got {[*asked]}")
    found = repeated(
        certified,
        asked,
        every_recording,
        conditions,
        run=run,
        scratch=tmp_path,
        processes=2,
    )
    head = [("question", "record", "on record", f"made again, run {run}", "attacked")]
    measure(
        "proofs_not_repeated",
        Scalar(len(found.other)),
        {"other.txt": "\n".join(found.other), "again.csv": csv_of([*head, *found.rows])},
    )
    measure("certificates_contradicted", Scalar(len(found.below)))
    measure(
        "certificates_refused",
        Scalar(len(found.refused)),
        {"refused.txt": "\n".join(found.refused)},
    )
    measure("certificates_checked", Scalar(found.checked))
    measure("proofs_repeated", Scalar(found.tried))
    measure("certificates_attacked", Scalar(found.attacked))


@_asked("ROB-015", "ROB-029", "ROB-030")
def test_the_named_model_is_certified(
    measure: Measure,
    conditions: Conditions,
    certified_model: Path,
    recorded: Sequence[Recording],
    requirement: str,
) -> None:
    """Of held-out recordings of each rhythm, those that the device decides rightly and proven."""
    found, device = prove(certified_model, recorded, conditions), load_screener(certified_model)
    refused_by = frozenset(each.name for each in found.recordings if device.decide(each).abstained)
    found = replace(found, abstained=refused_by)
    proven = {"by the device": (found.certified("A"), found.certified("N"))}
    where = f"{1000 * conditions['size']:g} uV at the {conditions['at']}, test split"
    attachments = {
        f"{requirement}.csv": found.table(),
        **shown("rates", f"Decisions within {where}", rates(proven), _RATES_WIDE),
    }
    # Behind the filter there is no recording that the gate could be shown.
    if conditions["at"] == "recorder":
        table = beside_gate(device, found)
        attachments |= shown("gate", f"What binds the gate within {where}", table, _GATE_WIDE)
    measure("certified_sensitivity", Proportion.of(found.certified("A")), attachments)
    measure("certified_specificity", Proportion.of(found.certified("N")))


@pytest.mark.verifies("ROB-016")
def test_robustness_has_its_price(measure: Measure, certified: CertifiedTraining) -> None:
    """What standard training gets right and certified training does not, paired by recording."""
    lost = {name: certified.lost(is_afib=name == "AFib") for name in ("AFib", "normal")}
    table = shown("price", "Right by one training alone", prices(lost), _PRICES_WIDE)
    measure("lost_sensitivity", Sample(lost["AFib"]), table)
    measure("lost_specificity", Sample(lost["normal"]))
    right, is_afib = certified.crossfit.right("network"), certified.crossfit.is_afib
    measure("clean_sensitivity", Proportion.of(right[is_afib]))
    measure("clean_specificity", Proportion.of(right[~is_afib]))


@pytest.mark.verifies("ROB-018")
def test_two_engines_agree(
    measure: Measure,
    conditions: Conditions,
    certified_model: Path,
    recorded: Sequence[Recording],
) -> None:
    """Recordings on which the engines' bounds differ, or are above what an attack met."""
    found = bounded_by_both(certified_model, recorded, conditions)
    looser = [each for each in found if not 0 <= each.gain + conditions["tolerance"] < np.inf]
    above = [each for each in found if not max(each.ours, each.theirs) <= each.met]
    measure("bounds_looser", Scalar(len(looser)), {"bounds.txt": "\n".join(map(str, found))})
    measure("bounds_above_attack", Scalar(len(above)))
    measure("recordings_bounded", Scalar(len(found)))


@pytest.mark.verifies("ROB-019")
def test_rounding_costs_no_certificates(
    measure: Measure,
    conditions: Conditions,
    certified_model: Path,
    recorded: Sequence[Recording],
) -> None:
    """Of decisions proven in real arithmetic, those that the rounding of float32 leaves open."""
    deployed, real = proven_in(certified_model, recorded, conditions)
    measure("certificates_lost", Proportion.of(~deployed[real]))
    measure("certificates_gained", Scalar(int((deployed & ~real).sum())))


@pytest.mark.verifies("ROB-008")
def test_certificates_stand(
    measure: Measure,
    conditions: Conditions,
    model_folder: Path,
    recorded: Sequence[Recording],
    tmp_path: Path,
) -> None:
    """Certificates that the checker refuses, and those below whose margin an attack came."""
    found = prove(model_folder, recorded, conditions)
    told = refused(model_folder, found, tmp_path)
    below = attacked_below(model_folder, found, conditions)
    measure("certificates_refused", Scalar(len(told)), {"refused.txt": "\n".join(told)})
    measure("certificates_contradicted", Scalar(len(below)), {"below.txt": "\n".join(below)})
    tried = sum(known.outcome == "certified" for known in found.decisions)
    measure("certificates_tried", Scalar(tried), {"proofs.csv": found.table()})
