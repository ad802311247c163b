"""What people sign: waivers, inspections, and the plan of what may change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from vericase.requirement.source import Source

__all__ = ["ChangePlan", "Inspection", "Waiver"]


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
