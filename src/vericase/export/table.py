"""The one table that all exports are made from: a row for every measurement.

A criterion that was not measured has a row, and so has a requirement without criteria, so that
nothing that is demanded is missing from any format. Where a format has no other place for it, what
keeps the gate closed stands beside the row that it is about, or in a row of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from vericase.gate import Blocker, GateDecision
from vericase.matrix import CriterionRow, JudgedEvidence, RequirementRow, TraceMatrix
from vericase.measurement import Coverage, Proportion
from vericase.report.numbers import criterion_text, measurement_text
from vericase.requirement import Requirement, Status

__all__ = ["Line", "lines", "obstacles", "row_lines", "standing", "told_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row, flat.

    Attributes:
        standing: Of the requirement: a verdict, `not applicable`, `draft` or `retired`.
        verdict: Of the criterion, whatever its requirement's standing; empty without one.
        shown: Of this measurement alone.
        observed: The value that was judged; None without one.
        successes: Of a proportion; None of anything else.
    """

    requirement: str
    title: str
    statement: str
    category: str
    method: str
    status: str
    hazards: str
    standing: str
    file: str
    line: int
    criterion: str = ""
    measurand: str = ""
    wanted: str = ""
    verdict: str = ""
    reason: str = ""
    waiver: str = ""
    case: str = ""
    shown: str = ""
    measured: str = ""
    observed: float | None = None
    bound: float | None = None
    successes: int | None = None
    trials: int | None = None


def lines(matrix: TraceMatrix) -> tuple[Line, ...]:
    """All rows, in the order of the requirements."""
    return tuple(line for row in matrix.rows for line in row_lines(matrix, row))


def obstacles(decision: GateDecision) -> tuple[Blocker, ...]:
    """Everything that keeps the gate closed; none if it is open."""
    if not decision.rehearsal:
        return decision.blocking
    rehearsal = Blocker(where="run", what="rehearsal", message="it can release nothing")
    return (*decision.blocking, rehearsal)


def told_rows(matrix: TraceMatrix, decision: GateDecision) -> list[list[object]]:
    """Names and values of all rows, with a last column of what is in the way of each.

    What is about no row has one of its own, in which no other column is filled.
    """
    names = [field.name for field in fields(Line)]
    told: list[list[object]] = [[*names, "blocking"]]
    found, seen = obstacles(decision), set()
    for line in lines(matrix):
        seen |= {line.requirement, line.criterion}
        about = [b for b in found if b.where in {line.requirement, line.criterion}]
        blocking = "; ".join(f"{b.what}, {b.message}" for b in about)
        told.append([*(getattr(line, name) for name in names), blocking])
    empty: list[object] = [""] * len(names)
    others = (b for b in found if b.where not in seen)
    return told + [[*empty, f"{b.where}: {b.what}, {b.message}"] for b in others]


def standing(row: RequirementRow) -> str:
    """Where a requirement stands: its verdict only if the gate asks for it."""
    if row.requirement.status is not Status.APPROVED:
        return row.requirement.status.value
    return row.verdict.name if row.applicable else "not applicable"


def row_lines(matrix: TraceMatrix, row: RequirementRow) -> Iterator[Line]:
    """The rows of one requirement."""
    if not row.criteria:
        yield _line(row.requirement, standing(row), reason=row.reason)
    for item in row.criteria:
        for judged in item.judged or (None,):
            yield _of_criterion(matrix, row, item, judged)


def _of_criterion(
    matrix: TraceMatrix, row: RequirementRow, item: CriterionRow, judged: JudgedEvidence | None
) -> Line:
    applicable = row.applicable and item.applicable
    fields: dict[str, object] = {
        "criterion": item.criterion.id,
        "measurand": item.criterion.measurand,
        "wanted": criterion_text(item.criterion, matrix.log.scope),
        "verdict": item.verdict.name if applicable else "not applicable",
        "reason": item.reason,
        "waiver": "" if item.waiver is None else item.waiver.id,
    }
    if judged is not None:
        measurement, judgement = judged.evidence.measurement, judged.judgement
        fields |= {
            "case": judged.evidence.case_id,
            "shown": judgement.verdict.name,
            "measured": measurement_text(measurement, judgement.threshold),
            "observed": judgement.observed,
            "bound": judgement.bound,
        }
        if isinstance(measurement, Coverage):
            measurement = measurement.counts
        if isinstance(measurement, Proportion):
            fields |= {"successes": measurement.successes, "trials": measurement.trials}
    return _line(row.requirement, standing(row), **fields)


def _line(requirement: Requirement, standing: str, **fields: object) -> Line:
    return Line(
        requirement=requirement.id,
        title=requirement.title,
        statement=requirement.statement,
        category=requirement.category,
        method=requirement.method,
        status=requirement.status.value,
        hazards=" ".join(requirement.hazards),
        standing=standing,
        file=requirement.source.file,
        line=requirement.source.line,
        **fields,  # type: ignore[arg-type]  # the fields of a criterion, by name
    )
