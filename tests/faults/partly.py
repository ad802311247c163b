"""Faults that a partial run could hide: it keeps records that another run made."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.faults.projects import CASE, REQUIREMENT, Project

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PARTLY", "WHOLE_AGAIN"]

_TWO = REQUIREMENT + REQUIREMENT.replace("DEM-001", "DEM-002")
_OTHER = CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")
_BOTH = CASE + _OTHER
_JUST_ONE = ("test_demo.py::test_other",)


def _demote(folder: Path) -> None:
    text = REQUIREMENT.replace("approved", "draft") + REQUIREMENT.replace("DEM-001", "DEM-002")
    (folder / "requirements" / "demo.yaml").write_text(text, encoding="utf-8")


PARTLY: dict[str, Project] = {
    "off the lock, and one of two again on it": Project(
        requirement=_TWO,
        case=_BOTH,
        ini="vericase_lock = lock.txt\npythonpath = extra\n",
        files={
            "lock.txt": "demo==1.0\n",
            "extra/demo-9.0.dist-info/METADATA": "Name: demo\nVersion: 9.0\n",
        },
        then=lambda folder: shutil.rmtree(folder / "extra"),
        again=_JUST_ONE,
    ),
    "what fails made a draft, and the other again": Project(
        requirement=_TWO,
        case=CASE.replace("19", "10") + _OTHER,
        then=_demote,
        again=_JUST_ONE,
    ),
    "what is approved taken away, and the other again": Project(
        requirement=_TWO,
        case="\n" + _OTHER,
        then=lambda folder: (folder / "requirements" / "demo.yaml").write_text(
            REQUIREMENT.replace("DEM-001", "DEM-002"), encoding="utf-8"
        ),
        again=_JUST_ONE,
    ),
    "a file that was not collected, and the others again": Project(
        files={"test_broken.py": "import nothing_of_that_name\n"},
        arguments=("--continue-on-collection-errors",),
        again=("test_demo.py",),
    ),
    "a file that was not collected is gone, and one case again": Project(
        requirement=_TWO,
        case=_BOTH,
        files={"test_broken.py": "import nothing_of_that_name\n"},
        arguments=("--continue-on-collection-errors",),
        then=lambda folder: (folder / "test_broken.py").unlink(),
        again=_JUST_ONE,
    ),
}

#: What a partial run would hide is mended by a whole one.
WHOLE_AGAIN: dict[str, Project] = {
    "a file that was not collected is mended, and all again": Project(
        files={"test_broken.py": "import nothing_of_that_name\n"},
        arguments=("--continue-on-collection-errors",),
        then=lambda folder: (folder / "test_broken.py").write_text("", encoding="utf-8"),
        again=(),
    ),
    "what is approved made a draft, and all again": Project(
        requirement=_TWO, case=_BOTH, then=_demote, again=()
    ),
}
