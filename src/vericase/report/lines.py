"""Requirements with their criteria and what was measured, as text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from vericase.matrix import CriterionRow, JudgedEvidence, RequirementRow, TraceMatrix
from vericase.measurement import Measurement, Proportion
from vericase.planning import chance_again
from vericase.report.dependence import Assumed, assumed_bounds
from vericase.report.numbers import criterion_text, measurement_text, number_text
from vericase.requirement import AcceptanceCriterion, Relation, Requirement, Status
from vericase.verdict import Judgement, Verdict

__all__ = ["CriterionLine", "Line", "line", "verdict_text"]

#: As many digits of a digest as tell attachments apart on a page.
_SHOWN_DIGITS = 16
#: The method of most bounds, told once for all of them.
_USUAL = "exact"
#: Power from which on a verdict is taken to hang little on chance, and the least that is a number.
_FIRM, _LEAST_SHOWN = 0.8, 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement as text.

    Attributes:
        stale: The part of the reason that says why it does not count any more.
        assumed: The bound if trials were not independent; only of what the gate asks for.
        again: How likely another run of as many trials passes, where that is far from sure.
    """

    case_id: str
    value: str
    bound: str
    verdict: str
    reason: str
    stale: str
    attachments: tuple[tuple[str, str], ...]
    assumed: tuple[Assumed, ...] = ()
    again: str = ""


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


def line(matrix: TraceMatrix, row: RequirementRow, attachments: Mapping[str, bytes]) -> Line:
    """The line of *row*; attachments are contents by SHA-256."""
    requirement = row.requirement
    return Line(
        requirement=requirement,
        verdict=verdict_text(row),
        conditions=tuple((key, _value(value)) for key, value in requirement.conditions.items()),
        criteria=tuple(_criterion(matrix, row, item, attachments) for item in row.criteria),
        cases=tuple((case.case_id, case.outcome.value) for case in row.cases),
        reason=row.reason,
    )


def verdict_text(row: RequirementRow) -> str:
    """The verdict in one word, or why none is worn."""
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
    scope = matrix.log.scope
    return CriterionLine(
        id=item.criterion.id,
        measurand=item.criterion.measurand,
        wanted=criterion_text(item.criterion, scope),
        verdict=item.verdict.name if applicable else "not applicable",
        reason=item.reason if item.verdict is not Verdict.PASS and applicable else "",
        measured=tuple(
            _measured(
                item,
                judged,
                attachments,
                assumed_bounds(item, judged, scope) if row.gates else (),
            )
            for judged in item.judged
        ),
        waiver="" if item.waiver is None else item.waiver.id,
    )


def _measured(
    item: CriterionRow,
    judged: JudgedEvidence,
    attachments: Mapping[str, bytes],
    assumed: tuple[Assumed, ...],
) -> Measured:
    judgement, evidence = judged.judgement, judged.evidence
    return Measured(
        case_id=evidence.case_id,
        value=measurement_text(evidence.measurement, judgement.threshold),
        bound=_bound(item, judgement),
        verdict=judgement.verdict.name,
        reason="; ".join([judgement.reason, *judged.stale]),
        stale="; ".join(judged.stale),
        attachments=tuple(
            (a.name, a.sha256[:_SHOWN_DIGITS] if a.sha256 in attachments else "missing or changed")
            for a in evidence.attachments
        ),
        assumed=assumed,
        again="" if judged.stale else _again(item.criterion, evidence.measurement, judgement),
    )


def _again(criterion: AcceptanceCriterion, measured: Measurement, judgement: Judgement) -> str:
    """A sentence on a rate that another run may well see on the other side of its threshold."""
    if (
        not isinstance(measured, Proportion)
        or not measured.trials
        or judgement.threshold is None
        or not 0 <= judgement.threshold <= 1
        or criterion.relation is Relation.EQUAL
    ):
        return ""
    chance = chance_again(
        criterion, judgement.threshold, successes=measured.successes, trials=measured.trials
    )
    if chance >= _FIRM:
        return ""
    shown = "less than 1" if chance < _LEAST_SHOWN else f"{100 * chance:.0f}"
    return (
        f"were the observed rate the true one, {shown} % of runs of as many trials would "
        f"{'pass' if judgement.verdict is not Verdict.PASS else 'pass again'}"
    )


def _bound(item: CriterionRow, judgement: Judgement) -> str:
    if judgement.bound is None:
        return ""
    side = "lower" if item.criterion.relation.wants_more else "upper"
    method = f" ({judgement.method})" if judgement.method != _USUAL else ""
    return f"{side} {number_text(judgement.bound, judgement.threshold)}{method}"


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
