"""Checks on explanations: what they measure on networks and pictures of known answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from afib.beat_parts import PARTS
from afib.crossfit import fold_model
from afib.heldout import FoldGate, HeldOut, Rows
from afib.heldout.derived import judgement_of
from afib.preprocessing import segment_samples
from afib.records import Recording
from nnassure.attribution import METHODS, Question, attribution
from nnassure.explanation import cascading
from tests.support.datasets import dataset_of
from tests.support.models import tiny_checkpoint
from verification import known_answers as known
from verification.anew import ANEW, WITHOUT_TRAINING, drawn_anew
from verification.faithful import faithfulness
from verification.gallery import gravest_errors, pictures
from verification.reasons import COARSE, FINE, OTHERS, SLOW, drawn_for_reasons, reasons_of

if TYPE_CHECKING:
    from pathlib import Path

    from afib.dataset import Dataset
    from afib.heldout.derived import Judgement
    from nnassure.arrays import FloatArray

ASKED = {"seed": 1, "radius_mv": 0.0, "stretch_s": 0.5, "fade_s": 0.1, "orders": 3}
PLANTED = {"seed": 3, "plateau_mv": 5.0, "plateau_s": 0.5, "most_mv": 2.5, "strengths": [1, 30]}
CHECKPOINT = tiny_checkpoint()
LENGTH = segment_samples(CHECKPOINT.settings.preprocessing)


def judged(dataset: Dataset, logits: FloatArray) -> Judgement:
    """What a network for all folds says of *dataset*, all of it accepted."""
    rows = Rows(
        names=dataset.names,
        labels=dataset.labels,
        folds=dataset.folds,
        parts=np.arange(len(dataset)) % 3,
        families=np.full(len(dataset), ""),
        severities=np.zeros(len(dataset)),
        usable=np.ones(len(dataset), np.bool_),
        logits=logits.astype(np.float64),
        scores=np.zeros(len(dataset)),
    )
    gates = tuple(
        FoldGate(
            fold=fold,
            network_sha256="0" * 64,
            threshold=0.0,
            temperature=1.0,
            ood_threshold=2.0,
        )
        for fold in range(5)
    )
    return judgement_of(HeldOut(rows=rows, gates=gates, origin={}))


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Recordings of both rhythms, in all folds."""
    made = dataset_of("NA" * 60)
    generator = np.random.default_rng(2)
    signals = tuple(
        (np.sin(np.arange(LENGTH) / 5) + generator.normal(0, 0.3, LENGTH)).astype(np.float32)
        for _ in range(len(made))
    )
    return replace(made, signals=signals)


def test_as_many_of_either_rhythm_are_drawn(dataset: Dataset) -> None:
    """From every fold, accepted ones alone, and by the seed."""
    spoken = np.where(dataset.is_afib, 1.0, -1.0).astype(np.float32)
    found = judged(dataset, spoken)
    drawn = drawn_for_reasons(found, each=20, seed=4)
    assert drawn == drawn_for_reasons(found, each=20, seed=4)
    assert drawn != drawn_for_reasons(found, each=20, seed=5)
    labels = dict(zip(dataset.names.tolist(), dataset.labels.tolist(), strict=True))
    folds = dict(zip(dataset.names.tolist(), dataset.folds.tolist(), strict=True))
    for fold, names in drawn.items():
        assert [labels[name] for name in names] == ["N", "N", "A", "A"]
        assert {folds[name] for name in names} == {fold}
    refused = replace(found.rows, scores=np.where(found.rows.labels == "A", 9.0, 0.0))
    nobody = judgement_of(HeldOut(rows=refused, gates=tuple(found.gates.values()), origin={}))
    assert all(len(names) == 2 for names in drawn_for_reasons(nobody, each=20, seed=4).values())


def test_checks_of_one_network(dataset: Dataset, tmp_path: Path) -> None:
    """No noise leaves a map as it is; every check has a number of each recording."""
    for fold in range(5):
        CHECKPOINT.save(fold_model(tmp_path, fold))
    drawn = {fold: dataset.names[dataset.folds == fold][:8].tolist() for fold in range(5)}
    with torch.random.fork_rng(devices=[]):
        found = reasons_of(dataset, drawn, tmp_path, ASKED)
    assert sorted(found.names.tolist()) == sorted(
        name for names in drawn.values() for name in names
    )
    np.testing.assert_allclose(found.values["noisy"], 1.0)
    for method in (COARSE, *OTHERS, SLOW):
        assert set(found.values[f"empty {method}"].tolist()) <= {0.0, 1.0}
    for method in (COARSE, FINE):
        total = found.values[f"removed {method}"] + found.values[f"inserted {method}"]
        np.testing.assert_allclose(found.values[f"faithful {method}"], total)
    for name, values in found.values.items():
        assert values.shape == found.names.shape, name
        correlation = name in {"noisy", "by frames", "by samples", "irregularity"} or (
            WITHOUT_TRAINING in name
        )
        if correlation or name.startswith(("agreement", "mismatched", ANEW)):
            assert (np.abs(values[np.isfinite(values)]) <= 1 + 1e-9).all(), name
    for part in PARTS:
        dense = found.values[f"weight {part}"]
        assert (dense[np.isfinite(dense)] >= 0).all()


def quiet(count: int = 20) -> FloatArray:
    """Segments without any plateau."""
    return np.random.default_rng(7).normal(0, 0.3, (count, 600)).astype(np.float32)


def test_a_known_answer_is_known() -> None:
    """The network sees plateaus and nothing else; each method finds them, and their sign."""
    found = known.known_answers(quiet(), 60.0, PLANTED)
    assert list(found.shares) == list(METHODS)
    assert min(shares.min() for shares in found.shares.values()) > 0.95
    assert max(times.max() for times in found.times.values()) < 0.3
    assert found.signs_right.all()
    assert found.said_empty.all()


def test_a_method_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that weighs all alike, one that turns the sign, and one that never is empty."""
    real = attribution

    def flat(*asked: object) -> object:
        done = real(*asked)  # type: ignore[arg-type]
        return replace(done, weights=np.ones_like(done.weights), empty=~done.empty)

    def turned(*asked: object) -> object:
        done = real(*asked)  # type: ignore[arg-type]
        return replace(done, weights=-done.weights)

    monkeypatch.setattr(known, "attribution", flat)
    found = known.known_answers(quiet(), 60.0, PLANTED)
    assert max(shares.max() for shares in found.shares.values()) < 0.4
    assert not found.signs_right.any()
    assert not found.said_empty.any()
    monkeypatch.setattr(known, "attribution", turned)
    assert not known.known_answers(quiet(), 60.0, PLANTED).signs_right.any()


def test_evidence_that_stands_elsewhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through layers as wide as those of the classifier; by a map merely stretched, or moved."""
    layers = ((11, 9, 9, 9), (3, 2, 2, 2))
    found = known.off_centre(quiet(12), 60.0, layers, PLANTED)
    assert list(found) == list(METHODS)
    assert max(own.max() for own in found.values()) < 0.05
    real = attribution

    def moved(*asked: object) -> object:
        done = real(*asked)  # type: ignore[arg-type]
        return replace(done, weights=np.roll(done.weights, 6, axis=1))

    monkeypatch.setattr(known, "attribution", moved)
    late = known.off_centre(quiet(12), 60.0, layers, PLANTED)
    assert min(own.min() for own in late.values()) > 0.05


def test_the_gravest_errors_are_the_surest(dataset: Dataset, tmp_path: Path) -> None:
    """AFib that was called normal first, the surest of them first; each has its picture."""
    right = np.where(dataset.is_afib, 3.0, -3.0).astype(np.float32)
    afib, normal = (np.flatnonzero(dataset.is_afib == each)[:3] for each in (True, False))
    right[afib] = [-1.0, -5.0, -2.0]
    right[normal] = [4.0, 1.0, 2.0]
    found = judged(dataset, right)
    names = gravest_errors(found, each=2)
    wanted = [*dataset.names[afib[[1, 2]]].tolist(), *dataset.names[normal[[0, 2]]].tolist()]
    assert names == wanted
    for fold in range(5):
        CHECKPOINT.save(fold_model(tmp_path, fold))
    recordings = {
        name: Recording.of(
            name=name, signal_mv=np.sin(np.arange(3000) / 9), rate_hz=300.0, origin=name
        )
        for name in names
    }
    rows = found.of("N", "A")
    drawn = pictures(rows.where(np.isin(rows.rows.names, names)), recordings, tmp_path, alpha=0.2)
    assert sorted(drawn) == sorted(names)
    first = drawn[names[0]]
    assert "labelled AFib" in first.svg
    assert "labelled normal" in drawn[names[2]].svg
    assert first.explained.recording.name == names[0]
    assert first.says(is_afib=True, called_afib=False) == ("decided normal" in first.svg)
    assert not first.says(is_afib=False, called_afib=False)
    assert not first.says(is_afib=True, called_afib=True)


def test_recordings_have_draws_of_their_own() -> None:
    """Alike from run to run; the same segment twice meets two networks; each depth has a value."""
    row = quiet(1)
    inputs = np.concatenate([row, row])[:, :LENGTH]
    inputs = np.pad(inputs, ((0, 0), (0, LENGTH - inputs.shape[1])), mode="wrap")
    usual = attribution(
        COARSE, Question(network=CHECKPOINT.network, wanted=1, other=0), inputs
    ).weights
    asked = (CHECKPOINT.network, inputs, usual, (COARSE, FINE))
    values, last = drawn_anew(*asked, noise=np.zeros_like(inputs), seed=5)
    again, _ = drawn_anew(*asked, noise=np.zeros_like(inputs), seed=5)
    steady = f"noisy {WITHOUT_TRAINING}"
    assert all(name.startswith(ANEW) for name in values if name != steady)
    assert len(values) == 1 + len([*cascading(CHECKPOINT.network, seed=1)])
    np.testing.assert_allclose(values[steady], 1.0)
    for name, found in values.items():
        np.testing.assert_array_equal(found, again[name])
    assert not np.array_equal(last[0], last[1])


def test_half_replaced_recordings_come_from_the_other_rhythm() -> None:
    """Half of the samples, but for what passes from one to the other."""
    inputs = quiet(6)
    called = np.array([True, False] * 3)
    maps = {COARSE: np.tile(np.arange(inputs.shape[1], dtype=np.float64), (6, 1))}
    asked = {"stretch": 60, "fade": 1, "orders": 2, "seed": 4}

    class Mean(torch.nn.Module):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            """Class 1 by the mean."""
            mean = given.mean(dim=1)
            return torch.stack([-mean, mean], dim=1)

    found = faithfulness(Mean(), inputs, maps, called, asked)
    for place, row in enumerate(found.halfway):
        kept = row == inputs[place]
        # AFib argues late, normal rhythm early: the side turns the map.
        own = kept[:300] if called[place] else kept[300:]
        other = kept[300:] if called[place] else kept[:300]
        assert own.all()
        assert not other.any()
        sources = [np.isin(row[~kept], each).all() for each in inputs[called != called[place]]]
        assert sum(sources) == 1
    assert set(found.values) == {f"{kind} {COARSE}" for kind in ("removed", "inserted", "faithful")}
