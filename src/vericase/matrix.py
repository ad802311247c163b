"""Requirements and evidence side by side: what is shown, what is not, and what does not fit.

Pure. Every stored measurement is judged again; a stored verdict is only ever compared.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from vericase.evidence import CaseOutcome, Evidence, EvidenceLog, function_of
from vericase.findings import Finding, record_findings, run_findings
from vericase.openings import spoiled
from vericase.requirement import (
    SIGNED_OFF,
    AcceptanceCriterion,
    Claim,
    Hazard,
    Requirement,
    RequirementSet,
    Status,
    Waiver,
)
from vericase.rows import CriterionRow, JudgedEvidence, RequirementRow, let_go, row_findings
from vericase.signoff import Judged, inspected, waiver_objections
from vericase.staleness import Present, Staleness
from vericase.verdict import Judgement, Verdict, judge, worst

__all__ = [
    "CriterionRow",
    "JudgedEvidence",
    "RequirementRow",
    "TraceMatrix",
    "trace",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceMatrix:
    """The rows forward, by requirement; everything else is derived from them."""

    rows: tuple[RequirementRow, ...]
    findings: tuple[Finding, ...]
    hazards: tuple[Hazard, ...]
    log: EvidenceLog
    requirements: RequirementSet
    on: date | None = None

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """Those that hold for what was measured."""
        held = (item.waiver for row in self.rows for item in row.criteria)
        return tuple(waiver for waiver in held if waiver is not None)

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
    present: Present | None = None,
    on: date | None = None,
) -> TraceMatrix:
    """What *log* shows of *requirements*.

    Args:
        requirements: What is demanded now.
        log: What was measured.
        findings: What was seen while the log was read; they join those of the tracing.
        present: What is there now; without it, records are held against the log alone.
        on: The date by which waivers and inspections are judged; none holds without it.
    """
    now = present or Present(code={}, subjects={})
    rows = tuple(_Tracer(requirements, log, now, on).rows())
    found = [
        *findings,
        *run_findings(requirements, log),
        *(f for f in record_findings(requirements, log) if not let_go(f, rows)),
        *row_findings(requirements, rows, log),
    ]
    return TraceMatrix(
        rows=rows,
        findings=tuple(found),
        hazards=requirements.hazards,
        log=log,
        requirements=requirements,
        on=on,
    )


class _Tracer:
    """Joins criteria, records and cases."""

    def __init__(
        self,
        requirements: RequirementSet,
        log: EvidenceLog,
        present: Present,
        on: date | None,
    ) -> None:
        self._requirements, self._log, self._on = requirements, log, on
        self._staleness = Staleness(log, present)
        self._waivers = {waiver.criterion: waiver for waiver in requirements.waivers}
        self._digests = {subject.name: subject.digest for subject in log.subjects}
        self._outcomes = {case.case_id: case for case in log.cases}
        self._records: dict[str, list[Evidence]] = defaultdict(list)
        for record in log.evidence:
            self._records[record.criterion_id].append(record)
        self._cases: dict[str, list[CaseOutcome]] = defaultdict(list)
        for case in log.cases:
            for requirement_id in case.requirement_ids:
                self._cases[requirement_id].append(case)

    def rows(self) -> Iterable[RequirementRow]:
        return (self._row(requirement) for requirement in self._requirements)

    def _row(self, requirement: Requirement) -> RequirementRow:
        cases = tuple(self._cases[requirement.id])
        criteria = self._criteria(requirement)
        applicable = requirement.applies(self._log.scope) and (
            not criteria or any(row.applicable for row in criteria)
        )
        judged = [row.verdict for row in criteria if row.applicable]
        if requirement.claim is Claim.ANY and Verdict.PASS in judged:
            judged = [Verdict.PASS]
        reason = ""
        if requirement.method in SIGNED_OFF:
            signed, reason = self._signed(requirement)
            judged.append(signed)
        endings = [case.outcome.verdict for case in cases]
        verdict = worst([*judged, *endings]) if judged else Verdict.NOT_RUN
        return RequirementRow(
            requirement=requirement,
            applicable=applicable,
            verdict=verdict,
            criteria=criteria,
            cases=cases,
            reason=reason,
        )

    def _signed(self, requirement: Requirement) -> tuple[Verdict, str]:
        signed = [i for i in self._requirements.inspections if i.requirement == requirement.id]
        return inspected(requirement, signed, self._digests, self._on)

    def _criteria(self, requirement: Requirement) -> tuple[CriterionRow, ...]:
        if requirement.claim is Claim.ALL:
            return tuple(self._criterion_row(requirement, c) for c in requirement.criteria)
        return self._any_of(requirement)

    def _any_of(self, requirement: Requirement) -> tuple[CriterionRow, ...]:
        """Criteria of which any one is enough, each at the confidence that Holm (1979) asks for.

        As long as some are shown, the others are as many fewer claims.
        """
        rows: dict[str, CriterionRow] = {}
        left = list(requirement.criteria)
        scope = self._log.scope
        while left:
            claims = sum(requirement.applies(scope) and c.applies(scope) for c in left)
            for criterion in left:
                surer = replace(criterion, confidence=_corrected(criterion.confidence, claims))
                rows[criterion.id] = self._criterion_row(requirement, criterion, surer)
            shown = [c for c in left if rows[c.id].verdict is Verdict.PASS]
            left = [c for c in left if c not in shown] if shown else []
        return tuple(rows[criterion.id] for criterion in requirement.criteria)

    def _criterion_row(
        self,
        requirement: Requirement,
        criterion: AcceptanceCriterion,
        judged_as: AcceptanceCriterion | None = None,
    ) -> CriterionRow:
        scope = self._log.scope
        judged = tuple(
            self._judged(requirement, criterion, judged_as or criterion, record)
            for record in self._records[criterion.id]
        )
        verdict, reason = self._summary(requirement, judged)
        if judged_as is not None and judged:
            reason = f"{reason}, at confidence {judged_as.confidence:.6g} as one of several claims"
        applicable = requirement.applies(scope) and criterion.applies(scope)
        found = Judged(
            verdict=verdict,
            reason=reason,
            judgements=tuple(item.judgement for item in judged),
            unwaivable=self._spoiled(requirement)
            or ("stale evidence" if any(i.stale for i in judged) else ""),
            applicable=applicable,
            rehearsal=self._log.rehearsal,
            was_in_force=self._log.statuses.get(requirement.id) == Status.APPROVED,
        )
        waiver = self._waivers.get(criterion.id)
        objections: tuple[str, ...] = ()
        if waiver is not None:
            objections = tuple(waiver_objections(waiver, requirement, criterion, found, self._on))
        return CriterionRow(
            criterion=criterion,
            applicable=applicable,
            verdict=verdict,
            reason=reason,
            judged=judged,
            waiver=None if objections or not found.to_waive(requirement) else waiver,
            objections=objections,
        )

    def _summary(
        self, requirement: Requirement, judged: Sequence[JudgedEvidence]
    ) -> tuple[Verdict, str]:
        if requirement.method in SIGNED_OFF:
            return self._signed(requirement)
        if not judged:
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
        if why := self._spoiled(requirement):
            reasons.append((Verdict.NOT_RUN, why))
        reasons += [
            (Verdict.NOT_RUN, f"{case.case_id} did not measure it")
            for case in self._cases[requirement.id]
            if case.function in functions and case.case_id not in measured
        ]
        return max(reasons, key=lambda pair: pair[0])

    def _spoiled(self, requirement: Requirement) -> str:
        return spoiled(requirement, self._log, self._staleness.fingerprint(requirement))

    def _silence(self, requirement: Requirement) -> str:
        cases = self._cases[requirement.id]
        if not cases:
            return "no case verifies it"
        told = sorted({f"{case.outcome.value} {case.message}".strip() for case in cases})
        return "no case measured it (" + "; ".join(told) + ")"

    def _judged(
        self,
        requirement: Requirement,
        criterion: AcceptanceCriterion,
        judged_as: AcceptanceCriterion,
        record: Evidence,
    ) -> JudgedEvidence:
        def verdict_of(wanted: AcceptanceCriterion) -> Judgement:
            return judge(
                wanted, record.measurement, scope=self._log.scope, reference=record.reference
            )

        judgement = verdict_of(judged_as)
        alone = judgement if judged_as is criterion else verdict_of(criterion)
        case = self._outcomes.get(record.case_id)
        stale = self._staleness.reasons(requirement, record, case)
        return JudgedEvidence(
            evidence=record, judgement=judgement, alone=alone.verdict, stale=tuple(stale)
        )


def _corrected(confidence: float | None, claims: int) -> float | None:
    if confidence is None or claims < 1:
        return confidence
    return float(1 - (1 - Fraction(repr(confidence))) / claims)
