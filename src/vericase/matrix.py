"""Requirements and evidence side by side: what is shown, what is not, and what does not fit.

Pure. Every stored measurement is judged again; a stored verdict is only ever compared.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from vericase.evidence import CaseOutcome, Evidence, EvidenceLog, function_of
from vericase.findings import Finding, record_findings, run_findings
from vericase.requirement import (
    SIGNED_OFF,
    AcceptanceCriterion,
    Hazard,
    Requirement,
    RequirementSet,
)
from vericase.verdict import Judgement, Verdict, judge, worst

__all__ = [
    "CriterionRow",
    "JudgedEvidence",
    "RequirementRow",
    "TraceMatrix",
    "trace",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvidence:
    """One record with the judgement made of it now."""

    evidence: Evidence
    judgement: Judgement
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """One criterion, everything measured for it, and the worst of that."""

    criterion: AcceptanceCriterion
    applicable: bool
    verdict: Verdict
    reason: str
    judged: tuple[JudgedEvidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRow:
    """One requirement with its criteria and the cases that verify it."""

    requirement: Requirement
    applicable: bool
    verdict: Verdict
    criteria: tuple[CriterionRow, ...]
    cases: tuple[CaseOutcome, ...]

    @property
    def gates(self) -> bool:
        """Whether the gate asks for it."""
        return self.requirement.in_force and self.applicable


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceMatrix:
    """The rows forward, by requirement; everything else is derived from them."""

    rows: tuple[RequirementRow, ...]
    findings: tuple[Finding, ...]
    hazards: tuple[Hazard, ...]
    log: EvidenceLog
    requirements: RequirementSet

    @property
    def backward(self) -> tuple[tuple[CaseOutcome, tuple[str, ...]], ...]:
        """Every case with the criteria it measured."""
        measured: dict[str, list[str]] = defaultdict(list)
        for record in self.log.evidence:
            measured[record.case_id].append(record.criterion_id)
        return tuple((case, tuple(sorted(measured[case.case_id]))) for case in self.log.cases)

    def controls(self, hazard: Hazard) -> tuple[RequirementRow, ...]:
        """The rows of the requirements that hold *hazard* back."""
        return tuple(row for row in self.rows if hazard.id in row.requirement.hazards)

    def counts(self) -> Mapping[Verdict, int]:
        """How many gating requirements have each verdict."""
        return Counter(row.verdict for row in self.rows if row.gates)


def trace(
    requirements: RequirementSet,
    log: EvidenceLog,
    *,
    findings: Iterable[Finding] = (),
    changed: Mapping[str, str] = MappingProxyType({}),
) -> TraceMatrix:
    """What *log* shows of *requirements*.

    Args:
        requirements: What is demanded now.
        log: What was measured.
        findings: What was seen while the log was read; they join those of the tracing.
        changed: By case, why the code there is now is not what measured.
    """
    rows = tuple(_Tracer(requirements, log, changed).rows())
    found = [
        *findings,
        *run_findings(requirements, log),
        *record_findings(requirements, log),
        *_row_findings(rows),
        *_hazard_findings(requirements, rows),
    ]
    return TraceMatrix(
        rows=rows,
        findings=tuple(found),
        hazards=requirements.hazards,
        log=log,
        requirements=requirements,
    )


class _Tracer:
    """Joins criteria, records and cases."""

    def __init__(
        self, requirements: RequirementSet, log: EvidenceLog, changed: Mapping[str, str]
    ) -> None:
        self._requirements, self._log, self._changed = requirements, log, changed
        self._fingerprints: dict[str, str] = {}
        self._digests = {subject.name: subject.digest for subject in log.subjects}
        self._outcomes = {case.case_id: case for case in log.cases}
        self._records: dict[str, list[Evidence]] = defaultdict(list)
        for record in log.evidence:
            self._records[record.criterion_id].append(record)
        self._cases: dict[str, list[CaseOutcome]] = defaultdict(list)
        for case in log.cases:
            for requirement_id in case.requirement_ids:
                self._cases[requirement_id].append(case)

    def _fingerprint(self, requirement: Requirement) -> str:
        if requirement.id not in self._fingerprints:
            self._fingerprints[requirement.id] = requirement.fingerprint
        return self._fingerprints[requirement.id]

    def rows(self) -> Iterable[RequirementRow]:
        return (self._row(requirement) for requirement in self._requirements)

    def _row(self, requirement: Requirement) -> RequirementRow:
        cases = tuple(self._cases[requirement.id])
        criteria = tuple(self._criterion_row(requirement, c) for c in requirement.criteria)
        applicable = requirement.applies(self._log.scope) and (
            not criteria or any(row.applicable for row in criteria)
        )
        judged = [row.verdict for row in criteria if row.applicable]
        endings = [case.outcome.verdict for case in cases]
        verdict = worst([*judged, *endings]) if judged else Verdict.NOT_RUN
        return RequirementRow(
            requirement=requirement,
            applicable=applicable,
            verdict=verdict,
            criteria=criteria,
            cases=cases,
        )

    def _criterion_row(
        self, requirement: Requirement, criterion: AcceptanceCriterion
    ) -> CriterionRow:
        scope = self._log.scope
        judged = tuple(
            JudgedEvidence(
                evidence=record,
                judgement=judge(criterion, record.measurement, scope=scope),
                stale=self._staleness(requirement, record),
            )
            for record in self._records[criterion.id]
        )
        verdict, reason = self._summary(requirement, judged)
        return CriterionRow(
            criterion=criterion,
            applicable=requirement.applies(scope) and criterion.applies(scope),
            verdict=verdict,
            reason=reason,
            judged=judged,
        )

    def _summary(
        self, requirement: Requirement, judged: Sequence[JudgedEvidence]
    ) -> tuple[Verdict, str]:
        if not judged or requirement.method in SIGNED_OFF:
            return Verdict.NOT_RUN, self._silence(requirement)
        measured = {item.evidence.case_id for item in judged}
        functions = {function_of(case_id) for case_id in measured}
        if len(functions) > 1:
            return Verdict.ERROR, "measured by two cases: " + ", ".join(sorted(functions))
        reasons = [(item.judgement.verdict, item.judgement.reason) for item in judged]
        for item in judged:
            if item.stale:
                reasons.append((Verdict.NOT_RUN, "stale: " + "; ".join(item.stale)))
            case = self._outcomes.get(item.evidence.case_id)
            ending = case.outcome.verdict if case else Verdict.ERROR
            told = f"case {case.outcome.value}: {case.message}" if case else "its case is missing"
            reasons.append((ending, told))
        reasons += [
            (Verdict.NOT_RUN, f"{case.case_id} did not measure it")
            for case in self._cases[requirement.id]
            if case.function in functions and case.case_id not in measured
        ]
        return max(reasons, key=lambda pair: pair[0])

    def _silence(self, requirement: Requirement) -> str:
        cases = self._cases[requirement.id]
        if requirement.method in SIGNED_OFF:
            return f"no {requirement.method} is on record"
        if not cases:
            return "no case verifies it"
        told = sorted({f"{case.outcome.value} {case.message}".strip() for case in cases})
        return "no case measured it (" + "; ".join(told) + ")"

    def _staleness(self, requirement: Requirement, record: Evidence) -> tuple[str, ...]:
        reasons = []
        if record.requirement_fingerprint != self._fingerprint(requirement):
            reasons.append("the requirement changed since it was measured")
        case = self._outcomes.get(record.case_id)
        if case is not None and case.digest != record.case_digest:
            reasons.append("the code of its case changed since it was measured")
        elif record.case_id in self._changed:
            reasons.append(self._changed[record.case_id])
        wanted = requirement.depends or tuple(self._digests)
        names = {*record.subjects, *(name for name in wanted if name in self._digests)}
        reasons += [
            f"it was measured on another {name}"
            for name in sorted(names)
            if self._digests.get(name) != record.subjects.get(name)
        ]
        reasons += [
            f"it depends on {name}, and no subject has that name"
            for name in requirement.depends
            if name not in self._digests
        ]
        return tuple(reasons)


def _row_findings(rows: Iterable[RequirementRow]) -> Iterable[Finding]:
    for row in rows:
        for criterion in row.criteria:
            for item in criterion.judged:
                if item.evidence.verdict is not item.judgement.verdict and not item.stale:
                    yield Finding(
                        kind="contradiction",
                        where=criterion.criterion.id,
                        message=f"stored as {item.evidence.verdict.name}, "
                        f"judged again as {item.judgement.verdict.name}",
                    )


def _hazard_findings(
    requirements: RequirementSet, rows: Sequence[RequirementRow]
) -> Iterable[Finding]:
    controlled = {h for row in rows if row.requirement.in_force for h in row.requirement.hazards}
    for hazard in requirements.hazards:
        if hazard.id not in controlled:
            yield Finding(
                kind="hazard",
                where=hazard.id,
                message="no approved requirement controls this hazard",
            )
