"""One run of verification cases: what was collected, what came in, what is written.

The process that writes (pytest itself, or the controller of xdist) holds the lock and the
journal; a worker only marks the evidence unfinished before its first case.
"""

import fcntl
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from vericase.code import CaseCode
from vericase.environment import environment, host, new_run_id, now
from vericase.errors import BusyError, EvidenceError
from vericase.evidence import CaseOutcome, Evidence, EvidenceLog, Look, Outcome, Run, Subject
from vericase.findings import UNCOLLECTED
from vericase.plugin.carried import carry
from vericase.plugin.options import Options
from vericase.requirement import RequirementSet
from vericase.staleness import LAST_RELEASE
from vericase.store import (
    JOURNAL,
    PREVIOUS,
    Journal,
    digest_bytes,
    load_evidence,
    save_evidence,
    write_atomically,
)
from vericase.verdict import judge
from vericase.wire import case_from, evidence_from, look_from, subject_from

__all__ = ["TWICE", "EvidenceLock", "VerificationRun"]

#: Why a case counts for nothing that was run until it passed.
TWICE = "it ran more than once"


class EvidenceLock:
    """Keeps two runs from writing the same evidence; freed by the system if a run dies."""

    def __init__(self, evidence: Path) -> None:
        name = f"vericase-{digest_bytes(str(evidence).encode())[:16]}.lock"
        self._path = Path(tempfile.gettempdir()) / name
        self._file: IO[bytes] | None = None
        self.evidence = evidence

    def acquire(self) -> bool:
        """Whether the lock is now held here."""
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def require(self) -> None:
        """Nothing, if the lock is held.

        Raises:
            BusyError: If it is not.
        """
        if self._file is None:
            raise BusyError(
                f"{self.evidence}: expected to be the only run that writes here, got another one; "
                "wait for it, or name another file with --vericase-evidence="
            )

    def release(self) -> None:
        """Another run may write."""
        if self._file is not None:
            self._file.close()
            self._file = None


class VerificationRun:
    """What is known of the run so far."""

    def __init__(self, options: Options, requirements: RequirementSet, run_id: str = "") -> None:
        self.options, self.requirements = options, requirements
        self._criteria = requirements.criteria()
        self._journal = Journal(options.evidence.with_name(JOURNAL))
        self.id = run_id or new_run_id()
        self.started = now()
        self.partial = False
        self.broken: list[str] = []
        self._uncollected: list[str] = []
        self.collected: dict[str, CaseOutcome] = {}
        self._ended: dict[str, CaseOutcome] = {}
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        self._crashed: dict[str, str] = {}
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._looks: dict[tuple[str, str, str], Look] = {}
        self._durations: dict[str, float] = {}

    @property
    def touched(self) -> bool:
        """Whether this run has verification cases at all."""
        return bool(self.collected or self._ended)

    @cached_property
    def _code(self) -> CaseCode:
        return CaseCode(self.options.root, self.options.code, self.options.locks)

    @cached_property
    def _environment(self) -> dict[str, object]:
        return environment(self.options.root, self._code.lock.values())

    @property
    def unreported(self) -> list[str]:
        """The cases that were to run and of which nothing came in."""
        silent = set(self.collected) - set(self._ended) - set(self._crashed)
        return [name for name in silent if self.collected[name].outcome is Outcome.NOT_RUN]

    def expect(self, cases: Iterable[CaseOutcome]) -> None:
        """These cases were collected; until they report, they did not run."""
        for case in cases:
            self.collected.setdefault(case.case_id, case)

    def begin(self) -> None:
        """The evidence file says that a run is under way, and of what.

        Evidence that a whole run is about to replace is kept beside it, so that a run that ends
        before it measured anything costs nothing.
        """
        earlier = None if self.partial else self.earlier()
        if earlier is not None and earlier.evidence:
            path = self.options.evidence
            write_atomically(path.with_name(PREVIOUS), path.read_bytes())
        save_evidence(self.options.evidence, self._log(finished=False))

    def receive(self, record: dict[str, Any], duration_s: float = 0.0) -> None:
        """A case ended: its record is in the journal before anything else happens."""
        case = case_from(record["case"])
        self._journal.append({"run": self.id, **record})
        if case.case_id in self._ended:
            case = replace(case, outcome=Outcome.RERUN, message=TWICE)
        self._ended[case.case_id] = case
        self._evidence[case.case_id] = tuple(evidence_from(item) for item in record["evidence"])
        for subject in map(subject_from, record["subjects"]):
            self._subjects[subject.name, subject.digest] = subject
        self._looks |= {look.key: look for look in map(look_from, record["looks"])}
        self._durations[case.case_id] = round(duration_s, 3)

    def left_out(self, told: str) -> None:
        """A file did not hand over its cases, whatever they are."""
        self.broken.append(told)
        self._uncollected.append(told)

    def crashed(self, case_id: str, message: str) -> None:
        """A case took its process down; it never reported itself."""
        self.broken.append(f"{case_id}: {message}")
        self._crashed[case_id] = message

    def finish(self, *, clean: bool) -> EvidenceLog:
        """Write the evidence; it counts as finished only if the run ended cleanly."""
        self._journal.close()
        log = self._log(finished=clean and not self.broken)
        save_evidence(self.options.evidence, log)
        return log

    def earlier(self) -> EvidenceLog | None:
        """What an earlier run left, if it can be read and is as it was written."""
        try:
            log, findings = load_evidence(self.options.evidence)
        except EvidenceError:
            return None
        return None if findings else log

    def _log(self, *, finished: bool) -> EvidenceLog:
        earlier = self.earlier() if self.partial else None
        cases, evidence, subjects = self._merged(earlier)
        touched = {*self._ended, *self._crashed}
        carried = carry(earlier, kept=any(record.case_id not in touched for record in evidence))
        seen = {UNCOLLECTED: self._uncollected} if self._uncollected else {}
        scope = next((s.scope for s in subjects if s.scope is not None), None)
        records = tuple(self._final(record, subjects, scope) for record in evidence)
        return EvidenceLog(
            run=Run(
                id=self.id,
                started=self.started,
                ended=now() if finished else "",
                host=host(),
                finished=finished,
                partial=self.partial,
                durations_s=self._durations,
            ),
            subjects=subjects,
            environment=carried.environment({**self._environment, **seen}),
            cases=cases,
            evidence=records,
            requirements_digest=self.requirements.digest,
            statuses=carried.statuses({r.id: r.status.value for r in self.requirements}),
            code_trees=self._code.trees,
            code=self._code.files(case.case_id for case in cases),
            lock=self._code.lock,
            demands=self._demands(records, earlier),
            looks=tuple(self._all_looks(earlier).values()),
            judging_rules=carried.judging_rules,
        )

    def _demands(
        self, records: Iterable[Evidence], earlier: EvidenceLog | None
    ) -> dict[str, Mapping[str, object]]:
        """What was demanded when each record was made, as far as it is known."""
        known: dict[str, Mapping[str, object]] = dict(earlier.demands) if earlier else {}
        known |= {r.fingerprint: r.meaning for r in self.requirements}
        wanted = sorted({record.requirement_fingerprint for record in records})
        return {mark: known[mark] for mark in wanted if mark in known}

    def _all_looks(self, earlier: EvidenceLog | None) -> dict[tuple[str, str, str], Look]:
        return {look.key: look for look in (earlier.looks if earlier else ())} | self._looks

    def _merged(
        self, earlier: EvidenceLog | None
    ) -> tuple[tuple[CaseOutcome, ...], tuple[Evidence, ...], tuple[Subject, ...]]:
        ours = self.collected | self._ended
        for name, message in self._crashed.items():
            if name in ours:
                ours[name] = replace(ours[name], outcome=Outcome.ERROR, message=message)
        kept = {case.case_id: case for case in (earlier.cases if earlier else ())}
        # A case that this run merely passed over keeps what an earlier run measured of it.
        touched = {*self._ended, *self._crashed}
        passed_over = set(kept) - touched if self.partial else set()
        cases = ours | {name: self._with_code_of_now(kept[name]) for name in passed_over}
        old = [r for r in (earlier.evidence if earlier else ()) if r.case_id in passed_over]
        new = [record for records in self._evidence.values() for record in records]
        names = {name for name, _ in self._subjects}
        subjects = [s for s in (earlier.subjects if earlier else ()) if s.name not in names]
        # One order, whatever the order of the run, so that the same evidence is the same bytes.
        return (
            tuple(sorted(cases.values(), key=lambda case: case.case_id)),
            tuple(sorted((*old, *new), key=lambda record: (record.criterion_id, record.case_id))),
            tuple(sorted((*subjects, *self._subjects.values()), key=lambda s: (s.name, s.digest))),
        )

    def _with_code_of_now(self, case: CaseOutcome) -> CaseOutcome:
        # It keeps its measurement, which is stale if its code is not what it was measured with.
        return replace(case, digest=self._code.digest(case.case_id))

    def _final(
        self, record: Evidence, subjects: tuple[Subject, ...], scope: str | None
    ) -> Evidence:
        found = self._criteria.get(record.criterion_id)
        if found is None or record.case_id not in self._ended:
            return record
        requirement, criterion = found
        names = tuple(s.name for s in subjects if s.name != LAST_RELEASE)
        depends = {*(requirement.depends or names), *([LAST_RELEASE] if criterion.paired else [])}
        digests = {s.name: s.digest for s in subjects if s.name in depends}
        verdict = judge(
            criterion, record.measurement, scope=scope, reference=record.reference
        ).verdict
        if (digests, verdict) == (record.subjects, record.verdict):
            return record
        return replace(record, subjects=digests, verdict=verdict)
