"""Faults that come about between the run and the gate, by accident or by hand."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.faults.projects import (
    CASE,
    REQUIREMENT,
    UNDER_CONDITIONS_OF_BOTH,
    Project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["AFTERWARDS"]

_TWO = REQUIREMENT + REQUIREMENT.replace("DEM-001", "DEM-002")
_BOTH = CASE + CASE.replace("DEM-001", "DEM-002").replace("test_share", "test_other")
_POOR = CASE.replace("19", "10")
_DEMO = "requirements/demo.yaml"
_WEIGHTZ = hashlib.sha256(b"weightz").hexdigest()
_WITH_DATA = (
    '@pytest.fixture(scope="session", autouse=True)\n'
    "def data(vericase_subject, request):\n"
    '    vericase_subject("data", request.config.rootpath / "data.json")\n\n' + CASE
)
_ATTACHED = CASE.replace("20))", "20), {'figure.txt': 'a figure'})")


def _replaced(name: str, old: str, new: str, *, once: bool = False) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{name}: expected {old!r}, got none")
        path.write_text(text.replace(old, new, 1 if once else -1), encoding="utf-8")

    return change


def _both(*changes: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for each in changes:
            each(folder)

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


def _redraw(folder: Path) -> None:
    (path,) = (folder / "reports" / "attachments").iterdir()
    path.write_text("a better figure", encoding="utf-8")


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
    "an ending edited": Project(
        case=CASE + "    assert False\n",
        tamper=_replaced("reports/evidence.json", '"failed"', '"passed"'),
    ),
    "the environment edited": Project(
        tamper=_evidence(lambda d: d["environment"].update(python="3"))
    ),
    "a digest of a subject edited": Project(
        tamper=_both(
            _replaced("model.bin", "weights", "weightz"),
            _evidence(lambda d: d["subjects"][0].update(digest=_WEIGHTZ)),
        )
    ),
    "a record of a criterion that is not there": Project(
        tamper=_evidence(lambda d: d["evidence"][0].update(criterion_id="DEM-001.2"))
    ),
    "a key twice in the evidence": Project(
        case=_POOR, tamper=_replaced("reports/evidence.json", "{", '{"evidence": [],', once=True)
    ),
    "a number that is none in the evidence": Project(
        tamper=_replaced("reports/evidence.json", '"trials": 20', '"trials": NaN')
    ),
    "evidence nested deeply": Project(
        tamper=lambda folder: (folder / "reports" / "evidence.json").write_text("[" * 100_000)
    ),
    "evidence in another format": Project(tamper=_evidence(lambda d: d.update(format=2))),
    "evidence in a format that is no number": Project(
        tamper=_evidence(lambda d: d.update(format=True))
    ),
    "an attachment gone": Project(
        case=_ATTACHED, tamper=lambda folder: shutil.rmtree(folder / "reports" / "attachments")
    ),
    "an attachment edited": Project(case=_ATTACHED, tamper=_redraw),
    "a run of tomorrow": Project(
        tamper=_evidence(lambda d: d["run"].update(ended="2999-01-01T00:00:00+00:00"))
    ),
    "decided before it ran": Project(gate=("--on", "2020-01-01", "--subject", "model=model.bin")),
    "a folder without requirements": Project(
        files={"bare/README.md": "nothing"},
        gate=("--requirements", "bare", "--subject", "model=model.bin"),
    ),
    "no folder of requirements": Project(
        gate=("--requirements", "missing", "--subject", "model=model.bin")
    ),
    "a subject twice": Project(gate=("--subject", "model=model.bin", "--subject", "model=x")),
    "a subject that nobody verified": Project(
        files={"data.json": "{}"},
        gate=("--subject", "model=model.bin", "--subject", "data=data.json"),
    ),
    "a subject written after it was registered": Project(
        case=CASE + "    with open('model.bin', 'a') as file:\n        file.write('more')\n"
    ),
    "two models under one name": Project(
        files={"other.bin": "others"},
        case=CASE.replace("(measure)", "(measure, vericase_subject, request)")
        + "    vericase_subject('model', request.config.rootpath / 'other.bin')\n",
    ),
    "a folder with a link for a model": Project(
        files={"net/weights.bin": "w", "elsewhere/more.bin": "m"},
        case=CASE.replace("(measure)", "(measure, vericase_subject, request)")
        + "    vericase_subject('net', request.config.rootpath / 'net')\n",
        tamper=lambda folder: (folder / "net" / "link").symlink_to(folder / "elsewhere"),
        gate=("--subject", "model=model.bin", "--subject", "net=net"),
    ),
    "a condition edited": Project(
        requirement=REQUIREMENT.replace("  method", "  conditions: {radius: 5}\n  method"),
        tamper=_replaced(_DEMO, "radius: 5", "radius: 6"),
    ),
    "the statement edited": Project(tamper=_replaced(_DEMO, "a large share", "a share")),
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
    **{
        f"{name} beside device code edited": Project(
            ini="vericase_code = device\n",
            files={"device/gain.py": "GAIN = 1\n", f"device/{name}": "1"},
            tamper=_replaced(f"device/{name}", "1", "2"),
        )
        for name in ("limits.json", "a.yml", "b.toml")
    },
    "the condition of a draft of its case edited": replace(
        UNDER_CONDITIONS_OF_BOTH,
        tamper=_replaced(_DEMO, "radius_mv: 0.01", "radius_mv: 0.5"),
    ),
    "device code behind a link": Project(
        ini="vericase_code = device\n",
        files={"device/gain.py": "GAIN = 1\n", "elsewhere/limit.py": "LIMIT = 1\n"},
        tamper=lambda folder: (folder / "device" / "link").symlink_to(folder / "elsewhere"),
    ),
    "device code added": Project(
        ini="vericase_code = device\n",
        files={"device/gain.py": "GAIN = 1\n"},
        tamper=lambda folder: (folder / "device" / "new.py").write_text("", "utf-8"),
    ),
    "a rehearsal": Project(
        files={"data.json": '{"scope": "clinic", "rehearsal": true}'},
        case=_WITH_DATA,
        gate=("--subject", "model=model.bin", "--subject", "data=data.json"),
    ),
    "a rehearsal that is none in a second key": Project(
        files={"data.json": '{"scope": "clinic", "rehearsal": true, "rehearsal": false}'},
        case=_WITH_DATA,
        gate=("--subject", "model=model.bin", "--subject", "data=data.json"),
    ),
}
