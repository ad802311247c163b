"""Faults of runs that die, of disks that are full, and of evidence that was there before."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.faults.projects import CASE, REQUIREMENT, Project, run_pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["STOPS"]

_POOR = CASE.replace("19", "10")
_TWO = REQUIREMENT + REQUIREMENT.replace("DEM-001", "DEM-002")
_OTHER = CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")
_KILL = "    os.kill({}, signal.SIGKILL)\n"
_FULL = "    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
_NAMED = ("--run", "second", "--subject", "model=model.bin")


def _killed(whom: str, *arguments: str) -> Project:
    """The second case kills a process; the first one had passed, and so had the third."""
    case = "import signal\n\n" + CASE + _OTHER + _KILL.format(whom)
    return Project(requirement=_TWO, case=case, arguments=arguments)


def _worse(folder: Path) -> None:
    path = folder / "test_demo.py"
    path.write_text(path.read_text(encoding="utf-8").replace("19", "10"), encoding="utf-8")


def _full_disk(folder: Path) -> None:
    _worse(folder)
    text = (folder / "conftest.py").read_text(encoding="utf-8")
    text += "import resource\n\ndef pytest_configure():\n" + _FULL
    (folder / "conftest.py").write_text(text, encoding="utf-8")


def _of_another_folder(*names: str) -> Callable[[Path], None]:
    """The files *names* of a project that passes, in place of ours."""

    def copy(folder: Path) -> None:
        run_pytest(Project(), folder.with_name(folder.name + "-other"))
        for name in names:
            shutil.copy(
                folder.with_name(folder.name + "-other") / "reports" / name, folder / "reports"
            )

    return copy


def _poorer(folder: Path) -> None:
    (folder / "model.bin").write_text("weightz", encoding="utf-8")


STOPS: dict[str, Project] = {
    "killed": _killed("os.getpid()"),
    "a worker killed": _killed("os.getpid()", "-n", "2"),
    "the controller killed": _killed("os.getppid()", "-n", "1"),
    "killed by a timer": Project(
        case="import signal\n\n" + CASE + "    signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "    threading.Event().wait(60)\n"
    ),
    "killed while it is written": Project(
        case=CASE,
        files={
            "conftest.py": "import os, signal\n\ndef pytest_sessionfinish():\n"
            + _KILL.format("os.getpid()")
        },
    ),
    "out of disk before the record": Project(case="import resource\n\n" + CASE + _FULL),
    "out of disk before the end": Project(
        files={
            "conftest.py": "import resource\n\ndef pytest_sessionfinish():\n" + _FULL,
        }
    ),
    "out of disk in a second run": Project(then=_full_disk, again=()),
    "nothing collected in a second run": Project(
        then=lambda folder: (folder / "test_demo.py").unlink(), again=()
    ),
    "nothing selected in a run that is asked for": Project(
        arguments=("--vericase-run=first",),
        again=("--vericase-run=second", "-k", "nothing"),
        gate=_NAMED,
    ),
    "no case in a run that is asked for": Project(
        arguments=("--vericase-run=first",),
        files={"others/test_else.py": "def test_else():\n    pass\n"},
        again=("--vericase-run=second", "others"),
        gate=_NAMED,
    ),
    "evidence of another folder": Project(
        case=_POOR, tamper=_of_another_folder("evidence.json", "journal.jsonl")
    ),
    "a journal of another folder": Project(
        case=_POOR + "    os._exit(0)\n", tamper=_of_another_folder("journal.jsonl")
    ),
    "a whole folder of reports of another model": Project(
        then=_poorer, tamper=_of_another_folder("evidence.json", "journal.jsonl")
    ),
    "the evidence before the last": Project(
        then=_worse,
        again=(),
        tamper=lambda folder: shutil.copy(
            folder / "reports" / "evidence.previous.json", folder / "reports" / "evidence.json"
        ),
    ),
}
