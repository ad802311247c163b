"""What stands beside a model says what the evidence says, and no more."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tools import gate_reference, reference
from vericase.store import load_evidence

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


def test_a_model_that_no_requirement_is_about_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing missed of nothing asked is nothing shown."""
    (tmp_path / "model.json").write_text("{}")
    monkeypatch.setattr(reference, "about_certified", lambda _: ([], []))
    monkeypatch.setattr(reference, "CERTIFIED_MODEL", tmp_path)
    release = reference.release_of(tmp_path, DECISION | {"released": True})
    assert release["released"] is False
    assert "no requirement is about it" in release["headline"]


def test_what_is_not_measured_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A criterion without a measurement, though all others of the requirement are met."""
    log, findings = load_evidence(RECORD / "evidence.json")
    about, missed = reference.about_certified(RECORD / "evidence.json")
    assert "ROB-018" in about
    for criterion in ("ROB-018.1", "ROB-018.3"):
        fewer = tuple(each for each in log.evidence if each.criterion_id != criterion)
        monkeypatch.setattr(
            reference,
            "load_evidence",
            lambda _, kept=fewer: (replace(log, evidence=kept), findings),
        )
        found = reference.about_certified(RECORD / "evidence.json")
        assert found == (about, sorted({*missed, "ROB-018"}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("headline", "RELEASED"),
        ("model_sha256", "0" * 64),
        ("requirements_digest", ""),
        ("more", 1),
    ],
)
def test_a_release_that_says_something_else_is_seen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    value: object,
) -> None:
    """What stands in the file is what gate and evidence give; a miss cannot be struck."""
    decision = json.loads((RECORD / "gate.json").read_text())
    monkeypatch.setattr(gate_reference, "_decide", lambda _: decision)
    monkeypatch.setattr(reference, "about_certified", lambda _: (["ROB-015"], ["ROB-015"]))
    for name in ("MODEL", "CERTIFIED_MODEL"):
        model = getattr(gate_reference, name)
        shutil.copytree(model, tmp_path / model.name)
        monkeypatch.setattr(gate_reference, name, tmp_path / model.name)
    certified = gate_reference.CERTIFIED_MODEL
    monkeypatch.setattr(reference, "CERTIFIED_MODEL", certified)
    for model in (gate_reference.MODEL, certified):
        text = json.dumps(reference.release_of(model, decision))
        (model / "release.json").write_text(text)
    assert gate_reference.main() == 0
    release = json.loads((certified / "release.json").read_text())
    shown = release | {"missed": [], "released": decision["released"]}
    for changed in (release | {key: value}, shown, shown | {"only_about_it": []}):
        (certified / "release.json").write_text(json.dumps(changed))
        capsys.readouterr()
        assert gate_reference.main() == 1
        assert "physionet2017-certified/release.json" in capsys.readouterr().out
