"""One record of YAML as a requirement, a hazard or the intended use."""

import re
from collections.abc import Callable
from math import isfinite

from vericase.requirement import (
    ANY_DATA,
    AcceptanceCriterion,
    Claim,
    Hazard,
    IntendedUse,
    Relation,
    Requirement,
    SmallSlices,
    Source,
    Status,
)
from vericase.schema.fields import Fields, shown
from vericase.schema.tree import List, Mapping, Node

__all__ = [
    "CATEGORIES",
    "ID_PATTERN",
    "LEAST_CONFIDENCE",
    "MEASURED",
    "METHODS",
    "SEVERITIES",
    "identifier",
    "read_hazard",
    "read_intended_use",
    "read_requirement",
]

CATEGORIES = ("data", "network", "application", "tool")
METHODS = ("test", "analysis", "inspection", "demonstration")
#: The qualitative levels that ISO 14971 gives as an example.
SEVERITIES = ("negligible", "minor", "serious", "critical", "catastrophic")
ID_PATTERN = r"[A-Z][A-Z0-9]*-[0-9]{3,6}"
#: Below it a bound would lie on the kinder side of the observed value.
LEAST_CONFIDENCE = 0.5
_ID = re.compile(ID_PATTERN)
_FEWEST_OF_ANY = 2
# Taken once: an enumeration goes through its members anew each time.
_RELATIONS, _CLAIMS, _STATUSES, _SLICE_RULES = map(tuple, (Relation, Claim, Status, SmallSlices))
#: Methods that end in a measurement: an approved requirement of these has criteria.
MEASURED = ("test", "analysis")


def read_requirement(node: Node, place: str, path: str, problems: list[str]) -> Requirement:
    """The requirement that *node* states; what is wrong with it joins *problems*."""
    fields = Fields(node, place, path, problems)
    requirement_id = identifier(fields)
    requirement = Requirement(
        id=requirement_id,
        title=fields.text("title"),
        statement=fields.text("statement"),
        rationale=fields.text("rationale"),
        category=fields.word("category", CATEGORIES),
        status=Status(fields.word("status", _STATUSES)),
        parents=fields.texts("parents"),
        hazards=fields.texts("hazards"),
        references=fields.texts("references"),
        method=fields.word("method", METHODS),
        applies_to=fields.texts("applies_to"),
        depends=fields.texts("depends"),
        conditions=fields.free("conditions"),
        criteria=_criteria(fields, requirement_id, place, path, problems),
        first_look=fields.text("first_look", required=False),
        claim=Claim(fields.word("claim", _CLAIMS, default=Claim.ALL.value)),
        source=Source(file=place, line=fields.line),
    )
    measured = requirement.in_force and requirement.method in MEASURED
    if measured and not requirement.criteria and fields.node("acceptance") is None:
        fields.problem(
            "acceptance", "at least one criterion for an approved requirement, got nothing"
        )
    _check_claim(fields, requirement)
    fields.close()
    return requirement


def read_hazard(node: Node, place: str, path: str, problems: list[str]) -> Hazard:
    """The hazard that *node* states."""
    fields = Fields(node, place, path, problems)
    hazard = Hazard(
        id=identifier(fields),
        title=fields.text("title"),
        harm=fields.text("harm"),
        severity=fields.word("severity", SEVERITIES),
        sequence_of_events=fields.text("sequence_of_events"),
        control=fields.text("control"),
        residual_risk=fields.text("residual_risk"),
        source=Source(file=place, line=fields.line),
    )
    fields.close()
    return hazard


def read_intended_use(node: Node, place: str, problems: list[str]) -> IntendedUse:
    """The intended use that the document *node* states."""
    fields = Fields(node, place, "$", problems)
    use = IntendedUse(
        user=fields.text("user"),
        population=fields.text("population"),
        input=fields.text("input"),
        output=fields.text("output"),
        prohibited_use=fields.texts("prohibited_use", required=True),
        data_sources=fields.texts("data_sources"),
    )
    fields.close()
    return use


def identifier(fields: Fields) -> str:
    """The id of a record, which has the form of all ids."""
    value = fields.text("id")
    if value and not _ID.fullmatch(value):
        fields.problem("id", f"an id such as ROB-001, got {shown(value)}")
    return value


def _criteria(
    fields: Fields, requirement_id: str, place: str, path: str, problems: list[str]
) -> tuple[AcceptanceCriterion, ...]:
    node = fields.node("acceptance")
    if node is None:
        return ()
    if not isinstance(node, List) or not node.items:
        fields.problem("acceptance", "a list of criteria, got something else", node.line)
        return ()
    return tuple(
        _criterion(item, place, f"{path}.acceptance[{i}]", requirement_id, problems)
        for i, item in enumerate(node.items)
    )


def _criterion(
    node: Node, place: str, path: str, requirement_id: str, problems: list[str]
) -> AcceptanceCriterion:
    fields = Fields(node, place, path, problems)
    criterion_id = fields.text("id")
    number = criterion_id.removeprefix(f"{requirement_id}.")
    if criterion_id and (number == criterion_id or not re.fullmatch(r"[1-9][0-9]*", number)):
        fields.problem("id", f"{requirement_id}.N with N from 1, got {shown(criterion_id)}")
    relation = Relation(fields.word("relation", _RELATIONS))
    paired = fields.node("margin") is not None
    criterion = AcceptanceCriterion(
        id=criterion_id,
        measurand=fields.text("measurand"),
        relation=relation,
        thresholds=_margins(fields, relation) if paired else _thresholds(fields),
        unit=_unit(fields),
        confidence=fields.number(
            "confidence", lambda p: LEAST_CONFIDENCE <= p < 1, "a number in [0.5, 1)"
        ),
        min_trials=fields.integer("min_trials", 1),
        applies_to=fields.texts("applies_to"),
        paired=paired,
        small_slices=SmallSlices(
            fields.word("small_slices", _SLICE_RULES, default=SmallSlices.BLOCK.value)
        ),
        slices=fields.texts("slices"),
    )
    _check_criterion(fields, criterion)
    fields.close()
    return criterion


def _check_criterion(fields: Fields, criterion: AcceptanceCriterion) -> None:
    """Whether its parts go together."""
    if criterion.relation is Relation.EQUAL and criterion.confidence is not None:
        fields.problem("confidence", "nothing beside the relation ==, which has no bound, got one")
    if criterion.paired and criterion.relation is Relation.EQUAL:
        fields.problem("relation", "another one than == beside a margin, got ==")
    if criterion.paired and criterion.confidence is None and fields.node("confidence") is None:
        fields.problem("confidence", "a number in [0.5, 1) beside a margin, got nothing")
    if fields.node("small_slices") is not None and fields.node("min_trials") is None:
        fields.problem("min_trials", "how few trials make a slice small, got nothing")


def _check_claim(fields: Fields, requirement: Requirement) -> None:
    """A claim that any criterion would show is corrected for their number, at one confidence."""
    if requirement.claim is not Claim.ANY:
        return
    confidences = {criterion.confidence for criterion in requirement.criteria}
    if len(requirement.criteria) < _FEWEST_OF_ANY or len(confidences) > 1 or None in confidences:
        fields.problem("claim", "two criteria or more of one confidence for 'any', got others")


def _margins(fields: Fields, relation: Relation) -> dict[str, float]:
    """Limits on the difference to the last release, from margins without a sign."""
    if fields.node("threshold") is not None:
        fields.problem("margin", "a margin or a threshold, got both")
    found = _by_source(fields, "margin", _is_margin, "a number from 0")
    return {k: -v if relation.wants_more and v else v for k, v in found.items()}


def _is_margin(value: float) -> bool:
    return isfinite(value) and value >= 0


def _unit(fields: Fields) -> str:
    node = fields.node("unit")
    return "1" if node is None else fields.text("unit")


def _thresholds(fields: Fields) -> dict[str, float]:
    return _by_source(fields, "threshold", isfinite, "a number")


def _by_source(
    fields: Fields, key: str, accept: Callable[[float], bool], wanted: str
) -> dict[str, float]:
    """One number for all data, or one for each source."""
    node = fields.node(key, required=True)
    if node is None:
        return {}
    if not isinstance(node, Mapping):
        value = fields.as_number(key, node, accept, wanted)
        return {} if value is None else {ANY_DATA: value}
    if not node.entries:
        fields.problem(key, f"{wanted}, or one for each data source, got none", node.line)
    values = {
        scope: fields.as_number(f"{key}.{scope}", item, accept, wanted)
        for scope, item in node.entries.items()
    }
    return {scope: value for scope, value in values.items() if value is not None}
