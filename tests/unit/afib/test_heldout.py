"""What held-out gates say: kept, read, and what follows from it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.errors import ManifestError, TrainingError
from afib.heldout import FoldGate, HeldOut, Rows, read_held_out, write_held_out
from afib.heldout.derived import judgement_of
from afib.sets import fit_sets, sets_of

if TYPE_CHECKING:
    from pathlib import Path


def rows(count: int = 900) -> Rows:
    """Recordings of two folds, and one in ten made of another."""
    generator = np.random.default_rng(1)
    labels = generator.choice(np.array(["N", "A", "O", "~"]), size=count, p=[0.5, 0.3, 0.1, 0.1])
    made = np.arange(count) % 10 == 9
    return Rows(
        names=np.array([f"R{k:04d}" for k in range(count)]),
        labels=labels,
        folds=np.arange(count) % 2,
        parts=np.arange(count) % 3,
        families=np.where(made, "muscle", ""),
        severities=np.where(made, 6.0, 0.0),
        usable=np.arange(count) % 50 != 0,
        logits=generator.normal(np.where(labels == "A", 2.0, -2.0), 1.5),
        scores=generator.normal(np.where(labels == "~", 3.0, 0.0), 1.0),
    )


GATES = tuple(
    FoldGate(
        fold=fold,
        network_sha256=str(fold) * 64,
        threshold=0.1 * fold,
        temperature=1.0 + fold,
        ood_threshold=1.5 + fold,
    )
    for fold in (0, 1)
)
FOUND = HeldOut(rows=rows(), gates=GATES, origin={"each": 10, "noise": "drawn"})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Every number, to the last bit."""
    write_held_out(FOUND, tmp_path / "held.json")
    again = read_held_out(tmp_path / "held.json")
    assert (again.gates, again.origin) == (GATES, FOUND.origin)
    for name in ("names", "labels", "families", "usable", "logits", "scores", "parts"):
        np.testing.assert_array_equal(getattr(again.rows, name), getattr(FOUND.rows, name))


@pytest.mark.parametrize("damage", ["", "{}", "not JSON", "NaN"])
def test_what_is_no_record_is_refused(tmp_path: Path, damage: str) -> None:
    """Absent, empty, of something else, or with a number that is none."""
    path = tmp_path / "held.json"
    if damage == "NaN":
        write_held_out(FOUND, path)
        document = json.loads(path.read_text())
        document["rows"][0][-1] = float("nan")
        damage = json.dumps(document)
    if damage:
        path.write_text(damage)
    with pytest.raises(ManifestError, match="expected what held-out gates say"):
        read_held_out(path)


def test_a_gate_accepts_its_own_recordings_alone() -> None:
    """Each row is held to the thresholds of its fold."""
    judged = judgement_of(FOUND)
    limits = np.where(FOUND.rows.folds == 1, 2.5, 1.5)
    np.testing.assert_array_equal(
        judged.accepted, FOUND.rows.usable & (FOUND.rows.scores <= limits)
    )
    np.testing.assert_array_equal(
        judged.called_afib, FOUND.rows.logits > np.where(FOUND.rows.folds == 1, 0.1, 0.0)
    )
    np.testing.assert_allclose(
        judged.probabilities,
        1 / (1 + np.exp(-FOUND.rows.logits / np.where(FOUND.rows.folds == 1, 2.0, 1.0))),
    )


def test_no_recording_calibrates_its_own_set() -> None:
    """Sets of a part rest on the other parts of its fold; made recordings calibrate nothing."""
    judged, alpha = judgement_of(FOUND), 0.1
    every = FOUND.rows
    for fold, gate in enumerate(GATES):
        for part in range(3):
            own = (every.folds == fold) & (every.parts == part)
            others = (
                (every.folds == fold)
                & (every.parts != part)
                & (every.families == "")
                & np.isin(every.labels, ("N", "A"))
                & every.usable
                & (every.scores <= gate.ood_threshold)
            )
            thresholds = fit_sets(
                every.logits[others],
                every.labels[others] == "A",
                temperature=gate.temperature,
                alpha=alpha,
            )
            wanted = sets_of(every.logits[own], temperature=gate.temperature, thresholds=thresholds)
            np.testing.assert_array_equal(judged.sets(alpha)[own], wanted)


def test_sets_of_a_choice_are_those_of_all() -> None:
    """Looking at some recordings changes nothing of what is said of them."""
    judged = judgement_of(FOUND)
    chosen = judged.of("A", "O")
    kept = (FOUND.rows.families == "") & np.isin(FOUND.rows.labels, ("A", "O"))
    np.testing.assert_array_equal(chosen.sets(0.1), judged.sets(0.1)[kept])
    np.testing.assert_array_equal(chosen.answers(0.1), judged.answers(0.1)[kept])
    assert (judged.family("muscle", 6.0).rows.families == "muscle").all()
    assert len(judged.family("muscle", 0.0).rows) == 0


def test_too_few_recordings_for_alpha_are_refused() -> None:
    """No set is made up where calibration recordings are missing."""
    few = replace(FOUND, rows=FOUND.rows.where(np.arange(len(FOUND.rows)) < 90))
    with pytest.raises(TrainingError, match="calibration"):
        judgement_of(few).sets(0.02)
