"""What a run left behind: endings, subjects, and what follows from them."""

import pytest

from tests.support.tracing import REHEARSED, a_case, a_log, a_subject
from vericase.evidence import Outcome, function_of
from vericase.verdict import Verdict


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.PASSED, Verdict.PASS),
        (Outcome.MISSED, Verdict.PASS),
        (Outcome.SKIPPED, Verdict.NOT_RUN),
        (Outcome.DESELECTED, Verdict.NOT_RUN),
        (Outcome.NOT_RUN, Verdict.NOT_RUN),
        (Outcome.FAILED, Verdict.ERROR),
        (Outcome.XFAILED, Verdict.ERROR),
        (Outcome.XPASSED, Verdict.ERROR),
        (Outcome.ERROR, Verdict.ERROR),
        (Outcome.RERUN, Verdict.ERROR),
    ],
)
def test_only_an_ordinary_end_lets_the_measurement_speak(
    outcome: Outcome, verdict: Verdict
) -> None:
    """A case that passed or missed is judged by what it measured; any other ending blocks."""
    assert outcome.verdict is verdict


def test_every_outcome_has_a_verdict() -> None:
    """No way to end was forgotten above."""
    assert {o for o in Outcome if o.verdict is Verdict.PASS} == {Outcome.PASSED, Outcome.MISSED}


@pytest.mark.parametrize(
    ("case_id", "function"),
    [
        ("a/test_x.py::test_y", "a/test_x.py::test_y"),
        ("a/test_x.py::test_y[1-2]", "a/test_x.py::test_y"),
        ("a/test_x.py::TestX::test_y[a[0]::b]", "a/test_x.py::TestX::test_y"),
        ("a[1]/test_x.py::test_y[2]", "a[1]/test_x.py::test_y"),
    ],
)
def test_a_function_is_a_case_without_its_parameter(case_id: str, function: str) -> None:
    """Two parameters share a function; two functions in a folder with a bracket do not."""
    assert function_of(case_id) == function
    assert a_case(case_id=case_id).function == function


def test_the_scope_comes_from_the_subject_that_states_one() -> None:
    """Where the data come from is said by a subject, and by nothing else."""
    assert a_log().scope is None
    assert a_log(subjects=[a_subject()]).scope is None
    assert a_log(subjects=[a_subject(), a_subject("data", scope="clinic")]).scope == "clinic"


def test_one_rehearsed_subject_makes_a_rehearsal() -> None:
    """A rehearsal is never lifted by another subject."""
    assert a_log(subjects=[a_subject(), REHEARSED]).rehearsal is True
    assert a_log(subjects=[a_subject()]).rehearsal is False
