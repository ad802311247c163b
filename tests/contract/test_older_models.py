"""Models from before a setting came, and what tells them from those that use it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from afib.checkpoint import UNCERTAINTY, Checkpoint, model_digest
from afib.classifier import Classifier
from afib.network import folded
from afib.uncertainty import Uncertainty
from afib.workflow import shipped_model
from tests.support.models import random_network, tiny_checkpoint
from tests.support.training import pulse_dataset, tiny_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_shipped_model_is_saved_as_it_was(tmp_path: Path) -> None:
    """Whichever version of the software wrote it, this one would write the same bytes."""
    shipped = shipped_model()
    loaded = Checkpoint.load(shipped)
    loaded.save(tmp_path)
    beside = Uncertainty.load(shipped, loaded)
    beside.save(tmp_path)
    assert model_digest(tmp_path) == model_digest(shipped)
    for name in ("model.json", "model.safetensors", *UNCERTAINTY):
        assert (tmp_path / name).read_bytes() == (shipped / name).read_bytes()


def test_a_model_of_before_states_no_later_setting(tmp_path: Path) -> None:
    """A model that uses none has the description that the first version gave it, and loads."""
    tiny_checkpoint().save(tmp_path)
    stated = json.loads((tmp_path / "model.json").read_text())["settings"]
    assert "polarity" not in stated["network"]
    assert not {"averaging", "certified", "ramp"} & set(stated["training"])
    settings = Checkpoint.load(tmp_path).settings
    assert (settings.network.polarity, settings.training.certified.kind) == ("free", "none")


def test_a_model_states_what_is_not_neutral(tmp_path: Path) -> None:
    """A network that answers twice is told from one that answers once, and comes back so."""
    settings = tiny_settings(polarity="invariant")
    saved = replace(tiny_checkpoint(), network=folded(random_network(settings)), settings=settings)
    saved.save(tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    assert document["settings"]["network"]["polarity"] == "invariant"
    assert "averaging" not in document["settings"]["training"]
    signals, loaded = pulse_dataset(4).signals, Checkpoint.load(tmp_path)
    logits = Classifier(loaded).logits(signals)
    assert np.array_equal(logits, Classifier(saved).logits(signals))
    assert np.array_equal(logits, Classifier(loaded).logits([-signal for signal in signals]))
