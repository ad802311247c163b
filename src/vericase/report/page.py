"""The report as page-shaped values. Pure: the same matrix gives the same page."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vericase.bounds import DESIGN_EFFECTS
from vericase.evidence import Look, Subject
from vericase.gate import GateDecision
from vericase.matrix import CriterionRow, JudgedEvidence, RequirementRow, TraceMatrix
from vericase.report.dependence import DependenceLine, dependence_lines
from vericase.report.drawing import safe_drawing
from vericase.report.numbers import criterion_text, measurement_text, number_text
from vericase.requirement import IntendedUse, Requirement, Status, Waiver
from vericase.verdict import Verdict

__all__ = ["Line", "Page", "page"]

#: As many digits of a digest as tell attachments apart on a page.
_SHOWN_DIGITS = 16
#: The method of most bounds, told once for all of them.
_USUAL = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement as text."""

    case_id: str
    value: str
    bound: str
    verdict: str
    reason: str
    attachments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    """One criterion as text."""

    id: str
    measurand: str
    wanted: str
    verdict: str
    reason: str
    measured: tuple[Measured, ...]
    waiver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One requirement as text."""

    requirement: Requirement
    verdict: str
    conditions: tuple[tuple[str, str], ...]
    criteria: tuple[CriterionLine, ...]
    cases: tuple[tuple[str, str], ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case as text, seen from its side of the matrix.

    Attributes:
        requirements: Each id that it names, and whether there is such a requirement.
    """

    case_id: str
    title: str
    outcome: str
    message: str
    requirements: tuple[tuple[str, bool], ...]
    criterion_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardLine:
    """One hazard with what controls it."""

    id: str
    title: str
    harm: str
    severity: str
    sequence_of_events: str
    control: str
    residual_risk: str
    requirements: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """One waiver, and whether it holds."""

    waiver: Waiver
    requirement_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure with its caption."""

    caption: str
    markup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything the template shows."""

    state: str
    decision: GateDecision
    scope: str
    subjects: tuple[Subject, ...]
    tallies: tuple[tuple[str, tuple[int, ...]], ...]
    tally_heads: tuple[str, ...]
    lines: tuple[Line, ...]
    drafts: tuple[Requirement, ...]
    retired: tuple[str, ...]
    cases: tuple[CaseLine, ...]
    hazards: tuple[HazardLine, ...]
    intended_use: IntendedUse | None
    drawings: tuple[Drawing, ...]
    environment: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    requirements_digest: str
    partial: bool
    finished: bool
    waivers: tuple[WaiverLine, ...] = ()
    looks: tuple[Look, ...] = ()
    dependence: tuple[DependenceLine, ...] = ()
    design_effects: tuple[str, ...] = tuple(f"{effect:g}" for effect in DESIGN_EFFECTS)
    judged_on: str = ""


def page(matrix: TraceMatrix, decision: GateDecision, attachments: Mapping[str, bytes]) -> Page:
    """The page of *matrix* and *decision*.

    Args:
        matrix: What was traced.
        decision: What the gate makes of it.
        attachments: Contents by SHA-256; what is missing is named and not shown.
    """
    log = matrix.log
    settings = {k: v for k, v in log.environment.items() if k != "packages"}
    packages = log.environment.get("packages", {})
    return Page(
        state="rehearsal" if decision.rehearsal else "released" if decision.released else "blocked",
        decision=decision,
        scope=log.scope or "not stated",
        subjects=log.subjects,
        tallies=tuple(_tallies(matrix)),
        tally_heads=(*(verdict.name for verdict in Verdict), "not applicable", "draft"),
        lines=tuple(_line(matrix, row, attachments) for row in matrix.rows),
        drafts=tuple(r for r in matrix.requirements if r.status is Status.DRAFT),
        retired=tuple(r.id for r in matrix.requirements if r.status is Status.RETIRED),
        cases=tuple(_cases(matrix)),
        hazards=tuple(_hazards(matrix)),
        intended_use=matrix.requirements.intended_use,
        drawings=tuple(_drawings(matrix, attachments)),
        environment=tuple((key, str(settings[key])) for key in sorted(settings)),
        packages=tuple(sorted(packages.items())) if isinstance(packages, dict) else (),
        requirements_digest=matrix.requirements.digest,
        partial=log.run.partial,
        finished=log.run.finished,
        waivers=tuple(_waivers(matrix)),
        looks=log.looks,
        dependence=tuple(dependence_lines(matrix)),
        judged_on=str(matrix.on) if _dated(matrix) else "",
    )


def _dated(matrix: TraceMatrix) -> bool:
    """Whether the day matters to anything on the page."""
    return bool(matrix.requirements.waivers or matrix.requirements.inspections)


def _waivers(matrix: TraceMatrix) -> Iterator[WaiverLine]:
    held = {waiver.id for waiver in matrix.waivers}
    rows = {item.criterion.id: (row, item) for row in matrix.rows for item in row.criteria}
    for waiver in matrix.requirements.waivers:
        row, item = rows[waiver.criterion]
        state = "holds" if waiver.id in held else "; ".join(item.objections) or "not needed here"
        yield WaiverLine(waiver=waiver, requirement_id=row.requirement.id, state=state)


def _tallies(matrix: TraceMatrix) -> Iterator[tuple[str, tuple[int, ...]]]:
    categories = dict.fromkeys(row.requirement.category for row in matrix.rows)
    for category in categories:
        rows = [row for row in matrix.rows if row.requirement.category == category]
        counts = Counter(row.verdict for row in rows if row.gates)
        others = (
            sum(row.requirement.in_force and not row.applicable for row in rows),
            sum(row.requirement.status is Status.DRAFT for row in rows),
        )
        yield category, (*(counts[verdict] for verdict in Verdict), *others)


def _line(matrix: TraceMatrix, row: RequirementRow, attachments: Mapping[str, bytes]) -> Line:
    requirement = row.requirement
    return Line(
        requirement=requirement,
        verdict=_verdict(row),
        conditions=tuple((key, _value(value)) for key, value in requirement.conditions.items()),
        criteria=tuple(_criterion(matrix, row, item, attachments) for item in row.criteria),
        cases=tuple((case.case_id, case.outcome.value) for case in row.cases),
        reason=row.reason,
    )


def _verdict(row: RequirementRow) -> str:
    if row.requirement.status is not Status.APPROVED:
        return row.requirement.status.value
    return row.verdict.name if row.applicable else "not applicable"


def _criterion(
    matrix: TraceMatrix,
    row: RequirementRow,
    item: CriterionRow,
    attachments: Mapping[str, bytes],
) -> CriterionLine:
    applicable = row.applicable and item.applicable
    return CriterionLine(
        id=item.criterion.id,
        measurand=item.criterion.measurand,
        wanted=criterion_text(item.criterion, matrix.log.scope),
        verdict=item.verdict.name if applicable else "not applicable",
        reason=item.reason if item.verdict is not Verdict.PASS and applicable else "",
        measured=tuple(_measured(item, judged, attachments) for judged in item.judged),
        waiver="" if item.waiver is None else item.waiver.id,
    )


def _measured(
    item: CriterionRow, judged: JudgedEvidence, attachments: Mapping[str, bytes]
) -> Measured:
    judgement, evidence = judged.judgement, judged.evidence
    side = "lower" if item.criterion.relation.wants_more else "upper"
    shown = [
        (a.name, a.sha256[:_SHOWN_DIGITS] if a.sha256 in attachments else "missing or changed")
        for a in evidence.attachments
    ]
    return Measured(
        case_id=evidence.case_id,
        value=measurement_text(evidence.measurement, judgement.threshold),
        bound=""
        if judgement.bound is None
        else f"{side} {number_text(judgement.bound, judgement.threshold)}"
        + (f" ({judgement.method})" if judgement.method != _USUAL else ""),
        verdict=judgement.verdict.name,
        reason="; ".join([judgement.reason, *judged.stale]),
        attachments=tuple(shown),
    )


def _cases(matrix: TraceMatrix) -> Iterator[CaseLine]:
    known = matrix.requirements.by_id()
    for case, criterion_ids in sorted(matrix.backward, key=lambda pair: pair[0].case_id):
        yield CaseLine(
            case_id=case.case_id,
            title=case.title,
            outcome=case.outcome.value,
            message=case.message,
            requirements=tuple((name, name in known) for name in case.requirement_ids),
            criterion_ids=criterion_ids,
        )


def _hazards(matrix: TraceMatrix) -> Iterator[HazardLine]:
    for hazard in matrix.hazards:
        controls = tuple((r.requirement.id, _verdict(r)) for r in matrix.controls(hazard))
        yield HazardLine(
            id=hazard.id,
            title=hazard.title,
            harm=hazard.harm,
            severity=hazard.severity,
            sequence_of_events=hazard.sequence_of_events,
            control=hazard.control,
            residual_risk=hazard.residual_risk,
            requirements=controls,
        )


def _drawings(matrix: TraceMatrix, attachments: Mapping[str, bytes]) -> Iterator[Drawing]:
    seen: set[str] = set()
    for record in sorted(matrix.log.evidence, key=lambda e: (e.criterion_id, e.case_id)):
        for attachment in record.attachments:
            content = attachments.get(attachment.sha256)
            markup = safe_drawing(content) if content and attachment.name.endswith(".svg") else None
            if markup is not None and attachment.sha256 not in seen:
                seen.add(attachment.sha256)
                caption = f"{record.criterion_id} {record.measurand}: {attachment.name}"
                yield Drawing(caption=caption, markup=markup)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
