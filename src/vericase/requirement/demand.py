"""What is demanded: requirements, criteria and hazards, and what they mean as a digest.

A fingerprint covers what a requirement demands and leaves out how it is told: a new title
keeps evidence valid, a new threshold does not.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vericase.requirement.source import Source

__all__ = [
    "ANY_DATA",
    "SIGNED_OFF",
    "AcceptanceCriterion",
    "Claim",
    "Hazard",
    "IntendedUse",
    "Relation",
    "Requirement",
    "SmallSlices",
    "Status",
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


class Claim(StrEnum):
    """What the criteria of a requirement claim together."""

    ALL = "all"
    ANY = "any"


class SmallSlices(StrEnum):
    """What becomes of a slice with too few trials; no rule lets it go unseen."""

    BLOCK = "block"
    POOL = "pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceCriterion:
    """One measured quantity and what it must be.

    Attributes:
        thresholds: By data source; the key `ANY_DATA` holds for every source. Of a paired
            criterion the limit on the difference, with its sign.
        confidence: One-sided; then the exact bound is judged instead of the value.
        min_trials: The fewest independent trials, of each slice where there are slices.
        applies_to: Data sources for which the criterion is in force; empty means all.
        paired: Whether the difference to the last release is judged, record by record.
        small_slices: What becomes of slices with fewer trials than *min_trials*.
        slices: Those that have to be measured; others may be, and are judged as well.
    """

    id: str
    measurand: str
    relation: Relation
    thresholds: Mapping[str, float]
    unit: str = "1"
    confidence: float | None = None
    min_trials: int | None = None
    applies_to: tuple[str, ...] = ()
    paired: bool = False
    small_slices: SmallSlices = SmallSlices.BLOCK
    slices: tuple[str, ...] = ()

    def threshold_for(self, scope: str | None) -> float | None:
        """The threshold for data from *scope*; None when none is stated."""
        if scope in self.thresholds:
            return self.thresholds[scope or ANY_DATA]
        return self.thresholds.get(ANY_DATA)

    @property
    def limit_kind(self) -> str:
        """What its limits are called where they are written down."""
        return "margin" if self.paired else "threshold"

    @property
    def limits(self) -> dict[str, float]:
        """Thresholds, or margins without a sign, by data source."""
        return {k: abs(v) if self.paired else v for k, v in self.thresholds.items()}

    def applies(self, scope: str | None) -> bool:
        """Whether the criterion is in force; unknown data leave every criterion in force."""
        return not self.applies_to or scope is None or scope in self.applies_to


class _Fingerprinted:
    """Room for a fingerprint, which is asked for once a measurement and never changes."""

    __slots__ = ("_known",)

    _known: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(_Fingerprinted):
    """What is demanded, why, and by which criteria it counts as shown.

    Attributes:
        claim: Whether all criteria have to be met, or any one of them.
        first_look: The held-out data that nobody may have opened before; empty if that is free.
    """

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
    claim: Claim = Claim.ALL
    first_look: str = ""

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
            digest = hashlib.sha256(canonical(self.meaning).encode()).hexdigest()
            object.__setattr__(self, "_known", digest)
        return self._known

    @property
    def meaning(self) -> dict[str, object]:
        """What the requirement demands, as JSON values; how it is told is left out."""
        meaning: dict[str, object] = {
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
        # What is as it always was has no key, so that evidence outlives a new kind of demand.
        if self.claim is not Claim.ALL:
            meaning["claim"] = self.claim.value
        if self.first_look:
            meaning["first_look"] = self.first_look
        return meaning


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


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, numbers by shortest round trip.

    Raises:
        ValueError: If a number is not finite.
    """
    return _CANONICAL.encode(value)


def _criterion_meaning(criterion: AcceptanceCriterion) -> dict[str, object]:
    meaning: dict[str, object] = {
        "id": criterion.id,
        "measurand": criterion.measurand,
        "relation": criterion.relation.value,
        "thresholds": dict(criterion.thresholds),
        "unit": criterion.unit,
        "confidence": criterion.confidence,
        "min_trials": criterion.min_trials,
        "applies_to": sorted(criterion.applies_to),
    }
    if criterion.paired:
        meaning["paired"] = True
    if criterion.small_slices is not SmallSlices.BLOCK:
        meaning["small_slices"] = criterion.small_slices.value
    if criterion.slices:
        meaning["slices"] = sorted(criterion.slices)
    return meaning
