"""What would be left of each bound if the trials were not independent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from vericase.bounds import DESIGN_EFFECTS
from vericase.matrix import CriterionRow, JudgedEvidence
from vericase.report.numbers import number_text
from vericase.verdict import Verdict, judge_dependent

__all__ = ["Assumed", "Dependence", "assumed_bounds", "dependences"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """The bound under one design effect as text, and the verdict that this would be."""

    effect: str
    bound: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """The criteria whose bound would not be enough under one design effect."""

    effect: str
    criterion_ids: tuple[str, ...]


def assumed_bounds(
    item: CriterionRow, judged: JudgedEvidence, scope: str | None
) -> tuple[Assumed, ...]:
    """One for each design effect; empty where no bound is shown, or none rests on counts."""
    judgement = judged.judgement
    if judgement.verdict is not Verdict.PASS or judgement.bound is None:
        return ()
    return tuple(
        Assumed(
            effect=f"{effect:g}",
            bound=number_text(each.bound or 0.0, each.threshold),
            verdict=each.verdict.name,
        )
        for effect, each in judge_dependent(
            item.criterion, judged.evidence.measurement, scope=scope
        )
    )


def dependences(assumed: Iterable[tuple[str, tuple[Assumed, ...]]]) -> tuple[Dependence, ...]:
    """For each design effect, the criteria that would not be shown; empty without any bound."""
    known = [(criterion_id, each) for criterion_id, bounds in assumed for each in bounds]
    if not known:
        return ()
    return tuple(
        Dependence(
            effect=effect,
            criterion_ids=tuple(
                dict.fromkeys(
                    criterion_id
                    for criterion_id, each in known
                    if each.effect == effect and each.verdict != Verdict.PASS.name
                )
            ),
        )
        for effect in (f"{effect:g}" for effect in DESIGN_EFFECTS)
    )
