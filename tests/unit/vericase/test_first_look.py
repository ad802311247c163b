"""A requirement that wants a first look at held-out data, against the log."""

from dataclasses import replace

import pytest

from tests.support.tracing import a_requirement, a_set, everything_shown
from vericase.evidence import Look, Subject
from vericase.matrix import trace
from vericase.verdict import Verdict

DATA = Subject(name="data", version="1", digest="da" * 32, scope="clinic")
LAST = Subject(name="last_release", version="1", digest="1a" * 32)
SUBJECTS = [Subject(name="model", version="1", digest="a0" * 32), DATA, LAST]
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
            (FIRST, replace(FIRST, data="fe" * 32)),
            Verdict.NOT_RUN,
            "test was opened 2 times for this evidence, and only one is the first",
        ),
        *(
            (
                (replace(FIRST, subject=subject),),
                Verdict.NOT_RUN,
                f"test was opened to judge {subject!r:.20}, which is no subject that it is of",
            )
            for subject in ("constant", DATA.digest, LAST.digest)
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
    log = replace(everything_shown(a_set(DEMANDED), subjects=SUBJECTS), looks=looks)
    row = trace(a_set(DEMANDED), log).rows[0].criteria[0]
    assert (row.verdict, row.reason) == (verdict, reason)


def test_others_may_have_looked_before() -> None:
    """A requirement that does not ask for it does not mind."""
    log = replace(everything_shown(a_set()), looks=(replace(FIRST, number=3),))
    assert trace(a_set(), log).rows[0].verdict is Verdict.PASS


def test_a_requirement_that_depends_on_a_subject_wants_the_opening_for_it() -> None:
    """Data that were opened to judge another one were not opened for this requirement."""
    other = Subject(name="other", version="1", digest="0e" * 32)
    demanded = a_requirement(first_look="test", depends=("model",))
    demands = {"ROB-001": demanded.fingerprint}
    for subject, verdict in ((SUBJECTS[0], Verdict.PASS), (other, Verdict.NOT_RUN)):
        look = replace(FIRST, subject=subject.digest, demands=demands)
        log = everything_shown(a_set(demanded), subjects=[*SUBJECTS, other])
        records = tuple(replace(r, subjects={"model": SUBJECTS[0].digest}) for r in log.evidence)
        log = replace(log, looks=(look,), evidence=records)
        assert trace(a_set(demanded), log).rows[0].verdict is verdict
