"""The release decision. Pure, and closed unless everything in force is shown."""

from dataclasses import dataclass

from vericase.matrix import RequirementRow, TraceMatrix
from vericase.requirement import Status
from vericase.verdict import Verdict

__all__ = ["Blocker", "GateDecision", "decide"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One reason why the gate stays closed."""

    where: str
    what: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """Whether the subject may be released, and if not, why not.

    Attributes:
        released: True only for a run that is no rehearsal and has no blocker.
        rehearsal: Whether the evidence can release nothing, whatever it shows.
        blocking: Everything in the way, worst first within the order of the requirements.
        passed: Requirements in force, applicable and shown.
        in_force: Requirements in force and applicable.
        drafts: Requirements that do not gate yet.
        not_applicable: Requirements in force that these data cannot show.
        nameless: Whether the evidence names nothing that was verified.
        waived: Waivers by which a requirement that is not shown does not block.
    """

    released: bool
    rehearsal: bool
    blocking: tuple[Blocker, ...]
    passed: int
    in_force: int
    drafts: int
    not_applicable: int
    nameless: bool = False
    waived: tuple[str, ...] = ()

    @property
    def clear(self) -> bool:
        """Whether nothing blocks, be it a rehearsal or not."""
        return not self.blocking

    @property
    def headline(self) -> str:
        """One line; it always carries the number of drafts."""
        if self.rehearsal:
            word = "REHEARSAL, nothing is released: " + ("all shown" if self.clear else "not shown")
        else:
            word = "RELEASED" if self.released else "BLOCKED"
        parts = [
            f"{self.passed} of {self.in_force} requirements in force shown",
            f"{self.drafts} drafts",
            f"{self.not_applicable} not applicable to these data",
        ]
        if self.waived:
            parts.append(f"{len(self.waived)} waived by {', '.join(self.waived)}")
        if self.nameless:
            parts.append("no subject is named")
        if self.blocking:
            parts.append(f"{len(self.blocking)} blocking")
        return f"{word} ({', '.join(parts)})"


def decide(matrix: TraceMatrix) -> GateDecision:
    """The decision that *matrix* allows; fails closed."""
    gating = [row for row in matrix.rows if row.gates]
    blocking = [blocker for row in gating for blocker in _row_blockers(row)]
    blocking += [
        Blocker(where=finding.where, what=finding.kind, message=finding.message)
        for finding in matrix.findings
    ]
    if not gating:
        blocking.append(
            Blocker(
                where="requirements",
                what="empty",
                message="no approved requirement applies: there is nothing to show",
            )
        )
    rehearsal = matrix.log.rehearsal
    return GateDecision(
        released=not blocking and not rehearsal,
        rehearsal=rehearsal,
        blocking=tuple(blocking),
        passed=sum(row.verdict is Verdict.PASS for row in gating),
        in_force=len(gating),
        drafts=sum(row.requirement.status is Status.DRAFT for row in matrix.rows),
        nameless=not matrix.log.subjects,
        waived=tuple(waiver.id for waiver in matrix.waivers),
        not_applicable=sum(row.requirement.in_force and not row.applicable for row in matrix.rows),
    )


def _row_blockers(row: RequirementRow) -> list[Blocker]:
    if row.verdict is Verdict.PASS or row.waived:
        return []
    blockers = [
        Blocker(where=item.criterion.id, what=item.verdict.name, message=item.reason)
        for item in row.criteria
        if item.applicable and item.verdict is not Verdict.PASS and item.waiver is None
    ]
    blockers += [
        Blocker(
            where=row.requirement.id,
            what=case.outcome.verdict.name,
            message=f"{case.case_id}: {case.outcome.value} {case.message}".rstrip(),
        )
        for case in row.cases
        if case.outcome.verdict is not Verdict.PASS
    ]
    return blockers or [
        Blocker(
            where=row.requirement.id,
            what=row.verdict.name,
            message=row.reason or "nothing was measured",
        )
    ]
