"""Why a record no longer speaks of what is there now, told field by field. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vericase.evidence import CaseOutcome, Evidence, EvidenceLog
from vericase.requirement import Requirement
from vericase.verdict import JUDGING_RULES

__all__ = ["LAST_RELEASE", "Present", "Staleness", "changed_fields"]

#: The subject that paired criteria depend on: the evidence of the last release.
LAST_RELEASE = "last_release"
_MOST_FIELDS = 4
_LONGEST = 60
_SHORT_DIGEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is there now, to hold a log against.

    Attributes:
        code: By case, why the code there is not what measured.
        subjects: By name, the digest of what lies there; absent where nobody looked.
    """

    code: Mapping[str, str]
    subjects: Mapping[str, str]


class Staleness:
    """Holds the records of one log against the requirements and against what is there now."""

    def __init__(self, log: EvidenceLog, present: Present) -> None:
        self._log, self._present = log, present
        self._digests = {**{s.name: s.digest for s in log.subjects}, **present.subjects}
        self._usual = tuple(name for name in self._digests if name != LAST_RELEASE)
        self._fingerprints: dict[str, str] = {}

    def reasons(
        self, requirement: Requirement, record: Evidence, case: CaseOutcome | None
    ) -> Iterator[str]:
        """Why *record* is stale; nothing if it is not."""
        if record.requirement_fingerprint != self.fingerprint(requirement):
            demanded = self._log.demands.get(record.requirement_fingerprint)
            yield _requirement(requirement, demanded)
        if case is not None and case.digest != record.case_digest:
            yield "the code of its case changed since it was measured"
        elif record.case_id in self._present.code:
            yield self._present.code[record.case_id]
        wanted = [name for name in requirement.depends or self._usual if name in self._digests]
        for name in sorted({*record.subjects, *wanted}):
            before, after = record.subjects.get(name), self._digests.get(name)
            if before != after:
                yield f"it was measured on another {name} ({_digest(before)}, now {_digest(after)})"
        if self._log.judging_rules != JUDGING_RULES:
            yield f"it was judged under rules {self._log.judging_rules}, now {JUDGING_RULES}"
        for name in requirement.depends:
            if name not in self._digests:
                yield f"it depends on {name}, and no subject has that name"

    def fingerprint(self, requirement: Requirement) -> str:
        """That of *requirement*, computed once."""
        if requirement.id not in self._fingerprints:
            self._fingerprints[requirement.id] = requirement.fingerprint
        return self._fingerprints[requirement.id]


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Where two meanings of a requirement differ, one text a field."""
    old, new = dict(_flat("", before)), dict(_flat("", after))
    return [
        f"{name} {_shown(old.get(name))} -> {_shown(new.get(name))}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _requirement(requirement: Requirement, before: Mapping[str, object] | None) -> str:
    told = "the requirement changed since it was measured"
    changes = [] if before is None else changed_fields(before, requirement.meaning)
    more = len(changes) - _MOST_FIELDS
    tail = f", and {more} more" if more > 0 else ""
    named = ", ".join(changes[:_MOST_FIELDS]) + tail
    return f"{told}: {named}" if changes else told


def _flat(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Every leaf with its path; criteria and the like go by their id."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list) and value and all(isinstance(i, Mapping) for i in value):
        for item in value:
            name = str(item.get("id", ""))
            yield from _flat(name, {key: part for key, part in item.items() if key != "id"})
    else:
        yield path, value


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _digest(digest: str | None) -> str:
    return digest[:_SHORT_DIGEST] if digest else "none"
