"""What the last release measured, for criteria that compare with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vericase.bundle import read_evidence
from vericase.errors import EvidenceError
from vericase.evidence import Subject
from vericase.measurement import Measurement
from vericase.plugin.subjects import read_subject
from vericase.staleness import LAST_RELEASE

__all__ = ["References", "read_references"]


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The measurements of the last release, by criterion and case, and the subject they are of."""

    measurements: Mapping[tuple[str, str], Measurement] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()


def read_references(path: Path, root: Path) -> References:
    """What the evidence or the bundle at *path* holds.

    Raises:
        EvidenceError: If it is neither, is not as it was sealed, or is of a run that did not end.
    """
    log, findings = read_evidence(path)
    if findings:
        first = f"{findings[0].where}: {findings[0].message}"
        raise EvidenceError(f"{path}: expected evidence as it was sealed, got {first}")
    if not log.run.finished:
        raise EvidenceError(f"{path}: expected the evidence of a run that ended, got another")
    return References(
        measurements={(r.criterion_id, r.case_id): r.measurement for r in log.evidence},
        subjects=(read_subject(LAST_RELEASE, path, root),),
    )
