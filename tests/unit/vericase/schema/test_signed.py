"""Reading waivers.yaml and inspections.yaml."""

from datetime import date
from pathlib import Path

import pytest

from tests.support.documents import (
    hazard_record,
    inspection_record,
    requirement_record,
    waiver_record,
    write_records,
)
from vericase.errors import RequirementError
from vericase.schema import load_requirements


def write(folder: Path, *, waiver: object = None, inspection: object = None) -> Path:
    """A folder with one requirement of each kind, and what is signed."""
    records = [
        requirement_record(hazards=["HAZ-001"]),
        requirement_record("APP-001", method="inspection", acceptance=None),
    ]
    write_records(folder, "r.yaml", records)
    write_records(folder, "hazards.yaml", [hazard_record()])
    write_records(folder, "waivers.yaml", [] if waiver is None else [waiver])
    write_records(folder, "inspections.yaml", [] if inspection is None else [inspection])
    return folder


def problems(folder: Path) -> list[str]:
    """What is wrong, each with its place."""
    with pytest.raises(RequirementError) as caught:
        load_requirements(folder, named=Path("requirements"))
    return [problem.removeprefix("requirements/") for problem in caught.value.problems]


def test_whole_records_are_read(tmp_path: Path) -> None:
    """Every field arrives, dates as dates."""
    inspection = inspection_record(expires_on="2027-03-01", subjects={"model": "b" * 64})
    found = load_requirements(write(tmp_path, waiver=waiver_record(), inspection=inspection))
    (waiver,), (seen,) = found.waivers, found.inspections
    assert (waiver.criterion, waiver.max_deficit) == ("ROB-001.1", 0.02)
    assert (waiver.approved_on, waiver.expires_on) == (date(2026, 3, 1), date(2026, 6, 30))
    assert (waiver.hazards, waiver.approved_by) == (("HAZ-001",), "A. Head")
    assert (seen.requirement, seen.accepted, seen.outcome) == ("APP-001", True, "accepted")
    assert (seen.subjects, seen.expires_on) == ({"model": "b" * 64}, date(2027, 3, 1))


def test_a_date_may_stand_bare(tmp_path: Path) -> None:
    """YAML would make another thing of it; here it is a date."""
    write(tmp_path)
    text = "\n".join(f"  {key}: {value}" for key, value in waiver_record().items())
    (tmp_path / "waivers.yaml").write_text("-\n" + text.replace("['", "[").replace("']", "]"))
    assert load_requirements(tmp_path).waivers[0].approved_on == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"approved_on": "1 March"}, "$[0].approved_on: expected a date such as 2026-03-31"),
        ({"approved_on": "2026-02-30"}, "$[0].approved_on: expected a date such as 2026-03-31"),
        ({"expires_on": "2026-02-28"}, "$[0].expires_on: expected a date from 2026-03-01 on"),
        ({"max_deficit": -0.1}, "$[0].max_deficit: expected a number from 0"),
        ({"fingerprint": "abc"}, "$[0].fingerprint: expected 64 digits of a SHA-256"),
        ({"criterion": "ROB-001"}, "$[0].criterion: expected the id of a criterion"),
        ({"criterion": "ROB-001.2"}, "expected a known criterion, got 'ROB-001.2'"),
        ({"approved_by": None}, "$[0].approved_by: expected a value, got nothing"),
        ({"approved": "x"}, "$[0]: expected a known key, got 'approved'"),
        ({"id": "ROB-001"}, "expected an id of its own, got ROB-001 again"),
    ],
)
def test_a_waiver_that_is_none(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    """Told with file and line."""
    whole = {k: v for k, v in (waiver_record() | changes).items() if v is not None}
    found = problems(write(tmp_path, waiver=whole))
    assert any(told in problem for problem in found), found
    assert all(problem.startswith("waivers.yaml:2: ") for problem in found)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": "fine"}, "$[0].outcome: expected one of accepted, rejected, got 'fine'"),
        ({"requirement": "ROB-001"}, "shown by demonstration or inspection, got test"),
        ({"requirement": "APP-002"}, "expected a known id, got 'APP-002'; did you mean 'APP-001'?"),
        ({"subjects": {"model": "x"}}, "$[0].subjects.model: expected 64 digits of a SHA-256"),
        ({"subjects": "model"}, "$[0].subjects: expected a mapping of names to SHA-256 digests"),
        ({"expires_on": "2026-01-01"}, "$[0].expires_on: expected a date from 2026-03-02 on"),
    ],
)
def test_an_inspection_that_is_none(tmp_path: Path, changes: dict[str, object], told: str) -> None:
    """Told with file and line."""
    found = problems(write(tmp_path, inspection=inspection_record(**changes)))
    assert any(told in problem for problem in found), found


def test_a_criterion_is_waived_once(tmp_path: Path) -> None:
    """Two waivers of one criterion would hide which one holds."""
    write(tmp_path)
    write_records(tmp_path, "waivers.yaml", [waiver_record(), waiver_record(id="WVR-002")])
    (told,) = problems(tmp_path)
    assert "expected one waiver a criterion, got ROB-001.1 again" in told
