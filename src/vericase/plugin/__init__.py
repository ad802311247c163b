"""The pytest plugin: binds cases to requirements, judges what they measure, keeps evidence.

A case's record rides on its test report, so it survives xdist; the controller alone writes.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from inspect import iscoroutinefunction
from pathlib import Path
from types import MappingProxyType

import pytest

from vericase.errors import BusyError, EvidenceError, InputError
from vericase.evidence import Subject
from vericase.plugin.options import add_options, read_options
from vericase.plugin.recorder import CaseRecorder
from vericase.plugin.session import Controller, Worker
from vericase.plugin.subjects import read_subject
from vericase.plugin.summary import summary_lines
from vericase.schema import load_requirements

__all__ = ["conditions", "measure", "vericase_subject"]

_WORKER = pytest.StashKey[Worker]()
_CONTROLLER = pytest.StashKey[Controller]()
_PROPERTY = "vericase"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load the requirements, if there are any."""
    config.addinivalue_line(
        "markers", 'verifies("ID", ...): the requirements that this case verifies'
    )
    options = read_options(config)
    if not options.requirements.is_dir() and not options.asked_for:
        return
    try:
        requirements = load_requirements(options.requirements, named=options.requirements_name)
    except InputError as error:
        raise pytest.UsageError("\n".join(error.problems)) from error
    given = getattr(config, "workerinput", None)
    if given is None:
        config.stash[_CONTROLLER] = Controller(config, options, requirements)
        if getattr(config.option, "numprocesses", None):
            return
    try:
        worker = Worker(options, requirements, config.stash.get(_CONTROLLER, None))
    except EvidenceError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_WORKER] = worker
    if given is not None:
        config.stash[_WORKER].adopt(given)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker which run it works for."""
    controller = node.config.stash.get(_CONTROLLER, None)  # type: ignore[attr-defined]  # xdist has no types
    if controller is not None:
        node.workerinput.update(controller.workerinput())  # type: ignore[attr-defined]  # xdist has no types


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Take over what an xdist worker collected."""
    controller = node.config.stash.get(_CONTROLLER, None)  # type: ignore[attr-defined]  # xdist has no types
    if controller is not None:
        controller.node_down(getattr(node, "workeroutput", None), error)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None]:
    """Note every case before anything is deselected, then keep the selected ones."""
    worker = config.stash.get(_WORKER, None)
    problems = worker.collect(items) if worker else []
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(problems))
    if problems:
        items.clear()
    elif worker:
        chosen = worker.chosen(items)
        dropped = [item for item in items if item not in chosen]
        if dropped:
            items[:] = chosen
            config.hook.pytest_deselected(items=dropped)
    return (yield)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note what was passed over."""
    if items and (worker := items[0].config.stash.get(_WORKER, None)):
        worker.deselected(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Mark the evidence unfinished before the first case runs."""
    worker = session.config.stash.get(_WORKER, None)
    if worker and not session.config.option.collectonly:
        try:
            worker.begin()
        except BusyError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Tell the report of a case from those of its subtests, which come while it runs."""
    worker = item.config.stash.get(_WORKER, None)
    if worker is None:
        return (yield)
    worker.calling = True
    try:
        return (yield)
    finally:
        worker.calling = False


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Listen to what a case returns, which pytest drops."""
    worker = pyfuncitem.config.stash.get(_WORKER, None)
    recorder = worker.recorder(pyfuncitem) if worker else None
    function = pyfuncitem.obj
    if recorder is None or iscoroutinefunction(function):
        return (yield)
    pyfuncitem.obj = recorder.listening(function)
    try:
        return (yield)
    finally:
        pyfuncitem.obj = function


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge what the case measured, and put its record on the last report."""
    report = yield
    worker = item.config.stash.get(_WORKER, None)
    if worker is not None:
        record = worker.report(item, report, raised=call.excinfo is not None)
        if record is not None:
            report.user_properties.append((_PROPERTY, json.dumps(record, allow_nan=False)))
    return report


class _Receiver:
    """Takes in records where evidence is written."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._durations: dict[str, float] = defaultdict(float)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected leaves the run unfinished."""
        if not report.passed:
            told = "skipped as a whole" if report.skipped else "cannot be collected"
            self._controller.run.broken.append(f"{report.nodeid}: {told}")

    def pytest_keyboard_interrupt(self) -> None:
        """A run that was interrupted did not end, whatever exit status it asks for."""
        self._controller.run.broken.append("the run was interrupted")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Journal the record that rides on *report*."""
        self._durations[report.nodeid] += report.duration
        for name, value in report.user_properties:
            if name == _PROPERTY and report.when == "teardown":
                self._controller.receive(json.loads(str(value)), self._durations[report.nodeid])
        if report.when not in {"setup", "call", "teardown"}:
            self._controller.crashed(report.nodeid, str(report.longrepr))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start to listen."""
    controller = session.config.stash.get(_CONTROLLER, None)
    if controller is not None:
        session.config.pluginmanager.register(_Receiver(controller), "vericase-receiver")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the evidence and the report."""
    config = session.config
    if hasattr(config, "workeroutput") and (worker := config.stash.get(_WORKER, None)):
        config.workeroutput.update(worker.output())
    controller = config.stash.get(_CONTROLLER, None)
    if controller is not None and not config.option.collectonly:
        stopped = bool(session.shouldstop or session.shouldfail)
        session.exitstatus = controller.finish(exitstatus, stopped=stopped)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in a few lines what was shown and what to do next."""
    controller = config.stash.get(_CONTROLLER, None)
    if controller is not None and (lines := summary_lines(controller)):
        terminalreporter.section("vericase")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let other runs write."""
    controller = config.stash.get(_CONTROLLER, None)
    if controller is not None:
        controller.close()


@pytest.fixture(scope="session")
def vericase_subject(pytestconfig: pytest.Config) -> Callable[[str, Path], Subject]:
    """`vericase_subject("model", path)` registers what is verified, by the digest of its bytes."""
    worker = pytestconfig.stash.get(_WORKER, None)

    def register(name: str, path: Path) -> Subject:
        try:
            subject = read_subject(name, Path(path))
        except EvidenceError as error:
            raise pytest.UsageError(str(error)) from error
        if worker is not None:
            worker.subjects[subject.name, subject.digest] = subject
        return subject

    return register


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`measure(name, value, attachments={...})` records a measurement of this case."""
    return _recorder(request).measure


@pytest.fixture
def conditions(request: pytest.FixtureRequest) -> Mapping[str, object]:
    """The conditions of the requirements of this case, read-only."""
    merged: dict[str, object] = {}
    for requirement in _recorder(request).requirements:
        for name, value in requirement.conditions.items():
            if merged.setdefault(name, value) != value:
                raise pytest.UsageError(
                    f"{request.node.nodeid}: expected one value of the condition {name!r}, "
                    "got two from its requirements"
                )
    return MappingProxyType(merged)


def _recorder(request: pytest.FixtureRequest) -> CaseRecorder:
    worker = request.config.stash.get(_WORKER, None)
    recorder = worker.recorder(request.node) if worker else None
    if worker is None or recorder is None:
        raise pytest.UsageError(
            f"{request.node.nodeid}: expected a case marked with verifies and a folder of "
            "requirements, got none"
        )
    reason = worker.inapplicable(recorder)
    if reason:
        pytest.skip(reason)
    return recorder
