"""One record of YAML as a hazard or the intended use."""

import pytest

from tests.support.nodes import listed, mapped, plain, quoted
from vericase.requirement import (
    Hazard,
    IntendedUse,
    Source,
)
from vericase.schema.records import read_hazard, read_intended_use
from vericase.schema.tree import Node

HAZARD: dict[str, Node] = {
    "id": plain("HAZ-001"),
    "title": plain("Missed episode"),
    "harm": plain("Stroke"),
    "severity": plain("critical"),
    "sequence_of_events": plain("An episode is called normal."),
    "control": plain("Sensitivity has a floor."),
    "residual_risk": plain("Short episodes."),
}


def test_a_hazard_is_read_field_by_field() -> None:
    """Every field of a hazard comes out where it belongs."""
    problems: list[str] = []
    assert read_hazard(mapped(HAZARD, line=9), "hazards.yaml", "$[0]", problems) == Hazard(
        id="HAZ-001",
        title="Missed episode",
        harm="Stroke",
        severity="critical",
        sequence_of_events="An episode is called normal.",
        control="Sensitivity has a floor.",
        residual_risk="Short episodes.",
        source=Source(file="hazards.yaml", line=9),
    )
    assert problems == []


@pytest.mark.parametrize("field", sorted(HAZARD))
def test_every_field_of_a_hazard_must_be_stated(field: str) -> None:
    """A hazard without its control or its residual risk is not analysed."""
    problems: list[str] = []
    entries = {key: node for key, node in HAZARD.items() if key != field}
    read_hazard(mapped(entries), "hazards.yaml", "$[0]", problems)
    assert problems == [f"hazards.yaml:1: $[0].{field}: expected a value, got nothing"]


def test_a_severity_is_one_of_five() -> None:
    """Severities are words with an order, not numbers of one's own."""
    problems: list[str] = []
    read_hazard(mapped(HAZARD | {"severity": quoted("5")}), "hazards.yaml", "$[0]", problems)
    assert problems == [
        (
            "hazards.yaml:1: $[0].severity: expected one of negligible, minor, serious, critical, "
            "catastrophic, got '5'"
        )
    ]


USE: dict[str, Node] = {
    "user": plain("A nurse"),
    "population": plain("Adults"),
    "input": plain("A reading"),
    "output": plain("A warning"),
    "prohibited_use": listed(plain("Alone")),
}


def test_the_intended_use_is_read_field_by_field() -> None:
    """User, population, input, output and prohibited use come out where they belong."""
    problems: list[str] = []
    assert read_intended_use(mapped(USE), "intended-use.yaml", problems) == IntendedUse(
        user="A nurse",
        population="Adults",
        input="A reading",
        output="A warning",
        prohibited_use=("Alone",),
    )
    assert problems == []


@pytest.mark.parametrize("field", sorted(USE))
def test_every_field_of_the_intended_use_must_be_stated(field: str) -> None:
    """Prohibited use is stated like everything else."""
    problems: list[str] = []
    entries = {key: node for key, node in USE.items() if key != field}
    read_intended_use(mapped(entries), "intended-use.yaml", problems)
    assert problems == [f"intended-use.yaml:1: $.{field}: expected a value, got nothing"]
