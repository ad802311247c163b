"""Runs the engine's tests with one bug planted after another: a JSON line a bug.

The first line is of the engine as it is.

Each bug is planted into a copy of the engine, in a process forked from one that has loaded what is
large, so that a bug costs what its tests cost. Names of bugs may be given; all run without.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

import nnassure
import nnassure.attacks
import nnassure.bounds
from tests.support.engine_bugs import Bug, certify_folder, engine_bugs

#: Quick ones first: the first failure decides.
_TESTS = (
    "tests/reference/test_engine_answers.py",
    "tests/reference/test_forward_answers.py",
    "tests/unit/nnassure/certify",
    "tests/reference/test_two_engines.py",
    "tests/reference/test_rounding_backdoors.py",
    "tests/property/test_soundness_laws.py",
    "tests/property/test_certify_laws.py",
)
_OPTIONS = ("-x", "-q", "-m", "not long", "-p", "no:cacheprovider", "-p", "no:randomly",
            "--hypothesis-seed=7", "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
# A bug may make the engine search for ever, which a test run would not outlive either.
_SECONDS = 300


class _FirstFailure:
    """A plugin of pytest that remembers the first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


def _main(names: list[str]) -> None:
    _tell("", "as it is", None)
    for bug in engine_bugs():
        if not names or bug.name in names:
            _tell(bug.module, bug.name, bug)


def _tell(module: str, name: str, bug: Bug | None) -> None:
    sys.stdout.write(f"{json.dumps([module, name, _caught_by(bug)])}\n")
    sys.stdout.flush()


def _caught_by(bug: Bug | None) -> str:
    """The first test that fails with *bug*; empty if none does."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "certify"
        shutil.copytree(certify_folder(), package, ignore=shutil.ignore_patterns("__pycache__"))
        if bug is not None:
            module = package / f"{bug.module}.py"
            module.write_text(bug.planted(module.read_text(encoding="utf-8")), encoding="utf-8")
        return _of_a_child(folder)


def _of_a_child(folder: str) -> str:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            with os.fdopen(write, "w", encoding="utf-8") as told:
                told.write(_first_failure(folder))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as told:
        found = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return f"no end within {_SECONDS} s"
    if status != 0:
        raise RuntimeError(f"pytest: expected an end, got status {status}")
    return found


def _first_failure(folder: str) -> str:
    signal.alarm(_SECONDS)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    nnassure.__path__.insert(0, folder)
    # Only here: pytest rewrites its plugins before they are loaded.
    hypothesis = importlib.import_module("hypothesis")
    # What a failure is worth is that it happens: no smaller one is looked for.
    hypothesis.settings.register_profile(
        "bugs", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], database=None
    )
    hypothesis.settings.load_profile("bugs")
    first = _FirstFailure()
    code = pytest.main([*_OPTIONS, *_TESTS], plugins=[first])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} and not first.name:
        raise RuntimeError(f"pytest: expected an outcome, got exit code {int(code)}")
    return first.name


if __name__ == "__main__":
    _main(sys.argv[1:])
