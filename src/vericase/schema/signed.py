"""One record of YAML as a waiver or an inspection."""

import re
from datetime import date
from math import isfinite

from vericase.requirement import ChangePlan, Inspection, Source, Waiver
from vericase.schema.fields import Fields, Hints, shown
from vericase.schema.records import ID_PATTERN, identifier
from vericase.schema.tree import Mapping, Node

__all__ = [
    "ALLOWABLE",
    "FINGERPRINT",
    "OUTCOMES",
    "read_change_plan",
    "read_inspection",
    "read_waiver",
]

FINGERPRINT = "[0-9a-f]{64}"
OUTCOMES = ("accepted", "rejected")
#: Kinds of change that a plan may allow; none that takes away what was demanded or shown.
ALLOWABLE = (
    "requirement added",
    "requirement reworded",
    "status raised",
    "criterion added",
    "criterion tightened",
    "waiver removed",
    "inspection added",
    "hazard added",
    "subject changed",
    "code changed",
    "environment changed",
)
_SHA256 = re.compile(FINGERPRINT)
_CRITERION = re.compile(rf"{ID_PATTERN}\.[1-9][0-9]*")


def read_waiver(node: Node, place: str, path: str, problems: list[str]) -> Waiver:
    """The waiver that *node* states; what is wrong with it joins *problems*."""
    fields = Fields(node, place, path, problems)
    start, end = fields.day("approved_on"), fields.day("expires_on")
    waiver = Waiver(
        id=identifier(fields),
        criterion=_matching(fields, "criterion", _CRITERION, "the id of a criterion"),
        reason=fields.text("reason"),
        hazards=fields.texts("hazards", required=True),
        approved_by=fields.text("approved_by"),
        approved_on=start or date.min,
        expires_on=end or date.min,
        max_deficit=_deficit(fields),
        fingerprint=_fingerprint(fields),
        source=Source(file=place, line=fields.line),
    )
    _check_order(fields, start, end)
    fields.close()
    return waiver


def read_inspection(node: Node, place: str, path: str, problems: list[str]) -> Inspection:
    """The inspection that *node* states; what is wrong with it joins *problems*."""
    fields = Fields(node, place, path, problems)
    start, end = fields.day("inspected_on"), fields.day("expires_on", required=False)
    inspection = Inspection(
        id=identifier(fields),
        requirement=fields.text("requirement"),
        accepted=fields.word("outcome", OUTCOMES) == "accepted",
        record=fields.text("record"),
        inspected_by=fields.text("inspected_by"),
        inspected_on=start or date.min,
        expires_on=end,
        fingerprint=_fingerprint(fields),
        subjects=_subjects(fields),
        source=Source(file=place, line=fields.line),
    )
    _check_order(fields, start, end)
    fields.close()
    return inspection


def read_change_plan(node: Node, place: str, problems: list[str]) -> ChangePlan:
    """The plan that the document *node* states."""
    fields = Fields(node, place, "$", problems)
    start, end = fields.day("approved_on"), fields.day("expires_on")
    plan = ChangePlan(
        id=identifier(fields),
        allowed=_allowed(fields),
        data=fields.text("data"),
        method=fields.text("method"),
        acceptance=_acceptance(fields),
        roll_back=fields.text("roll_back"),
        approved_by=fields.text("approved_by"),
        approved_on=start or date.min,
        expires_on=end or date.min,
    )
    _check_order(fields, start, end)
    fields.close()
    return plan


def _allowed(fields: Fields) -> tuple[str, ...]:
    kinds = fields.texts("allowed", required=True)
    hints = Hints()
    for kind in kinds:
        if kind not in ALLOWABLE:
            wanted = f"one of {', '.join(ALLOWABLE)}"
            fields.problem("allowed", f"{wanted}, got {shown(kind)}{hints(kind, ALLOWABLE)}")
    return kinds


def _acceptance(fields: Fields) -> dict[str, float]:
    node = fields.node("acceptance", required=True)
    if node is None:
        return {}
    if not isinstance(node, Mapping) or not node.entries:
        fields.problem("acceptance", "criteria, each with the largest loss, got something else")
        return {}
    losses = {
        name: fields.as_number(f"acceptance.{name}", item, _is_loss, "a number from 0")
        for name, item in node.entries.items()
    }
    return {name: loss for name, loss in losses.items() if loss is not None}


def _is_loss(value: float) -> bool:
    return isfinite(value) and value >= 0


def _check_order(fields: Fields, start: date | None, end: date | None) -> None:
    if start is not None and end is not None and end < start:
        fields.problem("expires_on", f"a date from {start} on, got {end}")


def _deficit(fields: Fields) -> float:
    value = fields.number("max_deficit", _is_loss, "a number from 0", required=True)
    return 0.0 if value is None else value


def _fingerprint(fields: Fields) -> str:
    return _matching(fields, "fingerprint", _SHA256, "64 digits of a SHA-256")


def _matching(fields: Fields, key: str, pattern: re.Pattern[str], wanted: str) -> str:
    value = fields.text(key)
    if value and not pattern.fullmatch(value):
        fields.problem(key, f"{wanted}, got {shown(value)}")
    return value


def _subjects(fields: Fields) -> dict[str, str]:
    node = fields.node("subjects")
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        fields.problem("subjects", "a mapping of names to SHA-256 digests, got something else")
        return {}
    inner = Fields(node, fields.place, f"{fields.path}.subjects", fields.problems)
    return {
        name: _matching(inner, name, _SHA256, "64 digits of a SHA-256") for name in node.entries
    }
