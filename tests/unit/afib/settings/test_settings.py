"""Reading settings strictly: what is wrong is refused, all of it at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from afib.errors import SettingsError
from afib.settings import Settings, settings_from_json, settings_to_json

DOCUMENT: dict[str, Any] = {
    "data": {
        "source": "synthetic",
        "label_version": "by-construction",
        "limit": None,
        "rehearsal": True,
        "cohort": {"seed": 1, "normal": 4, "afib": 4, "other": 0, "noisy": 0},
        "split": {
            "seed": 17,
            "train": 0.6,
            "validation": 0.1,
            "calibration": 0.1,
            "test": 0.2,
            "folds": 5,
        },
    },
    "preprocessing": {"rate_hz": 60.0, "segment_s": 30, "short": "tile"},
    "network": {
        "architecture": "plain",
        "polarity": "free",
        "channels": [4, 8],
        "kernels": [5, 5],
        "strides": [2, 2],
        "hidden": 8,
    },
    "training": {
        "seed": 0,
        "threads": 1,
        "epochs": 2,
        "patience": 2,
        "batch_size": 8,
        "afib_share": 0.5,
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "augmentation": {
            "gain_sigma": 0.3,
            "flip": True,
            "shift": True,
            "stretch": 0.0,
            "wander_mv": 0.0,
        },
        "attack": {"kind": "none", "radius_mv": 0.0, "steps": 0},
        "certified": {
            "kind": "none",
            "radius_mv": 0.0,
            "weight": 0.0,
            "box_share": 1.0,
            "backward_share": 0.0,
        },
        "ramp": {"start": 0.1, "end": 0.5},
        "averaging": 0.0,
    },
    "fitting": {"afib_weight": 1.0},
    "usability": {
        "shortest_s": 9.0,
        "flat_mv": 0.01,
        "flat_share": 0.5,
        "saturated_share": 0.2,
    },
}

MTL_IBP = {
    "kind": "mtl_ibp",
    "radius_mv": 0.01,
    "weight": 0.15,
    "box_share": 1.0,
    "backward_share": 0.0,
}


def _with(path: str, value: object) -> dict[str, Any]:
    """The document with one value replaced, or removed if it is ``...``."""
    document = copy.deepcopy(DOCUMENT)
    *folders, key = path.split(".")
    place = document
    for folder in folders:
        place = place[folder]
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return document


def _problems(document: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        settings_from_json(document)
    return caught.value.problems


def test_a_complete_document_is_read_with_its_types() -> None:
    """Numbers, flags and lists arrive as the types that the fields declare."""
    settings = settings_from_json(DOCUMENT)
    assert settings.network.channels == (4, 8)
    assert settings.preprocessing.segment_s == 30.0
    assert isinstance(settings.preprocessing.segment_s, float)
    assert settings.data.limit is None
    assert settings.data.cohort is not None
    assert settings.data.cohort.afib == 4


def test_settings_survive_json() -> None:
    """Writing and reading gives equal settings with an equal digest."""
    settings = settings_from_json(DOCUMENT)
    again = settings_from_json(settings_to_json(settings))
    assert again == settings
    assert again.digest == settings.digest


@pytest.mark.parametrize(
    ("path", "value"),
    [("training.seed", 1), ("data.cohort.noisy", 3), ("preprocessing.rate_hz", 60.5)],
)
def test_any_change_changes_the_digest(path: str, value: object) -> None:
    """Settings that differ anywhere have different digests."""
    assert settings_from_json(_with(path, value)).digest != settings_from_json(DOCUMENT).digest


def test_a_whole_number_is_the_same_setting_as_its_decimal() -> None:
    """Writing 30 for 30.0 changes neither the settings nor their digest."""
    as_decimal = settings_from_json(_with("preprocessing.segment_s", 30.0))
    assert as_decimal.digest == settings_from_json(DOCUMENT).digest


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("training.epochs", "12", "an integer from 1, got '12'"),
        ("training.epochs", True, "an integer from 1, got True"),
        ("training.epochs", 0, "an integer from 1, got 0"),
        ("training.epochs", 2.0, "an integer from 1, got 2.0"),
        ("training.epochs", None, "an integer from 1, got None"),
        ("training.learning_rate", "1e-3", "a number above 0, got '1e-3'"),
        ("training.learning_rate", float("nan"), "a number above 0, got nan"),
        ("training.learning_rate", float("inf"), "a number above 0, got inf"),
        ("training.afib_share", 1, "a number between 0 and 1, both excluded, got 1"),
        ("training.dropout", 1.0, "a number from 0, below 1, got 1.0"),
        ("training.augmentation.flip", "yes", "true or false, got 'yes'"),
        ("training.seed", 2**32, "an integer from 0 to 4294967295, got 4294967296"),
        ("network.channels", [], "a list of integers from 1, got []"),
        ("network.channels", [4, 8.0], "a list of integers from 1, got [4, 8.0]"),
        ("network.channels", 4, "a list of integers from 1, got 4"),
        ("network.kernels", [5, 4], "a list of odd integers from 1, got [5, 4]"),
        ("network.architecture", "deep", "'plain' or 'mathworks', got 'deep'"),
        ("data.limit", 0, "an integer from 1, got 0"),
        ("data.label_version", "", "a text that is not empty, got ''"),
        ("usability.flat_share", 0, "a number between 0 and 1, both excluded, got 0"),
        ("network.polarity", "fixed", "'free' or 'invariant', got 'fixed'"),
        (
            "training.certified.kind",
            "ibp",
            "'none' or 'mtl_ibp' or 'sabr' or 'crown_ibp', got 'ibp'",
        ),
        ("training.certified.radius_mv", -0.01, "a number from 0, got -0.01"),
        ("training.certified.weight", 1.5, "a number from 0 to 1, got 1.5"),
        ("training.certified.box_share", 0, "a number above 0, at most 1, got 0"),
        ("training.certified.backward_share", -1, "a number from 0 to 1, got -1"),
        ("training.ramp.start", 1.0, "a number from 0, below 1, got 1.0"),
        ("training.ramp.end", 0.0, "a number above 0, at most 1, got 0.0"),
        ("training.averaging", 1.0, "a number from 0, below 1, got 1.0"),
        ("training.attack", [], "a mapping of keys to values, got []"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(path: str, value: object, expected: str) -> None:
    """Each field says what it may be and what it got."""
    assert _problems(_with(path, value)) == (f"settings: $.{path}: expected {expected}",)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (
            "data.split.test",
            0.3,
            "data.split: expected shares that sum to 1, got 1.1",
        ),
        (
            "data.cohort",
            None,
            "data.cohort: expected a cohort for source 'synthetic', got null",
        ),
        (
            "data.source",
            "physionet2017",
            "data.cohort: expected null for source 'physionet2017', got a cohort",
        ),
        (
            "network.strides",
            [2],
            "network: expected one of each a block, got 2 channels, 2 kernels and 1 strides",
        ),
        (
            "training.attack.radius_mv",
            0.01,
            "training.attack.radius_mv: expected 0 for kind 'none', got 0.01",
        ),
        (
            "training.attack",
            {"kind": "fgsm", "radius_mv": 0.0, "steps": 1},
            "training.attack.radius_mv: expected a number above 0 for kind 'fgsm', got 0",
        ),
        (
            "training.attack",
            {"kind": "pgd", "radius_mv": 0.01, "steps": 0},
            "training.attack.steps: expected an integer from 1 for kind 'pgd', got 0",
        ),
        (
            "training.certified.radius_mv",
            0.01,
            "training.certified.radius_mv: expected 0 for kind 'none', got 0.01",
        ),
        (
            "training.certified.weight",
            0.15,
            "training.certified.weight: expected 0 for kind 'none', got 0.15",
        ),
        (
            "training.certified",
            {**MTL_IBP, "radius_mv": 0.0},
            "training.certified.radius_mv: expected a number above 0 for kind 'mtl_ibp', got 0",
        ),
        (
            "training.certified",
            {**MTL_IBP, "weight": 0.0},
            "training.certified.weight: expected a number above 0 for kind 'mtl_ibp', got 0",
        ),
        (
            "training.certified",
            {**MTL_IBP, "box_share": 0.4},
            "training.certified.box_share: expected 1 for kind 'mtl_ibp', got 0.4",
        ),
        (
            "training.certified",
            {**MTL_IBP, "backward_share": 0.5},
            "training.certified.backward_share: expected 0 for kind 'mtl_ibp', got 0.5",
        ),
        (
            "training.certified",
            {**MTL_IBP, "kind": "sabr", "box_share": 0.4},
            (
                "training.attack.kind: expected an attack, round whose point "
                "training.certified of kind 'sabr' bounds, got 'none'"
            ),
        ),
        (
            "training.ramp.end",
            0.1,
            "training.ramp.end: expected a share above start 0.1, got 0.1",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    path: str, value: object, problem: str
) -> None:
    """Values may be right one by one and still make no sense together."""
    assert _problems(_with(path, value)) == (f"settings: $.{problem}",)


def test_layer_normalisation_is_neither_bounded_nor_invariant() -> None:
    """The baseline of two blocks takes none of the options that need a plain network."""
    document = _with("training.certified", MTL_IBP)
    document["network"] |= {"architecture": "mathworks", "polarity": "invariant"}
    assert _problems(document) == (
        (
            "settings: $.training.certified.kind: expected 'none' for architecture 'mathworks', "
            "whose layer normalisation has no such bound, got 'mtl_ibp'"
        ),
        (
            "settings: $.network.polarity: expected 'free' for architecture 'mathworks', "
            "got 'invariant'"
        ),
    )


@pytest.mark.parametrize("kind", ["mtl_ibp", "sabr", "crown_ibp"])
def test_every_kind_of_bound_can_be_asked_for(kind: str) -> None:
    """Each with an attack and what it alone takes."""
    bound = MTL_IBP | {
        "kind": kind,
        "box_share": 0.4 if kind == "sabr" else 1.0,
        "backward_share": 0.5 if kind == "crown_ibp" else 0.0,
    }
    document = _with("training.attack", {"kind": "fgsm", "radius_mv": 0.01, "steps": 1})
    document["training"]["certified"] = bound
    assert settings_from_json(document).training.certified.kind == kind


def test_all_problems_are_reported_at_once() -> None:
    """A misspelt key, a missing one and a wrong type are told in one error."""
    document = _with("training.epochs", "many")
    document["data"]["spilt"] = document["data"].pop("split")
    del document["fitting"]
    assert set(_problems(document)) == {
        "settings: $.data.spilt: expected no such key; did you mean 'split'?",
        "settings: $.data.split: expected a value, got none",
        "settings: $.training.epochs: expected an integer from 1, got 'many'",
        "settings: $.fitting: expected a value, got none",
    }


@pytest.mark.parametrize("document", [None, [], "synthetic", 3])
def test_anything_but_a_mapping_is_refused(document: object) -> None:
    """An empty file or a list holds no settings."""
    assert _problems(document) == (
        f"settings: $: expected a mapping of keys to values, got {document!r}",
    )


def test_settings_cannot_be_changed() -> None:
    """A change is a new value, never the old one."""
    settings: Settings = settings_from_json(DOCUMENT)
    with pytest.raises(AttributeError):
        settings.training.epochs = 3  # type: ignore[misc]  # the refusal is what is tested
