"""What people sign: waivers of a missed criterion, and inspections.

Pure: the date by which they are judged is given. A waiver never makes a criterion PASS; it lets
the gate open although a measured deficit is known, named and no larger than what was accepted.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from vericase.requirement import AcceptanceCriterion, Inspection, Relation, Requirement, Waiver
from vericase.verdict import Judgement, Verdict, worst

__all__ = ["Judged", "deficit", "inspected", "waiver_mismatches", "waiver_objections"]

#: Verdicts that a waiver can speak of: something was measured, and it fell short.
_WAIVABLE = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE})


def deficit(criterion: AcceptanceCriterion, judgement: Judgement) -> Fraction | None:
    """How far the worse of value and bound lies on the wrong side of the threshold; 0 if on none.

    None where no number says so: no value, too few trials, or a demanded bound that is missing.
    """
    unbounded = judgement.bound is None
    # Without a bound, only too few trials are inconclusive, and no deficit says how few.
    if unbounded and (
        criterion.confidence is not None or judgement.verdict is Verdict.INCONCLUSIVE
    ):
        return None
    values = [v for v in (judgement.observed, judgement.bound) if v is not None]
    if judgement.threshold is None or judgement.observed is None:
        return None
    limit = Fraction(repr(judgement.threshold))
    gaps = [Fraction(repr(value)) - limit for value in values]
    if criterion.relation is Relation.EQUAL:
        return max(abs(gap) for gap in gaps)
    return max(Fraction(0), *((-gap if criterion.relation.wants_more else gap) for gap in gaps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a waiver is held against: the state of one criterion.

    Attributes:
        unwaivable: What is wrong with the evidence itself, which no waiver mends.
        applicable: Whether these data can show it.
        rehearsal: Whether these data can release anything.
        was_in_force: Whether its requirement was approved when the cases ran.
    """

    verdict: Verdict
    reason: str
    judgements: tuple[Judgement, ...] = ()
    unwaivable: str = ""
    applicable: bool = True
    rehearsal: bool = False
    was_in_force: bool = True

    def to_waive(self, requirement: Requirement) -> bool:
        """Whether there is anything to waive: a shortfall, or a requirement that was let go."""
        if not requirement.in_force:
            return self.was_in_force
        return self.applicable and self.verdict is not Verdict.PASS


def waiver_mismatches(waiver: Waiver, requirement: Requirement) -> Iterator[str]:
    """Why *waiver* was not given for *requirement* as it is now."""
    if waiver.fingerprint != requirement.fingerprint:
        yield (
            f"expected the fingerprint {requirement.fingerprint} of {requirement.id}, got "
            f"{waiver.fingerprint}: the requirement is not what was waived"
        )
    if sorted(waiver.hazards) != sorted(requirement.hazards):
        hazards = ", ".join(sorted(requirement.hazards)) or "none"
        told = ", ".join(sorted(waiver.hazards)) or "none"
        yield f"expected the hazards that {requirement.id} controls ({hazards}), got {told}"


def waiver_objections(
    waiver: Waiver,
    requirement: Requirement,
    criterion: AcceptanceCriterion,
    found: Judged,
    on: date | None,
) -> Iterator[str]:
    """Why *waiver* does not hold for what was *found*; nothing if it does, or is not needed.

    Data that can release nothing, or cannot show the criterion, are no reason to withdraw it.
    """
    passes = found.verdict is Verdict.PASS
    if requirement.in_force and (not found.applicable or (passes and found.rehearsal)):
        return
    yield from waiver_mismatches(waiver, requirement)
    yield from _out_of_time(waiver.approved_on, waiver.expires_on, on)
    if requirement.in_force:
        yield from _shortfall_objections(waiver, criterion, found)
    elif not found.was_in_force:
        status = requirement.status.value
        yield f"{requirement.id} is {status}: there is nothing to waive, withdraw it"


def _shortfall_objections(
    waiver: Waiver, criterion: AcceptanceCriterion, found: Judged
) -> Iterator[str]:
    name = criterion.id
    if found.verdict is Verdict.PASS:
        yield f"{name} passes: there is nothing to waive, withdraw it"
    elif found.verdict not in _WAIVABLE or found.unwaivable:
        word = found.unwaivable or found.verdict.name
        yield f"{name}: {word} cannot be waived: {found.reason}"
    else:
        gaps = [deficit(criterion, judgement) for judgement in found.judgements]
        known = [gap for gap in gaps if gap is not None]
        if not known or len(known) < len(gaps):
            yield f"{name}: no number says how large the deficit is: {found.reason}"
        elif max(known) > Fraction(repr(waiver.max_deficit)):
            yield (
                f"{name}: expected a deficit of at most {waiver.max_deficit:g}, "
                f"got {float(max(known)):.6g}"
            )


def inspected(
    requirement: Requirement,
    inspections: Iterable[Inspection],
    digests: Mapping[str, str],
    on: date | None,
) -> tuple[Verdict, str]:
    """What the *inspections* of *requirement* show of the subjects with these *digests*."""
    told = [_inspection(requirement, inspection, digests, on) for inspection in inspections]
    if not told:
        return Verdict.NOT_RUN, f"no {requirement.method} is on record"
    verdict = worst(each for each, _ in told)
    return verdict, "; ".join(reason for each, reason in told if each is verdict)


def _inspection(
    requirement: Requirement, inspection: Inspection, digests: Mapping[str, str], on: date | None
) -> tuple[Verdict, str]:
    problems = list(_out_of_time(inspection.inspected_on, inspection.expires_on, on))
    if inspection.fingerprint != requirement.fingerprint:
        problems.append("the requirement changed since it was inspected")
    wanted = requirement.depends or tuple(digests)
    for name in sorted({*wanted, *inspection.subjects}):
        if name not in digests:
            problems.append(f"it depends on {name}, and no subject has that name")
        elif name not in inspection.subjects:
            problems.append(f"it does not say which {name} was inspected")
        elif inspection.subjects[name] != digests[name]:
            problems.append(f"another {name} was inspected")
    if problems:
        return Verdict.NOT_RUN, f"{inspection.id}: " + "; ".join(problems)
    by = f"{inspection.id}: {inspection.outcome} by {inspection.inspected_by}"
    told = f"{by} on {inspection.inspected_on}"
    return (Verdict.PASS if inspection.accepted else Verdict.FAIL), told


def _out_of_time(start: date, end: date | None, on: date | None) -> Iterator[str]:
    if on is None:
        yield "no date was given to judge it by"
    elif on < start:
        yield f"it holds from {start}, and is judged on {on}"
    elif end is not None and on > end:
        yield f"it expired on {end}, and is judged on {on}"
