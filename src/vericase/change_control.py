"""Whether a change stays inside of the plan that was approved before it was made.

The idea is that of a predetermined change control plan (FDA, Marketing Submission Recommendations
for a Predetermined Change Control Plan, 2024): which changes, by which data and method, with which
acceptance, and what is done if it fails. The plan of the older release counts; one that came with
the change itself would allow anything.
"""

from collections.abc import Iterator
from fractions import Fraction

from vericase.changes import Comparison, Kind
from vericase.comparison import criterion_rows
from vericase.requirement import ChangePlan
from vericase.rows import CriterionRow
from vericase.verdict import Verdict

__all__ = ["outside"]

#: What follows from other changes, and is judged by the acceptance of the plan.
_FREE = frozenset({Kind.VALUE_CHANGED, Kind.VERDICT_BETTER})


def outside(found: Comparison) -> tuple[str, ...] | None:
    """Why the change is not one that the plan of the older release allows.

    Empty if it is inside of the plan; None if the older release has none.
    """
    plan = found.before.matrix.requirements.change_plan
    return None if plan is None else tuple(_objections(plan, found))


def _objections(plan: ChangePlan, found: Comparison) -> Iterator[str]:
    before, after = found.before, found.after
    on = after.matrix.on
    if on is None or not plan.approved_on <= on <= plan.expires_on:
        yield f"{plan.id} holds from {plan.approved_on} to {plan.expires_on}, and is judged on {on}"
    if after.matrix.requirements.change_plan != plan:
        yield f"{plan.id} was changed itself"
    for change in found.changes:
        if change.kind not in _FREE and change.kind.value not in plan.allowed:
            yield f"{change.where}: {change.kind.value}, which {plan.id} does not allow"
    if not after.decision.released:
        yield f"the changed release is none: {after.decision.headline}"
    old, new = criterion_rows(before.matrix), criterion_rows(after.matrix)
    for name, largest in sorted(plan.acceptance.items()):
        yield from _accepted(name, largest, old.get(name), new.get(name))


def _accepted(
    name: str, largest: float, old: CriterionRow | None, new: CriterionRow | None
) -> Iterator[str]:
    if new is None or new.verdict is not Verdict.PASS:
        told = new.verdict.name if new else "nothing"
        yield f"{name}: expected PASS after the change, got {told}"
        return
    if old is None or len(old.judged) != 1 or len(new.judged) != 1:
        yield f"{name}: expected one measurement before and after the change, got others"
        return
    values = [row.judged[0].judgement.observed for row in (old, new)]
    if values[0] is None or values[1] is None:
        yield f"{name}: expected a value before and after the change, got none"
        return
    drop = Fraction(repr(values[0])) - Fraction(repr(values[1]))
    if not new.criterion.relation.wants_more:
        drop = -drop
    if drop > Fraction(repr(largest)):
        yield f"{name}: expected it to get worse by at most {largest:g}, got {float(drop):.6g}"
