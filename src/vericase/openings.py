"""Whether held-out data were opened as a requirement demands. Pure."""

from vericase.evidence import EvidenceLog, Look
from vericase.requirement import Requirement
from vericase.staleness import LAST_RELEASE

__all__ = ["spoiled"]


def spoiled(requirement: Requirement, log: EvidenceLog, fingerprint: str) -> str:
    """Why *log* holds no first look at the data; empty if it does, or need not.

    Args:
        requirement: What may demand a first look.
        log: The openings and the subjects of the run.
        fingerprint: That of the requirement.
    """
    name = requirement.first_look
    if not name:
        return ""
    looks = [look for look in log.looks if look.name == name]
    if not looks:
        return f"no opening of {name} is on record"
    if len(looks) > 1:
        return f"{name} was opened {len(looks)} times for this evidence, and only one is the first"
    return _objection(requirement, log, fingerprint, looks[0])


def _objection(requirement: Requirement, log: EvidenceLog, fingerprint: str, look: Look) -> str:
    name = look.name
    if look.number > 1:
        return f"{name} was opened before: this is opening {look.number}"
    if look.demands.get(requirement.id) != fingerprint:
        return f"it is not what was demanded when {name} was first opened"
    if look.subject not in _judged(requirement, log):
        return f"{name} was opened to judge {look.subject!r:.20}, which is no subject that it is of"
    return ""


def _judged(requirement: Requirement, log: EvidenceLog) -> set[str]:
    """The digests of what data can be opened to judge; data and releases are not judged."""
    return {
        subject.digest
        for subject in log.subjects
        if subject.scope is None
        and subject.name != LAST_RELEASE
        and subject.name in (requirement.depends or (subject.name,))
    }
