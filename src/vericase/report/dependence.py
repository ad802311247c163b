"""What would be left of each bound if the trials were not independent. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from vericase.matrix import TraceMatrix
from vericase.report.numbers import criterion_text, measurement_text, number_text
from vericase.verdict import Verdict, judge_dependent

__all__ = ["DependenceLine", "dependence_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DependenceLine:
    """One measurement that is shown, as text.

    Attributes:
        assumed: By design effect, the bound under it and the verdict that this would be.
    """

    criterion_id: str
    requirement_id: str
    case_id: str
    wanted: str
    value: str
    bound: str
    assumed: tuple[tuple[str, str, str], ...]


def dependence_lines(matrix: TraceMatrix) -> Iterator[DependenceLine]:
    """A line for every count whose bound is shown, for requirements that the gate asks for."""
    scope = matrix.log.scope
    for row in matrix.rows:
        for item in row.criteria if row.gates else ():
            for judged in item.judged:
                judgement = judged.judgement
                if judgement.verdict is not Verdict.PASS or judgement.bound is None:
                    continue
                measurement = judged.evidence.measurement
                assumed = judge_dependent(item.criterion, measurement, scope=scope)
                if assumed:
                    yield DependenceLine(
                        criterion_id=item.criterion.id,
                        requirement_id=row.requirement.id,
                        case_id=judged.evidence.case_id,
                        wanted=criterion_text(item.criterion, scope),
                        value=measurement_text(measurement, judgement.threshold),
                        bound=number_text(judgement.bound, judgement.threshold),
                        assumed=tuple(
                            (
                                f"{effect:g}",
                                number_text(each.bound or 0.0, each.threshold),
                                each.verdict.name,
                            )
                            for effect, each in assumed
                        ),
                    )
