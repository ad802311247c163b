"""The rows of the matrix, and what does not fit in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vericase.evidence import CaseOutcome, Evidence, EvidenceLog
from vericase.findings import Finding
from vericase.requirement import (
    ANY_DATA,
    AcceptanceCriterion,
    Requirement,
    RequirementSet,
    Waiver,
)
from vericase.verdict import Judgement, Verdict

__all__ = ["CriterionRow", "JudgedEvidence", "RequirementRow", "let_go", "row_findings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvidence:
    """One record with the judgement made of it now.

    Attributes:
        alone: The verdict of the criterion by itself, whatever it is judged together with.
    """

    evidence: Evidence
    judgement: Judgement
    alone: Verdict
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """One criterion, everything measured for it, and the worst of that.

    Attributes:
        waiver: The one that holds for what was measured; it leaves the verdict as it is.
        objections: Why the waiver that names the criterion does not hold.
    """

    criterion: AcceptanceCriterion
    applicable: bool
    verdict: Verdict
    reason: str
    judged: tuple[JudgedEvidence, ...] = ()
    waiver: Waiver | None = None
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRow:
    """One requirement with its criteria and the cases that verify it.

    Attributes:
        reason: What an inspection says; empty where cases measure.
    """

    requirement: Requirement
    applicable: bool
    verdict: Verdict
    criteria: tuple[CriterionRow, ...]
    cases: tuple[CaseOutcome, ...]
    reason: str = ""

    @property
    def waived(self) -> bool:
        """Whether it is not shown, and waivers hold for everything that it lacks."""
        short = [c for c in self.criteria if c.applicable and c.verdict is not Verdict.PASS]
        endings = all(case.outcome.verdict is Verdict.PASS for case in self.cases)
        return bool(short) and endings and all(c.waiver is not None for c in short)

    @property
    def gates(self) -> bool:
        """Whether the gate asks for it."""
        return self.requirement.in_force and self.applicable


def row_findings(
    requirements: RequirementSet, rows: Sequence[RequirementRow], log: EvidenceLog
) -> Iterator[Finding]:
    """Contradictions, hazards that nothing controls, waivers that do not hold, unknown scopes."""
    yield from _contradictions(rows)
    yield from _hazard_findings(requirements, rows, rehearsal=log.rehearsal)
    yield from _waiver_findings(requirements, rows)
    yield from _scope_findings(requirements, log.scope)


def _contradictions(rows: Iterable[RequirementRow]) -> Iterable[Finding]:
    for row in rows:
        for criterion in row.criteria:
            for item in criterion.judged:
                if item.evidence.verdict is not item.alone and not item.stale:
                    yield Finding(
                        kind="contradiction",
                        where=criterion.criterion.id,
                        message=f"stored as {item.evidence.verdict.name}, "
                        f"judged again as {item.alone.name}",
                    )


def _hazard_findings(
    requirements: RequirementSet, rows: Sequence[RequirementRow], *, rehearsal: bool
) -> Iterable[Finding]:
    in_force = [row for row in rows if row.requirement.in_force]
    approved = {hazard for row in in_force for hazard in row.requirement.hazards}
    shown = {hazard for row in in_force if row.gates for hazard in row.requirement.hazards}
    for hazard in requirements.hazards:
        if hazard.id not in approved:
            told = "no approved requirement controls this hazard"
            yield Finding(kind="hazard", where=hazard.id, message=told)
        elif hazard.id not in shown and not rehearsal:
            told = "no approved requirement that controls this hazard applies to these data"
            yield Finding(kind="hazard", where=hazard.id, message=told)


def _scope_findings(requirements: RequirementSet, scope: str | None) -> Iterable[Finding]:
    """A slip in the scope of the data would take requirements out of force without a word."""
    asked = {name for each in requirements if each.in_force for name in _sources(each)}
    known = {name for each in requirements for name in _sources(each)}
    if requirements.intended_use is not None:
        known.update(requirements.intended_use.data_sources)
    if scope is not None and asked and scope not in known:
        yield Finding(
            kind="scope",
            where="data",
            message=f"expected a data source that requirements name, got {scope!r}; "
            f"they name {', '.join(sorted(known))}",
        )


def _sources(requirement: Requirement) -> Iterator[str]:
    """The data sources that it names."""
    yield from requirement.applies_to
    for criterion in requirement.criteria:
        yield from criterion.applies_to
        yield from (name for name in criterion.thresholds if name != ANY_DATA)


def _waiver_findings(
    requirements: RequirementSet, rows: Iterable[RequirementRow]
) -> Iterable[Finding]:
    names = {waiver.criterion: waiver.id for waiver in requirements.waivers}
    for row in rows:
        for item in row.criteria:
            for objection in item.objections:
                where = names[item.criterion.id]
                yield Finding(kind="waiver", where=where, message=objection)


def let_go(finding: Finding, rows: Iterable[RequirementRow]) -> bool:
    """Whether waivers hold for a requirement that went out of force."""
    if finding.kind != "demoted":
        return False
    found = [row.criteria for row in rows if row.requirement.id == finding.where]
    return any(criteria and all(c.waiver for c in criteria) for criteria in found)
