"""The report as page-shaped values."""

from dataclasses import replace

import pytest
from scipy.stats import binom

from tests.support.tracing import (
    CASE,
    INTENDED_USE,
    REHEARSED,
    a_case,
    a_criterion,
    a_hazard,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
    everything_shown,
)
from vericase.evidence import Attachment, EvidenceLog, Outcome
from vericase.gate import decide
from vericase.matrix import trace
from vericase.measurement import Proportion
from vericase.report.cases import CaseLink, Verified
from vericase.report.html import render
from vericase.report.page import Page, page
from vericase.requirement import AcceptanceCriterion, Relation, RequirementSet, Status
from vericase.store import digest_bytes

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><text>ROC</text></svg>'


def page_of(requirements: RequirementSet, log: EvidenceLog, *attachments: bytes) -> Page:
    """The page of *log* with *attachments* at hand."""
    matrix = trace(requirements, log)
    return page(matrix, decide(matrix), {digest_bytes(content): content for content in attachments})


@pytest.mark.parametrize(
    ("log", "state"),
    [
        (everything_shown(a_set()), "released"),
        (a_log(), "blocked"),
        (everything_shown(a_set(), subjects=[REHEARSED]), "rehearsal"),
        (a_log(subjects=[REHEARSED]), "rehearsal"),
    ],
    ids=["shown", "silent", "rehearsed", "rehearsed in silence"],
)
def test_the_page_has_one_state(log: EvidenceLog, state: str) -> None:
    """A rehearsal is never coloured as a release, whatever it shows."""
    assert page_of(a_set(), log).state == state


def test_a_requirement_is_told_with_its_measurement() -> None:
    """Wanted, measured, bound, verdict and case stand in one line."""
    requirement = a_requirement(
        a_criterion(0.8, confidence=0.95), conditions={"radius_mv": 0.01, "rates": [250, 300]}
    )
    shown = page_of(a_set(requirement), a_log(a_record(requirement)))
    line = shown.lines[0]
    measured = line.criteria[0].measured[0]
    assert line.verdict == "PASS"
    assert line.conditions == (("radius_mv", "0.01"), ("rates", "250, 300"))
    assert line.criteria[0].wanted == ">= 0.8, one-sided 95 % bound"
    # 95 of 100 as in `SHOWN`; the exact lower bound at 95 % is 0.8977.
    assert (measured.value, measured.bound) == ("0.9500 (95 of 100)", "lower 0.8977")
    assert (measured.verdict, measured.reason, measured.case_id) == ("PASS", "shown", CASE)


def test_a_bound_is_named_by_its_side() -> None:
    """Whoever reads a bound knows which side of the value it is on."""
    requirement = a_requirement(a_criterion(1.0, confidence=0.95, relation=Relation.AT_MOST))
    shown = page_of(a_set(requirement), a_log(a_record(requirement)))
    # 95 of 100; the exact upper bound at 95 % is 0.9801.
    assert shown.lines[0].criteria[0].measured[0].bound == "upper 0.9801"


@pytest.mark.parametrize(
    ("successes", "told"),
    [
        (100, ""),
        (86, ""),
        (
            82,
            "were the observed rate the true one, 75 % of runs of as many trials would pass again",
        ),
        (78, "were the observed rate the true one, 37 % of runs of as many trials would pass"),
        (40, "were the observed rate the true one, less than 1 % of runs of as many trials would"),
    ],
)
def test_a_verdict_that_hangs_on_chance_is_told(successes: int, told: str) -> None:
    """Binomial tails of 100 trials from 80 on, by an independent library."""
    requirement = a_requirement(a_criterion(0.8))
    record = a_record(requirement, Proportion(successes, 100))
    shown = page_of(a_set(requirement), a_log(record))
    again = shown.lines[0].criteria[0].measured[0].again
    assert again.startswith(told) if told else not again
    chance = 100 * binom.sf(79, 100, successes / 100)
    assert (chance < 80) == bool(told)
    assert f"{chance:.0f} %" in again or "less than 1 %" in again or not told
    text = render(shown)
    assert (again in text) if again else ("of as many trials" not in text)


def test_a_criterion_that_nobody_measured_has_its_reason() -> None:
    """Where there is no measurement the page says why."""
    criterion = page_of(a_set(), a_log()).lines[0].criteria[0]
    assert (criterion.measured, criterion.verdict, criterion.reason) == (
        (),
        "NOT_RUN",
        "no case verifies it",
    )


@pytest.mark.parametrize(
    ("status", "scope", "verdict"),
    [
        (Status.APPROVED, "clinic", "PASS"),
        (Status.APPROVED, "ward", "not applicable"),
        (Status.DRAFT, "clinic", "draft"),
        (Status.RETIRED, "clinic", "retired"),
    ],
)
def test_a_draft_never_wears_a_verdict(status: Status, scope: str, verdict: str) -> None:
    """What does not gate is shown by its state, so that nobody takes it for a claim."""
    requirement = a_requirement(status=status, applies_to=("clinic",))
    data = a_subject("data", scope=scope)
    shown = page_of(
        a_set(requirement), a_log(a_record(requirement, subjects=[data]), subjects=[data])
    )
    assert shown.lines[0].verdict == verdict


def test_drafts_and_retired_are_listed_apart() -> None:
    """What is demanded and not in force is on the first screen."""
    draft = a_requirement(id="ROB-002", status=Status.DRAFT)
    retired = a_requirement(id="ROB-003", status=Status.RETIRED)
    shown = page_of(a_set(a_requirement(), draft, retired), a_log())
    assert (shown.drafts, shown.retired) == ((draft,), ("ROB-003",))


def test_the_overview_counts_by_category() -> None:
    """Each category has its verdicts, what does not apply, and its drafts."""
    requirements = a_set(
        a_requirement(category="data"),
        a_requirement(id="ROB-002", applies_to=("clinic",)),
        a_requirement(id="ROB-003", status=Status.DRAFT),
    )
    log = a_log(subjects=[a_subject("data", scope="ward")])
    shown = page_of(requirements, log)
    assert shown.tally_heads == (
        *("PASS", "NOT_RUN", "INCONCLUSIVE", "FAIL", "ERROR", "not applicable", "draft"),
    )
    assert shown.tallies == (("data", (0, 1, 0, 0, 0, 0, 0)), ("network", (0, 0, 0, 0, 0, 1, 1)))


def test_the_matrix_is_shown_backward_too() -> None:
    """Each case stands with its ending, its requirements and what it measured."""
    log = a_log(
        a_record(a_requirement()),
        cases=[
            a_case("ROB-404", case_id="t.py::test_z", outcome=Outcome.SKIPPED, message="no data"),
            a_case(title="The share that is kept."),
        ],
    )
    shown = page_of(a_set(), log)
    first, second = shown.cases
    assert (first.case_id, first.outcome, first.message) == ("t.py::test_z", "skipped", "no data")
    assert first.verified == (Verified(requirement_id="ROB-404", known=False, criterion_ids=()),)
    assert second.title == "The share that is kept."
    assert second.verified == (
        Verified(requirement_id="ROB-001", known=True, criterion_ids=("ROB-001.1",)),
    )
    assert shown.links[CASE] == CaseLink(number=2, name="test_share")


def test_what_a_case_measured_beside_what_it_names_is_shown() -> None:
    """A record for another requirement, or for none, is not passed over."""
    stray = replace(a_record(a_requirement()), criterion_id="ROB-404.1")
    other = a_requirement(id="ROB-002")
    log = a_log(a_record(a_requirement()), stray, cases=[a_case("ROB-002")])
    (case,) = page_of(a_set(a_requirement(), other), log).cases
    assert [(v.requirement_id, v.criterion_ids, v.told) for v in case.verified] == [
        ("ROB-002", (), False),
        ("ROB-001", ("ROB-001.1",), True),
        ("", ("ROB-404.1",), False),
    ]


@pytest.mark.parametrize(
    ("trials", "under", "lost"),
    [
        # The exact lower bound of 95 of 100 is 0.8977; of 95/1.5 of 100/1.5 it is under 0.89.
        (100, (("1.5", "INCONCLUSIVE"), ("2", "INCONCLUSIVE")), ("ROB-001.1",)),
        (1000, (("1.5", "PASS"), ("2", "PASS")), ()),
    ],
)
def test_a_bound_is_shown_with_what_dependence_would_make_of_it(
    trials: int, under: tuple[tuple[str, str], ...], lost: tuple[str, ...]
) -> None:
    """Each bound that is shown has one for each design effect, and the page sums them up."""
    requirement = a_requirement(a_criterion(0.89, confidence=0.95))
    counted = Proportion(trials * 95 // 100, trials)
    shown = page_of(a_set(requirement), a_log(a_record(requirement, counted)))
    measured = shown.lines[0].criteria[0].measured[0]
    assert tuple((each.effect, each.verdict) for each in measured.assumed) == under
    bounds = [float(measured.bound.split()[1]), *(float(each.bound) for each in measured.assumed)]
    assert bounds == sorted(bounds, reverse=True)
    assert len(set(bounds)) == 3
    assert shown.bounds == 1
    assert [(each.effect, each.criterion_ids) for each in shown.dependence] == [
        ("1.5", lost),
        ("2", lost),
    ]


@pytest.mark.parametrize(
    ("criterion", "status"),
    [
        (a_criterion(0.89, confidence=0.95), Status.DRAFT),
        (a_criterion(0.93, confidence=0.95), Status.APPROVED),
        (a_criterion(0.8), Status.APPROVED),
    ],
    ids=["draft", "bound that is not enough", "no bound"],
)
def test_only_a_bound_that_is_shown_is_doubted(
    criterion: AcceptanceCriterion, status: Status
) -> None:
    """Where nothing is claimed by a bound, no column asks what would be left of it."""
    requirement = a_requirement(criterion, status=status)
    shown = page_of(a_set(requirement), a_log(a_record(requirement)))
    assert shown.lines[0].criteria[0].measured[0].assumed == ()
    assert (shown.bounds, shown.dependence) == (0, ())


def test_a_hazard_is_shown_with_its_controls_and_their_verdicts() -> None:
    """A reader sees at a hazard whether what holds it back is shown."""
    draft = a_requirement(id="ROB-002", hazards=("HAZ-001",), status=Status.DRAFT)
    requirements = a_set(a_requirement(hazards=("HAZ-001",)), draft, hazards=[a_hazard()])
    hazard = page_of(requirements, everything_shown(requirements)).hazards[0]
    assert hazard.requirements == (("PASS", ("ROB-001",)), ("draft", ("ROB-002",)))
    assert hazard.control == a_hazard().control


def test_an_attachment_that_is_not_at_hand_is_named() -> None:
    """A lost or changed attachment is not passed over."""
    kept = Attachment(name="kept.txt", sha256=digest_bytes(b"kept"), bytes=4)
    lost = Attachment(name="lost.txt", sha256=digest_bytes(b"lost"), bytes=4)
    log = a_log(a_record(a_requirement(), attachments=(kept, lost)))
    measured = page_of(a_set(), log, b"kept").lines[0].criteria[0].measured[0]
    assert measured.attachments == (
        ("kept.txt", kept.sha256[:16]),
        ("lost.txt", "missing or changed"),
    )


def test_a_drawing_is_shown_once_with_its_criterion() -> None:
    """A figure attached by two parameters appears once; what is no plain drawing does not."""
    roc = Attachment(name="roc.svg", sha256=digest_bytes(SVG), bytes=len(SVG))
    bad = Attachment(name="bad.svg", sha256=digest_bytes(b"<svg/>"), bytes=6)
    text = Attachment(name="roc.txt", sha256=digest_bytes(SVG), bytes=len(SVG))
    requirement = a_requirement()
    log = a_log(
        a_record(requirement, case_id=f"{CASE}[1]", attachments=(text, bad, roc)),
        a_record(requirement, case_id=f"{CASE}[2]", attachments=(roc,)),
    )
    drawings = page_of(a_set(), log, SVG, b"<svg/>").drawings
    assert [(d.criterion_id, d.known, d.measurand, d.name, d.words) for d in drawings] == [
        ("ROB-001.1", True, "share", "roc.svg", "ROC")
    ]
    assert [d.markup for d in drawings] == [
        '<svg role="img" aria-describedby="f1"><text>ROC</text></svg>'
    ]


def test_a_drawing_may_ask_to_be_read_first() -> None:
    """By its name; it then stands apart, before all details, and once."""
    first = Attachment(name="first-roc.svg", sha256=digest_bytes(SVG), bytes=len(SVG))
    log = a_log(a_record(a_requirement(), case_id=f"{CASE}[1]", attachments=(first,)))
    found = page_of(a_set(), log, SVG)
    assert [d.name for d in found.first] == ["first-roc.svg"]
    assert found.drawings == ()
    html = render(found)
    assert html.index('id="overview"') < html.index("first-roc.svg") < html.index('id="subjects"')
    assert html.count("<figure>") == 1


def test_a_stale_record_says_why() -> None:
    """The measured line itself tells that it does not count."""
    log = everything_shown(a_set(), subjects=[a_subject(digest="a1" * 32)])
    moved = replace(log, subjects=(a_subject(digest="b2" * 32),))
    measured = page_of(a_set(), moved).lines[0].criteria[0].measured[0]
    assert f"shown; {measured.stale}" == measured.reason
    assert measured.reason == (
        "shown; it was measured on another model (a1a1a1a1a1a1, now b2b2b2b2b2b2)"
    )


def test_the_surroundings_are_told() -> None:
    """Subjects, environment, packages, intended use and the state of the run are on the page."""
    log = a_log(subjects=[a_subject("data", scope="clinic")], finished=False)
    shown = page_of(a_set(), log)
    assert (shown.scope, shown.subjects) == ("clinic", log.subjects)
    assert (shown.environment, shown.packages) == ((("python", "3.11"),), (("scipy", "1.17"),))
    assert (shown.intended_use, shown.finished, shown.partial) == (INTENDED_USE, False, False)
    assert page_of(a_set(), a_log()).scope == "not stated"


def test_the_same_matrix_gives_the_same_page() -> None:
    """The page holds no clock, no run and no name of a machine."""
    log = a_log(a_record(a_requirement(), Proportion(1, 2)))
    other = replace(log, run=replace(log.run, id="run-2", host="elsewhere", started="2030-01-01"))
    assert page_of(a_set(), log) == page_of(a_set(), other)
