"""Requirements as YAML: readable for people, and the same ones for the reader."""

import pytest

from tests.support.tracing import a_criterion, a_hazard, a_requirement
from vericase.requirement import Relation
from vericase.schema.written import decimal_text, hazards_yaml, requirements_yaml


def test_a_requirement_reads_as_people_write_it() -> None:
    """Fields that say nothing are left out, and quotes stand only where they have to."""
    criterion = a_criterion(
        id="ROB-001.1",
        relation=Relation.AT_MOST,
        thresholds={"clinic": 0.5},
        unit="mV",
        confidence=0.95,
        min_trials=20,
        applies_to=("clinic",),
    )
    requirement = a_requirement(
        criterion,
        statement="The subject shall: stop.",
        parents=("ROB-002",),
        conditions={"radius_mv": 0.01, "leads": ["I", "no"], "signed": True, "each": 3},
    )
    assert requirements_yaml([requirement]) == (
        "- id: ROB-001\n"
        "  title: Keep what is right\n"
        '  statement: "The subject shall: stop."\n'
        "  rationale: A decision that flips is not trusted.\n"
        "  category: network\n"
        "  status: approved\n"
        "  parents: [ROB-002]\n"
        "  method: test\n"
        '  conditions: {radius_mv: 0.01, leads: [I, "no"], signed: true, each: 3}\n'
        "  acceptance:\n"
        '    - {id: ROB-001.1, measurand: share, relation: "<=", threshold: {clinic: 0.5}, '
        "unit: mV, confidence: 0.95, min_trials: 20, applies_to: [clinic]}\n"
    )


def test_a_hazard_is_a_record_of_texts() -> None:
    """All of its fields."""
    assert hazards_yaml([a_hazard(harm="Yes", control='a\n\u2028\U000e0001"\\')]) == (
        "- id: HAZ-001\n"
        "  title: A wrong decision\n"
        '  harm: "Yes"\n'
        "  severity: serious\n"
        "  sequence_of_events: Noise flips a decision.\n"
        '  control: "a\\u000a\\u2028\\U000e0001\\"\\\\"\n'
        "  residual_risk: Strong noise remains.\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (-1.0, "-1.0"), (1e-07, "0.0000001"), (1e22, "1" + "0" * 22 + ".0")],
)
def test_a_number_has_a_point_and_no_exponent(value: float, text: str) -> None:
    """The reader takes 1e-7 for text and a number without a point for an integer."""
    assert decimal_text(value) == text
