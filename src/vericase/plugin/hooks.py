"""What the plugin does while pytest runs; out of the way where there are no requirements."""

import json
from collections import defaultdict
from collections.abc import Callable, Generator
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

import pytest

from vericase.errors import BusyError
from vericase.garbage import no_collection

if TYPE_CHECKING:
    from vericase.plugin.recorder import CaseRecorder
    from vericase.plugin.session import Controller, Worker

__all__ = ["CONTROLLER", "MEASURING", "WORKER", "Measuring", "recorder_of"]

WORKER = pytest.StashKey["Worker"]()
CONTROLLER = pytest.StashKey["Controller"]()
_PROPERTY = "vericase"
MEASURING = "vericase-measuring"
_RECEIVER = "vericase-receiver"
_sent = json.JSONEncoder(allow_nan=False).encode


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker which run it works for."""
    controller = node.config.stash.get(CONTROLLER, None)  # type: ignore[attr-defined]  # xdist has no types
    if controller is not None:
        node.workerinput.update(controller.workerinput())  # type: ignore[attr-defined]  # xdist has no types


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Take over what an xdist worker collected."""
    controller = node.config.stash.get(CONTROLLER, None)  # type: ignore[attr-defined]  # xdist has no types
    if controller is not None:
        controller.node_down(getattr(node, "workeroutput", None), error)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None]:
    """Note every case before anything is deselected, then keep the selected ones."""
    worker = config.stash.get(WORKER, None)
    problems = worker.collect(items) if worker else []
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError("\n".join(problems))
    if problems:
        items.clear()
    elif worker:
        chosen = worker.chosen(items)
        kept = set(chosen)
        dropped = [item for item in items if item not in kept]
        if dropped:
            items[:] = chosen
            config.hook.pytest_deselected(items=dropped)
    return (yield)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Note what was passed over."""
    if items and (worker := items[0].config.stash.get(WORKER, None)):
        worker.deselected(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Mark the evidence unfinished before the first case runs."""
    worker = session.config.stash.get(WORKER, None)
    if worker and not session.config.option.collectonly:
        try:
            with no_collection():
                worker.begin()
        except BusyError as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Tell the report of a case from those of its subtests, which come while it runs."""
    worker = item.config.stash.get(WORKER, None)
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
    worker = pyfuncitem.config.stash.get(WORKER, None)
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
    worker = item.config.stash.get(WORKER, None)
    if worker is not None:
        record = worker.report(item, report, raised=call.excinfo is not None)
        if record is not None:
            report.user_properties.append((_PROPERTY, _sent(record)))
    return report


class Measuring:
    """Gives `measure` to cases without a request, which costs as much as a trivial case."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._item: pytest.Item | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """What is set up from now on is for *item*."""
        self._item = item

    @pytest.fixture
    def measure(self) -> Callable[..., None]:
        """`measure(name, value, attachments={...})` records a measurement of this case."""
        return recorder_of(self._worker, self._item).measure


def recorder_of(worker: "Worker | None", item: pytest.Item | None) -> "CaseRecorder":
    """What records the measurements of *item*.

    Raises:
        UsageError: If it is no case, or there are no requirements.
    """
    recorder = worker.recorder(item) if worker and item else None
    if worker is None or recorder is None:
        raise pytest.UsageError(
            f"{item.nodeid if item else 'measure'}: expected a case marked with verifies and a "
            "folder of requirements, got none"
        )
    reason = worker.inapplicable(recorder)
    if reason:
        pytest.skip(reason)
    return recorder


class _Receiver:
    """Takes in records where evidence is written."""

    def __init__(self, controller: "Controller") -> None:
        self._controller = controller
        self._durations: dict[str, float] = defaultdict(float)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected leaves the run unfinished."""
        if not report.passed:
            told = "skipped as a whole" if report.skipped else "cannot be collected"
            self._controller.run.left_out(f"{report.nodeid}: {told}")

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
    controller = session.config.stash.get(CONTROLLER, None)
    if controller is not None:
        session.config.pluginmanager.register(_Receiver(controller), _RECEIVER)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the evidence and the report."""
    config = session.config
    if hasattr(config, "workeroutput") and (worker := config.stash.get(WORKER, None)):
        config.workeroutput.update(worker.output())
    controller = config.stash.get(CONTROLLER, None)
    if controller is not None and not config.option.collectonly:
        stopped = bool(session.shouldstop or session.shouldfail)
        with no_collection():
            session.exitstatus = controller.finish(exitstatus, stopped=stopped)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in a few lines what was shown and what to do next."""
    controller = config.stash.get(CONTROLLER, None)
    if controller is None:
        return
    from vericase.plugin.summary import summary_lines  # noqa: PLC0415  loads what judges

    if lines := summary_lines(controller):
        terminalreporter.section("vericase")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let other runs write."""
    controller = config.stash.get(CONTROLLER, None)
    if controller is not None:
        controller.close()
    # pytest goes through all that is still alive, five times, before it leaves.
    for name in (_RECEIVER, MEASURING):
        if config.pluginmanager.has_plugin(name):
            config.pluginmanager.unregister(name=name)
    if controller is not None:
        del config.stash[CONTROLLER]
    if WORKER in config.stash:
        del config.stash[WORKER]
