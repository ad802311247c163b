"""Proofs by cross-fitted models are made where they are missing, and once where two ask alike."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from afib.crossfit import write_cross_fit
from afib.errors import ManifestError
from afib.proof.engine import engine_digest
from afib.proof.pooled import prove_pooled, read_pooled
from tests.support.pooled import (
    CONDITIONS,
    NAMES,
    cross_fitting,
    recordings,
    save_models,
    saved_digests,
    true_scores,
)
from tools import prove_folds
from verification.certified import CROSSFIT, FOLDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DATA = "d" * 64


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A cross-fitting in the folder; the names that each question was then asked about."""
    save_models(tmp_path / FOLDS)
    crossfit = cross_fitting(saved_digests(tmp_path / FOLDS), true_scores(tmp_path / FOLDS))
    crossfit = replace(crossfit, origin={**crossfit.origin, "manifest_sha256": _DATA})
    write_cross_fit(crossfit, tmp_path / CROSSFIT)
    monkeypatch.setattr(prove_folds, "prepared", lambda *_, **__: SimpleNamespace(digest=_DATA))
    source = SimpleNamespace(recordings=recordings)
    monkeypatch.setattr(prove_folds, "open_source", lambda *_, **__: source)
    seen: list[list[str]] = []

    def watched(*given: object, **options: object) -> object:
        seen.append([each.name for each in given[2]])  # type: ignore[attr-defined]
        return prove_pooled(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(prove_folds, "prove_pooled", watched)
    return seen


@pytest.fixture
def prove(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Prove what requirements of these conditions ask for."""

    def run(**wanted: dict[str, object]) -> int:
        questions = {name.replace("_", "-"): CONDITIONS | more for name, more in wanted.items()}
        monkeypatch.setattr(prove_folds, "asked_questions", lambda: questions)
        return prove_folds.main([str(tmp_path), "--preset", "synthetic-quick", "--processes", "1"])

    return run


def test_what_two_ask_of_one_recording_is_answered_once(
    tmp_path: Path, asked: list[list[str]], prove: Callable[..., int]
) -> None:
    """A smaller draw by the same seed is part of the larger; another size is another question."""
    assert prove(ROB_006={"each": 2}, ROB_007={"each": 1}, ROB_009={"each": 1, "size": 0.001}) == 0
    assert [len(names) for names in asked] == [4, 0, 2]
    assert sorted(asked[0]) == sorted(NAMES)
    large, small, other = (
        read_pooled(tmp_path / f"ROB-{number}.json") for number in ("006", "007", "009")
    )
    known = {each.name: each for each in large.decisions}
    assert [known[each.name] for each in small.decisions] == list(small.decisions)
    assert other.asked["size"] == 0.001
    assert {proofs.origin["engine_sha256"] for proofs in (large, small, other)} == {engine_digest()}


def test_what_is_current_is_kept_and_what_is_damaged_made_anew(
    tmp_path: Path,
    asked: list[list[str]],
    prove: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A second run proves nothing, one after damage or under another engine proves again."""
    assert prove(ROB_006={"each": 1}) == 0
    assert prove(ROB_006={"each": 1}) == 0
    assert capsys.readouterr().out.endswith("0 made anew\n")
    assert len(asked) == 1
    path = tmp_path / "ROB-006.json"
    content = path.read_text()
    path.write_text(content[:-20])
    assert prove(ROB_006={"each": 1}) == 0
    assert len(asked) == 2
    assert path.read_text() == content
    document = json.loads(content)
    document["origin"]["engine_sha256"] = "0" * 64
    path.write_text(json.dumps(document))
    assert prove(ROB_006={"each": 1}, ROB_007={"each": 1}) == 0
    assert [len(names) for names in asked[2:]] == [2, 0]
    assert path.read_text() == content


def test_foreign_models_and_recordings_prove_nothing(
    tmp_path: Path,
    asked: list[list[str]],
    prove: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Models that the cross-fitting does not name, or other recordings: told, and no proofs."""
    monkeypatch.setattr(prove_folds, "prepared", lambda *_, **__: SimpleNamespace(digest="e" * 64))
    assert prove(ROB_006={"each": 1}) == 2
    assert "expected these recordings, got others" in capsys.readouterr().err
    weights = next((tmp_path / FOLDS).rglob("model.json"))
    document = json.loads(weights.read_text())
    weights.write_text(json.dumps(document | {"threshold": document["threshold"] + 1}))
    assert prove(ROB_006={"each": 1}) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert asked == []
    assert not (tmp_path / "ROB-006.json").exists()


def test_a_row_that_was_altered_is_made_anew(
    tmp_path: Path, asked: list[list[str]], prove: Callable[..., int]
) -> None:
    """A rhythm that the cross-fitting does not state is not taken over, and only that one is."""
    assert prove(ROB_006={"each": 2}) == 0
    path = tmp_path / "ROB-006.json"
    content = path.read_text()
    document = json.loads(content)
    row = document["decisions"][1]
    row["rhythm"] = "AFib" if row["rhythm"] == "normal" else "normal"
    path.write_text(json.dumps(document))
    assert prove(ROB_006={"each": 2}) == 0
    assert asked[1:] == [[row["name"]]]
    assert path.read_text() == content


def test_an_engine_that_changes_while_it_proves_proves_nothing(
    tmp_path: Path,
    asked: list[list[str]],
    prove: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files on the disk are other ones than those that ran."""
    monkeypatch.setattr(prove_folds, "engine_digest", lambda: "0" * 64)
    with pytest.raises(ManifestError, match="expected the engine not to change"):
        prove(ROB_006={"each": 1})
    assert len(asked) == 1
    assert not (tmp_path / "ROB-006.json").exists()
