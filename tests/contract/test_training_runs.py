"""Training through its front door: it learns, repeats to the byte, and can be taken up again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from afib.checkpoint import Checkpoint
from afib.classifier import Classifier
from afib.errors import TrainingError
from afib.training import train
from tests.support.training import pulse_dataset, tiny_settings
from tests.support.training_runs import (
    DEVELOPMENT,
    VALIDATION,
    busy_settings,
    folder_digest,
    leave_interrupted,
    trained_on_pulses,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_training_learns_to_tell_the_classes_apart() -> None:
    """After a few epochs, new recordings are told apart at a logit of 0."""
    settings = tiny_settings(epochs=8)
    trained = trained_on_pulses(settings)
    checkpoint = Checkpoint(
        network=trained.network, settings=settings, threshold=0.0, temperature=1.0, provenance={}
    )
    classifier, others = Classifier(checkpoint), pulse_dataset(24, seed=9)
    calls = classifier.calls_afib(classifier.logits(others.signals))
    assert (calls == others.is_afib).mean() > 0.9
    assert trained.epochs[-1].training_loss < trained.epochs[0].training_loss


def test_the_same_settings_give_the_same_bytes() -> None:
    """Neither what was drawn before nor the threads of the caller move a byte; the seed does."""
    first = folder_digest(trained_on_pulses(busy_settings()), busy_settings())
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(99)
    np.random.default_rng().random()
    again = folder_digest(trained_on_pulses(busy_settings()), busy_settings())
    torch.set_num_threads(threads)
    assert first == again
    other = trained_on_pulses(busy_settings(seed=4)).network.state_dict()
    assert not torch.equal(
        other["head.0.weight"],
        trained_on_pulses(busy_settings()).network.state_dict()["head.0.weight"],
    )


def test_the_caller_finds_torch_as_it_was() -> None:
    """Training leaves torch's generator and its number of threads alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained_on_pulses(tiny_settings(epochs=1))
    found = (torch.rand(3), torch.get_num_threads())
    torch.set_num_threads(threads)
    assert torch.equal(found[0], expected)
    assert found[1] == 2


@pytest.mark.parametrize("epochs", [1, 2])
def test_an_interrupted_training_ends_in_the_same_bytes(tmp_path: Path, epochs: int) -> None:
    """Taken up after any epoch, it gives the model of a training that ran through."""
    settings = busy_settings()
    through = trained_on_pulses(settings)
    leave_interrupted(settings, tmp_path / "state", epochs=epochs)
    resumed = trained_on_pulses(settings, resume=tmp_path / "state")
    assert resumed.epochs == through.epochs
    assert folder_digest(resumed, settings) == folder_digest(through, settings)


def test_keeping_a_state_changes_nothing(tmp_path: Path) -> None:
    """With a folder for the state the model is the same, and a finished one is given back."""
    settings = busy_settings()
    kept = trained_on_pulses(settings, resume=tmp_path)
    assert folder_digest(kept, settings) == folder_digest(trained_on_pulses(settings), settings)
    content = (tmp_path / "training-state.safetensors").read_bytes()
    assert folder_digest(trained_on_pulses(settings, resume=tmp_path), settings) == folder_digest(
        kept, settings
    )
    assert (tmp_path / "training-state.safetensors").read_bytes() == content


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    """Other settings or other recordings cannot go on from it."""
    trained_on_pulses(tiny_settings(epochs=1), resume=tmp_path)
    file = tmp_path / "training-state.safetensors"
    message = (
        f"{file}: expected the state of this training, got one with other settings, "
        f"recordings or torch version; delete it to start over"
    )
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        trained_on_pulses(tiny_settings(epochs=2), resume=tmp_path)
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        train(
            pulse_dataset(24, seed=5),
            VALIDATION,
            tiny_settings(epochs=1),
            progress=False,
            resume=tmp_path,
        )


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    """Of 60 random bit flips and some cuts, not one is trained on with."""
    settings = tiny_settings(epochs=1)
    trained_on_pulses(settings, resume=tmp_path)
    file = tmp_path / "training-state.safetensors"
    content, generator = file.read_bytes(), np.random.default_rng(0)
    damages = [content[: len(content) // 2], content[:-1], b""]
    for position in generator.integers(0, len(content), 60):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(generator.integers(8))
        damages.append(bytes(flipped))
    for damaged in damages:
        file.write_bytes(damaged)
        with pytest.raises(TrainingError, match=r"delete it to start over$"):
            trained_on_pulses(settings, resume=tmp_path)


def test_a_state_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder below a file stops the training with a sentence, not with a traceback."""
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "state"
    message = rf"^{re.escape(str(place))}: expected a folder to write, got Not a directory$"
    with pytest.raises(TrainingError, match=message):
        trained_on_pulses(tiny_settings(epochs=1), resume=place)


def test_patience_ends_a_training_and_the_best_epoch_counts() -> None:
    """With a rate that makes things worse, training stops early and keeps what was best."""
    settings = tiny_settings(epochs=30, patience=3)
    settings = replace(settings, training=replace(settings.training, learning_rate=0.5))
    trained = trained_on_pulses(settings)
    losses = [epoch.validation_loss for epoch in trained.epochs]
    assert len(losses) < 30
    assert trained.best_epoch == losses.index(min(losses)) == len(losses) - 4
    shorter = replace(settings, training=replace(settings.training, patience=1000))
    assert trained_on_pulses(shorter).epochs[: len(losses)] == trained.epochs


def test_provenance_says_how_the_weights_came_to_be() -> None:
    """Epochs, the best of them and its loss, threads and the version of torch are recorded."""
    trained = trained_on_pulses(tiny_settings(epochs=2))
    best = trained.epochs[trained.best_epoch]
    assert trained.provenance == {
        "best_epoch": trained.best_epoch + 1,
        "epochs": 2,
        "threads": 1,
        "torch": str(torch.__version__),
        "validation_loss": best.validation_loss,
    }


def test_progress_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The bar is drawn on request, never on standard output, and tells both losses."""
    trained_on_pulses(tiny_settings(epochs=1))
    assert capsys.readouterr() == ("", "")
    train(DEVELOPMENT, VALIDATION, tiny_settings(epochs=1), progress=True, resume=None)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.search(r"training: 100%.*loss \d\.\d{4}, validation \d\.\d{4}", shown.err)


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    """A rate far too high is answered by a sentence that names the epoch and the remedy."""
    settings = tiny_settings(epochs=2)
    settings = replace(settings, training=replace(settings.training, learning_rate=1e30))
    message = "epoch 1: expected a finite loss, got none"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}.*lower the learning rate"):
        trained_on_pulses(settings)


def test_a_set_without_a_class_is_refused() -> None:
    """The message says which set lacks what."""
    normal = VALIDATION.where(~VALIDATION.is_afib)
    message = "validation: expected normal and AFib recordings, got 6 normal and 0 AFib"
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        train(DEVELOPMENT, normal, tiny_settings(), progress=False, resume=None)
