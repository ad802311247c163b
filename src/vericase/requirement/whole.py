"""Everything that one folder of requirements holds."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from vericase.requirement.demand import (
    AcceptanceCriterion,
    Hazard,
    IntendedUse,
    Requirement,
    canonical,
)
from vericase.requirement.signed import ChangePlan, Inspection, Waiver

__all__ = ["RequirementSet"]


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
