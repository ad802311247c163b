"""Small projects that run the tool as a user does: pytest in a process, then `vericase gate`.

Each has one requirement, one verification case and a subject; a fault is a difference from the
sound project. Nothing is imported from the tool, so any build of it can be held to the corpus.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = [
    "CASE",
    "CASE_OF_BOTH",
    "DRAFT_UNDER_CONDITIONS",
    "MARK",
    "REQUIREMENT",
    "UNDER_CONDITIONS",
    "UNDER_CONDITIONS_OF_BOTH",
    "Project",
    "output_of",
    "run_project",
    "run_pytest",
]

REQUIREMENT = """\
- id: DEM-001
  title: The share is large
  statement: The subject shall have a large share.
  rationale: An example.
  category: tool
  status: approved
  method: test
  acceptance:
    - {id: DEM-001.1, measurand: share, relation: ">=", threshold: 0.9}
"""
_HEAD = """\
import os
import sys
import threading
import unittest
import pytest
from vericase import Proportion, Sample, Scalar

@pytest.fixture(scope="session", autouse=True)
def subject(vericase_subject, request):
    return vericase_subject("model", request.config.rootpath / "model.bin")

"""
_CONFTEST = """\
import os

def pytest_collection_modifyitems(items):
    if os.environ.get("TURNED"):
        items.reverse()
"""
MARK = '@pytest.mark.verifies("DEM-001")\n'
CASE = MARK + 'def test_share(measure):\n    measure("share", Proportion(19, 20))\n'
# A case of two requirements, measured under a condition that each of them states.
CASE_OF_BOTH = CASE.replace('"DEM-001"', '"DEM-001", "DEM-002"').replace(
    "(measure):", "(measure, conditions):\n    assert conditions"
)
UNDER_CONDITIONS = REQUIREMENT.replace(
    "  acceptance", "  conditions: {radius_mv: 0.01}\n  acceptance"
)
DRAFT_UNDER_CONDITIONS = UNDER_CONDITIONS.replace("DEM-001", "DEM-002").replace("approved", "draft")
_GATE = ("gate", "--evidence", "reports/evidence.json")
_TOOL = "from vericase.cli import entry; entry()"
#: These cost a third of the time, and show nothing here.
_QUIET = ("-q", "-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:pytest_cov")
_PATIENCE_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What to write, how to run pytest on it, and what to change before the gate.

    Attributes:
        case: The test module, below its imports and the subject.
        requirement: The requirement file.
        files: Further files, by path; they replace what stands there.
        arguments: Of pytest.
        ini: Lines of `pytest.ini`.
        environment: Variables of the first run.
        then: Changes the folder after the first run.
        again: Arguments of a second run, if there is one.
        tamper: Changes the folder before the gate.
        gate: Arguments of the gate.
    """

    case: str = CASE
    requirement: str = REQUIREMENT
    files: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    ini: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    then: Callable[[Path], object] | None = None
    again: tuple[str, ...] | None = None
    tamper: Callable[[Path], object] | None = None
    gate: tuple[str, ...] = ("--subject", "model=model.bin")


#: Its case is of two requirements, each of which states the condition.
UNDER_CONDITIONS_OF_BOTH = Project(
    requirement=UNDER_CONDITIONS + DRAFT_UNDER_CONDITIONS, case=CASE_OF_BOTH
)


def run_project(project: Project, folder: Path) -> int:
    """The exit code of the gate after pytest ran on *project* in *folder*."""
    run_pytest(project, folder)
    if project.then is not None:
        project.then(folder)
    if project.again is not None:
        _pytest(project.again, folder)
    if project.tamper is not None:
        project.tamper(folder)
    return _run(_TOOL, (*_GATE, *project.gate), folder).returncode


def output_of(arguments: tuple[str, ...], folder: Path) -> str:
    """What the tool says in *folder*."""
    return _run(_TOOL, arguments, folder).stdout


def run_pytest(project: Project, folder: Path) -> None:
    """Write *project* into *folder* and run pytest on it."""
    ini = "[pytest]\nvericase_report = reports/report.html\n" + project.ini
    files = {
        "requirements/demo.yaml": project.requirement,
        "test_demo.py": _HEAD + project.case,
        "conftest.py": _CONFTEST,
        "model.bin": "weights",
        "pytest.ini": ini,
        **project.files,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    _pytest(project.arguments, folder, project.environment)


def _pytest(
    arguments: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    command = "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"
    _run(command, (*_QUIET, *arguments), folder, environment)


def _run(
    command: str,
    arguments: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "VERICASE_"))}
    return subprocess.run(  # noqa: S603  our own commands
        [sys.executable, "-c", command, *arguments],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
