"""What a comparison of two releases consists of. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix

__all__ = ["Change", "Comparison", "Kind", "Side"]


class Kind(StrEnum):
    """What sort of change it is; a change control plan names these."""

    REQUIREMENT_ADDED = "requirement added"
    REQUIREMENT_REMOVED = "requirement removed"
    REQUIREMENT_REWORDED = "requirement reworded"
    REQUIREMENT_CHANGED = "requirement changed"
    STATUS_RAISED = "status raised"
    STATUS_LOWERED = "status lowered"
    CRITERION_ADDED = "criterion added"
    CRITERION_REMOVED = "criterion removed"
    CRITERION_TIGHTENED = "criterion tightened"
    CRITERION_LOOSENED = "criterion loosened"
    CRITERION_CHANGED = "criterion changed"
    WAIVER_ADDED = "waiver added"
    WAIVER_REMOVED = "waiver removed"
    WAIVER_CHANGED = "waiver changed"
    INSPECTION_ADDED = "inspection added"
    INSPECTION_REMOVED = "inspection removed"
    INSPECTION_CHANGED = "inspection changed"
    HAZARD_ADDED = "hazard added"
    HAZARD_REMOVED = "hazard removed"
    HAZARD_CHANGED = "hazard changed"
    INTENDED_USE_CHANGED = "intended use changed"
    CHANGE_PLAN_CHANGED = "change plan changed"
    SUBJECT_CHANGED = "subject changed"
    CODE_CHANGED = "code changed"
    ENVIRONMENT_CHANGED = "environment changed"
    VERDICT_BETTER = "verdict better"
    VERDICT_WORSE = "verdict worse"
    VALUE_CHANGED = "value changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.

    Attributes:
        where: A requirement, a criterion, a waiver, a subject or a file.
        before: As text; empty if it was not there.
        after: As text; empty if it is gone.
        what: The field that differs, if it is one.
    """

    kind: Kind
    where: str
    before: str = ""
    after: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: what was traced and decided."""

    matrix: TraceMatrix
    decision: GateDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All changes, with the gaps that came and went.

    Attributes:
        new_gaps: What is in the way of the newer release alone or more than before, and what was
            demanded of the older one and is not any more, or less of it.
        closed_gaps: What was in the way of the older release, and is shown now.
    """

    before: Side
    after: Side
    changes: tuple[Change, ...]
    new_gaps: tuple[str, ...]
    closed_gaps: tuple[str, ...]
