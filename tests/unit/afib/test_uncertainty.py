"""Gate and prediction sets beside a network: what they hold, and what is refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save

from afib.checkpoint import UNCERTAINTY, model_digest
from afib.decision import load_screener
from afib.errors import ModelError, TrainingError
from afib.sets import fit_sets, rhythm_scores, sets_of
from afib.uncertainty import Uncertainty, device_digest
from nnassure.errors import FitError, NotFiniteError, ShapeError
from tests.support.models import tiny_checkpoint
from tests.support.uncertain import tiny_uncertainty

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def saved(folder: Path) -> Uncertainty:
    """A model in *folder* with what stands beside it."""
    checkpoint = tiny_checkpoint()
    checkpoint.save(folder)
    found = tiny_uncertainty(checkpoint)
    found.save(folder)
    return found


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """The same numbers and the same bytes; its digest is that of the folder."""
    kept, checkpoint = saved(tmp_path), tiny_checkpoint()
    found = Uncertainty.load(tmp_path, checkpoint)
    assert found.files() == kept.files()
    assert found.strangeness.threshold == kept.strangeness.threshold
    np.testing.assert_array_equal(found.ordinary_scores, kept.ordinary_scores)
    assert device_digest(checkpoint, found) == model_digest(tmp_path) != checkpoint.digest
    assert load_screener(tmp_path).digest == model_digest(tmp_path)


@pytest.mark.parametrize("name", UNCERTAINTY)
def test_a_network_without_thresholds_decides_nothing(tmp_path: Path, name: str) -> None:
    """One file missing, or both: an error that says what to do, never a decision."""
    saved(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=f"expected a file {name}, got none.*afib calibrate"):
        load_screener(tmp_path)


@pytest.mark.parametrize("name", UNCERTAINTY)
def test_a_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    """Wherever it is."""
    saved(tmp_path)
    content = (tmp_path / name).read_bytes()
    for place in np.linspace(0, len(content) - 1, 25).astype(int).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1
        (tmp_path / name).write_bytes(bytes(damaged))
        with pytest.raises(ModelError):
            load_screener(tmp_path)


def test_thresholds_of_another_network_are_refused(tmp_path: Path) -> None:
    """They were fitted on what that one computes."""
    saved(tmp_path)
    tiny_checkpoint(seed=5).save(tmp_path)
    with pytest.raises(ModelError, match="expected thresholds of the network"):
        load_screener(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("thresholds", [0.5]),
        ("thresholds", [0.5, 1.5]),
        ("thresholds", ["a", 0.5]),
        ("provenance", []),
        ("settings", {}),
    ],
)
def test_a_description_of_something_else_is_refused(
    tmp_path: Path, key: str, value: object
) -> None:
    """Another format, a threshold that is none, or settings that are none."""
    saved(tmp_path)
    path = tmp_path / "uncertainty.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {key: value}))
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_screener(tmp_path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("gate.combined.spread", lambda v: -v),
        ("gate.combined.middle", lambda v: v[:2]),
        ("gate.harmed.vectors", lambda v: v[:, :-1]),
        ("gate.harmed.offset", lambda v: np.stack([v, v])),
        ("gate.unreadable.narrowness", lambda v: -v),
        ("gate.unreadable.weights", lambda v: v[:0]),
        ("gate.density.precisions", lambda v: v[:, :-1]),
        ("gate.density.spread", lambda v: 0 * v),
        ("gate.density.weights", lambda v: v + 1e300),
        ("gate.density.weights", lambda v: v - 1.0),
        ("gate.density.precisions", lambda v: -v),
        ("gate.density.precisions", lambda v: 0 * v),
        ("ordinary_scores", lambda v: v[:19]),
        ("ordinary_scores", lambda v: v[:0]),
        ("gate.threshold", lambda v: v * np.nan),
    ],
)
def test_arrays_that_are_no_gate_are_refused(
    tmp_path: Path, name: str, change: Callable[[Any], Any]
) -> None:
    """Also where every checksum is right: a spread below zero would make noise ordinary."""
    saved(tmp_path)
    arrays = load_file(tmp_path / "uncertainty.safetensors")
    arrays[name] = np.array(change(arrays[name]), order="C")
    resealed(tmp_path, save(arrays))
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_screener(tmp_path)


@pytest.mark.parametrize(
    ("alpha", "calibration"),
    [
        (1e-9, {"afib": 60, "normal": 372}),
        (0.02, {"afib": 48, "normal": 372}),
        (0.02, {"afib": 372, "normal": 48}),
        (0.02, {"afib": 60}),
        (0.02, {"afib": "60", "normal": 372}),
        (0.02, [60, 372]),
        (0.02, None),
    ],
)
def test_sets_at_a_level_that_no_such_calibration_holds_are_refused(
    tmp_path: Path, alpha: float, calibration: object
) -> None:
    """Also where every checksum is right: a set that rules out too much looks like certainty."""
    saved(tmp_path)
    path = tmp_path / "uncertainty.json"
    document = json.loads(path.read_text())
    document["settings"]["conformal"]["alpha"] = alpha
    document["provenance"] = {} if calibration is None else {"calibration": calibration}
    path.write_text(json.dumps(document))
    resealed(tmp_path, (tmp_path / "uncertainty.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"\$\.provenance\.calibration: expected at least"):
        load_screener(tmp_path)


def test_a_calibration_that_just_holds_its_level_is_taken() -> None:
    """Of 49 recordings of a rhythm, one in fifty may be lost."""
    kept = tiny_uncertainty(tiny_checkpoint())
    counts = {"calibration": {"afib": 49, "normal": 49}}
    assert replace(kept, provenance=counts).provenance == counts


def test_tensors_that_no_library_reads_are_refused(tmp_path: Path) -> None:
    """Whatever they hold: an error that names the folder."""
    saved(tmp_path)
    for content in (b"", b"not tensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "):
        resealed(tmp_path, content)
        with pytest.raises(ModelError, match=str(tmp_path)):
            load_screener(tmp_path)


def resealed(folder: Path, tensors: bytes) -> None:
    """*folder* holds other *tensors*, with checksums that go with them."""
    path = folder / "uncertainty.json"
    document = json.loads(path.read_text())
    document.pop("description_sha256")
    document["tensors_sha256"] = hashlib.sha256(tensors).hexdigest()
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    document["description_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    (folder / "uncertainty.safetensors").write_bytes(tensors)


def test_scores_that_do_not_rise_are_refused() -> None:
    """A monitor ranks by them."""
    kept = tiny_uncertainty(tiny_checkpoint())
    for wrong in (kept.ordinary_scores[::-1], np.array([np.nan]), np.zeros((2, 2))):
        with pytest.raises(ModelError, match="ordinary_scores"):
            replace(kept, ordinary_scores=wrong)


@given(st.lists(st.floats(-60, 60), min_size=1, max_size=20), st.floats(0.1, 10))
def test_scores_of_the_two_rhythms_add_up_to_one(logits: list[float], temperature: float) -> None:
    """Each is one minus the probability of its rhythm."""
    scores = rhythm_scores(np.array(logits), temperature)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-12)
    clear = np.abs(logits) > 1e-9
    assert ((scores[:, 1] < 0.5) == (np.array(logits) > 0))[clear].all()


def test_sets_cover_each_rhythm() -> None:
    """On other recordings of the same kind, about as often as stated, for the rare rhythm too."""
    generator = np.random.default_rng(3)
    covered = []
    for _ in range(200):
        is_afib = np.arange(600) % 6 == 0
        logits = generator.normal(np.where(is_afib, 2.0, -2.0), 1.5)
        half = generator.permutation(600) < 300
        thresholds = fit_sets(logits[half], is_afib[half], temperature=1.3, alpha=0.1)
        sets = sets_of(logits[~half], temperature=1.3, thresholds=thresholds)
        own = np.where(is_afib[~half], sets[:, 1], sets[:, 0])
        covered.append([own[is_afib[~half]].mean(), own[~is_afib[~half]].mean()])
    # At least 1 - alpha in the mean, and for n records less than 1 / (n + 1) more.
    means = np.mean(covered, axis=0)
    assert (means > 0.9 - 0.012).all()
    assert (means < 0.9 + 0.03).all()


def test_too_few_recordings_of_a_rhythm_calibrate_nothing() -> None:
    """None of one rhythm, or too few for alpha: an error that counts."""
    logits = np.linspace(-1, 1, 100)
    for is_afib in (np.zeros(100, np.bool_), np.arange(100) < 48):
        with pytest.raises(TrainingError, match=r"class 1 of group 0: .*expected at least 49"):
            fit_sets(logits, is_afib, temperature=1.0, alpha=0.02)
    with pytest.raises(ShapeError):
        fit_sets(logits, np.zeros(99, np.bool_), temperature=1.0, alpha=0.02)


def test_a_logit_that_is_no_number_has_no_set() -> None:
    """Neither NaN nor infinite."""
    for wrong in (np.nan, np.inf):
        with pytest.raises(NotFiniteError):
            sets_of(np.array([wrong]), temperature=1.0, thresholds=np.array([0.5, 0.5]))
        with pytest.raises(NotFiniteError):
            fit_sets(np.full(99, wrong), np.ones(99, np.bool_), temperature=1.0, alpha=0.1)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_scales_nothing(temperature: float) -> None:
    """Neither for sets nor for what they are calibrated on."""
    logits = np.linspace(-1, 1, 100)
    with pytest.raises(FitError, match="temperature: expected a number above 0"):
        fit_sets(logits, logits > 0, temperature=temperature, alpha=0.1)
    with pytest.raises(FitError, match="temperature"):
        sets_of(logits, temperature=temperature, thresholds=np.array([0.5, 0.5]))
