"""What a run of verification cases left behind, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vericase.measurement import Measurement
from vericase.verdict import JUDGING_RULES, Verdict

__all__ = [
    "FORMAT",
    "Attachment",
    "CaseOutcome",
    "Evidence",
    "EvidenceLog",
    "Look",
    "Outcome",
    "Run",
    "Subject",
    "function_of",
]

FORMAT = 1


class Outcome(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    MISSED = "missed"  # it ran to its end, and a criterion is not met
    FAILED = "failed"  # it raised, measured nothing, or measured what it may not
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    ERROR = "error"  # set-up, tear-down or the worker failed
    RERUN = "rerun"  # it ran more than once
    DESELECTED = "deselected"
    NOT_RUN = "not run"

    @property
    def verdict(self) -> Verdict:
        """What the ending alone says; what was measured is judged apart."""
        if self in {Outcome.PASSED, Outcome.MISSED}:
            return Verdict.PASS
        if self in {Outcome.SKIPPED, Outcome.DESELECTED, Outcome.NOT_RUN}:
            return Verdict.NOT_RUN
        return Verdict.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was verified: a name, and the SHA-256 of its bytes.

    Attributes:
        scope: For data, the source they come from; requirements speak of it in `applies_to`.
        rehearsal: Whether evidence on it can release nothing.
        path: Where it lay, from the root of the project; empty if it lay elsewhere.
    """

    name: str
    version: str
    digest: str
    scope: str | None = None
    rehearsal: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One opening of held-out data, to judge one subject by them.

    Attributes:
        name: What was opened, such as `test`.
        data: The digest of the recordings that were opened.
        subject: The digest of what was judged by them.
        number: Which opening of these data it was, from 1; judging again is no new one.
        on: The day of the opening, as ISO 8601.
        demands: By requirement, its fingerprint when these data were first opened.
    """

    name: str
    data: str
    subject: str
    number: int
    on: str
    demands: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it another opening than the next one."""
        return self.name, self.data, self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file kept beside the evidence under its SHA-256."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """One verification case (one parameter of it) and how it ended."""

    case_id: str
    requirement_ids: tuple[str, ...]
    outcome: Outcome
    message: str = ""
    digest: str = ""
    title: str = ""

    @property
    def function(self) -> str:
        """The case without its parameter."""
        return function_of(self.case_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One measurement of one criterion by one case.

    Attributes:
        reference: What the last release measured; of paired criteria alone.
    """

    criterion_id: str
    requirement_id: str
    requirement_fingerprint: str
    measurand: str
    case_id: str
    case_digest: str
    measurement: Measurement
    verdict: Verdict
    subjects: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    reference: Measurement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What differs between two runs that show the same: outside digests and comparison."""

    id: str
    started: str = ""
    ended: str = ""
    host: str = ""
    finished: bool = False
    partial: bool = False
    durations_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLog:
    """Everything that one evidence file holds.

    Attributes:
        statuses: By requirement id, what its status was when the cases ran.
        code_trees: Folders whose source counts for every case.
        code: By path from the root, the SHA-256 of every file that counts for some case.
        lock: By lock file, the versions that it pins.
        demands: By fingerprint, what a requirement with a record demanded.
        looks: Every opening of held-out data, also several under one name.
    """

    run: Run
    subjects: tuple[Subject, ...] = ()
    environment: Mapping[str, object] = field(default_factory=dict)
    cases: tuple[CaseOutcome, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    requirements_digest: str = ""
    statuses: Mapping[str, str] = field(default_factory=dict)
    code_trees: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    lock: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    demands: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    looks: tuple[Look, ...] = ()
    format: int = FORMAT
    judging_rules: int = JUDGING_RULES

    @property
    def scope(self) -> str | None:
        """Where the data come from, if a subject says so."""
        return next((s.scope for s in self.subjects if s.scope is not None), None)

    @property
    def rehearsal(self) -> bool:
        """Whether any subject makes this a rehearsal."""
        return any(subject.rehearsal for subject in self.subjects)


def function_of(case_id: str) -> str:
    """The node id *case_id* without its parameter; a bracket in a path is none."""
    path, separator, name = case_id.partition("::")
    return path + separator + name.split("[", 1)[0]
