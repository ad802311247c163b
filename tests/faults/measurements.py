"""Faults of what is measured, and of what is demanded."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.projects import (
    CASE,
    CASE_OF_BOTH,
    DRAFT_UNDER_CONDITIONS,
    MARK,
    REQUIREMENT,
    UNDER_CONDITIONS,
    Project,
)

__all__ = ["DEMANDS", "MEASUREMENTS"]


def _measured(*values: str, **changes: str) -> Project:
    lines = "".join(f"    {value}\n" for value in values)
    requirement = REQUIREMENT
    for old, new in changes.items():
        requirement = requirement.replace(old, new)
    return Project(case=MARK + f"def test_share(measure):\n{lines}", requirement=requirement)


def _demanded(criterion: str, value: str) -> Project:
    acceptance = f"    - {{id: DEM-001.1, measurand: share, {criterion}}}\n"
    requirement = REQUIREMENT.rsplit("    - ", 1)[0] + acceptance
    case = MARK + f'def test_share(measure):\n    measure("share", {value})\n'
    return Project(case=case, requirement=requirement)


_OTHER = "0" * 64
_WAIVER = f"""\
- id: WVR-001
  criterion: DEM-001.1
  reason: It is late.
  hazards: []
  approved_by: A person
  approved_on: 2020-01-01
  expires_on: 2999-01-01
  max_deficit: 1
  fingerprint: "{_OTHER}"
"""


def _waived(criterion: str, value: str) -> Project:
    project = _demanded(criterion, value)
    return replace(project, files={"requirements/waivers.yaml": _WAIVER})


MEASUREMENTS: dict[str, Project] = {
    "not a number": _measured('measure("share", Scalar(float("nan")))'),
    "infinite": _measured('measure("share", Scalar(float("inf")))'),
    "no trials": _measured('measure("share", Proportion(0, 0))'),
    "more successes than trials": _measured('measure("share", Proportion(21, 20))'),
    "a truth value for a number": _measured('measure("share", Scalar(True))'),
    "a truth value for a count": _measured('measure("share", Proportion(True, 1))'),
    "a text for a number": _measured('measure("share", Scalar("0.95"))'),
    "nothing for a number": _measured('measure("share", Scalar(None))'),
    "a count that is no whole number": _measured('measure("share", Proportion(19.0, 20))'),
    "a count below zero": _measured('measure("share", Proportion(-1, -1))'),
    "all of nothing": _measured('measure("share", Scalar(all([])))'),
    "a mask of nothing": _measured('measure("share", Proportion.of([]))'),
    "a mask of numbers": _measured('measure("share", Proportion.of([1, 1, 1]))'),
    "a share without its counts": _measured('measure("share", 0.95)'),
    "an empty sample": _measured('measure("share", Sample([]))'),
    "a sample whose names got lost": _measured(
        'measure("share", Sample([0.95, 0.96] * 50, clusters=[]))'
    ),
    "a sample with a gap": _measured('measure("share", Sample([1.0, float("nan")]))'),
    "another unit": _measured('measure("share", Scalar(0.95, "mV"))'),
    "no unit": _demanded('relation: "<=", threshold: 1, unit: s', "Scalar(0.5)"),
    "a measurand in another alphabet": _measured('measure("sh\u0430re", Proportion(20, 20))'),
    "another measurand": _measured('measure("shore", Proportion(20, 20))'),
    "an error swallowed": _measured(
        "try:\n        measure('shore', Proportion(1, 1))\n    except ValueError:\n        pass",
        'measure("share", Proportion(20, 20))',
    ),
    "measured twice": _measured(
        'measure("share", Proportion(10, 20))', 'measure("share", Proportion(20, 20))'
    ),
    "measured by two cases": Project(case=CASE + CASE.replace("test_share", "test_again")),
    "measured by a thread that failed": _measured(
        "t = threading.Thread(target=lambda: measure('share', 0.95))", "t.start()", "t.join()"
    ),
}

DEMANDS: dict[str, Project] = {
    "under a condition that a draft alone states": Project(
        requirement=REQUIREMENT + DRAFT_UNDER_CONDITIONS, case=CASE_OF_BOTH
    ),
    "under a condition of which a draft states another value": Project(
        requirement=UNDER_CONDITIONS + DRAFT_UNDER_CONDITIONS.replace("0.01", "0.5"),
        case=CASE_OF_BOTH,
    ),
    "below the threshold by one": _demanded(
        'relation: ">=", threshold: 0.95', "Proportion(94, 100)"
    ),
    "at a threshold to be passed": _demanded(
        'relation: ">", threshold: 0.95', "Proportion(19, 20)"
    ),
    "a sum that rounds below": _demanded('relation: "<=", threshold: 0.3', "Scalar(0.1 + 0.2)"),
    "too few trials": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 30', "Proportion(20, 20)"
    ),
    "trials demanded of one value": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 1', "Scalar(0.95)"
    ),
    "a bound demanded of one value": _demanded(
        'relation: ">=", threshold: 0.9, confidence: 0.95', "Scalar(0.95)"
    ),
    "a bound of a few values": _demanded(
        'relation: ">=", threshold: 0.9, confidence: 0.95', "Sample([0.95] * 19)"
    ),
    "many values of one recording": _demanded(
        'relation: ">=", threshold: 0.9, confidence: 0.95', "Sample([0.95] * 99, '1', ['a'] * 99)"
    ),
    "a threshold in percent": _demanded('relation: "<=", threshold: 95', "Proportion(20, 20)"),
    "a threshold in percent, with its sign": _demanded(
        'relation: ">=", threshold: 95%', "Proportion(20, 20)"
    ),
    "a threshold with a comma": _demanded('relation: ">=", threshold: 0,95', "Proportion(20, 20)"),
    "a threshold that is no number": _demanded(
        'relation: ">=", threshold: .nan', "Proportion(20, 20)"
    ),
    "a threshold twice": _demanded(
        'relation: ">=", threshold: 0.95, threshold: 0.5', "Proportion(10, 20)"
    ),
    "a threshold under another name": _demanded(
        'relation: ">=", thr\u0435shold: 0.95, threshold: 0.5', "Proportion(10, 20)"
    ),
    "a threshold from an anchor": _demanded(
        'relation: ">=", threshold: &low 0.5, confidence: *low', "Proportion(20, 20)"
    ),
    "a threshold from a merge": _demanded(
        'relation: ">=", <<: {threshold: 0.5}', "Proportion(20, 20)"
    ),
    "no threshold": _demanded('relation: ">="', "Proportion(20, 20)"),
    "no relation": _demanded("threshold: 0.9", "Proportion(20, 20)"),
    "a confidence of a coin": _demanded(
        'relation: ">=", threshold: 0.9, confidence: 0.1', "Proportion(19, 20)"
    ),
    "no trials demanded": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 0', "Proportion(19, 20)"
    ),
    "no criteria": Project(requirement=REQUIREMENT.rsplit("  acceptance", 1)[0]),
    "an empty list of criteria": Project(
        requirement=REQUIREMENT.rsplit("  acceptance", 1)[0] + "  acceptance: []\n"
    ),
    "an id in another alphabet": Project(
        requirement=REQUIREMENT + REQUIREMENT.replace("DEM-001", "D\u0415M-001")
    ),
    "a case of an id in another alphabet": Project(
        case=CASE + CASE.replace("DEM-001", "D\u0415M-001").replace("share(", "other(")
    ),
    "a file that nobody reads": Project(
        files={"requirements/deep/more.yaml": REQUIREMENT.replace("DEM-001", "DEM-002")}
    ),
    "an empty file of requirements": Project(requirement=""),
    "two documents in a file": Project(requirement="[]\n---\n" + REQUIREMENT),
    "a bound that misses": _demanded(
        'relation: ">=", threshold: 0.9, confidence: 0.95', "Proportion(19, 20)"
    ),
    "58 of 58 for 95 percent": _demanded(
        'relation: ">=", threshold: 0.95, confidence: 0.95', "Proportion(58, 58)"
    ),
    "a second criterion unmeasured": Project(
        requirement=REQUIREMENT
        + '    - {id: DEM-001.2, measurand: delay, relation: "<=", threshold: 1}\n'
    ),
    "a draft only": Project(requirement=REQUIREMENT.replace("approved", "draft")),
    "retired": Project(requirement=REQUIREMENT.replace("approved", "retired")),
    "an inspection that nobody made": Project(
        requirement=REQUIREMENT.replace("method: test", "method: inspection")
    ),
    "a threshold for other data": _demanded(
        'relation: ">=", threshold: {clinic: 0.9}', "Proportion(19, 20)"
    ),
    "a requirement for other data": Project(
        requirement=REQUIREMENT.replace("  method", "  applies_to: [clinic]\n  method")
    ),
    "depends on what nobody named": Project(
        requirement=REQUIREMENT.replace("  method", "  depends: [data]\n  method")
    ),
    "a hazard that nothing holds back": Project(
        files={
            "requirements/hazards.yaml": "- {id: HAZ-001, title: T, harm: H, severity: serious, "
            "sequence_of_events: S, control: C, residual_risk: R}\n"
        }
    ),
    "a hazard that nobody knows": Project(
        requirement=REQUIREMENT.replace("  method", "  hazards: [HAZ-009]\n  method")
    ),
    "two requirements of one id": Project(requirement=REQUIREMENT + REQUIREMENT),
    "an unknown key": Project(requirement=REQUIREMENT.replace("  method", "  metod: x\n  method")),
    "an unknown id in a case": Project(case=CASE + CASE.replace("DEM-001", "DEM-003")),
    "a waiver of another requirement text": _waived(
        'relation: ">=", threshold: 0.96', "Proportion(19, 20)"
    ),
    "an inspection of another requirement text": Project(
        requirement=REQUIREMENT.replace("method: test", "method: inspection"),
        files={
            "requirements/inspections.yaml": "- {id: INS-001, requirement: DEM-001, "
            "outcome: accepted, record: R, inspected_by: P, inspected_on: 2020-01-01, "
            f'fingerprint: "{_OTHER}"}}\n'
        },
    ),
    "a waiver that cannot be read": Project(
        files={"requirements/waivers.yaml": "- {id: WAI-001, criterion: DEM-001.1}\n"}
    ),
}
