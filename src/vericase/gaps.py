"""Which gaps came with a newer release, and which it closed. Pure.

A gap is what is in the way of a release. What stands no more in the way because it is demanded no
more, or less, is not closed: it is a gap of its own, that the older release did not have.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from vericase.changes import Change, Kind, Side
from vericase.gate import GateDecision
from vericase.matrix import TraceMatrix
from vericase.requirement import AcceptanceCriterion, Claim, Relation, Requirement
from vericase.rows import CriterionRow, JudgedEvidence
from vericase.verdict import Verdict

__all__ = ["gaps"]

#: Kinds by which less may be demanded than before.
_LESS = (Kind.CRITERION_REMOVED, Kind.CRITERION_LOOSENED, Kind.CRITERION_CHANGED)


def gaps(
    before: Side, after: Side, changes: Sequence[Change]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """New gaps and closed ones, in the order of their places."""
    old, new = _blocking(before.decision), _blocking(after.decision)
    given_up = dict(_given_up(before.matrix, after.matrix, changes))
    # A FAIL that becomes an ERROR is another gap, and so is one more of a kind at a place.
    opened = {
        f"{where}: {what}" for (where, what), number in new.items() if number > old[where, what]
    }
    opened |= {f"{where}: {told}" for where, told in given_up.items()}
    opened |= set(_wider(before, after))
    closed = {
        f"{where}: {what}"
        for where, what in set(old) - set(new)
        if not {where, where.split(".", 1)[0]} & set(given_up)
    }
    return tuple(sorted(opened)), tuple(sorted(closed))


def _blocking(decision: GateDecision) -> Counter[tuple[str, str]]:
    return Counter((blocker.where, blocker.what) for blocker in decision.blocking)


def _given_up(
    before: TraceMatrix, after: TraceMatrix, changes: Sequence[Change]
) -> Iterator[tuple[str, str]]:
    """What was in force, and is demanded less or not at all."""
    now = after.requirements.by_id()
    kept = set()
    for old in before.requirements:
        if not old.in_force:
            continue
        new = now.get(old.id)
        if new is None or not new.in_force:
            state = "removed" if new is None else new.status.value
            yield old.id, f"no longer demanded, {state}"
            continue
        kept |= {criterion.id for criterion in old.criteria}
        if fields := [field for field, less in _lessened(old, new) if less]:
            yield old.id, f"demanded otherwise, {', '.join(fields)}"
    for change in changes:
        if (change.kind in _LESS and change.where in kept) or change.kind is Kind.HAZARD_REMOVED:
            yield change.where, change.kind.value


def _lessened(old: Requirement, new: Requirement) -> Iterator[tuple[str, bool]]:
    """By field, whether less is demanded by it, as far as that can be told."""
    narrowed = set(new.applies_to) and not set(old.applies_to) <= set(new.applies_to)
    yield "applies_to", bool(narrowed or (new.applies_to and not old.applies_to))
    yield "claim", (old.claim, new.claim) == (Claim.ALL, Claim.ANY)
    yield "conditions", old.conditions != new.conditions
    yield "first_look", bool(old.first_look) and old.first_look != new.first_look
    yield "hazards", not set(old.hazards) <= set(new.hazards)
    yield "method", old.method != new.method


def _wider(before: Side, after: Side) -> Iterator[str]:
    """Criteria that were missed and are missed by more, whatever was changed beside them."""
    old, new = _missed(before), _missed(after)
    for name in old.keys() & new.keys():
        relations = {row.criterion.relation for row in (old[name], new[name])}
        units = {(row.criterion.measurand, row.criterion.unit) for row in (old[name], new[name])}
        if len(relations) == len(units) == 1 and _is_worse(old[name], new[name]):
            yield f"{name}: {new[name].verdict.name}, missed by more than before"


def _missed(side: Side) -> dict[str, CriterionRow]:
    blocked = {(blocker.where, blocker.what) for blocker in side.decision.blocking}
    return {
        item.criterion.id: item
        for row in side.matrix.rows
        for item in row.criteria
        if (item.criterion.id, item.verdict.name) in blocked
    }


def _is_worse(old: CriterionRow, new: CriterionRow) -> bool:
    """Whether a case measured worse than before, or the worst of all is worse."""
    if old.verdict is not new.verdict:
        return False  # A gap of its own already.
    then, now = _scores(old), _scores(new)
    if not then or not now:
        return False
    same = any(now[case] < then[case] for case in now.keys() & then.keys())
    return same or min(now.values()) < min(then.values())


def _scores(row: CriterionRow) -> dict[str, float]:
    """By case that does not show the criterion, how good what it measured is."""
    found: dict[str, float] = {}
    for judged in row.judged:
        score = _score(row.criterion, judged)
        if score is not None:
            case = judged.evidence.case_id
            found[case] = min(score, found.get(case, score))
    return found


def _score(criterion: AcceptanceCriterion, judged: JudgedEvidence) -> float | None:
    """The value that was missed with, larger if better: the bound where the value itself meets."""
    judgement = judged.judgement
    value = judgement.observed if judgement.verdict is Verdict.FAIL else judgement.bound
    if value is None or judgement.threshold is None or judgement.verdict is Verdict.PASS:
        return None
    if criterion.relation is Relation.EQUAL:
        return -abs(value - judgement.threshold)
    return value if criterion.relation.wants_more else -value
