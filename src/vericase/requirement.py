"""Requirements, acceptance criteria and hazards as values, and what they mean as a digest.

A fingerprint covers what a requirement demands and leaves out how it is told: a new title
keeps evidence valid, a new threshold does not.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

__all__ = [
    "ANY_DATA",
    "SIGNED_OFF",
    "AcceptanceCriterion",
    "ChangePlan",
    "Hazard",
    "Inspection",
    "IntendedUse",
    "Relation",
    "Requirement",
    "RequirementSet",
    "Source",
    "Status",
    "Waiver",
    "canonical",
]

ANY_DATA = "*"
#: Methods by which a person shows a requirement; no case can.
SIGNED_OFF = frozenset({"inspection", "demonstration"})
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


class Relation(StrEnum):
    """How a measured value must stand to the threshold."""

    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    EQUAL = "=="

    @property
    def wants_more(self) -> bool:
        """Whether a larger value is the better one."""
        return self in {Relation.AT_LEAST, Relation.ABOVE}


class Status(StrEnum):
    """Where a requirement stands in its life; only approved ones gate."""

    DRAFT = "draft"
    APPROVED = "approved"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a record was written: a file as it was named, and a line from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceCriterion:
    """One measured quantity and what it must be.

    Attributes:
        thresholds: By data source; the key `ANY_DATA` holds for every source.
        confidence: One-sided; then the exact bound is judged instead of the value.
        applies_to: Data sources for which the criterion is in force; empty means all.
    """

    id: str
    measurand: str
    relation: Relation
    thresholds: Mapping[str, float]
    unit: str = "1"
    confidence: float | None = None
    min_trials: int | None = None
    applies_to: tuple[str, ...] = ()

    def threshold_for(self, scope: str | None) -> float | None:
        """The threshold for data from *scope*; None when none is stated."""
        if scope in self.thresholds:
            return self.thresholds[scope or ANY_DATA]
        return self.thresholds.get(ANY_DATA)

    def applies(self, scope: str | None) -> bool:
        """Whether the criterion is in force; unknown data leave every criterion in force."""
        return not self.applies_to or scope is None or scope in self.applies_to


class _Fingerprinted:
    """Room for a fingerprint, which is asked for once a measurement and never changes."""

    __slots__ = ("_known",)

    _known: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(_Fingerprinted):
    """What is demanded, why, and by which criteria it counts as shown."""

    id: str
    title: str
    statement: str
    rationale: str
    category: str
    status: Status
    method: str
    source: Source
    parents: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    conditions: Mapping[str, object] = field(default_factory=dict)
    criteria: tuple[AcceptanceCriterion, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether the gate asks for it."""
        return self.status is Status.APPROVED

    def applies(self, scope: str | None) -> bool:
        """Whether data from *scope* can show it; unknown data leave it in force."""
        return not self.applies_to or scope is None or scope in self.applies_to

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the requirement demands."""
        if not hasattr(self, "_known"):
            digest = hashlib.sha256(canonical(self._meaning()).encode()).hexdigest()
            object.__setattr__(self, "_known", digest)
        return self._known

    def _meaning(self) -> dict[str, object]:
        return {
            "id": self.id,
            "statement": self.statement,
            "method": self.method,
            "parents": sorted(self.parents),
            "hazards": sorted(self.hazards),
            "applies_to": sorted(self.applies_to),
            "depends": sorted(self.depends),
            "conditions": dict(self.conditions),
            "criteria": [_criterion_meaning(criterion) for criterion in self.criteria],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """How harm can come about, what holds it back, and what risk is left."""

    id: str
    title: str
    harm: str
    severity: str
    sequence_of_events: str
    control: str
    residual_risk: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class IntendedUse:
    """For whom, on whom and on what the subject may be used.

    Attributes:
        data_sources: Every source of data that requirements may speak of; empty if not listed.
    """

    user: str
    population: str
    input: str
    output: str
    prohibited_use: tuple[str, ...]
    data_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A release in spite of one missed criterion, as a person approved it.

    Attributes:
        criterion: Whose deficit is accepted.
        hazards: What the requirement controls; repeated, so that nobody waives it unseen.
        approved_on: The first day on which it holds.
        expires_on: The last day.
        max_deficit: The largest accepted deficit, in the unit of the criterion.
        fingerprint: Of the requirement that was waived.
    """

    id: str
    criterion: str
    reason: str
    hazards: tuple[str, ...]
    approved_by: str
    approved_on: date
    expires_on: date
    max_deficit: float
    fingerprint: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a person saw of a requirement that no case can show.

    Attributes:
        accepted: Whether the person found it met.
        record: Where the full protocol is kept.
        expires_on: The last day on which it counts; None if it has no end.
        fingerprint: Of the requirement that was inspected.
        subjects: By name, the digest of what was inspected.
    """

    id: str
    requirement: str
    accepted: bool
    record: str
    inspected_by: str
    inspected_on: date
    fingerprint: str
    source: Source
    expires_on: date | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """The outcome as a word."""
        return "accepted" if self.accepted else "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlan:
    """A predetermined change control plan: which changes may be made without a new review.

    Attributes:
        allowed: Kinds of change, as `vericase diff` names them.
        data: Which data the change may be made and judged with.
        method: How it is made and verified.
        acceptance: By criterion, by how much it may get worse; each has to pass besides.
        roll_back: What is done if it fails.
    """

    id: str
    allowed: tuple[str, ...]
    data: str
    method: str
    acceptance: Mapping[str, float]
    roll_back: str
    approved_by: str
    approved_on: date
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementSet:
    """All requirements, hazards, the intended use and what people signed, of one folder."""

    requirements: tuple[Requirement, ...]
    hazards: tuple[Hazard, ...] = ()
    intended_use: IntendedUse | None = None
    waivers: tuple[Waiver, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    change_plan: ChangePlan | None = None

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    def by_id(self) -> dict[str, Requirement]:
        """Requirements by their id."""
        return {requirement.id: requirement for requirement in self.requirements}

    def criteria(self) -> dict[str, tuple[Requirement, AcceptanceCriterion]]:
        """Criteria with their requirement, by criterion id."""
        return {
            criterion.id: (requirement, criterion)
            for requirement in self.requirements
            for criterion in requirement.criteria
        }

    @property
    def digest(self) -> str:
        """SHA-256 over every id, status and fingerprint, and the hazards."""
        rows = [
            *sorted([r.id, r.status.value, r.fingerprint] for r in self),
            *sorted([h.id, h.severity, h.control, h.residual_risk] for h in self.hazards),
        ]
        return hashlib.sha256(canonical(rows).encode()).hexdigest()


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, numbers by shortest round trip.

    Raises:
        ValueError: If a number is not finite.
    """
    return _CANONICAL.encode(value)


def _criterion_meaning(criterion: AcceptanceCriterion) -> dict[str, object]:
    return {
        "id": criterion.id,
        "measurand": criterion.measurand,
        "relation": criterion.relation.value,
        "thresholds": dict(criterion.thresholds),
        "unit": criterion.unit,
        "confidence": criterion.confidence,
        "min_trials": criterion.min_trials,
        "applies_to": sorted(criterion.applies_to),
    }
