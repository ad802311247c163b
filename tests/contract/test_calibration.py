"""Calibrating a model: what is fitted on which recordings, again and again the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from afib.checkpoint import Checkpoint
from afib.crossfit import fold_model
from afib.dataset import AFIB, NORMAL
from afib.decision import load_screener
from afib.errors import ManifestError, SettingsError, TrainingError
from afib.examples import examples_of, named_disturbance
from afib.heldout import judge_fold, judge_folds, read_held_out, write_held_out
from afib.heldout.derived import judgement_of
from afib.network import folded
from afib.seen import seen_in, seen_of
from afib.settings import Settings, UncertaintySettings, load_uncertainty
from afib.uncertainty import Uncertainty
from afib.workflow import Prepared, calibrate, is_calibrated, prepared
from tests.support.cohorts import cohort_settings
from tests.support.models import random_network
from tests.support.training import tiny_settings

if TYPE_CHECKING:
    from pathlib import Path


def settings() -> UncertaintySettings:
    """What a small cohort suffices for."""
    usual = load_uncertainty()
    return replace(
        usual,
        detector=replace(usual.detector, density_components=1, acceptance=0.8),
        disturbed=replace(usual.disturbed, recordings=6, copies=2),
        conformal=replace(usual.conformal, alpha=0.4),
    )


@pytest.fixture(scope="module")
def data() -> Prepared:
    """A small synthetic cohort with recordings of all labels."""
    return prepared(small_settings(), None, progress=False, cached=False)


@pytest.fixture(scope="module")
def checkpoint(data: Prepared) -> Checkpoint:
    """A network that has learned nothing, of these recordings."""
    own = small_settings()
    return Checkpoint(
        network=folded(random_network(own)),
        settings=own,
        threshold=0.0,
        temperature=1.0,
        provenance={"manifest_sha256": data.digest},
    )


def small_settings() -> Settings:
    """Two folds, and more recordings for validation and calibration than usual."""
    own = tiny_settings()
    cohort = cohort_settings(normal=90, afib=90, other=8, noisy=50)
    split = replace(own.data.split, train=0.4, validation=0.3, calibration=0.2, test=0.1, folds=2)
    return replace(own, data=replace(own.data, cohort=cohort, split=split))


def test_a_model_is_calibrated_on_its_splits(
    checkpoint: Checkpoint, data: Prepared, tmp_path: Path
) -> None:
    """The threshold accepts its share of validation; sets rest on calibration; twice the same."""
    found = calibrate(data, checkpoint, settings(), progress=False)
    again = calibrate(data, checkpoint, settings(), progress=False)
    assert found.files() == again.files()
    usable = data.dataset.where(data.dataset.usable)
    validation = usable.of(split="validation", labels=(NORMAL, AFIB))
    accepted = found.strangeness.accepts(seen_in(checkpoint, validation))
    assert accepted.mean() >= 0.8
    assert accepted[validation.is_afib].mean() >= settings().detector.afib_acceptance
    kept = usable.of(split="calibration")
    scores = found.strangeness.scores(seen_in(checkpoint, kept))
    np.testing.assert_array_equal(found.ordinary_scores, np.sort(scores))
    counts = found.provenance["calibration"]
    rhythms = np.isin(kept.labels, (NORMAL, AFIB)) & (scores <= found.strangeness.threshold)
    assert counts["afib"] + counts["normal"] == rhythms.sum()
    checkpoint.save(tmp_path)
    found.save(tmp_path)
    assert is_calibrated(tmp_path, settings(), data)
    assert not is_calibrated(tmp_path, load_uncertainty(), data)
    assert Uncertainty.load(tmp_path, checkpoint).provenance == found.provenance


def test_the_device_scores_as_the_calibration_did(
    checkpoint: Checkpoint, data: Prepared, tmp_path: Path
) -> None:
    """One recording from the recorder has the score that it had among the prepared ones."""
    checkpoint.save(tmp_path)
    calibrate(data, checkpoint, settings(), progress=False).save(tmp_path)
    screener = load_screener(tmp_path)
    assert screener.limits is not None
    some = data.dataset.where(data.dataset.usable).of(split="test")
    scores = screener.limits.uncertainty.strangeness.scores(seen_in(checkpoint, some))
    wanted = dict(zip(some.names.tolist(), scores.tolist(), strict=True))
    for recording in data.source.some(some.names.tolist()[:5]):
        assert screener.decide(recording).ood_score == pytest.approx(wanted[recording.name])


def test_examples_are_drawn_from_development_alone(checkpoint: Checkpoint, data: Prepared) -> None:
    """As many copies as settings say, of recordings with a rhythm; the same again."""
    development = data.dataset.of(split="train")
    shown = examples_of(checkpoint, development, data.source, settings().disturbed, progress=False)
    again = examples_of(checkpoint, development, data.source, settings().disturbed, progress=False)
    assert len(shown.known) == int(
        (development.usable & np.isin(development.labels, (NORMAL, AFIB))).sum()
    )
    assert len(shown.harmless) == len(shown.harmed) == 2 * 6 * 2
    np.testing.assert_array_equal(shown.harmed.quality, again.harmed.quality)
    assert not np.array_equal(shown.harmed.quality, shown.harmless.quality)


@pytest.mark.parametrize("text", ["muscle", "muscle loud", "thunder 6", ""])
def test_a_disturbance_that_is_none_is_refused(text: str) -> None:
    """It has to name a family and its severity."""
    with pytest.raises(SettingsError, match="expected a family and its severity"):
        named_disturbance(text)


def test_a_split_without_a_rhythm_calibrates_nothing(
    checkpoint: Checkpoint, data: Prepared
) -> None:
    """Nor one with too few noisy recordings; the error counts."""
    dataset = data.dataset
    without = replace(
        data, dataset=dataset.where((dataset.splits != "calibration") | ~dataset.is_afib)
    )
    with pytest.raises(TrainingError, match="class 1 AFib"):
        calibrate(without, checkpoint, settings(), progress=False)
    quiet = replace(data, dataset=dataset.where(dataset.labels != "~"))
    with pytest.raises(TrainingError, match="expected at least 10"):
        calibrate(quiet, checkpoint, settings(), progress=False)


def test_every_recording_is_judged_once_by_a_gate_that_never_saw_it(
    checkpoint: Checkpoint, data: Prepared, tmp_path: Path
) -> None:
    """All labels, and strange recordings made of the fold's own; processes change nothing."""
    networks = {fold: fold_model(tmp_path, fold) for fold in (0, 1)}
    for folder in networks.values():
        checkpoint.save(folder)
    found = judge_folds(data, networks, settings(), each=4, processes=2)
    real = found.rows.where(found.rows.families == "")
    assert sorted(real.names.tolist()) == sorted(data.dataset.names.tolist())
    for fold in (0, 1):
        rows, gate = judge_fold(data, networks[fold], settings(), fold=fold, each=2)
        own = found.rows.where(found.rows.folds == fold)
        np.testing.assert_array_equal(own.scores, rows.scores)
        np.testing.assert_array_equal(own.logits, rows.logits)
        assert gate in found.gates
        made = rows.where(rows.families != "")
        assert set(made.names.tolist()) <= set(real.names[real.folds == fold].tolist())
    write_held_out(found, tmp_path / "held.json")
    judged = judgement_of(read_held_out(tmp_path / "held.json"))
    assert judged.family("flat_line").accepted.sum() == 0
    with pytest.raises(ManifestError, match=r"got none for \[1\]"):
        judge_folds(data, {0: networks[0]}, settings(), each=4, processes=1)


def test_a_network_of_other_splits_is_not_calibrated(
    checkpoint: Checkpoint, data: Prepared
) -> None:
    """Recordings that it was trained on would calibrate it; nor one that states no splits."""
    for provenance in ({}, {"manifest_sha256": "0" * 64}):
        stranger = replace(checkpoint, provenance=provenance)
        with pytest.raises(TrainingError, match="recordings and splits of the network's training"):
            calibrate(data, stranger, settings(), progress=False)


def test_what_is_seen_of_a_recording_does_not_hang_on_the_others(
    checkpoint: Checkpoint, data: Prepared
) -> None:
    """Of one, of several, and of none."""
    names = data.dataset.where(data.dataset.usable).names.tolist()[:3]
    recordings = list(data.source.some(names))
    together = seen_of(checkpoint, recordings)
    for place, recording in enumerate(recordings):
        alone = seen_of(checkpoint, [recording])
        np.testing.assert_array_equal(alone.quality[0], together.quality[place])
        np.testing.assert_array_equal(alone.pooled[0], together.pooled[place])
    assert len(seen_of(checkpoint, [])) == 0
