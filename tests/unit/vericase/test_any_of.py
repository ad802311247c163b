"""A requirement that any one of its criteria shows, corrected for their number."""

from dataclasses import replace

import pytest

from tests.support.tracing import (
    INTENDED_USE,
    a_case,
    a_criterion,
    a_log,
    a_record,
    a_requirement,
    a_set,
    a_subject,
)
from vericase.evidence import EvidenceLog, Outcome
from vericase.gate import decide
from vericase.matrix import TraceMatrix, trace
from vericase.measurement import Proportion
from vericase.requirement import Claim, Requirement
from vericase.verdict import Verdict


def claims(number: int, claim: Claim = Claim.ANY, confidence: float = 0.95) -> Requirement:
    """So many criteria that each ask for a share of 0.9."""
    criteria = [
        a_criterion(id=f"ROB-001.{i}", measurand=f"share_{i}", confidence=confidence)
        for i in range(1, number + 1)
    ]
    return a_requirement(*criteria, claim=claim)


def measured(requirement: Requirement, *counts: Proportion) -> EvidenceLog:
    """The log of one case that measured *counts* for the first criteria."""
    records = [a_record(requirement, c, criterion=i) for i, c in enumerate(counts)]
    return a_log(*records, cases=[a_case(outcome=Outcome.PASSED)])


def verdicts(matrix: TraceMatrix) -> list[Verdict]:
    """Of the criteria of the only requirement."""
    return [criterion.verdict for criterion in matrix.rows[0].criteria]


def test_one_of_several_is_enough() -> None:
    """The others miss, and the gate opens."""
    requirement = claims(3)
    log = measured(requirement, Proportion(5, 10), Proportion(60, 60), Proportion(1, 10))
    matrix = trace(a_set(requirement), log)
    assert verdicts(matrix) == [Verdict.FAIL, Verdict.PASS, Verdict.FAIL]
    assert matrix.rows[0].verdict is Verdict.PASS
    assert decide(matrix).released
    strict = trace(
        a_set(claims(3, Claim.ALL)), measured(claims(3, Claim.ALL), *[Proportion(5, 10)])
    )
    assert not decide(strict).released


def test_what_was_shown_alone_is_not_shown_among_several() -> None:
    """29 of 29 shows 0.9 at 0.95, and not at 0.975: 0.9 ** 29 = 0.047."""
    assert decide(trace(a_set(claims(1)), measured(claims(1), Proportion(29, 29)))).released
    requirement = claims(2)
    matrix = trace(a_set(requirement), measured(requirement, Proportion(29, 29), Proportion(0, 9)))
    assert verdicts(matrix) == [Verdict.INCONCLUSIVE, Verdict.FAIL]
    assert not decide(matrix).released
    assert matrix.findings == ()  # the stored verdict is that of the criterion alone
    # 0.9 ** 36 = 0.0225
    again = measured(requirement, Proportion(36, 36), Proportion(0, 9))
    assert decide(trace(a_set(requirement), again)).released


def test_every_claim_that_is_shown_makes_the_others_easier() -> None:
    """Holm 1979: 0.9 ** 40 < 0.05 / 3, then 0.9 ** 36 < 0.05 / 2, then 0.9 ** 29 < 0.05."""
    requirement = claims(3)
    log = measured(requirement, Proportion(29, 29), Proportion(36, 36), Proportion(40, 40))
    assert verdicts(trace(a_set(requirement), log)) == [Verdict.PASS] * 3
    short = measured(requirement, Proportion(29, 29), Proportion(36, 36), Proportion(38, 38))
    # 0.9 ** 38 = 0.0182 is more than 0.05 / 3 = 0.0167, so nothing is shown at all.
    assert verdicts(trace(a_set(requirement), short)) == [Verdict.INCONCLUSIVE] * 3


def test_the_row_says_at_which_confidence() -> None:
    """A reader sees why a bound is not the one that the criterion alone would have."""
    requirement = claims(2)
    matrix = trace(a_set(requirement), measured(requirement, Proportion(29, 29)))
    first, second = matrix.rows[0].criteria
    assert first.reason == (
        "the observed value meets it, its bound does not, at confidence 0.975 as one of several "
        "claims"
    )
    assert second.reason == "no case measured it (passed)"


def test_a_claim_that_does_not_apply_is_not_counted() -> None:
    """What these data cannot show was never claimed of them."""
    first = a_criterion(id="ROB-001.1", confidence=0.95)
    second = a_criterion(id="ROB-001.2", confidence=0.95, applies_to=("ward",))
    requirement = a_requirement(first, second, claim=Claim.ANY)
    log = measured(requirement, Proportion(29, 29))
    clinic = a_subject("data", scope="clinic")
    record = a_record(requirement, Proportion(29, 29), subjects=[clinic])
    use = replace(INTENDED_USE, data_sources=("clinic", "ward"))
    requirements = replace(a_set(requirement), intended_use=use)
    matrix = trace(requirements, replace(log, evidence=(record,), subjects=(clinic,)))
    assert decide(matrix).released


@pytest.mark.parametrize("ending", [Outcome.ERROR, Outcome.SKIPPED, Outcome.FAILED])
def test_a_case_that_ended_badly_still_blocks(ending: Outcome) -> None:
    """One shown criterion does not make up for a case that cannot be trusted."""
    requirement = claims(2)
    record = a_record(requirement, Proportion(60, 60))
    matrix = trace(a_set(requirement), a_log(record, cases=[a_case(outcome=ending)]))
    assert not decide(matrix).released
