"""Settings that came after the first models."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest

from afib.settings import (
    completed,
    condensed,
    settings_from_json,
    settings_to_json,
)
from tests.support.training import tiny_settings

_LATER = [
    ("network", "polarity"),
    *(("training", name) for name in ("averaging", "certified", "ramp")),
]
_CHANGED: list[tuple[str, str, Any]] = [
    ("network", "polarity", "invariant"),
    ("training", "averaging", 0.9),
    ("training", "ramp", {"start": 0.0, "end": 0.5}),
    (
        "training",
        "certified",
        {
            "kind": "mtl_ibp",
            "radius_mv": 0.01,
            "weight": 0.1,
            "box_share": 1.0,
            "backward_share": 0.0,
        },
    ),
]


def _document() -> dict[str, Any]:
    return settings_to_json(tiny_settings())


def test_neutral_settings_are_left_out_and_found_again() -> None:
    """What the first models did is described as they described it."""
    document = _document()
    short = condensed(document)
    assert all(name not in short[block] for block, name in _LATER)
    assert completed(short) == document


@pytest.mark.parametrize(("block", "name", "value"), _CHANGED)
def test_any_other_value_is_stated(block: str, name: str, value: object) -> None:
    """Only that setting is, and it comes back."""
    document = _document()
    document[block][name] = value
    short = condensed(document)
    assert [key for key in _LATER if key[1] in short[key[0]]] == [(block, name)]
    assert completed(short) == document


def test_neither_changes_what_it_is_given() -> None:
    """Both return a new document."""
    document, short = _document(), condensed(_document())
    kept = copy.deepcopy((document, short))
    condensed(document)
    completed(short)
    assert (document, short) == kept


@pytest.mark.parametrize("document", [None, [], "x", {}, {"network": 3}])
def test_what_holds_no_settings_is_left_to_the_reader_of_them(document: object) -> None:
    """Nothing is invented for a document of another kind."""
    assert completed(document) == document


def test_the_digest_of_neutral_settings_is_that_of_before() -> None:
    """It is over the settings that the first version knew, and those alone."""
    document = _document()
    document["network"].pop("polarity")
    for name in ("averaging", "certified", "ramp"):
        document["training"].pop(name)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert settings_from_json(_document()).digest == expected


@pytest.mark.parametrize(("block", "name", "value"), _CHANGED)
def test_a_later_setting_changes_the_digest(block: str, name: str, value: object) -> None:
    """A model trained otherwise is told from one of the first."""
    document = _document()
    document[block][name] = value
    assert settings_from_json(document).digest != settings_from_json(_document()).digest
