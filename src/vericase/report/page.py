"""The report as page-shaped values. Pure: the same matrix gives the same page."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vericase.evidence import Look, Subject
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.report.cases import CaseLine, CaseLink, case_lines, case_links
from vericase.report.dependence import Dependence, dependences
from vericase.report.figures import FIRST, Drawing, drawings
from vericase.report.lines import Line, line, verdict_text
from vericase.requirement import IntendedUse, Requirement, Status, Waiver
from vericase.verdict import Verdict

__all__ = ["Line", "Page", "page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardLine:
    """One hazard with what controls it.

    Attributes:
        requirements: By verdict, in the order in which they come, the ids.
    """

    id: str
    title: str
    harm: str
    severity: str
    sequence_of_events: str
    control: str
    residual_risk: str
    requirements: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverLine:
    """One waiver, and whether it holds."""

    waiver: Waiver
    requirement_id: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything the template shows.

    Attributes:
        links: By id, how each case is named elsewhere than in `cases`.
        bounds: How many bounds are shown that rest on counts.
        dependence: By design effect, what would not be shown; empty without such bounds.
        judged_on: The day that matters; empty if none does.
    """

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
    first: tuple[Drawing, ...]
    drawings: tuple[Drawing, ...]
    environment: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]
    requirements_digest: str
    partial: bool
    finished: bool
    waivers: tuple[WaiverLine, ...] = ()
    looks: tuple[Look, ...] = ()
    links: Mapping[str, CaseLink] = field(default_factory=dict)
    bounds: int = 0
    dependence: tuple[Dependence, ...] = ()
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
    lines = tuple(line(matrix, row, attachments) for row in matrix.rows)
    assumed = [(c.id, m.assumed) for each in lines for c in each.criteria for m in c.measured]
    cases = case_lines(matrix)
    drawn = tuple(drawings(matrix, attachments))
    return Page(
        state="rehearsal" if decision.rehearsal else "released" if decision.released else "blocked",
        decision=decision,
        scope=log.scope or "not stated",
        subjects=log.subjects,
        tallies=tuple(_tallies(matrix)),
        tally_heads=(*(verdict.name for verdict in Verdict), "not applicable", "draft"),
        lines=lines,
        drafts=tuple(r for r in matrix.requirements if r.status is Status.DRAFT),
        retired=tuple(r.id for r in matrix.requirements if r.status is Status.RETIRED),
        cases=cases,
        hazards=tuple(_hazards(matrix)),
        intended_use=matrix.requirements.intended_use,
        first=tuple(each for each in drawn if each.name.startswith(FIRST)),
        drawings=tuple(each for each in drawn if not each.name.startswith(FIRST)),
        environment=tuple((key, str(settings[key])) for key in sorted(settings)),
        packages=tuple(sorted(packages.items())) if isinstance(packages, dict) else (),
        requirements_digest=matrix.requirements.digest,
        partial=log.run.partial,
        finished=log.run.finished,
        waivers=tuple(_waivers(matrix)),
        looks=log.looks,
        links=case_links(cases),
        bounds=sum(bool(bounds) for _, bounds in assumed),
        dependence=dependences(assumed),
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


def _hazards(matrix: TraceMatrix) -> Iterator[HazardLine]:
    for hazard in matrix.hazards:
        controls: dict[str, list[str]] = {}
        for row in matrix.controls(hazard):
            controls.setdefault(verdict_text(row), []).append(row.requirement.id)
        yield HazardLine(
            id=hazard.id,
            title=hazard.title,
            harm=hazard.harm,
            severity=hazard.severity,
            sequence_of_events=hazard.sequence_of_events,
            control=hazard.control,
            residual_risk=hazard.residual_risk,
            requirements=tuple((verdict, tuple(ids)) for verdict, ids in controls.items()),
        )
