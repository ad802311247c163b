"""Rules of wording: each with an example that breaks it, and one that does not."""

from pathlib import Path

import pytest

from tests.support.tracing import a_criterion, a_requirement, a_set
from vericase.requirement import Requirement, Status
from vericase.schema import load_requirements
from vericase.wording import RULES, Rule, remarks

SINGLE = [rule for rule in RULES if rule.find is not None]


def codes(*requirements: Requirement) -> list[str]:
    """The rules that are broken."""
    return [remark.code for remark in remarks(a_set(*requirements))]


def worded(text: str, rule: Rule | None = None) -> Requirement:
    """A requirement with that statement, or, for a rule on titles, with that title."""
    if rule is not None and "title" in rule.title:
        return a_requirement(title=text, statement="The device shall warn.")
    return a_requirement(statement=text, title="Warnings")


@pytest.mark.parametrize("rule", SINGLE, ids=[rule.code for rule in SINGLE])
def test_the_examples_of_a_rule_are_examples(rule: Rule) -> None:
    """The bad one breaks this rule alone, the good one none."""
    assert set(codes(worded(rule.bad, rule))) == {rule.code}
    assert codes(worded(rule.good, rule)) == []


def test_codes_are_unique_and_explained() -> None:
    """Each rule says why, and where it comes from."""
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.why and rule.source and rule.bad != rule.good for rule in RULES)


@pytest.mark.parametrize(
    "statement",
    [
        "The device shall warn.",
        "When a recording ends, the device shall warn.",
        "While charging, when a recording ends, the device shall warn.",
        "Where a lead is optional, the device shall warn.",
        "If the battery is low, then the device shall warn.",
        "While charging, if the battery is low, then the device shall warn.",
        "Each recording of the set shall hold samples.",
        "A decision that is not borderline shall stay when the recording is inverted.",
        "The rate shall be high.",
        "The decision shall be the one that was verified.",
    ],
)
def test_every_shape_of_ears_is_accepted(statement: str) -> None:
    """Ubiquitous, event, state, option, unwanted behaviour, and their combinations."""
    assert codes(worded(statement)) == []


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("Warns shall the device.", ["L02"]),
        ("The device warns.", ["L01"]),
        ("The device shall warn and shall log it.", ["L01", "L12"]),
        ("The device shall respond quickly.", ["L04"]),
        ("The recordings shall be correctly stored.", ["L03"]),
    ],
)
def test_what_breaks_a_rule_is_told(statement: str, wanted: list[str]) -> None:
    """All of them, in the order of the rules."""
    assert codes(worded(statement)) == wanted


@pytest.mark.parametrize(
    ("statement", "stray"),
    [
        ("The device shall find 90 % of the events.", []),
        ("The device shall find 90% of the events.", []),
        ("The device shall find 90 percent of the events.", []),
        ("The device shall find a share of 0.90 of the events.", []),
        ("The device shall find 90 of the events.", ["'90'"]),
        ("The device shall find 0.9 % of the events.", ["'0.9 %'"]),
        ("The device shall find events within 0.05 mV with 95 % confidence.", []),
        ("The device shall find events within 0.5 mV in 300 trials.", ["'0.5'"]),
        ("The device shall find events between 1 and 2 s.", []),
        ("The device shall find events between 1 and 3 s.", ["'3'"]),
        ("The device shall find events of class IEC-60601 in lead V1.", []),
        ("The device shall find events by version 1.2.3 of the rule.", []),
        ("The device shall find .90 of the events.", []),
        ("The device shall find .95 of the events.", []),
        ("The device shall find .97 of the events.", ["'.97'"]),
        ("The device shall find 90/100 of the events.", []),
        ("The device shall find 97/100 of the events.", ["'97/100'"]),
        ("The device shall find 97 / 100 of the events.", ["'97 / 100'"]),
        ("The device shall find 97 out of 100 events.", ["'97 out of 100'"]),
        ("The device shall find 9 out of 10 events.", []),
        ("The device shall find 90 of 100 events.", []),
        ("The device shall find 97 of a hundred events.", ["'97 of a hundred'"]),
        ("The device shall find 9.0e-1 of the events.", []),
        ("The device shall find 9.7e-1 of the events.", ["'9.7e-1'"]),
        ("The device shall find events within 5E-2 mV.", []),
        ("The device shall find ninety percent of the events.", []),
        ("The device shall find ninety-seven percent of events.", ["'ninety-seven percent'"]),
        ("The device shall find Ninety Seven per cent of them.", ["'Ninety Seven per cent'"]),
        ("The device shall find ninety-seven of 100 events.", ["'ninety-seven of 100'"]),
        ("The device shall find ninety out of a hundred events.", []),
        ("The device shall find a hundred percent of them.", []),
        ("The device shall find ninety-one point five % of them.", ["'ninety-one point five %'"]),
        ("The device shall find one of two events, or both, in one hundred records.", []),
        ("The device shall find events by 3/0 of the rule, 24/7.", []),
        (f"The device shall find events {'9' * 5000} times.", []),
        ("The device shall find events of ISO/IEC 62304-1.", []),
    ],
)
def test_a_number_of_the_statement_stands_in_a_criterion(statement: str, stray: list[str]) -> None:
    """As a threshold, a confidence, a least number of trials or a condition."""
    criterion = a_criterion(0.9, confidence=0.95, min_trials=300)
    requirement = a_requirement(
        criterion,
        statement=statement,
        title="Finds",
        conditions={"radius_mv": 0.05, "signed": True, "window": {"range_s": [1, 2.0]}},
    )
    found = [remark for remark in remarks(a_set(requirement)) if remark.code == "L20"]
    assert [remark.message.partition("got ")[2] for remark in found] == stray
    assert all(remark.error for remark in found)


def test_the_same_words_twice_are_told_once() -> None:
    """Whatever their spaces and capitals; what is retired is history."""
    first = worded("The device shall warn.")
    again = a_requirement(
        a_criterion(id="ROB-002.1"), id="ROB-002", statement="The  DEVICE shall warn."
    )
    (remark,) = remarks(a_set(first, again))
    assert (remark.code, remark.requirement_id) == ("L21", "ROB-002")
    assert remark.message == "Each demand once: got the words of ROB-001"
    assert codes(a_requirement(status=Status.RETIRED, statement="Warn it always.")) == []


def test_our_own_requirements_break_no_rule() -> None:
    """What we ask of others."""
    requirements = load_requirements(Path(__file__).parents[3] / "requirements")
    assert list(remarks(requirements)) == []


@pytest.mark.parametrize("rule", SINGLE, ids=[rule.code for rule in SINGLE])
def test_letters_beyond_ascii_change_nothing_that_is_found(rule: Rule) -> None:
    """A statement in ASCII is looked through by its letters first, any other by patterns alone."""
    assert rule.find is not None
    for other in SINGLE:
        for text in (other.bad, other.bad.upper(), other.good):
            found = list(rule.find(worded(text, rule)))
            assert list(rule.find(worded(f"é: {text}", rule))) == found or rule.code == "L02"
