"""The device from a preset to decisions: prepare, train, screen, and cross-fit.

One folder of recordings and one model serve all tests of this file; a test that trains another
has a folder of its own. Interruptions come from a terminal at which Ctrl-C is pressed.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
import threading
import time
from multiprocessing import active_children
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.checkpoint import Checkpoint, model_digest
from afib.classifier import Classifier
from afib.cli import main
from afib.crossfit import CrossFit, read_cross_fit
from afib.workflow import fitted
from tests.support.presets import small_folder, write_preset, write_pulses
from tests.support.terminals import StopsAt
from tests.support.uncertain import tiny_uncertainty
from tests.support.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator

RHYTHMS = ("N", "A")
COUNT = 72
_METHODS = ["network", "two_blocks", "rr_rule", "rr_regression"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A preset that was prepared and trained, with a cache of its own."""
    shop = Workshop(tmp_path_factory.mktemp("workshop"))
    write_pulses(shop.records, COUNT)
    write_preset(shop.preset, small_folder())
    write_preset(shop.folder / "two-blocks.yaml", small_folder(architecture="mathworks"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERICASE_CACHE", str(shop.folder / "cache"))
        patch.delenv("VERICASE_DATA", raising=False)
        assert shop.run("prepare", f"--out={shop.folder}") == 0
        assert shop.train(shop.model) == 0
        yield shop


@pytest.fixture(scope="module")
def crossfit_file(workshop: Workshop) -> Path:
    """What one process came to, which was interrupted, met a damaged fold, and went on."""
    out = workshop.folder / "crossfit.json"
    # Of four models the first is done when somebody presses Ctrl-C.
    with pytest.MonkeyPatch.context() as patch:
        terminal = StopsAt("1/4", KeyboardInterrupt())
        patch.setattr(sys, "stderr", terminal)
        assert workshop.crossfit(out, processes=1) == 130
    sentence = "every finished fold is kept, and the same command goes on from there"
    assert f"interrupted; {sentence}\n" in terminal.getvalue()
    assert not out.exists()
    assert active_children() == []
    folds = out.with_suffix(".folds")
    kept = {file: file.stat().st_mtime_ns for file in folds.glob("network-*.json")}
    assert folds / "network-0.json" in kept
    (folds / "two_blocks-1.json").write_bytes(b'{"key": ')
    assert workshop.crossfit(out, processes=1) == 0
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    return out


@pytest.fixture(scope="module")
def crossfit(crossfit_file: Path) -> CrossFit:
    """The same as arrays."""
    return read_cross_fit(crossfit_file)


def file_states(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Time and content of every file in *folder*."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.iterdir())
    }


def kill_a_child() -> None:
    """Kill the first process that this one starts within a minute, as a machine out of memory."""
    for _ in range(6000):
        if children := active_children():
            children[0].kill()
            return
        time.sleep(0.01)


def test_preparing_writes_a_manifest_of_every_recording(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names all recordings with digests, says it is a rehearsal, and comes out the same."""
    before = (workshop.folder / "manifest.json").read_bytes()
    assert workshop.run("prepare", f"--out={workshop.folder}") == 0
    assert (workshop.folder / "manifest.json").read_bytes() == before
    document = json.loads(before)
    assert (len(document["recordings"]), document["rehearsal"]) == (COUNT, True)
    counts = ", ".join(f"{k} {sum(v.values())}" for k, v in document["counts"].items())
    place = workshop.folder / "manifest.json"
    assert capsys.readouterr().out == (
        f"prepared {COUNT} recordings of folder ({counts}): {place}\n"
    )


def test_data_are_held_against_a_manifest(
    workshop: Workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same recordings agree with the manifest, exit 0; a changed label is named, exit 1."""
    manifest = workshop.folder / "manifest.json"
    assert workshop.run("check-data", f"--manifest={manifest}") == 0
    told = f"{COUNT} recordings held against the manifest, 0 differ\n"
    assert capsys.readouterr().out == told
    document = json.loads(manifest.read_bytes())
    name, label = document["recordings"][0][:2]
    document["recordings"][0][1] = "?"
    (tmp_path / "other.json").write_text(json.dumps(document))
    assert workshop.run("check-data", f"--manifest={tmp_path / 'other.json'}") == 1
    assert capsys.readouterr().out == (
        f"{name}: expected label ?, got {label}\n" + told.replace("0 differ", "1 differ")
    )


def test_a_trained_model_screens_the_recordings_that_it_was_made_for(
    workshop: Workshop, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Every recording gets the rhythm that the classifier gives it, nearly all of them rightly."""
    model = Path(shutil.copytree(workshop.model, tmp_path / "model"))
    dataset = workshop.data.dataset
    classifier = Classifier(Checkpoint.load(workshop.model))
    calls = classifier.calls_afib(classifier.logits(dataset.signals))
    tiny_uncertainty(Checkpoint.load(model)).save(model)
    asked = ["screen", str(workshop.records), f"--model={model}", "--format=json"]
    assert main(asked) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["record"]: line["rhythm"] for line in lines} == {
        name: "AFib" if called else "normal"
        for name, called in zip(dataset.names.tolist(), calls, strict=True)
    }
    assert {line["model_digest"] for line in lines} == {model_digest(model)}
    test = dataset.of(split="test", labels=RHYTHMS)
    right = classifier.calls_afib(classifier.logits(test.signals)) == test.is_afib
    assert right.mean() > 0.8


def test_a_model_says_how_it_was_made(workshop: Workshop) -> None:
    """Settings, manifest and validation counts are in the model; no state is left beside it."""
    checkpoint = Checkpoint.load(workshop.model)
    validation = workshop.data.dataset.of(split="validation", labels=RHYTHMS)
    assert checkpoint.settings == workshop.settings
    assert checkpoint.provenance["manifest_sha256"] == workshop.data.digest
    counts = checkpoint.provenance["validation"]
    assert (counts["afib"], counts["normal"]) == (
        int(validation.is_afib.sum()),
        int((~validation.is_afib).sum()),
    )
    assert not workshop.folder.joinpath("model.training").exists()


def test_a_current_model_is_left_alone(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--unless-current` nothing is trained or written a second time."""
    before = file_states(workshop.model)
    assert workshop.train(workshop.model, "--unless-current") == 0
    assert capsys.readouterr().out == f"the model is current: {workshop.model}\n"
    assert file_states(workshop.model) == before


def test_other_settings_or_damage_make_a_model_anew(workshop: Workshop, tmp_path: Path) -> None:
    """`--unless-current` trains where settings changed, or where the model cannot be read."""
    shorter = write_preset(tmp_path / "shorter.yaml", small_folder(epochs=1))
    model = tmp_path / "model"
    assert workshop.train(model, "--unless-current", preset=shorter) == 0
    first = model_digest(model)
    assert Checkpoint.load(model).provenance["epochs"] == 1
    (model / "model.safetensors").write_bytes(b"damaged")
    assert workshop.train(model, "--unless-current", preset=shorter) == 0
    assert model_digest(model) == first
    assert workshop.train(model, "--unless-current") == 0
    assert model_digest(model) == model_digest(workshop.model) != first


def test_an_interrupted_training_goes_on_to_the_same_bytes(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in its second epoch and taken up by `--resume`, it gives the very same model."""
    model = tmp_path / "model"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", StopsAt(", validation", KeyboardInterrupt(), time=2))
        assert workshop.train(model) == 130
    assert not model.exists()
    assert (tmp_path / "model.training").is_dir()
    terminal = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        assert workshop.train(model, "--resume") == 0
    # Of four epochs the first was done.
    assert "training:  25%" in terminal.getvalue()
    assert "training:   0%" not in terminal.getvalue()
    assert {name: content for name, (_, content) in file_states(model).items()} == {
        name: content for name, (_, content) in file_states(workshop.model).items()
    }
    assert not (tmp_path / "model.training").exists()


def test_a_training_is_resumed_with_its_own_settings_alone(
    workshop: Workshop,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--resume` with other settings is bad input; without it, training starts over."""
    model = tmp_path / "model"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", StopsAt(", validation", KeyboardInterrupt(), time=2))
        assert workshop.train(model) == 130
    shorter = write_preset(tmp_path / "shorter.yaml", small_folder(epochs=1))
    assert workshop.train(model, "--resume", preset=shorter) == 2
    state = tmp_path / "model.training" / "training-state.safetensors"
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"{state}: expected the state of this training, got one with other settings, recordings "
        "or torch version; delete it to start over"
    )
    (tmp_path / "model.training" / "notes.txt").write_text("mine")
    assert workshop.train(model, preset=shorter) == 0
    assert [path.name for path in (tmp_path / "model.training").iterdir()] == ["notes.txt"]


def test_cross_fitting_judges_every_rhythm_once(workshop: Workshop, crossfit: CrossFit) -> None:
    """Each normal and AFib recording stands once in the pool, the others not at all."""
    dataset = workshop.data.dataset.of(labels=RHYTHMS)
    assert crossfit.names.tolist() == dataset.names.tolist()
    assert crossfit.is_afib.tolist() == dataset.is_afib.tolist()
    assert crossfit.folds.tolist() == dataset.folds.tolist()
    assert sorted(crossfit.calls) == sorted(_METHODS)
    assert all(len(calls) == len(dataset) < COUNT for calls in crossfit.calls.values())
    assert (crossfit.calls["network"] == (crossfit.scores > 0)).all()


@pytest.mark.parametrize("fold", [0, 1])
def test_no_recording_is_judged_by_a_model_that_saw_it(
    workshop: Workshop, crossfit: CrossFit, fold: int
) -> None:
    """The model of a fold is, to the byte, the one trained on recordings of the others alone."""
    dataset = workshop.data.dataset.of(labels=RHYTHMS)
    seen = dataset.where(dataset.folds != fold)
    key: dict[str, Any] = {
        "manifest_sha256": workshop.data.digest,
        "settings_sha256": workshop.settings.digest,
        "fold": fold,
    }
    alone = fitted(
        seen.where(seen.splits != "validation"),
        seen.of(split="validation"),
        workshop.settings,
        origin=key,
        progress=False,
        resume=None,
    )
    assert crossfit.origin["models"][f"network-{fold}"]["model_sha256"] == alone.digest
    held_out = crossfit.folds == fold
    assert set(dataset.names[held_out]).isdisjoint(seen.names)
    logits = Classifier(alone).logits(dataset.where(dataset.folds == fold).signals)
    np.testing.assert_allclose(crossfit.scores[held_out], logits - alone.threshold, atol=1e-6)


def test_the_number_of_processes_changes_nothing(
    workshop: Workshop, crossfit_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two trainings at a time give the bytes that one after the other gave, interruption or not."""
    out = workshop.folder / "by-two.json"
    assert workshop.crossfit(out, processes=2) == 0
    assert out.read_bytes() == crossfit_file.read_bytes()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == _METHODS
    right = read_cross_fit(out).right("network")
    assert f"accuracy {right.mean():.4f} ({right.sum()} of {len(right)})" in lines[0]


def test_a_training_that_is_killed_is_one_sentence(
    workshop: Workshop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cross-fitting ends at once with what to do, and leaves neither a result nor a process."""
    killer = threading.Thread(target=kill_a_child)
    killer.start()
    assert workshop.crossfit(tmp_path / "crossfit.json", processes=1) == 2
    killer.join()
    assert capsys.readouterr().err.splitlines()[-1] == (
        "crossfit: expected every training to end, got one that was killed, perhaps for want of "
        "memory; finished folds are kept, and --processes 1 needs the least"
    )
    assert not (tmp_path / "crossfit.json").exists()
    assert active_children() == []
