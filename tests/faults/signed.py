"""Faults of what people sign: waivers and inspections that do not say what is the case."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from tests.faults.projects import CASE, MARK, REQUIREMENT, Project, output_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SIGNED", "SIGNED_CONTROLS"]

_POOR = CASE.replace("19", "17")  # 0.85 of 0.9: a deficit of 0.05
_INSPECTED = REQUIREMENT.replace("method: test", "method: inspection")
_MODEL = hashlib.sha256(b"weights").hexdigest()


def _signed(name: str, record: dict[str, object], **changes: object) -> Callable[[Path], None]:
    """A record in the file *name*, with the fingerprint of the requirement as it is."""

    def sign(folder: Path) -> None:
        told = json.loads(output_of(("status", "--format", "json"), folder))
        fingerprint = told["requirements"][0]["fingerprint"]
        whole = {"fingerprint": fingerprint, **record, **changes}
        (folder / "requirements" / name).write_text(json.dumps([whole]), encoding="utf-8")

    return sign


def _waiver(**changes: object) -> Callable[[Path], None]:
    waiver: dict[str, object] = {
        "id": "WVR-001",
        "criterion": "DEM-001.1",
        "reason": "It is late.",
        "hazards": [],
        "approved_by": "A person",
        "approved_on": "2020-01-01",
        "expires_on": "2999-01-01",
        "max_deficit": 0.05,
    }
    return _signed("waivers.yaml", waiver, **changes)


def _inspection(**changes: object) -> Callable[[Path], None]:
    inspection: dict[str, object] = {
        "id": "INS-001",
        "requirement": "DEM-001",
        "outcome": "accepted",
        "record": "Protocol 7",
        "inspected_by": "A person",
        "inspected_on": "2020-01-01",
        "subjects": {"model": _MODEL},
    }
    return _signed("inspections.yaml", inspection, **changes)


def _both(*changes: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for each in changes:
            each(folder)

    return change


def _edited(folder: Path) -> None:
    with (folder / "test_demo.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")


_LATER = ("--on", "2998-01-01", "--subject", "model=model.bin")

SIGNED: dict[str, Project] = {
    "a waiver that has expired": Project(case=_POOR, tamper=_waiver(expires_on="2020-12-31")),
    "a waiver that does not hold yet": Project(
        case=_POOR, tamper=_waiver(approved_on="2998-01-01")
    ),
    "a waiver of a smaller deficit": Project(case=_POOR, tamper=_waiver(max_deficit=0.04)),
    "a waiver of what passes": Project(tamper=_waiver()),
    "a waiver of another criterion": Project(case=_POOR, tamper=_waiver(criterion="DEM-001.2")),
    "a waiver without its hazards": Project(case=_POOR, tamper=_waiver(hazards=["HAZ-001"])),
    "a waiver of what was not run": Project(
        case=_POOR, arguments=("-k", "nothing"), tamper=_waiver(max_deficit=1)
    ),
    "a waiver of a case that was skipped": Project(
        case=MARK + "@pytest.mark.skip\n" + _POOR.removeprefix(MARK), tamper=_waiver(max_deficit=1)
    ),
    "a waiver of a case with an error": Project(
        case=_POOR + "    assert False\n", tamper=_waiver(max_deficit=1)
    ),
    "a waiver of stale evidence": Project(
        case=_POOR, tamper=_both(_edited, _waiver(max_deficit=1))
    ),
    "a waiver judged by another day": Project(
        case=_POOR,
        tamper=_waiver(expires_on="2020-12-31"),
        gate=("--on", "2020-06-01", *_LATER[2:]),
    ),
    "an inspection that rejects": Project(
        requirement=_INSPECTED, tamper=_inspection(outcome="rejected")
    ),
    "an inspection of another model": Project(
        requirement=_INSPECTED, tamper=_inspection(subjects={"model": "0" * 64})
    ),
    "an inspection of no model": Project(requirement=_INSPECTED, tamper=_inspection(subjects={})),
    "an inspection that has expired": Project(
        requirement=_INSPECTED, tamper=_inspection(expires_on="2020-12-31")
    ),
    "an inspection of what is measured": Project(case=_POOR, tamper=_inspection()),
}

SIGNED_CONTROLS: dict[str, Project] = {
    "a waiver that holds": Project(case=_POOR, tamper=_waiver()),
    "an inspection that holds": Project(requirement=_INSPECTED, tamper=_inspection()),
}
