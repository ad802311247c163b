"""What stands beside a model says what the evidence says, and no more."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tools import gate_reference, reference

if TYPE_CHECKING:
    from pathlib import Path

RECORD = reference.REFERENCE
DECISION = {"headline": "RELEASED", "requirements_digest": "r", "evidence_sha256": "e"}


@pytest.mark.parametrize("released", [True, False])
@pytest.mark.parametrize("missed", [[], ["ROB-015"]])
def test_the_certified_model_is_released_only_if_nothing_about_it_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missed: list[str], *, released: bool
) -> None:
    """The gate's decision is needed, and every requirement about the model, drafts too."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.json").write_text("{}")
    (tmp_path / "gate.json").write_text(json.dumps(DECISION | {"released": released}))
    monkeypatch.setattr(reference, "REFERENCE", tmp_path)
    monkeypatch.setattr(reference, "about_certified", lambda _: (["ROB-015", "ROB-018"], missed))
    for certified, wanted in ((model, released and not missed), (tmp_path, released)):
        monkeypatch.setattr(reference, "CERTIFIED_MODEL", certified)
        reference._release(model)
        release = json.loads((model / "release.json").read_text())
        assert release["released"] is wanted
        assert release["evidence_sha256"] == "e"
    assert "missed" not in release


def test_a_release_that_says_less_than_the_evidence_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who strikes a miss from the file, or the list itself, is told by the check."""
    decision = json.loads((RECORD / "gate.json").read_text())
    monkeypatch.setattr(gate_reference, "_decide", lambda _: decision)
    release = json.loads((gate_reference.CERTIFIED_MODEL / "release.json").read_text())
    missed = ["ROB-015"]
    monkeypatch.setattr(gate_reference, "about_certified", lambda _: (["ROB-015"], missed))
    for name in ("MODEL", "CERTIFIED_MODEL"):
        model = getattr(gate_reference, name)
        shutil.copytree(model, tmp_path / model.name)
        monkeypatch.setattr(gate_reference, name, tmp_path / model.name)
    path = gate_reference.CERTIFIED_MODEL / "release.json"
    release |= {"only_about_it": ["ROB-015"], "missed": missed, "released": False}
    path.write_text(json.dumps(release))
    assert gate_reference.main() == 0
    rest = {key: value for key, value in release.items() if key != "missed"}
    shown = {**release, "missed": [], "released": decision["released"]}
    fewer = {**shown, "only_about_it": []}
    for changed in (shown, fewer, {**rest, "released": decision["released"]}):
        path.write_text(json.dumps(changed))
        capsys.readouterr()
        assert gate_reference.main() == 1
        assert "physionet2017-certified/release.json" in capsys.readouterr().out
