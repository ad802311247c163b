"""What stands beside a model about its release, and what is taken for none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from afib.checkpoint import model_digest
from afib.errors import ModelError
from afib.release import ReleaseState, release_of

if TYPE_CHECKING:
    from pathlib import Path

    from afib.release import Release

REQUIREMENTS = "1" * 64
UNREADABLE = "What stands beside this model is no decision about a release."


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that holds something with a digest."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    return folder


def decision_of(model: Path, **changes: object) -> dict[str, object]:
    """A release of *model*, but for *changes*."""
    return {
        "format": 1,
        "released": True,
        "headline": "RELEASED: 12 of 12",
        "model_sha256": model_digest(model),
        "requirements_digest": REQUIREMENTS,
        "evidence_sha256": "2" * 64,
    } | changes


def released(model: Path, content: object) -> Release:
    """What is known of *model* with *content* beside it."""
    (model / "release.json").write_text(json.dumps(content), encoding="utf-8")
    return release_of(model)


def test_a_released_model_may_be_used(model: Path) -> None:
    """The headline of the decision is told, with the requirements that it was held to."""
    found = released(model, decision_of(model))
    assert (found.state, found.allows) == (ReleaseState.RELEASED, True)
    assert (found.told, found.requirements_digest) == ("RELEASED: 12 of 12", REQUIREMENTS)


def test_a_blocked_model_may_not(model: Path) -> None:
    """A decision against this very model is told in its own words."""
    found = released(model, decision_of(model, released=False, headline="BLOCKED: OOD-002"))
    assert (found.state, found.allows) == (ReleaseState.BLOCKED, False)
    assert (found.told, found.requirements_digest) == ("BLOCKED: OOD-002", REQUIREMENTS)


def test_a_model_without_a_decision_may_not(model: Path) -> None:
    """Silence is no release; a folder of that name is silence as well."""
    told = "No decision about a release stands beside this model."
    found = release_of(model)
    assert (found.state, found.allows) == (ReleaseState.MISSING, False)
    assert (found.told, found.requirements_digest) == (told, None)
    (model / "release.json").mkdir()
    assert release_of(model) == found


def test_a_release_of_another_model_is_foreign(model: Path) -> None:
    """A decision does not move with its file, nor stay when the model changes."""
    found = released(model, decision_of(model, model_sha256="ab" * 32))
    assert (found.state, found.allows) == (ReleaseState.FOREIGN, False)
    assert found.told == "The decision beside this model is about another one, abababababababab."
    assert released(model, decision_of(model)).allows
    (model / "model.json").write_text("{ }")
    assert release_of(model).state is ReleaseState.FOREIGN


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"released": 1},
        {"released": "true"},
        {"headline": ["RELEASED"]},
        {"model_sha256": "AB" * 32},
        {"requirements_digest": "1" * 63},
        {"requirements_digest": None},
        {"evidence_sha256": 7},
        {"note": "x" * 64 * 1024},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_decision_allows_nothing(model: Path, change: dict[str, object]) -> None:
    """Another format, words for truth, digests that are none, and what is too large."""
    found = released(model, decision_of(model, **change))
    assert (found.state, found.allows) == (ReleaseState.FOREIGN, False)
    assert (found.told, found.requirements_digest) == (UNREADABLE, None)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b"\xff\xfe", b"[" * 50_000], ids=lambda content: content[:2]
)
def test_what_is_no_json_allows_nothing(model: Path, content: bytes) -> None:
    """Damaged, of another kind, no text, or nested without end."""
    (model / "release.json").write_bytes(content)
    found = release_of(model)
    assert (found.state, found.told) == (ReleaseState.FOREIGN, UNREADABLE)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    """There is nothing that could be released."""
    with pytest.raises(ModelError, match="expected a model folder, got no files"):
        release_of(tmp_path)
