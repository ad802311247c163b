"""The JSON Schemas that editors and other tools are given."""

import pytest
from jsonschema import Draft202012Validator

from vericase.requirement import Relation, Status
from vericase.schema import json_schemas

KINDS = ["change-plan", "hazards", "inspections", "intended-use", "requirements", "waivers"]


def test_there_is_one_schema_a_kind_of_file() -> None:
    """Requirements, hazards, the intended use and what people sign each have a schema."""
    assert sorted(json_schemas()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_schema(kind: str) -> None:
    """What is published is valid under the draft that it names, and says what it is of."""
    schema = json_schemas()[kind]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]


def test_the_words_are_those_of_the_code() -> None:
    """The published choices are read from the types, so that they cannot differ."""
    text = str(json_schemas()["requirements"])
    for word in (*Relation, *Status):
        assert repr(word.value) in text
