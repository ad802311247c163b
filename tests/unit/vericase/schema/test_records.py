"""One record of YAML as a requirement, a hazard or the intended use."""

from collections.abc import Mapping

import pytest

from tests.support.nodes import listed, mapped, plain, quoted
from vericase.requirement import (
    ANY_DATA,
    AcceptanceCriterion,
    Claim,
    Relation,
    Requirement,
    SmallSlices,
    Source,
    Status,
)
from vericase.schema.records import read_requirement
from vericase.schema.tree import Node

CRITERION: dict[str, Node] = {
    "id": plain("ROB-001.1"),
    "measurand": plain("certified_sensitivity"),
    "relation": quoted(">="),
    "threshold": plain("0.80"),
}
REQUIREMENT: dict[str, Node] = {
    "id": plain("ROB-001"),
    "title": plain("Decisions survive small disturbance"),
    "statement": plain("The classifier shall keep a right decision."),
    "rationale": plain("Noise must not flip a decision."),
    "category": plain("network"),
    "status": plain("approved"),
    "method": plain("test"),
}


def requirement_of(
    changes: Mapping[str, Node] | None = None,
    criterion: Mapping[str, Node] | None = None,
    *,
    without: str = "",
) -> tuple[Requirement, list[str]]:
    """The requirement of REQUIREMENT with one criterion, changed, and its problems."""
    problems: list[str] = []
    acceptance = listed(mapped(CRITERION | dict(criterion or {})))
    entries = REQUIREMENT | {"acceptance": acceptance} | dict(changes or {})
    entries.pop(without, None)
    return read_requirement(mapped(entries), "n.yaml", "$[0]", problems), problems


def test_a_whole_requirement_is_read_field_by_field() -> None:
    """Every field that may be written comes out where it belongs."""
    requirement, problems = requirement_of(
        {
            "parents": listed(plain("NET-001")),
            "hazards": listed(plain("HAZ-003")),
            "references": listed(plain("A standard")),
            "applies_to": listed(plain("physionet2017")),
            "depends": listed(plain("model"), plain("data")),
            "conditions": mapped({"radius_mv": plain("0.01")}),
        },
        {
            "unit": quoted("1"),
            "confidence": plain("0.95"),
            "min_trials": plain("200"),
            "applies_to": listed(plain("physionet2017")),
        },
    )
    assert problems == []
    assert requirement == Requirement(
        id="ROB-001",
        title="Decisions survive small disturbance",
        statement="The classifier shall keep a right decision.",
        rationale="Noise must not flip a decision.",
        category="network",
        status=Status.APPROVED,
        method="test",
        source=Source(file="n.yaml", line=1),
        parents=("NET-001",),
        hazards=("HAZ-003",),
        references=("A standard",),
        applies_to=("physionet2017",),
        depends=("model", "data"),
        conditions={"radius_mv": 0.01},
        criteria=(
            AcceptanceCriterion(
                id="ROB-001.1",
                measurand="certified_sensitivity",
                relation=Relation.AT_LEAST,
                thresholds={ANY_DATA: 0.8},
                unit="1",
                confidence=0.95,
                min_trials=200,
                applies_to=("physionet2017",),
            ),
        ),
    )


def test_what_is_not_said_has_one_meaning() -> None:
    """Without unit, confidence and trials the value itself is judged as a pure number."""
    requirement, _ = requirement_of()
    criterion = requirement.criteria[0]
    assert (criterion.unit, criterion.confidence, criterion.min_trials) == ("1", None, None)
    assert (requirement.applies_to, requirement.depends, requirement.conditions) == ((), (), {})


def test_a_threshold_may_differ_by_data_source() -> None:
    """A mapping gives each data source its threshold."""
    threshold = mapped({"synthetic": plain("0.7"), "physionet2017": plain("0.9")})
    requirement, problems = requirement_of(criterion={"threshold": threshold})
    assert problems == []
    assert requirement.criteria[0].thresholds == {"synthetic": 0.7, "physionet2017": 0.9}


@pytest.mark.parametrize("field", sorted(REQUIREMENT))
def test_every_field_of_a_requirement_must_be_stated(field: str) -> None:
    """Nothing that a reviewer needs has a default, the status least of all."""
    _, problems = requirement_of(without=field)
    assert f"n.yaml:1: $[0].{field}: expected a value, got nothing" in problems


@pytest.mark.parametrize("field", sorted(CRITERION))
def test_every_field_of_a_criterion_must_be_stated(field: str) -> None:
    """A criterion without its sign or its threshold is no criterion."""
    problems: list[str] = []
    criterion = {key: node for key, node in CRITERION.items() if key != field}
    entries = REQUIREMENT | {"acceptance": listed(mapped(criterion))}
    read_requirement(mapped(entries), "n.yaml", "$[0]", problems)
    assert problems == [f"n.yaml:1: $[0].acceptance[0].{field}: expected a value, got nothing"]


@pytest.mark.parametrize(
    "identifier",
    [
        "rob-001",
        "ROB_001",
        "ROB-1",
        "ROB-0000001",
        "001",
        "ROB-001a",
        "R\u041eB-001",
        "ROB-\uff10\uff101",
    ],
)
def test_an_id_has_one_form(identifier: str) -> None:
    """Ids differ in more than case, dash or alphabet, since others link to them."""
    _, problems = requirement_of({"id": quoted(identifier)})
    assert problems[0] == f"n.yaml:1: $[0].id: expected an id such as ROB-001, got {identifier!r}"


@pytest.mark.parametrize("identifier", ["ROB-002.1", "ROB-001", "ROB-001.0", "ROB-001.01", "1"])
def test_a_criterion_carries_the_id_of_its_requirement(identifier: str) -> None:
    """A criterion cannot be moved to another requirement unseen."""
    _, problems = requirement_of(criterion={"id": quoted(identifier)})
    assert problems == [
        f"n.yaml:1: $[0].acceptance[0].id: expected ROB-001.N with N from 1, got {identifier!r}"
    ]


@pytest.mark.parametrize(
    ("criterion", "problem"),
    [
        ({"relation": plain("=<")}, "relation: expected one of >=, <=, >, <, ==, got '=<'"),
        ({"threshold": quoted("0.9")}, "threshold: expected a number, got '0.9'"),
        ({"threshold": plain("90%")}, "threshold: expected a number, got 90%"),
        ({"threshold": plain(".nan")}, "threshold: expected a number, got .nan"),
        ({"threshold": listed()}, "threshold: expected a number, got a list"),
        (
            {"threshold": mapped({})},
            "threshold: expected a number, or one for each data source, got none",
        ),
        (
            {"threshold": mapped({"clinic": plain("high")})},
            "threshold.clinic: expected a number, got high",
        ),
        ({"confidence": plain("95")}, "confidence: expected a number in [0.5, 1), got 95"),
        ({"confidence": plain("1")}, "confidence: expected a number in [0.5, 1), got 1"),
        ({"confidence": plain("0")}, "confidence: expected a number in [0.5, 1), got 0"),
        ({"min_trials": plain("0")}, "min_trials: expected an integer of at least 1, got 0"),
        ({"unit": plain("1")}, "unit: expected a text; quote it: got the bare '1'"),
        ({"unit": quoted("")}, "unit: expected a text, got an empty one"),
        ({"measurand": plain("")}, "measurand: expected a text, got an empty one"),
        (
            {"relation": plain("=="), "confidence": plain("0.9")},
            "confidence: expected nothing beside the relation ==, which has no bound, got one",
        ),
    ],
)
def test_a_wrong_criterion_is_told(criterion: dict[str, Node], problem: str) -> None:
    """Each way to write a criterion wrong is told with its place."""
    _, problems = requirement_of(criterion=criterion)
    assert problems == [p for p in problems if p.startswith("n.yaml:1: $[0].acceptance[0].")]
    assert problems[0].removeprefix("n.yaml:1: $[0].acceptance[0].").startswith(problem)


def test_a_misspelt_key_of_a_criterion_is_told() -> None:
    """A confidence that is misspelt would turn a bound into a bare value; it is refused."""
    _, problems = requirement_of(criterion={"confidense": plain("0.95")})
    assert problems == [
        (
            "n.yaml:5: $[0].acceptance[0]: expected a known key, got 'confidense'; "
            "did you mean 'confidence'?"
        )
    ]


@pytest.mark.parametrize("method", ["test", "analysis"])
def test_an_approved_requirement_says_when_it_is_met(method: str) -> None:
    """What is approved and measured has criteria; no criteria never means shown."""
    _, problems = requirement_of({"method": plain(method)}, without="acceptance")
    assert problems == [
        (
            "n.yaml:1: $[0].acceptance: expected at least one criterion for an approved "
            "requirement, got nothing"
        )
    ]


@pytest.mark.parametrize(
    "changes",
    [{"status": plain("draft")}, {"method": plain("inspection")}, {"status": plain("retired")}],
)
def test_others_may_have_no_criteria(changes: dict[str, Node]) -> None:
    """A draft, an inspection and a retired requirement may be without criteria."""
    _, problems = requirement_of(changes, without="acceptance")
    assert problems == []


@pytest.mark.parametrize("acceptance", [listed(), plain(""), mapped({})])
def test_criteria_are_a_list_of_at_least_one(acceptance: Node) -> None:
    """An empty list of criteria is a mistake, not a requirement that holds."""
    _, problems = requirement_of({"acceptance": acceptance})
    assert problems == [
        "n.yaml:1: $[0].acceptance: expected a list of criteria, got something else"
    ]


def test_a_measurand_may_have_two_criteria() -> None:
    """An observed value and its bound are two criteria on one measurement."""
    problems: list[str] = []
    second = CRITERION | {"id": plain("ROB-001.2")}
    entries = REQUIREMENT | {"acceptance": listed(mapped(CRITERION), mapped(second))}
    requirement = read_requirement(mapped(entries), "n.yaml", "$[0]", problems)
    assert problems == []
    assert [c.measurand for c in requirement.criteria] == ["certified_sensitivity"] * 2


def criteria_of(*changes: Mapping[str, Node], claim: str = "any") -> list[str]:
    """The problems of a requirement with so many criteria, each changed."""
    criteria = [
        mapped(CRITERION | {"id": plain(f"ROB-001.{i}")} | dict(change))
        for i, change in enumerate(changes, start=1)
    ]
    return requirement_of({"acceptance": listed(*criteria), "claim": plain(claim)})[1]


@pytest.mark.parametrize(("relation", "limit"), [(">=", -0.01), ("<=", 0.01), (">", -0.01)])
def test_a_margin_is_the_largest_loss_against_the_last_release(relation: str, limit: float) -> None:
    """It is written without a sign; the side follows from the relation."""
    margin = {"margin": plain("0.01"), "confidence": plain("0.95"), "relation": quoted(relation)}
    entries = {key: node for key, node in CRITERION.items() if key != "threshold"} | margin
    requirement, problems = requirement_of({"acceptance": listed(mapped(entries))})
    assert problems == []
    criterion = requirement.criteria[0]
    assert (criterion.paired, criterion.thresholds) == (True, {ANY_DATA: limit})


def test_no_loss_at_all_is_a_margin_too() -> None:
    """A margin of zero has no sign, so that one demand has one fingerprint."""
    margin = {"margin": plain("0"), "confidence": plain("0.95")}
    entries = {key: node for key, node in CRITERION.items() if key != "threshold"} | margin
    requirement, _ = requirement_of({"acceptance": listed(mapped(entries))})
    assert str(requirement.criteria[0].thresholds[ANY_DATA]) == "0.0"


def test_slices_are_read() -> None:
    """By name; none is named where nothing is said."""
    requirement, problems = requirement_of(
        criterion={"slices": listed(plain("men"), plain("women"))}
    )
    assert problems == []
    assert requirement.criteria[0].slices == ("men", "women")
    assert requirement_of()[0].criteria[0].slices == ()


def test_a_rule_for_small_slices_says_what_is_small() -> None:
    """Without a least number of trials no slice is small."""
    requirement, problems = requirement_of(
        criterion={"small_slices": plain("pool"), "min_trials": plain("30")}
    )
    assert problems == []
    assert requirement.criteria[0].small_slices is SmallSlices.POOL
    assert requirement_of()[0].criteria[0].small_slices is SmallSlices.BLOCK
    _, problems = requirement_of(criterion={"small_slices": plain("pool")})
    assert problems == [
        (
            "n.yaml:1: $[0].acceptance[0].min_trials: expected how few trials make a slice small, "
            "got nothing"
        )
    ]


def test_a_first_look_names_its_data() -> None:
    """And without one anybody may have looked before."""
    assert requirement_of({"first_look": plain("test")})[0].first_look == "test"
    assert requirement_of()[0].first_look == ""


def test_a_claim_of_any_criterion_has_several_of_one_confidence() -> None:
    """The correction for their number is made of one common risk."""
    sure, surer = {"confidence": plain("0.95")}, {"confidence": plain("0.99")}
    told = [
        (
            "n.yaml:1: $[0].claim: expected two criteria or more of one confidence for 'any', "
            "got others"
        )
    ]
    assert criteria_of(sure, sure) == []
    assert criteria_of(sure) == told
    assert criteria_of(sure, surer) == told
    assert criteria_of({}, {}) == told
    assert criteria_of({}, claim="all") == []
    assert requirement_of()[0].claim is Claim.ALL
