"""Proofs by the models of a cross-fitting: whose they are, and what is kept of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.errors import ManifestError
from afib.proof.many import answer
from afib.proof.pooled import (
    PooledProofs,
    asked_of,
    drawn,
    origin_of,
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
)
from verification.certified import recorded_proofs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two models."""
    folder = tmp_path_factory.mktemp("models")
    save_models(folder)
    return folder


@pytest.fixture(scope="module")
def proofs(models: Path) -> PooledProofs:
    """What both models prove of their recordings."""
    return prove_pooled(
        cross_fitting(), models, recordings(), QUESTION, processes=1, progress=False
    )


def test_each_recording_is_proven_by_the_model_of_its_fold(
    models: Path, proofs: PooledProofs
) -> None:
    """What the pool says of a recording is what its fold's own model says of it."""
    for known, one in zip(proofs.decisions, recordings(), strict=True):
        alone = answer(QUESTION, QUESTION.prover(_loaded(fold_model(models, known.fold))), one)
        assert known.name == one.name
        assert (known.rhythm, known.outcome) == (alone.rhythm, alone.outcome)
        assert (known.clean_margin, known.certified_margin) == (
            alone.clean_margin,
            alone.certified_margin,
        )
    # With its threshold out of reach the second model calls nothing AFib, whatever the margin.
    assert [known.rhythm for known in proofs.decisions[2:]] == ["normal", "normal"]
    assert [known.outcome for known in proofs.decisions[2:]] == ["certified", "certified"]
    assert proofs.certified(is_afib=True).tolist()[1] is False
    assert proofs.certified(is_afib=False).tolist()[1] is True


def test_open_decisions_are_right_ones_without_an_answer(proofs: PooledProofs) -> None:
    """A wrong decision is not open, nor is one that is proven or refuted."""
    cases = [
        ("AFib", "unknown", True),
        ("AFib", "attacked", False),
        ("AFib", "certified", False),
        ("normal", "unknown", False),
        (None, "unknown", False),
    ]
    first = proofs.decisions[0]
    changed = replace(
        proofs,
        decisions=[replace(first, rhythm=rhythm, outcome=outcome) for rhythm, outcome, _ in cases],
    )
    assert first.is_afib
    assert changed.open().tolist() == [is_open for *_, is_open in cases]


def test_what_is_kept_is_read_again(proofs: PooledProofs, tmp_path: Path) -> None:
    """Question, origin and decisions come back as they were."""
    write_pooled(proofs, tmp_path / "kept.json")
    again = read_pooled(tmp_path / "kept.json")
    assert again.asked == proofs.asked == asked_of(QUESTION)
    assert again.origin == origin_of(cross_fitting())
    assert list(again.decisions) == list(proofs.decisions)
    assert proofs.table().splitlines()[1].startswith("A00001,A,0,")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": 2}', '{"format": 1, "asked": {}, "origin": {}, "decisions": [{}]}'],
)
def test_what_is_no_record_of_proofs_is_refused(text: str, tmp_path: Path) -> None:
    """One sentence says which file it is."""
    path = tmp_path / "kept.json"
    path.write_text(text)
    with pytest.raises(ManifestError, match=r"kept\.json: expected pooled proofs, got"):
        read_pooled(path)


def test_a_draw_is_the_same_each_time_and_grows() -> None:
    """AFib stands first; a larger draw begins with the smaller one."""
    crossfit = cross_fitting()
    assert sorted(drawn(crossfit, each=9, seed=1).tolist()) == list(NAMES)
    one, all_of_them = (drawn(crossfit, each=each, seed=1).tolist() for each in (1, 2))
    assert one == [all_of_them[0], all_of_them[2]]
    assert set(all_of_them[:2]) == {"A00001", "A00003"}


@pytest.mark.parametrize(
    "change", ["none", "question", "models", "draw", "engine", "damaged", "missing"]
)
def test_only_proofs_of_this_very_question_are_taken(
    change: str, models: Path, proofs: PooledProofs
) -> None:
    """Another size, model, draw or engine, or a damaged file, and there are no proofs."""
    by_name = dict(zip(NAMES, proofs.decisions, strict=True))
    names = drawn(cross_fitting(), each=2, seed=3).tolist()
    kept = replace(proofs, decisions=[by_name[name] for name in names])
    if change == "engine":
        kept = replace(kept, origin={**kept.origin, "engine_sha256": "0" * 64})
    path = models / "ROB-006.json"
    write_pooled(kept, path)
    if change == "damaged":
        path.write_text(path.read_text()[:-9])
    if change == "missing":
        path.unlink()
    changes: dict[str, dict[str, Any]] = {"question": {"size": 0.001}, "draw": {"each": 1}}
    conditions = CONDITIONS | changes.get(change, {})
    crossfit = cross_fitting(("a", "other")) if change == "models" else cross_fitting()
    found = recorded_proofs(models, "ROB-006", conditions, crossfit)
    assert (found is not None) == (change == "none")


def test_the_record_states_the_engine_by_its_code(proofs: PooledProofs, tmp_path: Path) -> None:
    """A digest of 64 hexadecimal digits, and the fold models of the network alone."""
    write_pooled(proofs, tmp_path / "kept.json")
    origin = json.loads((tmp_path / "kept.json").read_text())["origin"]
    assert len(bytes.fromhex(origin["engine_sha256"])) == 32
    assert origin["models"] == {"network-0": "a", "network-1": "b"}


def _loaded(folder: Path) -> Checkpoint:
    return Checkpoint.load(folder)
