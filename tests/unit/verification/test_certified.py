"""Proofs on record are held to what they are of."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from afib.crossfit import fold_model
from afib.proof.pooled import (
    read_pooled,
    write_pooled,
)
from tests.support.pooled import (
    CONDITIONS,
    NAME,
    NAMES,
    saved_digests,
)
from verification.certified import FOLDS, CertifiedTraining, recorded_proofs
from verification.rejudged import foreign_models

if TYPE_CHECKING:
    from pathlib import Path


def test_proofs_as_they_were_made_are_taken(training: CertifiedTraining) -> None:
    """They are of this question, these models and this engine."""
    assert len(training.proofs(NAME, CONDITIONS).decisions) == len(NAMES)
    assert foreign_models(training.folder / FOLDS, training.crossfit, ("network",)) == []


@pytest.mark.parametrize("change", [{"size": 0.001}, {"each": 1}, {"seed": 4}])
def test_proofs_of_another_question_are_not_taken(
    change: dict[str, Any], training: CertifiedTraining
) -> None:
    """Another size, draw or seed, and the case is skipped."""
    with pytest.raises(pytest.skip.Exception, match="no current proofs are on record for ROB-006"):
        training.proofs(NAME, CONDITIONS | change)


@pytest.mark.parametrize("origin", [{"engine_sha256": "0" * 64}, {"models": {}}])
def test_proofs_of_another_engine_or_models_are_not_taken(
    origin: dict[str, Any], training: CertifiedTraining, path: Path
) -> None:
    """What the proofs rest on has to be what there is now."""
    proofs = read_pooled(path)
    write_pooled(replace(proofs, origin={**proofs.origin, **origin}), path)
    assert recorded_proofs(training.folder, NAME, CONDITIONS, training.crossfit) is None


@pytest.mark.parametrize(
    "change",
    [
        {"is_afib": None},
        {"is_afib": "turned"},
        {"fold": 7},
        {"rhythm": "turned"},
        {"outcome": "proven"},
        {"outcome": "certified", "certified_margin": -1.0},
        {"outcome": "certified", "certified_margin": None},
        {"outcome": "unknown", "certified_margin": 1.0},
        {"rhythm": None, "outcome": "certified", "certified_margin": 1.0},
        {"may_abstain": False},
        {"clean_margin": "1.0"},
        {"fold": True},
    ],
)
def test_a_row_that_does_not_go_with_the_cross_fitting_is_not_taken(
    change: dict[str, Any], training: CertifiedTraining, path: Path
) -> None:
    """Another label, fold or rhythm, or an outcome that its margin does not show."""
    proofs = read_pooled(path)
    first = proofs.decisions[0]
    turned: dict[str, Any] = {
        "is_afib": not first.is_afib,
        "rhythm": "normal" if first.rhythm == "AFib" else "AFib",
    }
    stated: dict[str, Any] = {
        name: turned[name] if value == "turned" else value for name, value in change.items()
    }
    changed = [replace(first, **stated), *proofs.decisions[1:]]
    write_pooled(replace(proofs, decisions=changed), path)
    assert recorded_proofs(training.folder, NAME, CONDITIONS, training.crossfit) is None


@pytest.mark.parametrize("name", ["certified_margin", "clean_margin"])
def test_a_margin_that_cannot_be_is_no_proof(
    name: str, training: CertifiedTraining, path: Path
) -> None:
    """Nothing is further from the threshold for a set than without it, or than the score is."""
    proofs = read_pooled(path)
    place = next(k for k, each in enumerate(proofs.decisions) if each.outcome == "certified")
    decisions = list(proofs.decisions)
    more = (decisions[place].clean_margin or 0.0) * 1.01
    more_of: dict[str, Any] = {name: more}
    decisions[place] = replace(decisions[place], **more_of)
    write_pooled(replace(proofs, decisions=decisions), path)
    assert recorded_proofs(training.folder, NAME, CONDITIONS, training.crossfit) is None


def test_a_model_of_another_fold_is_told(training: CertifiedTraining, tmp_path: Path) -> None:
    """Whose digest or fold is not the cross-fitting's, or which is not there."""
    shutil.copytree(training.folder / FOLDS, tmp_path / FOLDS)
    shutil.rmtree(fold_model(tmp_path / FOLDS, 1))
    (missing,) = foreign_models(tmp_path / FOLDS, training.crossfit, ("network",))
    assert "expected the model network-1, got" in missing
    shutil.copytree(fold_model(tmp_path / FOLDS, 0), fold_model(tmp_path / FOLDS, 1))
    other = foreign_models(tmp_path / FOLDS, training.crossfit, ("network",))
    assert any(saved_digests(training.folder / FOLDS)[1] in sentence for sentence in other)
    assert any(sentence.endswith("expected fold 1, got 0") for sentence in other)
