"""What does not fit in an evidence log, whatever its verdicts say."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from vericase.evidence import EvidenceLog
from vericase.requirement import ANY_DATA, RequirementSet, Status
from vericase.verdict import JUDGING_RULES

__all__ = ["OFF_LOCK", "UNCOLLECTED", "Finding", "record_findings", "run_findings"]

#: Keys of the environment: versions other than the locked ones, and files without their cases.
OFF_LOCK, UNCOLLECTED = "off_lock", "uncollected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not fit, whatever the verdicts say; every finding blocks."""

    kind: str
    where: str
    message: str


def run_findings(requirements: RequirementSet, log: EvidenceLog) -> Iterator[Finding]:
    """What is wrong with the run as a whole."""
    if not log.run.finished:
        yield _finding("unfinished", f"run {log.run.id}", "it did not end; run the cases again")
    if log.judging_rules != JUDGING_RULES:
        yield _finding(
            "rules",
            "judging_rules",
            f"expected rules {JUDGING_RULES}, got evidence made under {log.judging_rules}",
        )
    for name, number in Counter(subject.name for subject in log.subjects).items():
        if number > 1:
            yield _finding("subject", name, f"expected one {name}, got {number} of them")
    for told in _noted(log, OFF_LOCK):
        yield _finding("environment", "lock", f"expected the locked version, got {told}")
    for told in _noted(log, UNCOLLECTED):
        yield _finding("unfinished", "cases", f"{told}; run all cases again")
    if log.scope is None and _asks_for_scope(requirements):
        yield _finding(
            "scope",
            "data",
            "requirements depend on where the data come from, and no data subject says so",
        )


def record_findings(requirements: RequirementSet, log: EvidenceLog) -> Iterator[Finding]:
    """What is wrong with single records and cases."""
    yield from _unknown_criteria(requirements, log)
    yield from _orphans(requirements, log)
    pairs = Counter((record.criterion_id, record.case_id) for record in log.evidence)
    for (criterion_id, case_id), number in pairs.items():
        if number > 1:
            yield _finding(
                "duplicate", criterion_id, f"expected one record of {case_id}, got {number}"
            )
    yield from _demotions(requirements, log)
    for case_id, number in Counter(case.case_id for case in log.cases).items():
        if number > 1:
            yield _finding("duplicate", case_id, f"expected one ending, got {number}")


def _noted(log: EvidenceLog, key: str) -> list[object]:
    lines = log.environment.get(key, ())
    return lines if isinstance(lines, list) else []


def _unknown_criteria(requirements: RequirementSet, log: EvidenceLog) -> Iterator[Finding]:
    criteria = requirements.criteria()
    for record in log.evidence:
        known = criteria.get(record.criterion_id)
        if known is None:
            message = f"no requirement has this criterion, yet {record.case_id} measured it"
            yield _finding("unknown", record.criterion_id, message)
        elif known[1].measurand != record.measurand:
            message = f"asks for {known[1].measurand!r}, the record holds {record.measurand!r}"
            yield _finding("unknown", record.criterion_id, message)


def _orphans(requirements: RequirementSet, log: EvidenceLog) -> Iterator[Finding]:
    by_id = requirements.by_id()
    for case in log.cases:
        for requirement_id in case.requirement_ids:
            requirement = by_id.get(requirement_id)
            if requirement is None or requirement.status is Status.RETIRED:
                state = "unknown" if requirement is None else "retired"
                yield _finding(
                    "orphan", case.case_id, f"verifies {requirement_id}, which is {state}"
                )


def _demotions(requirements: RequirementSet, log: EvidenceLog) -> Iterator[Finding]:
    by_id = requirements.by_id()
    for identifier, status in sorted(log.statuses.items()):
        if status != Status.APPROVED:
            continue
        now = by_id[identifier].status if identifier in by_id else "gone"
        if now != Status.APPROVED:
            yield _finding(
                "demoted", identifier, f"was approved when the cases ran, and is {now} now"
            )


def _asks_for_scope(requirements: RequirementSet) -> bool:
    return any(
        requirement.applies_to
        or any(c.applies_to or set(c.thresholds) != {ANY_DATA} for c in requirement.criteria)
        for requirement in requirements
        if requirement.in_force
    )


def _finding(kind: str, where: str, message: str) -> Finding:
    return Finding(kind=kind, where=where, message=message)
