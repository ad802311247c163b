"""Model folders: what is saved is what is loaded, and everything else is refused in words."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from afib.checkpoint import Checkpoint, model_digest
from afib.classifier import Classifier
from afib.errors import ModelError
from tests.support.models import random_network, tiny_checkpoint
from tests.support.training import pulse_dataset, tiny_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model."""
    place = tmp_path / "model"
    tiny_checkpoint().save(place)
    return place


def _refusal(folder: Path) -> str:
    """The one message that loading raises."""
    with pytest.raises(ModelError) as refusal:
        Checkpoint.load(folder)
    return str(refusal.value)


def _edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the description as an editor would, digest of the weights included."""
    file = folder / "model.json"
    document = json.loads(file.read_text())
    weights = (folder / "model.safetensors").read_bytes()
    document["tensors_sha256"] = hashlib.sha256(weights).hexdigest()
    change(document)
    file.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def _nothing(_: dict[str, Any]) -> None:
    pass


def test_a_loaded_model_is_the_saved_one(folder: Path) -> None:
    """Answers, settings, thresholds, provenance and digest come back to the last bit."""
    saved, loaded = tiny_checkpoint(), Checkpoint.load(folder)
    signals = pulse_dataset(4).signals
    assert np.array_equal(Classifier(loaded).logits(signals), Classifier(saved).logits(signals))
    assert loaded.settings == saved.settings
    assert (loaded.threshold, loaded.temperature) == (saved.threshold, saved.temperature)
    assert loaded.provenance == saved.provenance
    assert loaded.digest == saved.digest == model_digest(folder)


def test_equal_models_are_equal_bytes(folder: Path, tmp_path: Path) -> None:
    """Saving a model anew, or what was loaded, or over another, gives the same files."""
    other = tmp_path / "other"
    tiny_checkpoint(seed=1).save(other)
    Checkpoint.load(folder).save(other)
    assert sorted(file.name for file in other.iterdir()) == ["model.json", "model.safetensors"]
    for name in ("model.json", "model.safetensors"):
        assert (other / name).read_bytes() == (folder / name).read_bytes()


def test_the_description_is_plain_json(folder: Path) -> None:
    """Other programs find format, settings, thresholds and the digest of the weights by name."""
    document = json.loads((folder / "model.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    assert document["format"] == 1
    assert document["threshold"] == 0.25
    assert document["temperature"] == 1.5
    assert document["settings"]["network"]["channels"] == [4, 6]
    assert document["provenance"] == {"manifest_sha256": "0" * 64, "threads": 1}
    assert document["tensors_sha256"] == hashlib.sha256(weights).hexdigest()


def test_the_digest_is_over_sorted_lines_of_path_and_content(tmp_path: Path) -> None:
    """The definition that other tools recompute, worked by hand, without the release file."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.txt").write_bytes(b"two")
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "release.json").write_bytes(b"{}")
    one, two = (hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
    lines = f"a.txt\0{one}\nb/c.txt\0{two}\n"
    assert model_digest(tmp_path) == hashlib.sha256(lines.encode()).hexdigest()


def test_one_model_has_one_description(folder: Path) -> None:
    """A neutral later setting that is stated all the same is a second digest, and refused."""
    _edit(folder, lambda document: document["settings"]["training"].update(averaging=0.0))
    assert "got others; the file was edited or damaged" in _refusal(folder)


def test_a_release_changes_no_digest(folder: Path) -> None:
    """A model can be released after its digest was verified."""
    before = model_digest(folder)
    (folder / "release.json").write_text("{}")
    assert model_digest(folder) == before == Checkpoint.load(folder).digest


def test_no_flipped_bit_goes_unnoticed(folder: Path) -> None:
    """Of 200 random bit flips in either file, not one loads."""
    generator = np.random.default_rng(0)
    for name in ("model.json", "model.safetensors"):
        file = folder / name
        content = file.read_bytes()
        for position in generator.integers(0, len(content), 100):
            damaged = bytearray(content)
            damaged[position] ^= 1 << int(generator.integers(8))
            file.write_bytes(damaged)
            assert str(folder) in _refusal(folder)
        file.write_bytes(content)
    Checkpoint.load(folder)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_no_cut_file_loads(folder: Path, name: str) -> None:
    """A file that ends early, or is empty, is refused."""
    content = (folder / name).read_bytes()
    for length in (0, 1, len(content) // 2, len(content) - 1):
        (folder / name).write_bytes(content[:length])
        assert str(folder) in _refusal(folder)


def test_a_missing_model_names_the_way_to_one(tmp_path: Path) -> None:
    """Neither folder nor file: each has its sentence."""
    place = tmp_path / "none"
    assert (
        _refusal(place) == f"{place}: expected a model folder, got none; make one with afib train"
    )
    place.mkdir()
    assert _refusal(place) == (
        f"{place}: expected a file model.safetensors, got none\n"
        f"{place}: expected a file model.json, got none"
    )
    with pytest.raises(ModelError, match=r"expected a model folder, got no files$"):
        model_digest(place)


def test_nothing_else_lies_in_a_model_folder(folder: Path) -> None:
    """A file that would be in the digest on disk but not in memory is refused by name."""
    (folder / "notes.txt").write_text("later")
    assert _refusal(folder) == f"{folder}: expected nothing but a model, got also notes.txt"
    for number in range(7):
        (folder / f"z{number}.txt").touch()
    assert _refusal(folder) == (
        f"{folder}: expected nothing but a model, got also notes.txt, z0.txt, z1.txt, z2.txt, "
        f"z3.txt and 3 more"
    )


def test_files_of_two_models_do_not_mix(folder: Path, tmp_path: Path) -> None:
    """Weights beside the description of another model are refused, as after a torn copy."""
    tiny_checkpoint(seed=1).save(tmp_path / "other")
    (folder / "model.safetensors").write_bytes(
        (tmp_path / "other" / "model.safetensors").read_bytes()
    )
    assert "model.safetensors: expected the content whose SHA-256 model.json states" in _refusal(
        folder
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(format=2), "model.json: expected a mapping of format 1, got another"),
        (lambda d: d.pop("threshold"), "model.json: $.threshold: expected a value, got none"),
        (lambda d: d.update(note="x"), "model.json: $.note: expected no such key"),
        (
            lambda d: d.update(threshold="0.25"),
            "model.json: $.threshold: expected a number, got '0.25'",
        ),
        (
            lambda d: d.update(temperature=0.0),
            "temperature: expected a finite number above 0, got 0.0",
        ),
        (
            lambda d: d.update(provenance=[]),
            "model.json: $.provenance: expected a mapping, got none",
        ),
        (
            lambda d: d["settings"]["network"].update(hidden="many"),
            "settings: $.network.hidden: expected an integer from 1, got 'many'",
        ),
        (
            lambda d: d["settings"]["network"].update(hidden=9),
            "weights head.0.weight: expected shape (9, 6), got (5, 6)",
        ),
    ],
)
def test_a_description_that_says_something_else_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    """Each change of the description has a sentence that names the place."""
    _edit(folder, change)
    assert f"{folder}: {message}" in _refusal(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "expected plain JSON"),
        ("[]", "expected a mapping of format 1"),
        ("\xff", "expected plain JSON"),
    ],
)
def test_a_description_that_is_no_plain_json_is_refused(
    folder: Path, text: str, message: str
) -> None:
    """Endless nesting, other values than a mapping and other encodings do not get through."""
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    assert message in _refusal(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format": 1', '"format": 1, "format": 1', "got others; the file was edited or damaged"),
        ('"threshold": 0.25', '"threshold": NaN', "threshold: expected a finite number, got nan"),
        ('"threads": 1\n', '"threads": 1e999\n', "provenance: expected plain JSON, got"),
        ('"threads": 1\n', '"threads": NaN\n', "provenance: expected plain JSON, got"),
    ],
)
def test_json_has_no_loopholes(folder: Path, old: str, new: str, message: str) -> None:
    """Keys stated twice and numbers that are none, however spelt, are refused."""
    file = folder / "model.json"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    assert message in _refusal(folder)


def test_a_threshold_cannot_be_edited(folder: Path) -> None:
    """A threshold changed by hand is no longer the model that was fitted."""
    _edit(folder, lambda document: document.update(threshold=0.75))
    assert "got others; the file was edited or damaged" in _refusal(folder)


def test_a_description_in_another_form_is_refused(folder: Path) -> None:
    """Equal content in other bytes would be one model with two digests."""
    file = folder / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text())))
    assert _refusal(folder) == (
        f"{folder}: model.json: expected the bytes that this version of the software writes for "
        f"this model, got others; the file was edited or damaged"
    )


def _without(weights: dict[str, torch.Tensor]) -> None:
    weights.pop("head.2.bias")


def _with_more(weights: dict[str, torch.Tensor]) -> None:
    weights["head.3.bias"] = torch.zeros(2)


def _transposed(weights: dict[str, torch.Tensor]) -> None:
    weights["head.0.weight"] = weights["head.0.weight"].T.contiguous()


def _not_a_number(weights: dict[str, torch.Tensor]) -> None:
    weights["head.2.bias"][1] = torch.nan


def _halved(weights: dict[str, torch.Tensor]) -> None:
    weights["head.2.bias"] = weights["head.2.bias"].half()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without, "weights head.2.bias: expected shape (2,), got none"),
        (_with_more, "weights head.3.bias: expected no such weights, got shape (2,)"),
        (_transposed, "weights head.0.weight: expected shape (5, 6), got (6, 5)"),
        (_not_a_number, "weights head.2.bias: expected finite numbers, got 1 that are not"),
        (_halved, "weights head.2.bias: expected float32, got torch.float16"),
    ],
)
def test_weights_of_another_network_are_refused(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], None], message: str
) -> None:
    """Missing, surplus, misshapen, infinite and rounded weights are named, digest or not."""
    file = folder / "model.safetensors"
    weights = load(file.read_bytes())
    change(weights)
    file.write_bytes(save(weights))
    _edit(folder, _nothing)
    assert _refusal(folder) == f"{folder}: {message}"


def test_weights_in_a_container_of_another_kind_are_refused(folder: Path) -> None:
    """What is no safetensors file is not opened in any other way, digest or not."""
    (folder / "model.safetensors").write_bytes(b"\x80\x04pickled")
    _edit(folder, _nothing)
    assert f"{folder}: model.safetensors: expected a safetensors file, got" in _refusal(folder)


def test_a_file_too_large_is_not_read(folder: Path) -> None:
    """A description of more than a mebibyte is refused by its size."""
    (folder / "model.json").write_bytes(b" " * (1024 * 1024 + 1))
    assert (
        _refusal(folder) == f"{folder}: expected model.json to be a file of at most 1048576 bytes"
    )


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Saving below a file says where it went wrong."""
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "model"
    with pytest.raises(ModelError, match=rf"^{re.escape(str(place))}: expected a folder to write"):
        tiny_checkpoint().save(place)


def test_a_checkpoint_holds_a_folded_network_and_numbers() -> None:
    """Networks in training form and thresholds that are no numbers are refused at once."""
    checkpoint = tiny_checkpoint()
    with pytest.raises(ModelError, match=r"^weights features\.0\.bias: expected shape \(4,\)"):
        replace(checkpoint, network=random_network(tiny_settings()))
    with pytest.raises(ModelError, match=r"^threshold: expected a finite number, got nan$"):
        replace(checkpoint, threshold=float("nan"))
    with pytest.raises(ModelError, match=r"^temperature: expected a finite number above 0, got -1"):
        replace(checkpoint, temperature=-1.0)
    with pytest.raises(ModelError, match=r"^provenance: expected plain JSON, got Object of type"):
        replace(checkpoint, provenance={"when": object()})
