"""What the plugin keeps while pytest runs: a Worker runs cases, the one Controller writes."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from vericase.code import CaseCode
from vericase.evidence import CaseOutcome, EvidenceLog, Look, Outcome, Subject
from vericase.gate import GateDecision, decide
from vericase.matrix import TraceMatrix, trace
from vericase.plugin.cases import Case, CaseFinder, sole_requirements
from vericase.plugin.endings import ending
from vericase.plugin.options import Options
from vericase.plugin.recorder import CaseRecorder
from vericase.plugin.references import References, read_references
from vericase.plugin.run import TWICE, EvidenceLock, VerificationRun
from vericase.plugin.selection import is_partial, wanted_requirements
from vericase.plugin.surroundings import surrounding_problems
from vericase.report import write_report
from vericase.report.text import readable
from vericase.requirement import RequirementSet
from vericase.wire import case_from, case_to, evidence_to, look_to, subject_to

__all__ = ["Controller", "Worker"]

_RUN, _LOCKED, _PARTIAL = "vericase_run", "vericase_locked", "vericase_partial"
_COLLECTED, _PROBLEMS = "vericase_collected", "vericase_problems"
_NAME = pytest.StashKey[str]()
_CLEAN_EXITS = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


class Controller:
    """Receives records and writes evidence; there is one in a run."""

    def __init__(
        self, config: pytest.Config, options: Options, requirements: RequirementSet
    ) -> None:
        self.options, self.requirements = options, requirements
        self.run = VerificationRun(options, requirements, options.run)
        self.run.partial = is_partial(config, options)
        self.lock = EvidenceLock(options.evidence)
        self.locked = False
        self.problems: list[str] = []
        self.matrix: TraceMatrix | None = None
        self.decision: GateDecision | None = None
        self._open_nodes = 0

    def acquire(self) -> bool:
        """Whether this run is now the only writer; asked for once a run is known to write."""
        self.locked = self.locked or self.lock.acquire()
        return self.locked

    def workerinput(self) -> dict[str, object]:
        """What an xdist worker has to know; only a worker learns whether there are cases."""
        self.acquire()
        self._open_nodes += 1
        return {_RUN: self.run.id, _LOCKED: self.locked, _PARTIAL: self.run.partial}

    def node_down(self, output: dict[str, Any] | None, error: object) -> None:
        """An xdist worker ended; *error* tells of a crash."""
        if error or not output:
            return
        self._open_nodes -= 1
        self.problems += [p for p in output.get(_PROBLEMS, ()) if p not in self.problems]
        self.run.expect(case_from(record) for record in json.loads(output.get(_COLLECTED, "[]")))

    def receive(self, record: dict[str, Any], duration_s: float) -> None:
        """Take in the record of a case."""
        self.run.receive(record, duration_s)

    def crashed(self, case_id: str, message: str) -> None:
        """Take in that a case took its worker down."""
        told = readable(message).splitlines() or ["the worker crashed"]
        self.run.crashed(case_id, told[0])

    def finish(self, exitstatus: int, *, stopped: bool) -> int:
        """Write what there is; the exit status of the run, changed only for bad markers.

        A run that was *stopped* early need not hear of all its cases.
        """
        if self._open_nodes:
            self.run.broken.append("a worker process did not hand over what it collected")
        if not stopped and (lost := self.run.unreported):
            self.run.broken.append(f"{len(lost)} cases were to run and never reported")
        if self.run.touched and self.locked and not self.problems:
            self._conclude(self.run.finish(clean=exitstatus in _CLEAN_EXITS))
        return int(pytest.ExitCode.USAGE_ERROR) if self.problems else int(exitstatus)

    def close(self) -> None:
        """Let the next run write."""
        self.lock.release()

    def _conclude(self, log: EvidenceLog) -> None:
        self.matrix = trace(self.requirements, log, on=datetime.now(UTC).date())
        self.decision = decide(self.matrix)
        if self.options.report is not None:
            write_report(self.options.report, self.matrix, self.decision, self.options.attachments)


class Worker:
    """Binds and judges cases in the process that runs them.

    Attributes:
        calling: Whether the code of a case runs right now.
    """

    def __init__(
        self, options: Options, requirements: RequirementSet, controller: Controller | None
    ) -> None:
        self.options, self.requirements = options, requirements
        self.references = self._last_release()
        self.subjects: dict[tuple[str, str], Subject] = {
            (s.name, s.digest): s for s in self.references.subjects
        }
        self.looks: dict[tuple[str, str, str], Look] = {}
        self._controller = controller
        self._finder = CaseFinder(requirements, CaseCode(options.root, options.code, options.locks))
        self._cases: dict[str, Case] = {}
        self._sole: dict[str, frozenset[str]] = {}
        self._recorders: dict[str, CaseRecorder] = {}
        self._endings: dict[str, tuple[Outcome, str]] = {}
        self._attempts: Counter[str] = Counter()
        self._passed_over: set[str] = set()
        self._input: dict[str, Any] = {}
        self.calling = False

    def adopt(self, workerinput: dict[str, Any]) -> None:
        """Work for the run that the controller of xdist named."""
        self._input = workerinput

    def collect(self, items: Sequence[pytest.Item]) -> list[str]:
        """Note the cases among *items*; what is wrong with their markers."""
        self._cases = self._finder.find(items)
        for item in items:
            item.stash[_NAME] = item.nodeid
        self._sole = sole_requirements(self._cases.values())
        cases = [item for item in items if item.nodeid in self._cases]
        self._finder.problems += surrounding_problems(cases)
        return self._finder.problems

    def chosen(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The items that the option select keeps."""
        if not self.options.select:
            return list(items)
        wanted = wanted_requirements(self.options, self.requirements)
        kept = {n for n, c in self._cases.items() if wanted & {r.id for r in c.requirements}}
        return [item for item in items if item.nodeid in kept]

    def deselected(self, items: Iterable[pytest.Item]) -> None:
        """Note cases that will not run."""
        self._passed_over |= {_name(item) for item in items}

    def begin(self) -> None:
        """Mark the evidence unfinished, if there is any case.

        Raises:
            BusyError: If another run writes the same evidence.
        """
        if not self._cases or self._finder.problems:
            return
        run = self._controller.run if self._controller else self._remote_run()
        run.expect(self._expected())
        locked = self._controller.acquire() if self._controller else self._input.get(_LOCKED)
        if not locked:
            EvidenceLock(self.options.evidence).require()
        try:
            run.begin()
        except OSError as error:
            run.collected.clear()
            raise pytest.UsageError(
                f"{self.options.evidence}: expected a file to write evidence to, got {error}"
            ) from error

    def recorder(self, item: pytest.Item) -> CaseRecorder | None:
        """The recorder of *item*; None if it is no case."""
        name = _name(item)
        case = self._cases.get(name)
        if case is None:
            return None
        if name not in self._recorders:
            self._recorders[name] = CaseRecorder(
                case_id=case.case_id,
                case_digest=case.digest,
                requirements=case.requirements,
                sole=self._sole.get(case.function, frozenset()),
                attachments_folder=self.options.attachments,
                references=self.references.measurements,
            )
        return self._recorders[name]

    def inapplicable(self, recorder: CaseRecorder) -> str:
        """Why these data cannot show anything of the case; empty if they can."""
        if any(requirement.applies(self._scope) for requirement in recorder.requirements):
            return ""
        return f"does not apply to data from {self._scope!r}"

    def report(
        self, item: pytest.Item, report: pytest.TestReport, *, raised: bool
    ) -> dict[str, object] | None:
        """Judge after the call, and give the record of the case after its tear-down."""
        recorder = self.recorder(item)
        if recorder is None:
            return None
        if self.calling:
            # A subtest reports while its case still runs; only what did not pass ends the case.
            if not report.passed:
                self._endings[_name(item)] = ending(report, raised=raised)
            return None
        self._attempts[_name(item)] += report.when == "setup"
        expected = hasattr(report, "wasxfail")
        if report.when == "call" and report.passed and not raised and not expected:
            self._judge(recorder, report)
            self._endings.setdefault(_name(item), (Outcome.PASSED, ""))
        elif report.when == "call" or not report.passed:
            self._endings[_name(item)] = ending(report, raised=raised)
        if expected or (report.when == "call" and item.get_closest_marker("xfail")):
            kind = Outcome.XFAILED if raised else Outcome.XPASSED
            self._endings[_name(item)] = (
                kind,
                "a case must not be expected to fail; file a waiver",
            )
        return self._record(item, recorder) if report.when == "teardown" else None

    def output(self) -> dict[str, object]:
        """What the controller of xdist has to know at the end."""
        cases = json.dumps([case_to(case) for case in self._expected()])
        return {_COLLECTED: cases, _PROBLEMS: self._finder.problems}

    @property
    def _scope(self) -> str | None:
        return next((s.scope for s in self.subjects.values() if s.scope is not None), None)

    def _judge(self, recorder: CaseRecorder, report: pytest.TestReport) -> None:
        if recorder.problems or not recorder.measured:
            message = "; ".join(recorder.problems) or "it measured nothing"
            self._endings.setdefault(recorder.case_id, (Outcome.FAILED, message))
            report.outcome, report.longrepr = "failed", message
            return
        misses = recorder.misses(self._scope)
        if misses:
            self._endings.setdefault(recorder.case_id, (Outcome.MISSED, "; ".join(misses)))
            report.outcome, report.longrepr = "failed", "\n".join(misses)

    def _record(self, item: pytest.Item, recorder: CaseRecorder) -> dict[str, object]:
        never = (Outcome.NOT_RUN, "it was set up and never run")
        outcome, message = self._endings.pop(_name(item), never)
        # Whoever runs a case again may keep the reports of the first attempt to himself.
        if self._attempts[_name(item)] > 1:
            outcome, message = Outcome.RERUN, TWICE
        case = self._cases[_name(item)].ended(outcome, message)
        records = recorder.evidence(self._scope)
        # A rerun starts with an empty recorder.
        del self._recorders[_name(item)]
        return {
            "case": case_to(case),
            "evidence": [evidence_to(record) for record in records],
            "subjects": [subject_to(subject) for subject in self.subjects.values()],
            "looks": [look_to(look) for look in self.looks.values()],
        }

    def frozen(self) -> dict[str, str]:
        """By id, the fingerprints of the requirements that want a first look."""
        return {r.id: r.fingerprint for r in self.requirements if r.first_look}

    def _last_release(self) -> References:
        path = self.options.reference
        if path is None:
            return References()
        return read_references(path, self.options.root, self.requirements)

    def _expected(self) -> list[CaseOutcome]:
        return [
            case.ended(Outcome.DESELECTED if name in self._passed_over else Outcome.NOT_RUN)
            for name, case in self._cases.items()
        ]

    def _remote_run(self) -> VerificationRun:
        run = VerificationRun(self.options, self.requirements, self._input[_RUN])
        run.partial = bool(self._input[_PARTIAL])
        return run


def _name(item: pytest.Item) -> str:
    # xdist renames the items of a group; a case keeps the name it was collected under.
    known = item.stash.get(_NAME, None)
    return item.nodeid if known is None else known
