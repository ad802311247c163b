"""Proofs on record are made again, and radii are read off them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from afib.proof.pooled import KnownDecision, PooledProofs, prove_pooled, read_pooled, write_pooled
from tests.support.pooled import NAMES, QUESTION, cross_fitting, recordings, save_models
from verification.certified import (
    FOLDS,
    CertifiedTraining,
    inverted,
    radii_mv,
    radii_table,
    repeated,
)

AGAIN: dict[str, Any] = {"again": 4, "attack_steps": 3, "attack_restarts": 1, "seed": 1}
BY_NAME = {each.name: each for each in recordings()}


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> CertifiedTraining:
    """Two models and what they prove, as a reference keeps them."""
    folder = tmp_path_factory.mktemp("certified")
    save_models(folder / FOLDS)
    proofs = prove_pooled(
        cross_fitting(), folder / FOLDS, recordings(), QUESTION, processes=1, progress=False
    )
    write_pooled(proofs, folder / "ROB-006.json")
    return CertifiedTraining(folder=folder, crossfit=cross_fitting())


def known(outcome: str, *, is_afib: bool = True, rhythm: str = "AFib") -> KnownDecision:
    """What a record keeps of a decision."""
    return KnownDecision(
        name="A00001",
        is_afib=is_afib,
        fold=0,
        rhythm=rhythm,
        outcome=outcome,
        method=None,
        clean_margin=1.0,
        certified_margin=0.5,
        may_abstain=False,
    )


def at_radii(*outcomes: str, rhythm: str = "AFib") -> dict[float, PooledProofs]:
    """One recording at rising radii."""
    return {
        radius: PooledProofs(asked={}, origin={}, decisions=[known(outcome, rhythm=rhythm)])
        for radius, outcome in zip((0.01, 0.02, 0.03), outcomes, strict=True)
    }


def test_proofs_as_they_were_made_are_repeated(training: CertifiedTraining) -> None:
    """All come out alike, and no attack is below a certified one."""
    found = repeated(training, BY_NAME, AGAIN)
    assert (found.other, found.below, found.tried) == ((), (), len(NAMES))
    proofs = read_pooled(training.folder / "ROB-006.json")
    assert found.attacked == sum(each.outcome == "certified" for each in proofs.decisions) > 0


@pytest.mark.parametrize(
    "change",
    [{"outcome": "attacked"}, {"rhythm": "AFib"}, *({"certified_margin": m} for m in (1e9, None))],
)
def test_a_record_that_says_otherwise_is_seen(
    change: dict[str, Any], training: CertifiedTraining
) -> None:
    """Whichever of its decisions was written otherwise, each is told in a sentence."""
    path = training.folder / "ROB-006.json"
    proofs = read_pooled(path)
    # The second model's decisions are certified as normal.
    changed = [*proofs.decisions[:3], replace(proofs.decisions[3], **change)]
    write_pooled(replace(proofs, decisions=changed), path)
    found = repeated(training, BY_NAME, AGAIN)
    write_pooled(proofs, path)
    (sentence,) = found.other
    assert sentence.startswith("ROB-006: ")
    assert NAMES[3] in sentence


def test_the_radius_of_a_recording_is_the_largest_that_is_proven() -> None:
    """None proven, or proven of the wrong rhythm, is a radius of 0."""
    assert radii_mv(at_radii("certified", "certified", "unknown"), is_afib=True) == [0.02]
    assert radii_mv(at_radii("unknown", "attacked", "attacked"), is_afib=True) == [0.0]
    wrong = at_radii("certified", "certified", "certified", rhythm="normal")
    assert radii_mv(wrong, is_afib=True) == [0.0]
    assert radii_mv(wrong, is_afib=False) == []


def test_the_table_of_radii_has_a_column_for_each() -> None:
    """A wrong decision is marked, whatever is proven of it."""
    assert radii_table(at_radii("certified", "unknown", "attacked")).splitlines() == [
        "record,label,10 uV,20 uV,30 uV",
        "A00001,A,certified,unknown,attacked",
    ]
    wrong = radii_table(at_radii("certified", "unknown", "attacked", rhythm="normal"))
    assert "certified (wrong),unknown (wrong),attacked (wrong)" in wrong


@pytest.mark.parametrize(
    ("outcomes", "count"),
    [
        (("certified", "unknown", "attacked"), 0),
        (("unknown", "certified", "attacked"), 0),
        (("attacked", "certified", "certified"), 1),
        (("certified", "attacked", "certified"), 1),
    ],
)
def test_nothing_is_proven_beyond_an_attack(outcomes: tuple[str, ...], count: int) -> None:
    """A proof at a radius above one at which an attack came through is counted."""
    assert inverted(at_radii(*outcomes)) == count
