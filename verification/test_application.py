"""Application: what a user meets at the front door."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from afib.checkpoint import UNCERTAINTY
from afib.decision import AFIB_RHYTHM, load_screener
from afib.errors import ModelError
from afib.explained import explain
from vericase import Proportion
from verification.front_door import (
    damaged_files,
    drawn,
    screen,
    unusable_signals,
    write_recordings,
    write_signal,
)
from verification.pictured import is_true, says_all

if TYPE_CHECKING:
    from pathlib import Path

    from afib.classifier import Classifier
    from afib.decision import Screener
    from afib.records import Recording
    from verification.judged import Judged

Measure = Callable[..., None]
Conditions = Mapping[str, Any]
Screened = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def screened(
    recorded: tuple[Recording, ...], model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Screened:
    """What the command says of held-out recordings."""
    folder = tmp_path_factory.mktemp("screened")
    write_recordings(recorded, folder)
    return screen(folder, model_folder)


@pytest.mark.verifies("APP-001")
def test_each_recording_gets_a_whole_decision(
    measure: Measure,
    conditions: Conditions,
    screened: Screened,
    recorded: tuple[Recording, ...],
) -> None:
    """Of the recordings given, those that got a decision with every field, in agreement."""
    wanted = set(conditions["fields"])
    lines = [screened.get(recording.name) for recording in recorded]
    whole = [_is_whole(line) and set(line or ()) == wanted for line in lines]
    measure("whole_decisions", Proportion.of(whole))


@pytest.mark.verifies("APP-002")
def test_application_decides_as_the_classifier(
    measure: Measure,
    conditions: Conditions,
    screened: Screened,
    rhythms: Judged,
    classifier: Classifier,
) -> None:
    """Of the decisions printed, those with the rhythm and probability that were verified."""
    names = rhythms.recordings.names.tolist()
    probabilities = classifier.probabilities(rhythms.logits)
    verified = dict(zip(names, zip(rhythms.called, probabilities, strict=True), strict=True))
    decided = {name: line for name, line in screened.items() if line.get("rhythm")}
    agree = [
        (line["rhythm"] == AFIB_RHYTHM) == verified[name][0]
        and abs(line["probability_afib"] - verified[name][1]) <= conditions["tolerance"]
        for name, line in decided.items()
    ]
    measure("agreeing_decisions", Proportion.of([bool(each) for each in agree]))


@pytest.mark.verifies("APP-003")
def test_damaged_recordings_are_named(
    measure: Measure, recorded: tuple[Recording, ...], model_folder: Path, tmp_path: Path
) -> None:
    """Of damaged recordings those named, and of the good ones beside them those decided."""
    good, damaged = recorded[:6], damaged_files()
    write_recordings(good, tmp_path)
    for files in damaged.values():
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
    lines = screen(tmp_path, model_folder)
    named = [bool(lines.get(record, {}).get("error")) for record in damaged]
    measure("damaged_recordings_named", Proportion.of(named))
    decided = [_is_whole(lines.get(recording.name)) for recording in good]
    measure("good_recordings_decided", Proportion.of(decided))


@pytest.mark.verifies("APP-004")
def test_signals_without_a_rhythm_are_refused(
    measure: Measure, conditions: Conditions, model_folder: Path, tmp_path: Path
) -> None:
    """Of flat, saturated and too short signals, those abstained on with a reason."""
    signals = unusable_signals(conditions)
    for name, signal_mv in signals.items():
        write_signal(tmp_path / f"{name}.csv", signal_mv, conditions["rate_hz"])
    lines = screen(tmp_path, model_folder)
    refused = [_is_refusal(lines.get(name)) for name in signals]
    measure("refused_signals", Proportion.of(refused))


@pytest.mark.verifies("APP-005")
def test_ordinary_recordings_get_a_decision(
    measure: Measure, recorded: tuple[Recording, ...], device: Screener
) -> None:
    """Of held-out recordings with normal rhythm or AFib, those not abstained on."""
    decided = [not device.decide(recording).abstained for recording in recorded]
    measure("decided_rate", Proportion.of(decided))


@pytest.mark.verifies("APP-006")
def test_changed_models_are_refused(
    measure: Measure, conditions: Conditions, model_folder: Path, tmp_path: Path
) -> None:
    """Of copies of the model with one bit flipped somewhere, those that are not loaded."""
    generator = np.random.default_rng(conditions["seed"])
    refused = []
    for number in range(conditions["changes"]):
        copy = shutil.copytree(model_folder, tmp_path / str(number))
        files = ("model.safetensors", "model.json", *UNCERTAINTY)
        file = copy / files[number % len(files)]
        content = bytearray(file.read_bytes())
        content[generator.integers(len(content))] ^= 1 << generator.integers(8)
        file.write_bytes(content)
        refused.append(_is_refused(copy))
    measure("refused_models", Proportion.of(refused))


@pytest.mark.verifies("APP-007")
def test_a_picture_says_all_of_a_decision(  # noqa: PLR0913, PLR0917  pytest gives by name
    measure: Measure,
    conditions: Conditions,
    screened: Screened,
    recorded: tuple[Recording, ...],
    device: Screener,
    model_folder: Path,
    tmp_path: Path,
) -> None:
    """Of pictures that the command draws, those with every number, and those in true size.

    Signal, beats and evidence are computed beside the command and held against its millimetres.
    """
    generator = np.random.default_rng(conditions["seed"])
    chosen = generator.permutation(len(recorded))[: conditions["each"]].tolist()
    pictures = {}
    write_recordings([recorded[place] for place in chosen], tmp_path)
    for place in chosen:
        name = recorded[place].name
        path = tmp_path / f"{name}.csv"
        pictures[name] = drawn(path, model_folder, tmp_path / f"{name}.svg")
    measure(
        "whole_pictures",
        Proportion.of([says_all(svg, screened[name]) for name, svg in pictures.items()]),
    )
    measure(
        "true_pictures",
        Proportion.of(
            [
                is_true(pictures[each.name], explain(device, each), conditions)
                for each in (recorded[place] for place in chosen)
            ]
        ),
    )


def _is_whole(line: dict[str, Any] | None) -> bool:
    if line is None or "error" in line:
        return False
    if (line["rhythm"] is None) != line["abstained"] or len(line["model_digest"]) != 64:  # noqa: PLR2004  a SHA-256
        return False
    if line["abstained"]:
        return bool(line["reason"])
    decided = line["rhythm"] in line["prediction_set"] and line["reason"] is None
    accepted = line["ood_score"] <= line["ood_threshold"]
    return bool(decided and accepted and 0 <= line["probability_afib"] <= 1)


def _is_refusal(line: dict[str, Any] | None) -> bool:
    return bool(line and line.get("abstained") and line["rhythm"] is None and line["reason"])


def _is_refused(folder: Path) -> bool:
    try:
        load_screener(folder)
    except ModelError:
        return True
    return False
