"""Requirements and hazards as YAML that the reader takes for the same ones."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from vericase.requirement import (
    ANY_DATA,
    AcceptanceCriterion,
    Claim,
    Hazard,
    Requirement,
    SmallSlices,
)
from vericase.schema.fields import AMBIGUOUS

__all__ = ["decimal_text", "hazards_yaml", "requirements_yaml"]

#: Text that needs no quotes, neither in a block nor between brackets.
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ./()'_-]*[A-Za-z0-9./()'_-])?")
_HAZARD = ("title", "harm", "severity", "sequence_of_events", "control", "residual_risk")
_LAST_OF_TWO_BYTES = 0xFFFF


def requirements_yaml(requirements: Iterable[Requirement]) -> str:
    """A list of requirements; fields that say nothing are left out."""
    return "".join(_record(_requirement(r), r.criteria) for r in requirements)


def hazards_yaml(hazards: Iterable[Hazard]) -> str:
    """A list of hazards."""
    told = ({"id": h.id} | {name: getattr(h, name) for name in _HAZARD} for h in hazards)
    return "".join(_record(fields, ()) for fields in told)


def decimal_text(value: float) -> str:
    """*value* without an exponent and with a point, as the reader wants numbers."""
    text = f"{Decimal(repr(value)):f}"
    return text if "." in text else f"{text}.0"


def _requirement(requirement: Requirement) -> dict[str, object]:
    return {
        "id": requirement.id,
        "title": requirement.title,
        "statement": requirement.statement,
        "rationale": requirement.rationale,
        "category": requirement.category,
        "status": requirement.status.value,
        "parents": requirement.parents,
        "hazards": requirement.hazards,
        "references": requirement.references,
        "method": requirement.method,
        "applies_to": requirement.applies_to,
        "depends": requirement.depends,
        "conditions": requirement.conditions,
        "claim": "" if requirement.claim is Claim.ALL else requirement.claim.value,
        "first_look": requirement.first_look,
    }


def _criterion(criterion: AcceptanceCriterion) -> dict[str, object]:
    limits, rule = criterion.limits, criterion.small_slices
    return {
        "id": criterion.id,
        "measurand": criterion.measurand,
        "relation": criterion.relation.value,
        criterion.limit_kind: limits[ANY_DATA] if set(limits) == {ANY_DATA} else limits,
        "unit": None if criterion.unit == "1" else criterion.unit,
        "confidence": criterion.confidence,
        "min_trials": criterion.min_trials,
        "applies_to": criterion.applies_to,
        "small_slices": "" if rule is SmallSlices.BLOCK else rule.value,
        "slices": criterion.slices,
    }


def _record(fields: Mapping[str, object], criteria: Sequence[AcceptanceCriterion]) -> str:
    told = [f"{name}: {_flow(value)}" for name, value in fields.items() if not _empty(value)]
    if criteria:
        told.append("acceptance:")
        for criterion in criteria:
            known = {k: v for k, v in _criterion(criterion).items() if not _empty(v)}
            told.append(f"  - {_flow(known)}")
    return "- " + "\n  ".join(told) + "\n"


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | Sequence | Mapping) and not value)


def _flow(value: object) -> str:
    """*value* on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return decimal_text(value) if isinstance(value, float) else json.dumps(value)


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and not AMBIGUOUS.fullmatch(text):
        return text
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\u{code:04x}" if code <= _LAST_OF_TWO_BYTES else f"\\U{code:08x}"
