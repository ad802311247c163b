"""The JSON Schemas (draft 2020-12) of the requirement files, for editors and other tools."""

from vericase.requirement import Claim, Relation, SmallSlices, Status
from vericase.schema.records import (
    CATEGORIES,
    ID_PATTERN,
    LEAST_CONFIDENCE,
    MEASURED,
    METHODS,
    SEVERITIES,
)
from vericase.schema.signed import ALLOWABLE, FINGERPRINT, OUTCOMES

__all__ = ["json_schemas"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string", "pattern": r"\S"}
_TEXTS = {"type": "array", "items": _TEXT, "uniqueItems": True}
_ID = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
_NUMBER = {"type": "number"}
_CRITERION_ID = {"type": "string", "pattern": f"^{ID_PATTERN}\\.[1-9][0-9]*$"}
_SHA256 = {"type": "string", "pattern": f"^{FINGERPRINT}$"}
_DAY = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_CONFIDENCE = {"type": "number", "minimum": LEAST_CONFIDENCE, "exclusiveMaximum": 1}


def json_schemas() -> dict[str, dict[str, object]]:
    """One schema a kind of file: requirements, hazards, intended use, waivers and so on."""
    return {
        "requirements": _list_of(_requirement(), "Requirements of one category or more"),
        "hazards": _list_of(_hazard(), "Hazards and what controls them"),
        "waivers": _list_of(_waiver(), "Accepted deficits of a release, each for a time"),
        "inspections": _list_of(_inspection(), "What people saw of what no case can show"),
        "change-plan": {"$schema": _DRAFT, "title": "Changes without a review", **_change_plan()},
        "intended-use": {"$schema": _DRAFT, "title": "Intended use", **_intended_use()},
    }


def _list_of(record: dict[str, object], title: str) -> dict[str, object]:
    return {"$schema": _DRAFT, "title": title, "type": "array", "items": record}


def _record(required: list[str], properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }


def _requirement() -> dict[str, object]:
    required = ["id", "title", "statement", "rationale", "category", "status", "method"]
    requirement = _record(
        required,
        {
            "id": _ID,
            "title": _TEXT,
            "statement": _TEXT,
            "rationale": _TEXT,
            "category": {"enum": list(CATEGORIES)},
            "status": {"enum": [status.value for status in Status]},
            "parents": _TEXTS,
            "hazards": _TEXTS,
            "references": _TEXTS,
            "method": {"enum": list(METHODS)},
            "applies_to": _TEXTS,
            "depends": _TEXTS,
            "conditions": {"type": "object"},
            "acceptance": {"type": "array", "minItems": 1, "items": _criterion()},
            "first_look": _TEXT,
            "claim": {"enum": [claim.value for claim in Claim]},
        },
    )
    measured = {"status": {"const": Status.APPROVED.value}, "method": {"enum": list(MEASURED)}}
    sure = {"minItems": 2, "items": {"required": ["confidence"]}}
    any_of = {"properties": {"claim": {"const": Claim.ANY.value}}, "required": ["claim"]}
    shown_by_any = {"required": ["acceptance"], "properties": {"acceptance": sure}}
    return requirement | {
        "allOf": [
            {"if": {"properties": measured}, "then": {"required": ["acceptance"]}},
            {"if": any_of, "then": shown_by_any},
        ]
    }


def _criterion() -> dict[str, object]:
    by_source = {"type": "object", "minProperties": 1, "additionalProperties": _NUMBER}
    from_zero = {"type": "number", "minimum": 0}
    margins = {"type": "object", "minProperties": 1, "additionalProperties": from_zero}
    criterion = _record(
        ["id", "measurand", "relation"],
        {
            "id": _CRITERION_ID,
            "measurand": _TEXT,
            "relation": {"enum": [relation.value for relation in Relation]},
            "threshold": {"oneOf": [_NUMBER, by_source]},
            "margin": {"oneOf": [from_zero, margins]},
            "unit": _TEXT,
            "confidence": _CONFIDENCE,
            "min_trials": {"type": "integer", "minimum": 1},
            "applies_to": _TEXTS,
            "small_slices": {"enum": [rule.value for rule in SmallSlices]},
            "slices": _TEXTS,
        },
    )
    equal = {"const": Relation.EQUAL.value}
    return criterion | {
        "oneOf": [{"required": ["threshold"]}, {"required": ["margin"]}],
        "allOf": [
            {
                "if": {"properties": {"relation": equal}},
                "then": {"properties": {"confidence": False, "margin": False}},
            },
            {"if": {"required": ["margin"]}, "then": {"required": ["confidence"]}},
            {"if": {"required": ["small_slices"]}, "then": {"required": ["min_trials"]}},
        ],
    }


def _hazard() -> dict[str, object]:
    texts = ["title", "harm", "sequence_of_events", "control", "residual_risk"]
    properties: dict[str, object] = {"id": _ID, "severity": {"enum": list(SEVERITIES)}}
    return _record(["id", "severity", *texts], properties | dict.fromkeys(texts, _TEXT))


def _waiver() -> dict[str, object]:
    properties: dict[str, object] = {
        "id": _ID,
        "criterion": _CRITERION_ID,
        "reason": _TEXT,
        "hazards": _TEXTS,
        "approved_by": _TEXT,
        "approved_on": _DAY,
        "expires_on": _DAY,
        "max_deficit": {"type": "number", "minimum": 0},
        "fingerprint": _SHA256,
    }
    return _record(list(properties), properties)


def _inspection() -> dict[str, object]:
    properties: dict[str, object] = {
        "id": _ID,
        "requirement": _ID,
        "outcome": {"enum": list(OUTCOMES)},
        "record": _TEXT,
        "inspected_by": _TEXT,
        "inspected_on": _DAY,
        "fingerprint": _SHA256,
    }
    others = {"expires_on": _DAY, "subjects": {"type": "object", "additionalProperties": _SHA256}}
    return _record(list(properties), properties | others)


def _change_plan() -> dict[str, object]:
    properties: dict[str, object] = {
        "id": _ID,
        "allowed": {"type": "array", "items": {"enum": list(ALLOWABLE)}, "uniqueItems": True},
        "data": _TEXT,
        "method": _TEXT,
        "acceptance": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "number", "minimum": 0},
        },
        "roll_back": _TEXT,
        "approved_by": _TEXT,
        "approved_on": _DAY,
        "expires_on": _DAY,
    }
    return _record(list(properties), properties)


def _intended_use() -> dict[str, object]:
    texts = ["user", "population", "input", "output"]
    lists = dict.fromkeys(["prohibited_use", "data_sources"], _TEXTS)
    properties: dict[str, object] = {**dict.fromkeys(texts, _TEXT), **lists}
    return _record([*texts, "prohibited_use"], properties)
