"""Small projects that run the tool: some look fine and are not, some are.

Each project has one requirement, one verification case and a subject; a fault is a difference
from the sound project. It is run as a user runs it: pytest in a process, then `vericase gate`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["CONTROLS", "FAULTS", "Project", "run_project", "run_pytest"]

_REQUIREMENT = """\
- id: DEM-001
  title: The share is large
  statement: The share shall be large.
  rationale: An example.
  category: tool
  status: approved
  method: test
  acceptance:
    - {id: DEM-001.1, measurand: share, relation: ">=", threshold: 0.9}
"""
_HEAD = """\
import os
import pytest
from vericase import Proportion, Scalar

@pytest.fixture(scope="session", autouse=True)
def subject(vericase_subject, request):
    vericase_subject("model", request.config.rootpath / "model.bin")

"""
_CONFTEST = """\
import os

def pytest_collection_modifyitems(items):
    if os.environ.get("TURNED"):
        items.reverse()
"""
_MARK = '@pytest.mark.verifies("DEM-001")\n'
_CASE = _MARK + 'def test_share(measure):\n    measure("share", Proportion(19, 20))\n'
_PARAMETERS = '@pytest.mark.parametrize("n", [10, 20])\n'
_EACH = 'def test_share(measure, n):\n    measure("share", Proportion({}, n))\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What to write, how to run pytest on it, and what to change before the gate."""

    case: str = _CASE
    requirement: str = _REQUIREMENT
    arguments: tuple[str, ...] = ()
    ini: str = ""
    tamper: Callable[[Path], None] | None = None
    environment: dict[str, str] = field(default_factory=dict)


def run_project(project: Project, folder: Path) -> int:
    """The exit code of the gate after pytest ran on *project* in *folder*."""
    run_pytest(project, folder)
    if project.tamper is not None:
        project.tamper(folder)
    gate = ["gate", "--evidence", "reports/evidence.json", "--subject", "model=model.bin"]
    return _run("from vericase.cli import entry; entry()", gate, folder)


def run_pytest(project: Project, folder: Path) -> None:
    """Write *project* into *folder* and run pytest on it."""
    (folder / "requirements").mkdir(parents=True, exist_ok=True)
    (folder / "requirements" / "demo.yaml").write_text(project.requirement, encoding="utf-8")
    (folder / "test_demo.py").write_text(_HEAD + project.case, encoding="utf-8")
    (folder / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
    (folder / "model.bin").write_bytes(b"weights")
    ini = "[pytest]\nvericase_report = reports/report.html\n" + project.ini
    (folder / "pytest.ini").write_text(ini, encoding="utf-8")
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", *project.arguments]
    command = "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"
    _run(command, arguments, folder, project.environment)


def _run(
    command: str,
    arguments: list[str],
    folder: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> int:
    done = subprocess.run(  # noqa: S603  our own commands
        [sys.executable, "-c", command, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode


def _edit_verdict(folder: Path) -> None:
    _edit(folder, lambda text: text.replace('"FAIL"', '"PASS"'))


def _edit_count(folder: Path) -> None:
    _edit(folder, lambda text: text.replace('"successes": 10', '"successes": 20'))


def _drop_records(folder: Path) -> None:
    def drop(text: str) -> str:
        document = json.loads(text)
        document["evidence"] = []
        return json.dumps(document)

    _edit(folder, drop)


def _edit(folder: Path, change: Callable[[str], str]) -> None:
    path = folder / "reports" / "evidence.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _swap_model(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"weightz")


def _raise_threshold(folder: Path) -> None:
    path = folder / "requirements" / "demo.yaml"
    path.write_text(_REQUIREMENT.replace("0.9}", "0.8}"), encoding="utf-8")


def _edit_code(folder: Path) -> None:
    _append(folder / "test_demo.py", "# edited\n")


def _edit_conftest(folder: Path) -> None:
    _append(folder / "conftest.py", "# edited\n")


def _remove_code(folder: Path) -> None:
    (folder / "test_demo.py").unlink()


def _demote(folder: Path) -> None:
    path = folder / "requirements" / "demo.yaml"
    kept = _REQUIREMENT.replace("DEM-001", "DEM-002")
    path.write_text(_REQUIREMENT.replace("approved", "draft") + kept, encoding="utf-8")


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


_POOR = _CASE.replace("19", "10")
_TWO = _REQUIREMENT + _REQUIREMENT.replace("DEM-001", "DEM-002")
_BOTH = _CASE + _CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")

FAULTS: dict[str, Project] = {
    "missed": Project(case=_POOR),
    "skipped": Project(case=f"{_MARK}@pytest.mark.skip\n" + _CASE.removeprefix(_MARK)),
    "expected to fail": Project(case="@pytest.mark.xfail\n" + _POOR),
    "passed though expected to fail": Project(case="@pytest.mark.xfail(strict=False)\n" + _CASE),
    "deselected": Project(arguments=("-k", "nothing")),
    "deselected by ini": Project(ini="addopts = --deselect=test_demo.py::test_share\n"),
    "no measurement": Project(case=_MARK + "def test_share(measure):\n    assert measure\n"),
    "not a number": Project(
        case=_MARK + 'def test_share(measure):\n    measure("share", Scalar(float("nan")))\n'
    ),
    "no trials": Project(case=_CASE.replace("19, 20", "0, 0")),
    "no parameters": Project(case=_MARK + _PARAMETERS.replace("10, 20", "") + _EACH.format("n")),
    "one parameter of two missed": Project(case=_MARK + _PARAMETERS + _EACH.format("10")),
    "one parameter of two deselected": Project(
        case=_MARK + _PARAMETERS + _EACH.format("n"), arguments=("-k", "10")
    ),
    "measured twice": Project(case=_CASE + '    measure("share", Proportion(20, 20))\n'),
    "measured by two cases": Project(case=_CASE + _CASE.replace("test_share", "test_again")),
    "error swallowed": Project(
        case=_MARK
        + "def test_share(measure):\n    try:\n        measure('shore', Proportion(1, 1))"
        "\n    except ValueError:\n        pass\n"
    ),
    "left in the middle": Project(case=_CASE + "    os._exit(0)\n"),
    "torn down with an error": Project(
        case="@pytest.fixture\ndef broken():\n    yield\n    raise OSError\n\n"
        + _CASE.replace("(measure)", "(measure, broken)")
    ),
    "verdict edited": Project(case=_POOR, tamper=_edit_verdict),
    "count edited": Project(case=_POOR, tamper=_edit_count),
    "records dropped": Project(tamper=_drop_records),
    "another model": Project(tamper=_swap_model),
    "requirement changed afterwards": Project(tamper=_raise_threshold),
    "code edited afterwards": Project(tamper=_edit_code),
    "conftest edited afterwards": Project(tamper=_edit_conftest),
    "code removed afterwards": Project(tamper=_remove_code),
    "requirement demoted afterwards": Project(requirement=_TWO, case=_BOTH, tamper=_demote),
    "draft only": Project(requirement=_REQUIREMENT.replace("approved", "draft")),
    "no case": Project(case="def test_nothing():\n    pass\n"),
}

CONTROLS: dict[str, Project] = {
    "plain": Project(),
    "two requirements": Project(requirement=_TWO, case=_BOTH),
    "parameters": Project(case=_MARK + _PARAMETERS + _EACH.format("n")),
    "imported by importlib": Project(arguments=("--import-mode=importlib",)),
}
