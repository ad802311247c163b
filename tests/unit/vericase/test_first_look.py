"""A requirement that wants a first look at held-out data, against the log."""

from dataclasses import replace

import pytest

from tests.support.tracing import a_requirement, a_set, everything_shown
from vericase.evidence import Look
from vericase.matrix import trace
from vericase.verdict import Verdict

DEMANDED = a_requirement(first_look="test")
FIRST = Look(
    name="test",
    data="da" * 32,
    subject="a0" * 32,
    number=1,
    on="2026-01-01",
    demands={"ROB-001": DEMANDED.fingerprint},
)


@pytest.mark.parametrize(
    ("looks", "verdict", "reason"),
    [
        ((FIRST,), Verdict.PASS, "shown"),
        ((), Verdict.NOT_RUN, "no opening of test is on record"),
        ((replace(FIRST, name="field"),), Verdict.NOT_RUN, "no opening of test is on record"),
        (
            (replace(FIRST, number=3),),
            Verdict.NOT_RUN,
            "test was opened before: this is opening 3",
        ),
        (
            (replace(FIRST, demands={}),),
            Verdict.NOT_RUN,
            "it is not what was demanded when test was first opened",
        ),
    ],
)
def test_only_a_first_look_at_frozen_criteria_counts(
    looks: tuple[Look, ...], verdict: Verdict, reason: str
) -> None:
    """Everything else is as good as not measured."""
    log = replace(everything_shown(a_set(DEMANDED)), looks=looks)
    row = trace(a_set(DEMANDED), log).rows[0].criteria[0]
    assert (row.verdict, row.reason) == (verdict, reason)


def test_others_may_have_looked_before() -> None:
    """A requirement that does not ask for it does not mind."""
    log = replace(everything_shown(a_set()), looks=(replace(FIRST, number=3),))
    assert trace(a_set(), log).rows[0].verdict is Verdict.PASS
