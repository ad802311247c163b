"""How a requirement is worded: rules with codes, after INCOSE and EARS. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from vericase.requirement import Requirement, RequirementSet, Source, Status
from vericase.wording.rules import RULES, Rule

__all__ = ["RULES", "Remark", "Rule", "remarks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One place where a rule is broken."""

    code: str
    requirement_id: str
    source: Source
    message: str
    error: bool


_TWICE = RULES[-1]


def remarks(requirements: RequirementSet) -> Iterator[Remark]:
    """Where requirements break a rule, in their order; retired ones are history."""
    seen: dict[str, Requirement] = {}
    for requirement in requirements:
        if requirement.status is Status.RETIRED:
            continue
        for rule in RULES:
            for found in rule.find(requirement) if rule.find else ():
                yield _remark(rule, requirement, found)
        words = " ".join(requirement.statement.casefold().split())
        other = seen.setdefault(words, requirement)
        if other is not requirement:
            yield _remark(_TWICE, requirement, f"the words of {other.id}")


def _remark(rule: Rule, requirement: Requirement, found: str) -> Remark:
    return Remark(
        code=rule.code,
        requirement_id=requirement.id,
        source=requirement.source,
        message=f"{rule.title}: got {found}",
        error=rule.error,
    )
