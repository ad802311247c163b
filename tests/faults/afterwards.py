"""Faults that come about between the run and the gate, by accident or by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.faults.projects import CASE, REQUIREMENT, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["AFTERWARDS"]

_TWO = REQUIREMENT + REQUIREMENT.replace("DEM-001", "DEM-002")
_BOTH = CASE + CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")
_POOR = CASE.replace("19", "10")
_DEMO = "requirements/demo.yaml"


def _replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{name}: expected {old!r}, got none")
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def _appended(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def _removed(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _evidence(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "reports" / "evidence.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

    return edit


def _demote(folder: Path) -> None:
    kept = REQUIREMENT.replace("DEM-001", "DEM-002")
    text = REQUIREMENT.replace("approved", "draft") + kept
    (folder / _DEMO).write_text(text, encoding="utf-8")


def _retire(folder: Path) -> None:
    kept = REQUIREMENT.replace("DEM-001", "DEM-002")
    text = REQUIREMENT.replace("approved", "retired") + kept
    (folder / _DEMO).write_text(text, encoding="utf-8")


def _drop_requirement(folder: Path) -> None:
    text = REQUIREMENT.replace("DEM-001", "DEM-002")
    (folder / _DEMO).write_text(text, encoding="utf-8")


def _claim_all(document: dict[str, Any]) -> None:
    for record in document["evidence"]:
        record["measurement"]["successes"] = record["measurement"]["trials"]
        record["verdict"] = "PASS"
    for case in document["cases"]:
        case["outcome"] = "passed"


AFTERWARDS: dict[str, Project] = {
    "verdict edited": Project(
        case=_POOR, tamper=_replaced("reports/evidence.json", '"FAIL"', '"PASS"')
    ),
    "count edited": Project(
        case=_POOR, tamper=_replaced("reports/evidence.json", '"successes": 10', '"successes": 20')
    ),
    "count, verdict and ending edited": Project(case=_POOR, tamper=_evidence(_claim_all)),
    "records dropped": Project(tamper=_evidence(lambda d: d.update(evidence=[]))),
    "records turned round": Project(
        requirement=_TWO, case=_BOTH, tamper=_evidence(lambda d: d["evidence"].reverse())
    ),
    "a record twice": Project(tamper=_evidence(lambda d: d["evidence"].append(d["evidence"][0]))),
    "a case dropped": Project(tamper=_evidence(lambda d: d.update(cases=[]))),
    "the chain dropped": Project(tamper=_evidence(lambda d: d.update(chain=[]))),
    "a subject dropped": Project(tamper=_evidence(lambda d: d.update(subjects=[]))),
    "called finished": Project(
        case=CASE + "    os._exit(0)\n",
        tamper=_evidence(lambda d: d["run"].update(finished=True)),
    ),
    "other judging rules": Project(tamper=_evidence(lambda d: d.update(judging_rules=0))),
    "no evidence": Project(tamper=_removed("reports/evidence.json")),
    "evidence cut short": Project(
        tamper=lambda folder: (folder / "reports" / "evidence.json").write_text("{", "utf-8")
    ),
    "evidence of another run": Project(gate=("--run", "last", "--subject", "model=model.bin")),
    "another model": Project(tamper=_replaced("model.bin", "weights", "weightz")),
    "no model": Project(tamper=_removed("model.bin")),
    "a model that was not given": Project(gate=()),
    "a model under another name": Project(gate=("--subject", "net=model.bin")),
    "the threshold lowered": Project(case=_POOR, tamper=_replaced(_DEMO, "0.9}", "0.5}")),
    "the threshold raised": Project(tamper=_replaced(_DEMO, "0.9}", "0.92}")),
    "the measurand renamed": Project(tamper=_replaced(_DEMO, "share,", "portion,")),
    "the requirement demoted": Project(requirement=_TWO, case=_BOTH, tamper=_demote),
    "the requirement retired": Project(requirement=_TWO, case=_BOTH, tamper=_retire),
    "the requirement deleted": Project(requirement=_TWO, case=_BOTH, tamper=_drop_requirement),
    "another requirement approved": Project(
        requirement=_TWO.replace("approved", "draft", 1),
        tamper=_replaced(_DEMO, "draft", "approved"),
    ),
    "the case edited": Project(tamper=_appended("test_demo.py", "# edited\n")),
    "a conftest edited": Project(tamper=_appended("conftest.py", "# edited\n")),
    "a conftest added": Project(
        files={"cases/test_deep.py": "", "pytest.ini": "[pytest]\ntestpaths = .\n"},
        tamper=_appended("conftest.py", "import os\n"),
    ),
    "the case removed": Project(tamper=_removed("test_demo.py")),
    "device code edited": Project(
        ini="vericase_code = device\n",
        files={"device/gain.py": "GAIN = 1\n"},
        tamper=_replaced("device/gain.py", "1", "2"),
    ),
    "device code added": Project(
        ini="vericase_code = device\n",
        files={"device/gain.py": "GAIN = 1\n"},
        tamper=lambda folder: (folder / "device" / "new.py").write_text("", "utf-8"),
    ),
    "a rehearsal": Project(
        files={"data.json": '{"scope": "clinic", "rehearsal": true}'},
        case='@pytest.fixture(scope="session", autouse=True)\n'
        "def data(vericase_subject, request):\n"
        '    vericase_subject("data", request.config.rootpath / "data.json")\n\n' + CASE,
        gate=("--subject", "model=model.bin", "--subject", "data=data.json"),
    ),
}
