"""What the last release measured, for criteria that compare with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vericase.bundle import read_evidence
from vericase.errors import EvidenceError
from vericase.evidence import Evidence, EvidenceLog, Subject
from vericase.measurement import Measurement
from vericase.plugin.subjects import DATA, read_subject
from vericase.report.text import readable
from vericase.requirement import RequirementSet
from vericase.staleness import LAST_RELEASE
from vericase.verdict import Verdict

__all__ = ["References", "read_references"]


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The measurements of the last release, by criterion and case, and the subject they are of.

    Attributes:
        data: The digest of the data that it was measured on; empty if it named none.
    """

    measurements: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()
    data: str = ""

    def require_same(self, subject: Subject) -> None:
        """Nothing, unless *subject* are other data than those of the last release.

        Raises:
            EvidenceError: If they are.
        """
        if self.data and subject.name == DATA and subject.digest != self.data:
            raise EvidenceError(
                "--vericase-reference: expected a last release that was measured on these data "
                f"({subject.digest}), got one on {self.data}"
            )


def read_references(path: Path, root: Path, requirements: RequirementSet) -> References:
    """What the evidence or the bundle at *path* holds, for the criteria of *requirements*.

    Raises:
        EvidenceError: If it is neither, is not as it was sealed, or was no release.
    """
    log, findings = read_evidence(path)
    if findings:
        first = f"{findings[0].where}: {findings[0].message}"
        raise EvidenceError(f"{path}: expected evidence as it was sealed, got {first}")
    objections = list(_objections(log, requirements))
    if objections:
        raise EvidenceError([f"{path}: expected the last release, got {o}" for o in objections])
    subject = read_subject(LAST_RELEASE, path, root)
    told = f"{subject.version}: run {readable(log.run.id)}, signature not verified"
    return References(
        measurements={(r.criterion_id, r.case_id): r.measurement for r in log.evidence},
        subjects=(replace(subject, version=told),),
        data=next((s.digest for s in log.subjects if s.name == DATA), ""),
    )


def _objections(log: EvidenceLog, requirements: RequirementSet) -> Iterator[str]:
    """Why *log* cannot be that of a release to compare with."""
    if not log.run.finished:
        yield "a run that did not end"
    if log.run.partial:
        yield "a partial run, which keeps earlier evidence"
    if log.rehearsal:
        yield "a rehearsal"
    endings = {case.case_id: case.outcome for case in log.cases}
    paired = {
        criterion.id
        for requirement, criterion in requirements.criteria().values()
        if requirement.in_force and criterion.paired
    }
    for record in log.evidence:
        if record.criterion_id not in paired:
            continue
        if not _may_be_released(record):
            yield f"{record.verdict.name} for {record.criterion_id}"
        ending = endings.get(record.case_id)
        if ending is None or ending.verdict is not Verdict.PASS:
            yield f"{record.criterion_id} of a case that did not pass: {record.case_id}"


def _may_be_released(record: Evidence) -> bool:
    """Whether it was shown, or was the first, which had nothing to compare with."""
    first = record.verdict is Verdict.NOT_RUN and record.reference is None
    return first or record.verdict is Verdict.PASS
