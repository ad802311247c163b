"""What was exported and edited elsewhere: no approval survives an edit, and no edit is lost."""

from pathlib import Path

import pytest

from tests.support.tracing import (
    a_criterion,
    a_hazard,
    a_log,
    a_requirement,
    a_set,
    everything_shown,
)
from vericase.errors import RequirementError
from vericase.export import EXPORTS
from vericase.gate import decide
from vericase.matrix import trace
from vericase.reqif import Imported, read_reqif
from vericase.requirement import ANY_DATA, Status

CHILD = a_requirement(
    a_criterion(id="ROB-002.1", confidence=0.95, min_trials=20),
    id="ROB-002",
    parents=("ROB-001",),
    hazards=("HAZ-001",),
    conditions={"radius_mv": 0.01},
)


WORDS = "expected one of draft, approved, retired, got 'Approved'; did you mean 'approved'?"
OWNER = "expected a criterion of a requirement here, got 'ROB-009.1'"
SEVERITIES = "expected one of negligible, minor, serious, critical, catastrophic, got 'bad'"
CONDITIONS = "{&quot;radius_mv&quot;: 0.01}"
#: One level more than a requirement file has below its conditions.
DEEP = "[" * 15 + "]" * 15


def edited(folder: Path, *changes: tuple[str, str], shown: bool = False) -> Imported:
    """What is read after *changes* of the exported text, each of them once."""
    requirements = a_set(a_requirement(), CHILD, hazards=[a_hazard()])
    matrix = trace(requirements, everything_shown(requirements) if shown else a_log())
    text = EXPORTS["reqif"](matrix, decide(matrix)).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "f.reqif"
    path.write_text(text, encoding="utf-8")
    return read_reqif(path)


def statuses(found: Imported) -> list[Status]:
    """Those of the two requirements."""
    return [requirement.status for requirement in found.requirements]


def test_what_nobody_edited_keeps_its_status(tmp_path: Path) -> None:
    """Measurements stay behind: they are evidence, and nobody carries evidence by hand."""
    found = edited(tmp_path, shown=True)
    assert statuses(found) == [Status.APPROVED, Status.APPROVED]
    assert found.remarks == ("2 measurements: they are evidence, and stay behind",)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('THE-VALUE="0.95"', 'THE-VALUE="0.90"'),
        ('THE-VALUE="20"', 'THE-VALUE="2"'),
        ('THE-VALUE="{&quot;radius_mv&quot;: 0.01}"', 'THE-VALUE="{}"'),
        (
            "<TARGET>\n<SPEC-OBJECT-REF>vericase.HAZ-001</",
            "<TARGET>\n<SPEC-OBJECT-REF>vericase.ROB-001</",
        ),
    ],
)
def test_an_edit_of_the_meaning_takes_the_approval(tmp_path: Path, old: str, new: str) -> None:
    """A criterion, a condition or a link: nobody here approved the new one."""
    found = edited(tmp_path, (old, new))
    assert statuses(found) == [Status.APPROVED, Status.DRAFT]
    told = "ROB-002: its meaning is not that of its fingerprint, so it is a draft"
    assert told in found.remarks


def test_an_edit_of_the_wording_is_carried_over(tmp_path: Path) -> None:
    """A title is no part of what is demanded, so the approval holds."""
    found = edited(tmp_path, ('THE-VALUE="Keep what is right"', 'THE-VALUE="Anew"'))
    assert [requirement.title for requirement in found.requirements] == ["Anew", "Anew"]
    assert statuses(found) == [Status.APPROVED, Status.APPROVED]


def test_numbers_may_be_written_as_xml_writes_them(tmp_path: Path) -> None:
    """9.5E-1 is 0.95, for which requirement files have one way."""
    found = edited(tmp_path, ('THE-VALUE="0.95"', 'THE-VALUE="9.5E-1"'))
    assert found.requirements[1].criteria[0].confidence == 0.95
    assert statuses(found) == [Status.APPROVED, Status.APPROVED]


def test_a_link_out_of_the_file_is_told(tmp_path: Path) -> None:
    """Only a part of a set was sent back."""
    found = edited(
        tmp_path,
        ("<TARGET>\n<SPEC-OBJECT-REF>vericase.ROB-001<", "<TARGET>\n<SPEC-OBJECT-REF>gone<"),
    )
    assert found.requirements[1].parents == ()
    assert found.remarks[0] == ("ROB-002: a link to gone, which is not in the file as parents")


def test_a_retired_requirement_stays_retired(tmp_path: Path) -> None:
    """Whatever else was edited: it never gates."""
    found = edited(tmp_path, ('THE-VALUE="approved"', 'THE-VALUE="retired"'), ('"20"', '"30"'))
    assert statuses(found) == [Status.RETIRED, Status.RETIRED]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("approved", "Approved", "ROB-001.status: " + WORDS),
        ("0.95", "95", "ROB-002.acceptance[0].confidence: expected a number in [0.5, 1), got 95"),
        ("0.95", "INF", "ROB-002.acceptance[0].confidence: expected a number in [0.5, 1), got INF"),
        ("0.95", "x", "ROB-002.acceptance[0].confidence: expected a number in [0.5, 1), got x"),
        (
            "20",
            "2.5",
            "ROB-002.acceptance[0].min_trials: expected an integer of at least 1, got 2.5",
        ),
        ("0.9", "NaN", "ROB-001.1.threshold: expected plain JSON, got 'NaN'"),
        ("0.9", "null", "ROB-001.1.threshold: expected plain JSON, got 'null'"),
        ("0.9", "[[1]", "ROB-001.1.threshold: expected plain JSON, got '[[1]'"),
        (CONDITIONS, "[1e999]", "ROB-002.conditions: expected plain JSON, got '[1e999]'"),
        (CONDITIONS, "[1]", "ROB-002.conditions: expected a mapping, got a list"),
        (CONDITIONS, "[" * 99, "ROB-002.conditions: expected plain JSON, got '" + "[" * 40 + "'"),
        (CONDITIONS, DEEP, f"ROB-002.conditions: expected plain JSON, got '{DEEP[:40]}'"),
        ("ROB-002.1", "ROB-009.1", "ROB-009.1.ReqIF.ForeignID: " + OWNER),
        ("serious", "bad", "HAZ-001.severity: " + SEVERITIES),
    ],
)
def test_a_value_that_is_none_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """By the rules of requirement files, at the line of its object."""
    with pytest.raises(RequirementError) as caught:
        edited(tmp_path, (f'THE-VALUE="{old}"', f'THE-VALUE="{new}"'))
    told = [line.partition("f.reqif:")[2].partition(": ")[2] for line in caught.value.problems]
    assert problem in told


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """Of every object."""
    with pytest.raises(RequirementError) as caught:
        edited(tmp_path, ('THE-VALUE="0.95"', 'THE-VALUE="95"'), ('"serious"', '"bad"'))
    assert len(caught.value.problems) == 2


def test_conditions_of_every_kind_come_back(tmp_path: Path) -> None:
    """Flags, whole numbers, texts and lists of them."""
    told = "{&quot;a&quot;: [true, 3, 3.0, &quot;3&quot;]}"
    found = edited(tmp_path, (CONDITIONS, told))
    assert repr(found.requirements[1].conditions) == "{'a': [True, 3, 3.0, '3']}"


def test_thresholds_by_source_come_back(tmp_path: Path) -> None:
    """One number for any data, or one for each source."""
    found = edited(
        tmp_path,
        ('THE-VALUE="0.9"', 'THE-VALUE="{&quot;clinic&quot;: 0.9, &quot;ward&quot;: 1}"'),
    )
    assert found.requirements[0].criteria[0].thresholds == {"clinic": 0.9, "ward": 1.0}
    assert edited(tmp_path).requirements[0].criteria[0].thresholds == {ANY_DATA: 0.9}
