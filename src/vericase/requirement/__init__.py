"""Requirements as values: what is demanded, what people signed, and all of one folder."""

from vericase.requirement.demand import (
    ANY_DATA,
    SIGNED_OFF,
    AcceptanceCriterion,
    Claim,
    Hazard,
    IntendedUse,
    Relation,
    Requirement,
    SmallSlices,
    Status,
    canonical,
)
from vericase.requirement.signed import ChangePlan, Inspection, Waiver
from vericase.requirement.source import Source
from vericase.requirement.whole import RequirementSet

__all__ = [
    "ANY_DATA",
    "SIGNED_OFF",
    "AcceptanceCriterion",
    "ChangePlan",
    "Claim",
    "Hazard",
    "Inspection",
    "IntendedUse",
    "Relation",
    "Requirement",
    "RequirementSet",
    "SmallSlices",
    "Source",
    "Status",
    "Waiver",
    "canonical",
]
