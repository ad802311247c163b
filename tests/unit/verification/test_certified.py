"""Proofs on record are held to what they are of, made again, and radii are read off them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from afib.crossfit import fold_model
from afib.proof.pooled import (
    KnownDecision,
    PooledProofs,
    drawn,
    prove_pooled,
    read_pooled,
    write_pooled,
)
from tests.support.pooled import (
    CONDITIONS,
    NAMES,
    QUESTION,
    cross_fitting,
    recordings,
    save_models,
    saved_digests,
    true_scores,
)
from verification.certified import (
    FOLDS,
    CertifiedTraining,
    inverted,
    recorded_proofs,
)
from verification.proof_tables import at_radii, radii_mv, radii_rows, rates
from verification.proofs import challenge_of
from verification.rejudged import foreign_models
from verification.repeating import repeated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BY_NAME = {each.name: each for each in recordings()}
NAME = "ROB-006"
AGAIN: dict[str, Any] = {
    "again": 4,
    "others": 4,
    "attacked": 4,
    "attack_steps": 3,
    "attack_restarts": 1,
    "seed": 1,
}


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> CertifiedTraining:
    """Two models and what they prove, as a reference keeps them."""
    folder = tmp_path_factory.mktemp("certified")
    save_models(folder / FOLDS)
    names = drawn(cross_fitting(), each=CONDITIONS["each"], seed=CONDITIONS["seed"]).tolist()
    proofs = prove_pooled(
        cross_fitting(saved_digests(folder / FOLDS)),
        folder / FOLDS,
        [BY_NAME[name] for name in names],
        QUESTION,
        processes=1,
        progress=False,
    )
    write_pooled(proofs, folder / f"{NAME}.json")
    crossfit = cross_fitting(saved_digests(folder / FOLDS), true_scores(folder / FOLDS))
    return CertifiedTraining(folder=folder, crossfit=crossfit)


@pytest.fixture
def path(training: CertifiedTraining) -> Iterator[Path]:
    """The file of proofs, which a test may change."""
    file = training.folder / f"{NAME}.json"
    content = file.read_bytes()
    yield file
    file.write_bytes(content)


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


def proofs_at(*outcomes: str, rhythm: str = "AFib") -> dict[float, PooledProofs]:
    """One recording at rising radii."""
    return {
        radius: PooledProofs(asked={}, origin={}, decisions=[known(outcome, rhythm=rhythm)])
        for radius, outcome in zip((0.01, 0.02, 0.03), outcomes, strict=True)
    }


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


def test_proofs_that_take_long_are_drawn_by_the_number_of_the_run(
    training: CertifiedTraining, path: Path, tmp_path: Path
) -> None:
    """So that nobody knows before which of them will be made again; quick ones all are."""
    proofs = read_pooled(path)
    certified = [known.name for known in proofs.decisions if known.outcome == "certified"]
    one = AGAIN | {"again": 1, "others": 0, "attacked": 0}

    def made(run: int) -> list[str]:
        found = repeated(training, {NAME: CONDITIONS}, BY_NAME, one, run=run, scratch=tmp_path)
        return [row[1] for row in found.rows]

    assert sorted(made(1)) == sorted(certified)
    longer = [replace(known, method="split") for known in proofs.decisions]
    write_pooled(replace(proofs, decisions=longer), path)
    assert len({name for run in range(12) for name in made(run)}) > 1
    assert {len(made(run)) for run in range(3)} == {1}


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


def test_proofs_are_repeated_and_attacked(training: CertifiedTraining, tmp_path: Path) -> None:
    """All come out alike, no attack is below a certified one, and the checker confirms one."""
    found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert (found.refused, found.checked) == ([], 1)
    assert (found.other, found.below, found.tried) == ([], [], len(NAMES))
    decisions = training.proofs(NAME, CONDITIONS).decisions
    assert found.attacked == sum(known.outcome == "certified" for known in decisions) > 0


@pytest.mark.parametrize("share", [-0.5, -0.01])
def test_a_margin_that_does_not_come_again_is_seen(
    share: float, training: CertifiedTraining, path: Path, tmp_path: Path
) -> None:
    """However little it differs from what is proven when it is made again."""
    proofs = read_pooled(path)
    place, known = next(
        (place, known)
        for place, known in enumerate(proofs.decisions)
        if known.outcome == "certified"
    )
    decisions = list(proofs.decisions)
    other = (1 + share) * (known.certified_margin or 0.0)
    decisions[place] = replace(known, certified_margin=other)
    write_pooled(replace(proofs, decisions=decisions), path)
    found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    (sentence,) = found.other
    assert known.name in sentence


@pytest.mark.parametrize(
    ("stated", "alike"), [("unknown", True), ("attacked", False), ("certified", True)]
)
def test_what_is_unknown_on_record_claims_nothing(
    stated: str, training: CertifiedTraining, path: Path, tmp_path: Path, *, alike: bool
) -> None:
    """With more time it may be proven; what is said to be refuted must be refuted again."""
    proofs = read_pooled(path)
    place = next(k for k, each in enumerate(proofs.decisions) if each.outcome == "certified")
    decisions = list(proofs.decisions)
    margin = decisions[place].certified_margin
    decisions[place] = replace(
        decisions[place], outcome=stated, certified_margin=margin if stated == "certified" else -0.1
    )
    write_pooled(replace(proofs, decisions=decisions), path)
    found = repeated(training, {NAME: CONDITIONS}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert (found.other == []) is alike


def test_proofs_of_a_band_are_repeated_and_attacked(
    training: CertifiedTraining, tmp_path: Path
) -> None:
    """By waves of its ends and its middle, since a band is no single set."""
    band = {
        **CONDITIONS,
        "disturbance": "wander-band",
        "at": "recorder",
        "size": 0.0002,
        "band_hz": [0.3, 0.32],
    }
    names = drawn(training.crossfit, each=CONDITIONS["each"], seed=CONDITIONS["seed"]).tolist()
    proofs = prove_pooled(
        training.crossfit,
        training.folder / FOLDS,
        [BY_NAME[name] for name in names],
        challenge_of(band),
        processes=1,
        progress=False,
    )
    write_pooled(proofs, training.folder / "ROB-023.json")
    found = repeated(training, {"ROB-023": band}, BY_NAME, AGAIN, run=1, scratch=tmp_path)
    assert (found.other, found.below) == ([], [])
    assert found.attacked == sum(known.outcome == "certified" for known in proofs.decisions) > 0


def test_an_abstention_counts_against_what_is_proven() -> None:
    """A row that says nothing leaves no fewer decisions of which a proof is due."""
    asked = [known("certified"), known("unknown"), known("unknown", rhythm="normal")]
    none = replace(known("unknown"), rhythm=None)
    found = PooledProofs(asked={}, origin={}, decisions=[*asked, none])
    assert found.due(is_afib=True).tolist() == [True, True, False, True]
    assert found.open().tolist() == [False, True, False, True]
    assert found.certified(is_afib=True).tolist() == [True, False, False, False]


def test_the_radius_of_a_recording_is_the_largest_that_is_proven() -> None:
    """None proven, or proven of the wrong rhythm, is a radius of 0."""
    assert radii_mv(proofs_at("certified", "certified", "unknown"), is_afib=True) == [0.02]
    assert radii_mv(proofs_at("unknown", "attacked", "attacked"), is_afib=True) == [0.0]
    wrong = proofs_at("certified", "certified", "certified", rhythm="normal")
    assert radii_mv(wrong, is_afib=True) == [0.0]
    assert radii_mv(wrong, is_afib=False) == []


def test_the_table_of_radii_has_a_column_for_each() -> None:
    """Beside the radius of the recording; a wrong decision is marked, whatever is proven of it."""
    assert radii_rows(proofs_at("certified", "unknown", "attacked")) == [
        ("record", "label", "proven within", "10 uV", "20 uV", "30 uV"),
        ("A00001", "A", "10 uV", "certified", "unknown", "attacked"),
    ]
    all_of_it = radii_rows(proofs_at("certified", "certified", "certified"))
    assert all_of_it[1][2] == "30 uV or more"
    wrong = radii_rows(proofs_at("certified", "unknown", "attacked", rhythm="normal"))
    assert wrong[1][2:4] == ("0 uV", "certified (wrong)")


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
    assert inverted(proofs_at(*outcomes)) == count


def test_constant_classifiers_stand_beside_the_rates(training: CertifiedTraining) -> None:
    """All of one rhythm, none of the other, by the counts of the draw, with exact bounds."""
    found = read_pooled(training.folder / f"{NAME}.json")
    rows = rates(at_radii({0.01: found}))
    afib, normal = (int(found.certified(is_afib=each).sum()) for each in (True, False))
    assert [row[:3] for row in rows[1:3]] == [
        ("within 10 uV", "AFib", f"{afib} of 2"),
        ("within 10 uV", "normal", f"{normal} of 2"),
    ]
    # Two of two: the bound is the square root of 0.05.
    assert rows[3] == ("always AFib", "AFib", "2 of 2", "1.000", "at least 0.224")
    assert rows[4] == ("always AFib", "normal", "0 of 2", "0.000", "at least 0.000")
    assert [row[3] for row in rows[5:]] == ["0.000", "1.000"]
