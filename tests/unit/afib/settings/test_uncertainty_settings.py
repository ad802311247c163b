"""Settings of gate and prediction sets: strict, and free of contradictions."""

from __future__ import annotations

from typing import Any

import pytest

from afib.corruption import FAMILIES
from afib.errors import SettingsError
from afib.examples import named_disturbance
from afib.settings import load_uncertainty, uncertainty_from_json


def test_the_settings_of_the_package_name_families_that_there_are() -> None:
    """Every family tunes or is sealed, at least four are sealed, and none is both."""
    families = load_uncertainty().families
    assert set(families.tuning) | set(families.sealed) == set(FAMILIES)
    assert not set(families.tuning) & set(families.sealed)
    assert len(families.sealed) >= 4
    disturbed = load_uncertainty().disturbed
    for text in (*disturbed.harmless, *disturbed.harmful):
        family, severity = named_disturbance(text)
        assert severity in FAMILIES[family].severities
        assert family in families.tuning


def test_settings_are_what_they_were_written_as() -> None:
    """Through JSON and back, with the same digest; another number is another digest."""
    settings = load_uncertainty()
    again = uncertainty_from_json(settings.to_json(), place="again")
    assert (again, again.digest) == (settings, settings.digest)
    document = settings.to_json()
    document["conformal"]["alpha"] = 0.1
    assert uncertainty_from_json(document, place="other").digest != settings.digest


@pytest.mark.parametrize(
    ("block", "key", "value", "told"),
    [
        ("conformal", "alpha", 0.0, "a number between 0 and 1"),
        ("detector", "acceptance", 1.5, "a number above 0, at most 1"),
        ("detector", "afib_weight", 0, "an integer from 1"),
        ("disturbed", "copies", 1.5, "an integer from 1"),
        ("disturbed", "harmless", ["muscle 6", "muscle 6"], "a list of names, each once"),
        ("families", "sealed", ["muscle"], "expected each in one list, got in both muscle"),
        ("families", "unknown", [], "expected no such key"),
    ],
)
def test_what_makes_no_sense_is_refused(block: str, key: str, value: Any, told: str) -> None:  # noqa: ANN401  any value of a file
    """The sentence names the file and the place."""
    document = load_uncertainty().to_json()
    document[block][key] = value
    with pytest.raises(SettingsError, match=told) as caught:
        uncertainty_from_json(document, place="mine.yaml")
    assert str(caught.value).startswith("mine.yaml: $.")


def test_settings_that_there_are_not_are_refused() -> None:
    """By name."""
    with pytest.raises(SettingsError, match=r"uncertainty/none\.yaml: expected settings"):
        load_uncertainty("none")
