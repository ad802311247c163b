"""Faults of claims that one rate cannot make: groups, samples, releases, looks, and the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.projects import CASE, MARK, REQUIREMENT, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["CLAIMS", "CLAIM_CONTROLS"]

_SURE = 'relation: ">=", threshold: 0.9, confidence: 0.95'
_LOCKED = "vericase_lock = lock.txt\n"
_LOOK = (
    '@pytest.fixture\ndef opened(vericase_look):\n    vericase_look("test", data="d" * 64, '
    'subject=os.environ.get("JUDGED", "a") * 64)\n\n'
)
_LOOKING = _LOOK + CASE.replace("(measure)", "(measure, opened)")
_FIRST = REQUIREMENT.replace("  method", "  first_look: test\n  method")
_ANY = REQUIREMENT.replace("  method", "  claim: any\n  method").rsplit("    - ", 1)[0] + "".join(
    f"    - {{id: DEM-001.{i}, measurand: share_{i}, {_SURE}}}\n" for i in (1, 2)
)
_DATA = (
    '@pytest.fixture(scope="session", autouse=True)\ndef data(vericase_subject, request):\n'
    '    vericase_subject("data", request.config.rootpath / "data.json")\n\n'
)
_HAZARD = """\
- id: HAZ-001
  title: It is missed
  harm: Harm.
  severity: critical
  sequence_of_events: It is missed, and nobody looks.
  control: A floor.
  residual_risk: Some is missed.
"""
_USE = """\
user: A person.
population: Adults.
input: A reading.
output: A decision.
data_sources: [clinical, home]
prohibited_use: [Alone.]
"""
_HELD = "  hazards: [HAZ-001]\n"
_MARGIN = 'relation: ">=", margin: 0.05, confidence: 0.95'
_NAMES = '"1", [str(i) for i in range(100)]'


def _demanded(criterion: str, value: str) -> Project:
    acceptance = f"    - {{id: DEM-001.1, measurand: share, {criterion}}}\n"
    requirement = REQUIREMENT.rsplit("    - ", 1)[0] + acceptance
    case = MARK + (
        "def test_share(measure):\n    from vericase import Coverage, Slices\n"
        f'    measure("share", {value})\n'
    )
    return Project(case=case, requirement=requirement)


def _any_of(first: str, second: str) -> Project:
    return Project(
        requirement=_ANY,
        case=MARK + "def test_share(measure):\n"
        f'    measure("share_1", Proportion({first}))\n'
        f'    measure("share_2", Proportion({second}))\n',
    )


def _from(scope: str, *, control: str = "") -> Project:
    """One requirement for any data, and one for the clinic that alone holds the hazard."""
    clinical = REQUIREMENT.replace("DEM-001", "DEM-002").replace(
        "  method", "  applies_to: [clinical]\n  hazards: [HAZ-001]\n  method"
    )
    return Project(
        requirement=REQUIREMENT.replace("  method", f"{control}  method") + clinical,
        case=_DATA + CASE + CASE.replace("DEM-001", "DEM-002").replace("_share", "_other"),
        files={
            "data.json": f'{{"scope": "{scope}", "rehearsal": false}}',
            "requirements/hazards.yaml": _HAZARD,
            "requirements/intended-use.yaml": _USE,
        },
        gate=("--subject", "model=model.bin", "--subject", "data=data.json"),
    )


def _locked(pin: str, tamper: Callable[[Path], object] | None = None) -> Project:
    return Project(ini=_LOCKED, files={"lock.txt": f"{pin}\n"}, tamper=tamper)


def _write(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


CLAIMS: dict[str, Project] = {
    "a poor slice behind a good average": _demanded(
        'relation: ">=", threshold: 0.9',
        'Slices({"a": Proportion(99, 100), "b": Proportion(8, 10)})',
    ),
    "a small slice": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 30',
        'Slices({"a": Proportion(100, 100), "b": Proportion(5, 5)})',
    ),
    "small slices that are too few together": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 30, small_slices: pool',
        'Slices({"a": Proportion(100, 100), "b": Proportion(5, 5), "c": Proportion(5, 5)})',
    ),
    "a poor slice that is called as the pool of small ones is": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 30, small_slices: pool',
        'Slices({"all small slices together": Proportion(0, 100), "b": Proportion(40, 40), '
        '"c": Proportion(20, 20), "d": Proportion(20, 20)})',
    ),
    "no slices": _demanded('relation: ">=", threshold: 0.9', "Slices({})"),
    "a coverage that its calibration cannot carry": _demanded(_SURE, "Coverage(290, 300, 20)"),
    "a coverage that a huge calibration seems to raise": _demanded(
        'relation: ">=", threshold: 0.09, confidence: 0.95', "Coverage(19, 200, 2**53)"
    ),
    "a coverage without a calibration": _demanded(_SURE, "Coverage(300, 300, 0)"),
    "yes and no as a sample": _demanded(_SURE, "Sample([1.0] * 25)"),
    "yes and no of few people as a sample": _demanded(
        _SURE, 'Sample([1.0] * 500, "1", [str(i % 25) for i in range(500)])'
    ),
    "a mean that three lucky units carry": _demanded(
        'relation: ">", threshold: 0, confidence: 0.95', "Sample([2.0] * 3 + [0.0] * 500)"
    ),
    "a margin without a last release": _demanded(_MARGIN, f"Sample([1.0] * 100, {_NAMES})"),
    "a margin against a rate": _demanded(_MARGIN, "Proportion(100, 100)"),
    "the better of two claims, each shown alone": _any_of("29, 29", "5, 29"),
    "neither of two claims": _any_of("5, 10", "5, 10"),
    "a first look that nobody recorded": Project(requirement=_FIRST),
    "a second look": Project(
        requirement=_FIRST,
        case=_LOOKING,
        environment={"JUDGED": "b"},
        again=(),
    ),
    "a criterion moved after the first look": Project(
        requirement=_FIRST.replace("0.9}", "0.99}"),
        case=_LOOKING,
        then=_write("requirements/demo.yaml", _FIRST),
        again=(),
    ),
    "an opening taken off the record": Project(
        requirement=_FIRST,
        case=_LOOKING,
        files={"reports/looks.jsonl": '{"format": 2, "number": 2}\n'},
    ),
    "a slip in the scope of the data": _from("clincal", control=_HELD),
    "a hazard of which no control applies": _from("home"),
    "a pin moved": _locked("widget==1.0", _write("lock.txt", "widget==2.0\n")),
    "the lock taken away": _locked("widget==1.0", lambda folder: (folder / "lock.txt").unlink()),
    "another version than the locked one": _locked("pytest==0.1"),
    "a lock that is not there": Project(ini=_LOCKED),
}

CLAIM_CONTROLS: dict[str, Project] = {
    "slices that are all good": _demanded(
        'relation: ">=", threshold: 0.9, min_trials: 20, small_slices: pool',
        'Slices({"a": Proportion(99, 100), "b": Proportion(10, 10), "c": Proportion(10, 10)})',
    ),
    "a coverage that is shown": _demanded(_SURE, "Coverage(590, 600, 2000)"),
    "the scope that is asked for": _from("clinical"),
    "another scope, with a control that applies": _from("home", control=_HELD),
    "one of two claims, corrected": _any_of("36, 36", "5, 29"),
    "a first look": Project(requirement=_FIRST, case=_LOOKING),
    "a lock that was kept": _locked("widget==1.0"),
    "a lock that was sorted": _locked("a==1\nb==2", _write("lock.txt", "# sorted\nb==2\na==1\n")),
}
