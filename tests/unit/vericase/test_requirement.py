"""What a requirement is, when it applies, and what its fingerprint covers."""

from dataclasses import replace

import pytest

from tests.support.tracing import a_criterion, a_hazard, a_requirement, a_set
from vericase.requirement import ANY_DATA, Relation, Source, Status, canonical


def test_a_threshold_holds_for_every_source_unless_one_is_named() -> None:
    """A source with a threshold of its own has that; any other has the common one."""
    criterion = a_criterion(thresholds={ANY_DATA: 0.9, "clinic": 0.8})
    assert criterion.threshold_for("clinic") == 0.8
    assert criterion.threshold_for("ward") == 0.9
    assert criterion.threshold_for(None) == 0.9


def test_a_source_without_a_threshold_has_none() -> None:
    """Where only other sources have thresholds, none is guessed."""
    criterion = a_criterion(thresholds={"clinic": 0.8})
    assert criterion.threshold_for("ward") is None
    assert criterion.threshold_for(None) is None


@pytest.mark.parametrize(
    ("applies_to", "scope", "applies"),
    [
        ((), "ward", True),
        (("clinic",), "clinic", True),
        (("clinic",), "ward", False),
        (("clinic",), None, True),
    ],
)
def test_unknown_data_leave_everything_in_force(
    applies_to: tuple[str, ...], scope: str | None, *, applies: bool
) -> None:
    """A criterion or requirement leaves the table only for data known to be of another source."""
    assert a_criterion(applies_to=applies_to).applies(scope) is applies
    assert a_requirement(applies_to=applies_to).applies(scope) is applies


@pytest.mark.parametrize("status", Status)
def test_only_what_is_approved_is_in_force(status: Status) -> None:
    """Drafts and retired requirements do not gate."""
    assert a_requirement(status=status).in_force is (status is Status.APPROVED)


def test_more_is_better_for_lower_limits_alone() -> None:
    """The side of the bound follows from the relation."""
    assert {r for r in Relation if r.wants_more} == {Relation.AT_LEAST, Relation.ABOVE}


def test_a_new_way_to_tell_it_keeps_the_fingerprint() -> None:
    """Title, rationale, references, category, status and place are no part of what is demanded."""
    told_anew = a_requirement(
        title="Another",
        rationale="Another",
        references=("A standard",),
        category="data",
        status=Status.DRAFT,
        source=Source(file="elsewhere.yaml", line=9),
    )
    assert told_anew.fingerprint == a_requirement().fingerprint


def test_links_and_lists_of_sources_have_no_order() -> None:
    """The order in which links are written means nothing."""
    links = {"parents": ("A-001", "B-001"), "hazards": ("HAZ-001", "HAZ-002")}
    turned = {name: tuple(reversed(ids)) for name, ids in links.items()}
    straight = a_requirement(parents=links["parents"], hazards=links["hazards"])
    assert (
        straight.fingerprint
        == a_requirement(parents=turned["parents"], hazards=turned["hazards"]).fingerprint
    )


def test_requirements_and_criteria_are_found_by_id() -> None:
    """A set gives each requirement by its id, and each criterion with its requirement."""
    first, second = a_requirement(), a_requirement(id="ROB-002")
    requirements = a_set(first, second)
    assert list(requirements) == [first, second]
    assert requirements.by_id() == {"ROB-001": first, "ROB-002": second}
    assert requirements.criteria()["ROB-002.1"] == (second, second.criteria[0])


def test_the_digest_of_a_set_covers_status_meaning_and_hazards() -> None:
    """A demotion, a new threshold or another residual risk is another set; a new title is not."""
    hazard = a_hazard()
    whole = a_set(a_requirement(), hazards=[hazard])
    others = [
        a_set(a_requirement(status=Status.DRAFT), hazards=[hazard]),
        a_set(a_requirement(a_criterion(0.8)), hazards=[hazard]),
        a_set(a_requirement(), hazards=[replace(hazard, residual_risk="None.")]),
        a_set(a_requirement()),
        a_set(a_requirement(), a_requirement(id="ROB-002"), hazards=[hazard]),
    ]
    assert len({whole.digest, *(other.digest for other in others)}) == 1 + len(others)
    assert a_set(a_requirement(title="Another"), hazards=[hazard]).digest == whole.digest


def test_one_value_has_one_text() -> None:
    """The canonical text sorts keys, has no spaces, and keeps letters as they are."""
    assert canonical({"b": [1, 0.1], "a": "µV"}) == '{"a":"µV","b":[1,0.1]}'


def test_a_number_that_is_not_finite_has_no_text() -> None:
    """Digests are never taken over something that is no number."""
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        canonical({"threshold": float("nan")})


def test_a_place_reads_as_file_and_line() -> None:
    """Editors open a source as it prints."""
    assert str(Source(file="requirements/data.yaml", line=7)) == "requirements/data.yaml:7"
