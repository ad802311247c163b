"""Explanation: whether what is shown as the reason of a decision is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.beat_parts import PARTS
from afib.dataset import AFIB, NORMAL
from afib.preprocessing import segments
from afib.settings import load_uncertainty
from vericase import Proportion, Scalar
from verification.anew import ANEW, WITHOUT_TRAINING
from verification.faithful import accepted_of
from verification.gallery import gravest_errors, pictures
from verification.known_answers import known_answers, off_centre
from verification.pictured import is_true
from verification.plots import table_figure
from verification.reasons import (
    COARSE,
    FINE,
    OTHERS,
    SLOW,
    Reasons,
    drawn_for_reasons,
    reasons_of,
)
from verification.summaries import WIDTHS, quantiles, summary
from verification.uncertain import FOLDS, conditions_of, csv_of

if TYPE_CHECKING:
    from pathlib import Path

    from afib.dataset import Dataset
    from afib.decision import Screener
    from afib.heldout.derived import Judgement
    from afib.records import Recording
    from afib.settings import Settings

Measure = Callable[..., None]
Conditions = Mapping[str, Any]


@pytest.fixture(scope="session")
def reasons(dataset: Dataset, uncertain: Judgement, uncertainty_folder: Path) -> Reasons:
    """What explanations of held-out recordings are worth."""
    asked = {
        name: value
        for requirement in ("XAI-001", "XAI-004", "XAI-005")
        for name, value in conditions_of(requirement).items()
    }
    asked["radius_mv"] = conditions_of("ROB-001")["radius_mv"]
    drawn = drawn_for_reasons(uncertain, each=asked["each"], seed=asked["seed"])
    return reasons_of(dataset, drawn, uncertainty_folder / FOLDS, asked)


@pytest.mark.verifies("XAI-001")
def test_no_map_is_empty(measure: Measure, reasons: Reasons) -> None:
    """Of recordings, those whose map weighs a sample, by each method."""
    empty = np.sum(
        [reasons.values[f"empty {method}"] for method in (COARSE, *OTHERS, SLOW)], axis=0
    )
    measure("non_empty_maps", Proportion.of(empty == 0))


@pytest.mark.verifies("XAI-002")
def test_what_is_planted_is_found(
    measure: Measure, conditions: Conditions, dataset: Dataset, settings: Settings
) -> None:
    """Of planted plateaus, the smallest share of weight in them, and what signs and words say."""
    inputs = []
    for signal in dataset.of(split="train").signals:
        first = segments(signal, settings.preprocessing)[0]
        # What could itself be taken for a plateau would leave the right answer unknown.
        if np.abs(first).max() < conditions["most_mv"]:
            inputs.append(first)
        if len(inputs) == conditions["each"]:
            break
    segments_mv, rate_hz = np.stack(inputs), settings.preprocessing.rate_hz
    known = known_answers(segments_mv, rate_hz, conditions)
    layers = (settings.network.kernels, settings.network.strides)
    apart_s = off_centre(segments_mv, rate_hz, layers, conditions)
    table: list[tuple[str, ...]] = [("method", "recordings", "smallest share", "share of time")]
    for method, shares in known.shares.items():
        time = known.times[method].mean()
        table.append((method, f"{len(shares)}", f"{shares.min():.4f}", f"{time:.4f}"))
    measure(
        "attribution_in_planted_region",
        Scalar(float(min(shares.min() for shares in known.shares.values()))),
        attachments={
            "planted.csv": csv_of(table),
            "planted.svg": table_figure("Evidence in the planted region", table),
        },
    )
    measure("planted_signs_right", Proportion.of(known.signs_right))
    places: list[tuple[str, ...]] = [("method", "recordings", "largest distance, s")]
    places += [(name, f"{len(own)}", f"{own.max():.4f}") for name, own in apart_s.items()]
    measure(
        "evidence_off_centre",
        Scalar(max(float(own.max()) for own in apart_s.values()), "s"),
        attachments={"off-centre.csv": csv_of(places)},
    )
    measure("nothing_planted_said", Proportion.of(known.said_empty))


@pytest.mark.verifies("XAI-003")
def test_maps_hang_on_what_was_learnt(
    measure: Measure, conditions: Conditions, reasons: Reasons
) -> None:
    """Of recordings, those whose map a network drawn anew gives alike, either way up."""
    names = [name for name in reasons.values if name.startswith(ANEW)]
    # A map that is empty or constant agrees with none, and shows nothing either.
    alike = {name: ~(np.abs(reasons.values[name]) < conditions["alike"]) for name in names}
    table: list[tuple[str, ...]] = [("layers", "recordings", "alike", "median")]
    for name, found in alike.items():
        middle = f"{np.median(np.abs(reasons.values[name])):.3f}"
        table.append((name, f"{len(found)}", f"{int(found.sum())}", middle))
    measure(
        "maps_without_training_alike",
        Proportion.of(alike[names[-1]]),
        attachments={
            "drawn-anew.csv": summary(reasons, *names),
            "drawn-anew.svg": table_figure("Maps of networks drawn anew", table),
        },
    )


@pytest.mark.verifies("XAI-004")
def test_answers_hang_on_what_is_weighed(
    measure: Measure, reasons: Reasons, device: Screener
) -> None:
    """Of recordings, those where the order by weight beats random ones, there and back together."""
    if device.limits is None:
        pytest.fail("the device has no gate")
    names = [
        f"{name} {method}"
        for method in (COARSE, FINE)
        for name in ("removed", "inserted", "faithful")
    ]
    better = reasons.values[f"faithful {COARSE}"] > 0
    strange: list[tuple[str, ...]] = [("segments", "accepted", "of")]
    for kind, some in (
        ("as they are", reasons.inputs),
        ("half replaced, by weight", reasons.halfway),
        ("half replaced, at random", reasons.halfway_at_random),
    ):
        kept = accepted_of(device.limits, some, reasons.rate_hz)
        strange.append((kind, f"{int(kept.sum())}", f"{len(kept)}"))
    measure(
        "faithful_maps",
        Proportion.of(better),
        attachments={
            "faithfulness.csv": summary(reasons, *names),
            "faithfulness.svg": table_figure(
                "Gains by removal and insertion", quantiles(reasons, *names), WIDTHS
            ),
            "half-replaced.csv": csv_of(strange),
            "half-replaced.svg": table_figure("What the gate accepts on the way", strange),
        },
    )
    measure("faithful_maps_of_afib", Proportion.of(better[reasons.called_afib]))
    measure("faithful_maps_of_normal", Proportion.of(better[~reasons.called_afib]))


@pytest.mark.verifies("XAI-014")
def test_either_half_of_faithfulness_is_told(measure: Measure, reasons: Reasons) -> None:
    """Of recordings called one rhythm, those where removal, or insertion, beats random orders."""
    for kind in ("removed", "inserted"):
        better = reasons.values[f"{kind} {COARSE}"] > 0
        measure(f"{kind}_earlier_afib", Proportion.of(better[reasons.called_afib]))
        measure(f"{kind}_earlier_normal", Proportion.of(better[~reasons.called_afib]))


@pytest.mark.parametrize(
    ("value", "measurand"),
    [
        pytest.param(value, name, id=requirement, marks=pytest.mark.verifies(requirement))
        for requirement, value, name in (
            ("XAI-005", "noisy", "maps_stable_under_noise"),
            ("XAI-006", "by frames", "maps_that_move_by_frames"),
            ("XAI-007", "by samples", "maps_that_move_by_samples"),
        )
    ],
)
def test_maps_stay_where_nothing_changes(
    measure: Measure, conditions: Conditions, reasons: Reasons, value: str, measurand: str
) -> None:
    """Of recordings, those whose map keeps its course."""
    beside = [each for each in reasons.values if each == f"{value} {WITHOUT_TRAINING}"]
    measure(
        measurand,
        Proportion.of(reasons.values[value] >= conditions["agreement"]),
        attachments={f"{measurand}.csv": summary(reasons, value, *beside)},
    )


@pytest.mark.verifies("XAI-008")
def test_methods_agree(measure: Measure, conditions: Conditions, reasons: Reasons) -> None:
    """Of recordings, those whose maps by the other methods have the course of Grad-CAM.

    And those with which it agrees more than with the map of another recording, called alike.
    """
    names = [f"agreement {method}" for method in OTHERS]
    mismatched = [f"mismatched {method}" for method in OTHERS]
    slow = [f"{kind} {SLOW}" for kind in ("agreement", "mismatched")]
    own = np.array([reasons.values[name] for name in names])
    measure(
        "agreeing_maps",
        Proportion.of(own.min(axis=0) >= conditions["agreement"]),
        attachments={"agreement.csv": summary(reasons, *names, *mismatched, *slow)},
    )
    others = np.array([reasons.values[name] for name in mismatched])
    measure("agreement_beyond_chance", Proportion.of(np.all(own > others, axis=0).tolist()))


@pytest.mark.parametrize(
    ("part", "measurand"),
    [
        pytest.param(part, name, id=requirement, marks=pytest.mark.verifies(requirement))
        for requirement, part, name in (
            ("XAI-009", "QRS", "evidence_in_qrs"),
            ("XAI-010", "P", "evidence_at_p_waves"),
        )
    ],
)
def test_evidence_stands_in_a_part_of_the_heartbeat(
    measure: Measure, reasons: Reasons, part: str, measurand: str
) -> None:
    """Of recordings, those with denser evidence in a part than by a network without training."""
    names = [f"{kind} {each}" for each in PARTS for kind in ("weight", "untrained")]
    measure(
        measurand,
        Proportion.of(reasons.values[f"weight {part}"] >= reasons.values[f"untrained {part}"]),
        attachments={f"{measurand}.csv": summary(reasons, *names)},
    )


@pytest.mark.verifies("XAI-013")
def test_evidence_of_afib_stands_between_beats(measure: Measure, reasons: Reasons) -> None:
    """Of recordings called AFib, those with denser evidence between beats than without training.

    One whose beats follow each other too closely to leave anything between them counts for nothing.
    """
    dense, untrained = (reasons.values[f"{kind} TP"] for kind in ("weight", "untrained"))
    asked = reasons.called_afib & np.isfinite(dense) & np.isfinite(untrained)
    measure("evidence_between_beats", Proportion.of((dense >= untrained)[asked]))


@pytest.mark.verifies("XAI-011")
def test_evidence_follows_irregularity(measure: Measure, reasons: Reasons) -> None:
    """Of recordings with beats enough, those with more evidence where the RR interval changes."""
    found = reasons.values["irregularity"]
    measure(
        "evidence_follows_irregularity",
        Proportion.of(found[np.isfinite(found)] > 0),
        attachments={"irregularity.csv": summary(reasons, "irregularity")},
    )


@pytest.mark.verifies("XAI-012")
def test_the_gravest_errors_are_shown(
    measure: Measure,
    conditions: Conditions,
    uncertain: Judgement,
    uncertainty_folder: Path,
    every_recording: Mapping[str, Recording],
) -> None:
    """Of the most confident errors, those whose picture states both rhythms and is in true size."""
    names = gravest_errors(uncertain, each=conditions["each"])
    rows = uncertain.of(NORMAL, AFIB)
    drawn = pictures(
        rows.where(np.isin(rows.rows.names, names)),
        every_recording,
        uncertainty_folder / FOLDS,
        alpha=load_uncertainty().conformal.alpha,
    )
    is_afib = dict(zip(rows.rows.names.tolist(), rows.is_afib.tolist(), strict=True))
    sizes = conditions_of("APP-007")
    measure(
        "errors_shown",
        Proportion.of(
            [
                drawn[name].says(is_afib=is_afib[name], called_afib=not is_afib[name])
                and is_true(drawn[name].svg, drawn[name].explained, sizes)
                for name in names
            ]
        ),
        attachments={
            f"error-{place + 1}-{name}.svg": drawn[name].svg for place, name in enumerate(names)
        },
    )
